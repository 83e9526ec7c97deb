"""The step over kept deliveries: read them again; what still cannot be read becomes a dead letter, to be replayed once
mended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from services.ingest.delivery import Delivery, mistakes
from services.ingest.events import Columns
from services.ingest.mapping import Source
from shared.contracts.topics import DEALS, DELIVERIES, Topic
from shared.log.port import Record, Stored
from shared.log.step import Outcome, Rejection
from shared.log.tally import DeadLetterLimits

WORKER: Final = "ingest.deliveries"
TOPICS: Final = (DELIVERIES,)
LIMITS: Final = DeadLetterLimits(ratio=1.0, consecutive=2**31 - 1)
"""None: only deliveries with mistakes come here at all, and one source's mistakes must not stop the others."""
LONGEST_MESSAGE: Final = 2000


def step(
    sources: Mapping[str, Source], zone: ZoneInfo, columns: Columns, _: Connection, batch: Sequence[Stored]
) -> Outcome:
    """Publish what can be read of each delivery; that some of it was published before does no harm."""
    publications: list[tuple[Topic, Record]] = []
    rejections: list[Rejection] = []
    for stored in batch:
        delivery = Delivery.of(stored.record)
        source = sources.get(delivery.source)  # by the file as it is now: a mended mapping is why it is read again
        if source is None:
            rejections.append(
                Rejection(stored=stored, code="unknown_source", message=f"no source {delivery.source} is configured")
            )
            continue
        events = delivery.read(source, zone, columns=columns)
        publications += [(DEALS, record) for record in events.records]
        if events.receipt["rejected"]:
            rejections.append(
                Rejection(stored=stored, code="not_valid", message=mistakes(events.receipt)[:LONGEST_MESSAGE])
            )
    return Outcome(publications, rejections)
