"""The headers that the road itself uses. Everything else in a record's headers belongs to its publisher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.log.port import Record

ORIGIN: Final = "earnest-origin"
"""The outbox position a relayed record came from."""

ONLY_FOR: Final = "earnest-only-for"
"""The worker that a replayed record is meant for: the others processed it the first time."""

CAUSE_CODE: Final = "earnest-cause-code"
CAUSE: Final = "earnest-cause"
CAUSE_WORKER: Final = "earnest-cause-worker"
CAUSE_PLACE: Final = "earnest-cause-place"
"""On a dead-letter topic: why the record is there, for whom, and its topic, partition and position."""

REPLAYED_BY: Final = "earnest-replayed-by"
"""Who sent a dead letter again: the name of their key."""

REPLAYED: Final = "earnest-replayed"
"""On a dead-letter topic: no letter, but the note that the letter of that worker and place was sent again."""

CLOSED: Final = "earnest-closed"
"""Of a dead letter that was closed without being sent again: why."""

MAC: Final = "earnest-mac"
"""The code that only services of the installation can make (`macs`)."""

ROAD: Final = frozenset(
    {ORIGIN, MAC, CLOSED, ONLY_FOR, REPLAYED_BY, CAUSE_CODE, CAUSE, CAUSE_WORKER, CAUSE_PLACE, REPLAYED}
)


def publishers_own(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers as the publisher gave them."""
    return {name: value for name, value in headers.items() if name not in ROAD}


def is_replay(record: Record) -> bool:
    """Whether this is a dead letter sent again. Whoever rebuilds from the log skips it: the original is there too."""
    return ONLY_FOR in record.headers


def is_note_of_replay(record: Record) -> bool:
    """Whether this record of a dead-letter topic says that a letter was sent again, so that letters can be counted
    there.
    """
    return REPLAYED in record.headers
