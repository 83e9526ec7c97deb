"""The message authentication code of a record: that a service of this installation published it, and nobody who has the
log's tables or its broker alone.
"""

from __future__ import annotations

import hmac
from typing import Final

import orjson

from shared.log.headers import MAC, ORIGIN
from shared.log.port import Record
from shared.proof.signing import Signer


def authenticated(topic: str, record: Record, *, signer: Signer) -> Record:
    """The record with its code as the last of its headers, in place of one that it came with."""
    headers = _covered(record)
    mac = signer.mac(_content(topic, record, headers=headers))
    return Record(record.key, record.value, {**headers, MAC: mac})


def is_authentic(topic: str, record: Record, *, signer: Signer) -> bool:
    """Whether the record has the code that it was published with."""
    mac = signer.mac(_content(topic, record, headers=_covered(record)))
    return hmac.compare_digest(record.headers.get(MAC, "").encode(), mac.encode())


def _covered(record: Record) -> dict[str, str]:
    """The headers that the code is over: both logs keep them in their order."""
    # Not where it came from in the outbox, which the relay adds on its way to Kafka.
    return {name: value for name, value in record.headers.items() if name not in _UNCOVERED}


def _content(topic: str, record: Record, *, headers: dict[str, str]) -> bytes:
    """What the code is over. The form is frozen: codes made with it are in every installation."""
    return orjson.dumps([topic, record.key, headers, record.value is None]) + (record.value or b"")


_UNCOVERED: Final = frozenset({MAC, ORIGIN})
