"""The hash chain of a participant's journals: each names the hash of the one before, so that none can be changed or left out.

What is hashed is the journal as it was booked, postings included, as JSON with sorted keys. The form is frozen: hashes made
with it are in the books of every installation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from services.payout.ledger.journal import Journal, Posting
from shared.contracts.base import instant_text

NOTHING: Final = ""
"""What stands before the first journal of a participant."""


class Head(NamedTuple):
    """The end of a participant's chain: how many journals there are, and the hash of the last."""

    entries: int = 0
    sha256: str = NOTHING


class Link(NamedTuple):
    """A journal's place in the chain of its participant, counted from 1."""

    entry: int
    previous_sha256: str
    sha256: str


def sha256(journal: Journal, entry: int, *, previous_sha256: str, recorded_at: datetime) -> str:
    """The hash of a journal at its place in the chain."""
    fields: Sequence[Any] = (
        previous_sha256,
        entry,
        str(journal.id),
        journal.kind,
        journal.participant_id,
        journal.period,
        journal.origin_period,
        journal.pay_group,
        journal.entity,
        journal.cost_center,
        journal.cause,
        journal.actor,
        instant_text(recorded_at),
        [_posting(posting) for posting in journal.postings],
    )
    return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()


def linked(journals: Iterable[Journal], heads: Mapping[str, Head], *, recorded_at: datetime) -> list[Link]:
    """A link per journal, in order, going on from the heads; a participant without a head has no journal yet."""
    ends = dict(heads)
    links = []
    for journal in journals:
        head = ends.get(journal.participant_id, Head())
        entry = head.entries + 1
        link = Link(entry, head.sha256, sha256(journal, entry, previous_sha256=head.sha256, recorded_at=recorded_at))
        ends[journal.participant_id] = Head(entry, link.sha256)
        links.append(link)
    return links


def _posting(posting: Posting) -> list[Any]:
    part = posting.part[:3] if posting.part else (None, None, None)
    return [posting.account, posting.currency, posting.amount, *part, posting.deal]
