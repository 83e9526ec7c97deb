"""A delivery of a webhook source, read by its mapping. One that cannot be read whole is kept until its cause is
mended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.ingest.acceptance import ReadEvents, RefusedItem, read_events, receipt_of
from services.ingest.events import AccountPaymentEvent, Columns, DealEvent, Event
from services.ingest.mapping import Source
from services.ingest.proofs import Proven, Request
from services.ingest.translation import NoItems
from shared.contracts import account_payments, deals
from shared.contracts.base import instant_text
from shared.contracts.topics import Topic
from shared.decimals import MOST_WHOLE, NotDecimal, bounded_decimal
from shared.log.headers import REPLAYED_BY
from shared.log.port import Record

SOURCE: Final = "earnest-source"
DELIVERY: Final = "earnest-delivery"
SENT: Final = "earnest-sent"


KINDS: Final[Mapping[str, type[Event]]] = {deals.TYPE: DealEvent, account_payments.TYPE: AccountPaymentEvent}
"""What a mapping makes of items, by type."""


@dataclass(frozen=True, slots=True)
class ReadDelivery(ReadEvents):
    """A delivery as read: records with their topics, and its receipt."""

    topics: list[Topic]

    @property
    def publications(self) -> list[tuple[Topic, Record]]:
        """The records, each with its topic."""
        return list(zip(self.topics, self.records, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a source sent: its name for the delivery, when it was sent (UTC text that sorts), and the bytes; and who
    sent it again, after what kept it from being read was mended.
    """

    source: str
    name: str
    sent: str
    body: bytes
    again_by: str | None = None

    @staticmethod
    def of_request(source: Source, request: Request, *, proven: Proven, now: datetime) -> Delivery:
        """The delivery of a proven request. Without a name of its own it is named after its bytes, so that the same
        sent again is the same; without a time of signing it was sent now.
        """
        name = proven.name or hashlib.sha256(request.body).hexdigest()[:32]
        sent = instant_text(proven.signed_at or now)
        return Delivery(source=source.source, name=name, sent=sent, body=request.body)

    def record(self) -> Record:
        """The delivery as it is kept on topic `deliveries`: each is its own key, so that none waits for another."""
        headers = {SOURCE: self.source, DELIVERY: self.name, SENT: self.sent}
        return Record(f"{self.source}/{self.name}", self.body, headers)

    @staticmethod
    def of(record: Record) -> Delivery:
        """The delivery of a record."""
        given: Mapping[str, str] = record.headers
        return Delivery(
            source=given[SOURCE],
            name=given[DELIVERY],
            sent=given[SENT],
            body=record.value or b"",
            again_by=given.get(REPLAYED_BY),
        )

    def read(self, source: Source, zone: ZoneInfo, *, columns: Columns) -> ReadDelivery:
        """What the source's mapping makes of it. The receipt also has `passed_over`, how many items were of no
        interest, and `repairs`.
        """
        try:
            translation = source.translate(
                self._document(), self.name, occurred_at=self.sent, columns=columns, zone=zone
            )
        except NoItems as error:
            return unreadable(str(error), field="items")
        except NoDocument as error:
            return unreadable(str(error), field="body")
        # Several set a fact together: what the file made of it, and who sent it again since the file was mended.
        by = "\n".join(dict.fromkeys(filter(None, (source.owner, self.again_by)))) or source.source
        sent = datetime.fromisoformat(self.sent)
        records, topics, results = list[Record](), list[Topic](), list[dict[str, Any]]()
        for index, event in enumerate(translation.events):
            kind = DealEvent if isinstance(event, RefusedItem) else KINDS[event["type"]]
            # Not orjson: a foreign document may hold numbers and characters that it refuses to write.
            text = event if isinstance(event, RefusedItem) else json.dumps(event, default=str).encode()
            read = read_events([text], kind, zone=zone, received=sent, by=by, columns=columns)
            records += read.records
            topics += [kind.topic] * len(read.records)
            results += [result | {"index": index} for result in read.receipt["results"]]
        repairs = [asdict(repair) for repair in translation.repairs]
        passed_over = len(translation.passed_over)
        receipt = receipt_of(results) | {"passed_over": passed_over, "repairs": repairs}
        return ReadDelivery(records, receipt, topics)

    def nowhere(self, source: Source) -> list[tuple[str, str]]:
        """The fields of which nothing stands in it, and where that would stand; for whoever tries a source file."""
        try:
            return source.nowhere(self._document())
        except (NoItems, NoDocument):
            return []

    def _document(self) -> dict[str, Any] | list[Any]:
        try:
            document = json.loads(self.body, parse_float=_number, parse_int=_whole)
        except (ValueError, RecursionError):
            raise NoDocument("the body is not JSON") from None
        if not isinstance(document, dict | list):
            raise NoDocument("the body is neither an object nor an array")
        return document


class NoDocument(ValueError):
    """A body holds nothing in which items could stand; the message says why."""


def _number(text: str) -> Decimal | str:
    """A number exactly; one that is beyond any amount stays text, for validation to name its field."""
    try:
        return bounded_decimal(text)
    except NotDecimal:
        return text


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= MOST_WHOLE else text


def mistakes(receipt: Mapping[str, Any]) -> str:
    """Everything a receipt finds wrong, in one line."""
    return "; ".join(
        f"item {result['index']}: {error['field']}: {error['reason']}"
        for result in receipt["results"]
        for error in result["errors"]
    )


def unreadable(reason: str, *, field: str) -> ReadDelivery:
    """The reading of a delivery of which nothing can be read."""
    errors = [{"field": field, "reason": reason}]
    receipt = receipt_of([{"index": 0, "id": None, "status": "rejected", "errors": errors}])
    return ReadDelivery([], receipt | {"passed_over": 0, "repairs": []}, [])
