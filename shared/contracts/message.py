"""A message on the road: a contract as the value of a record, the attributes of a CloudEvent as its headers."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import ValidationError

from shared.contracts.base import Contract

Message = TypeVar("Message", bound=Contract)

MALFORMED: Final = "malformed"


class Unreadable(ValueError):
    """A record that can never be processed as it is. `code` is for machines; the message names the place of the fault,
    never a value, which may be somebody's pay.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decode(contract: type[Message], value: bytes | None) -> Message:
    """The message in a record's value.

    Raises:
        Unreadable: it breaks the contract (`malformed`); a tombstone breaks it too.
    """
    try:
        return contract.model_validate_json(value or b"")
    except ValidationError as error:
        # The first is enough to mend it, and the input stays out: pydantic would quote it.
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Unreadable(MALFORMED, f"{place}: {first['msg']}" if place else first["msg"]) from None


def structured_event(kind: str, event_id: str, *, source: str, time: str, data: dict[str, Any]) -> dict[str, Any]:
    """A CloudEvent 1.0 in structured mode: the attributes stand beside the data, in one JSON document."""
    return {"specversion": "1.0", "id": event_id, "source": source, "type": kind, "time": time, "data": data}


def cloud_event(*, event_id: str, source: str, kind: str) -> dict[str, str]:
    """The headers of a CloudEvent 1.0 in the binary mode of its Kafka binding; `event_id` is the same when it is
    published again.
    """
    return {"ce_specversion": "1.0", "ce_id": event_id, "ce_source": source, "ce_type": kind}
