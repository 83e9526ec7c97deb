"""Taking a request in: read its events, wait until they are durable, count, answer; once per idempotency key."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import orjson
import polars as pl
import structlog
from starlette.concurrency import run_in_threadpool

from services.ingest import roster_csv
from services.ingest.acceptance import ReadEvents, RefusedItem, add_warnings, read_events
from services.ingest.appender import Appender
from services.ingest.bodies import split_events
from services.ingest.delivery import Delivery
from services.ingest.delivery_reader import DeliveryReader
from services.ingest.errors import InProgress, KeyReused, NothingValid
from services.ingest.events import Event, PlanEvent, RosterEvent
from services.ingest.known_roster import KnownRoster
from services.ingest.published_plans import PublishedPlans
from services.ingest.sources import UsedSource
from services.ingest.store import Answer, Answers
from shared.admission.limits import LOG_SECONDS
from shared.contracts.base import instant_text
from shared.contracts.topics import DELIVERIES, PLANS, Topic
from shared.log.port import LogUnavailable, Record
from shared.metrics import INGEST_EVENTS
from shared.problems import Unavailable
from shared.settings import Settings

MOST_LOGGED: Final = 10
"""Rejected events of one request that its log line names."""

_logger = structlog.get_logger(__name__)


class Intake:
    """What the routes of ingest do with a body.

    Routes are coroutines, so that waiting for the log holds no thread; what calculates or asks the database is sent to
    one.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        appender: Appender,
        answers: Answers,
        published: PublishedPlans,
        roster: KnownRoster,
        deliveries: DeliveryReader,
    ) -> None:
        self._settings, self._appender, self._answers = settings, appender, answers
        self._published, self._roster, self._deliveries = published, roster, deliveries

    async def take(
        self, kind: type[Event], body: bytes, *, headers: Mapping[str, str], path: str, who: str, key: str | None
    ) -> Answer:
        """Take the events of a request that the key's owner sent to a path; under an idempotency key the first answer
        is given again.

        Raises:
            Unprocessable, TooMany, UnknownForm: the body is not events.
            KeyReused, InProgress: the idempotency key is taken.
            Unavailable, Busy: nothing is known to be taken; send it again.
            PlanPublishedAlready, PlanCannotHold: a plan version cannot be published.
        """
        if kind is RosterEvent and headers.get("content-type", "").startswith("text/csv"):
            texts = await run_in_threadpool(roster_csv.events, body, who, received=datetime.now(UTC))
        else:
            texts = [*split_events(body, headers)]
        if key is None:
            return await self._append(who, kind, texts=texts)
        # With the path, for the same body may be sent to two; without headers, which proxies change.
        digest = hashlib.sha256(path.encode() + b"\n" + body).digest()
        return await self._once(who, key, digest=digest, kind=kind, texts=texts)

    async def take_plan_file(self, body: bytes, *, file: str, who: str, dry_run: bool) -> dict[str, Any]:
        """Check an uploaded plan file, which findings name so, and publish its plans, or with `dry_run` none of them.

        Raises:
            UnsoundPlan: a plan of it cannot be used; nothing was published.
            PlanPublishedAlready, PlanCannotHold: a version cannot be published; nothing was.
            Unavailable, Busy: nothing is known to be taken; send it again.
        """
        try:
            received = instant_text(datetime.now(UTC))
            read = await run_in_threadpool(self._published.read_file, body, file, received=received, by=who)
            read.check_sound()
            records = [plan.record for plan in read.plans]
            new = await run_in_threadpool(self._published.publish, records, dry_run=dry_run)
        except LogUnavailable:
            raise Unavailable("the log does not answer at the moment; send the file again") from None
        if not dry_run:
            INGEST_EVENTS.labels(who, "accepted").inc(len(records))
        return {
            "plans": [
                plan.said
                | {"outcome": "unchanged" if plan.record.key not in new else "checked" if dry_run else "published"}
                for plan in read.plans
            ],
            "findings": read.findings,
        }

    @property
    def published(self) -> PublishedPlans:
        """The plan versions in the log."""
        return self._published

    async def take_delivery(self, source: UsedSource, delivery: Delivery) -> dict[str, Any]:
        """Take what can be read of a signed delivery, and keep it where something cannot be; returns the receipt.

        Raises:
            Unavailable, Busy: the sender has to send it again, which does no harm.
        """
        try:
            events = await run_in_threadpool(self._deliveries.read, source, delivery)
        except LogUnavailable:
            raise Unavailable("the log does not answer at the moment; send the delivery again") from None
        for topic in dict.fromkeys(events.topics):
            await self._make_durable(topic, [record for of, record in events.publications if of is topic])
        if events.receipt["rejected"]:
            # After its sound events: were it kept first and they failed, the sender's second try would keep it twice.
            await self._make_durable(DELIVERIES, [delivery.record()])
        self._count(delivery.source, events.receipt | {"ignored": events.receipt["passed_over"]})
        return events.receipt

    def columns(self) -> Mapping[str, pl.DataType]:
        """The company's own columns of deals, as the published plans declare them.

        Raises:
            Unavailable: the log cannot be read.
        """
        try:
            return self._published.columns()
        except LogUnavailable:
            raise Unavailable("the log does not answer at the moment; send the events again") from None

    async def _once(
        self, who: str, key: str, *, digest: bytes, kind: type[Event], texts: list[bytes | RefusedItem]
    ) -> Answer:
        earlier = await run_in_threadpool(self._answers.claim, who, key, request=digest)
        if earlier is not None:
            if earlier.request != digest:
                raise KeyReused("this Idempotency-Key was used for another request; use a new one")
            if earlier.answer is None:
                raise InProgress("the first request with this Idempotency-Key has no answer yet; try again")
            return earlier.answer
        try:
            answer = await self._append(who, kind, texts=texts)
        except BaseException:  # also where the caller hung up: it will come again with the same key
            await run_in_threadpool(self._answers.release, who, key)
            raise
        await run_in_threadpool(self._answers.give, who, key, given=answer)
        return answer

    async def _append(self, who: str, kind: type[Event], *, texts: list[bytes | RefusedItem]) -> Answer:
        events = await run_in_threadpool(self._read, who, kind, texts=texts)
        warnings = await run_in_threadpool(self._warnings, events.records) if kind is RosterEvent else {}
        await self._make_durable(kind.topic, events.records)
        self._count(who, events.receipt)
        add_warnings(events, warnings)
        if events.records:
            return Answer(HTTPStatus.ACCEPTED, orjson.dumps(events.receipt))
        refusal = NothingValid(_first_mistake(events.receipt), **events.receipt)
        return Answer(refusal.status, orjson.dumps(refusal.body()))

    def _read(self, who: str, kind: type[Event], *, texts: list[bytes | RefusedItem]) -> ReadEvents:
        zone, now = self._settings.zone, datetime.now(UTC)
        if kind is PlanEvent:
            plans = [text for text in texts if isinstance(text, bytes)]
            return self._published.read(plans, zone=zone, received=now, by=who)
        return read_events(texts, kind, zone=zone, received=now, by=who, columns=self.columns)

    def _warnings(self, records: Sequence[Record]) -> dict[str, list[str]]:
        """What roster and plans would say with these changes of the roster that looks like a slip, by participant."""
        try:
            return self._roster.remarks(records, self._published.plans()) if records else {}
        except LogUnavailable:
            raise Unavailable("the log does not answer at the moment; send the events again") from None

    async def _make_durable(self, topic: Topic, records: Sequence[Record]) -> None:
        """Wait until the records are durable in the log: an event that was answered is never lost.

        Raises:
            Unavailable: the log did not take them; some may be there, which sending again does not harm.
            LogBusy: too many requests wait already.
            PlanPublishedAlready: a plan version would change.
            PlanCannotHold: a plan version could not be used beside the others.
        """
        try:
            if topic is PLANS:
                await run_in_threadpool(self._published.publish, records)
            elif records:
                async with asyncio.timeout(LOG_SECONDS):
                    await asyncio.wrap_future(self._appender.append(topic, records))
        except (LogUnavailable, TimeoutError):
            raise Unavailable("the log does not take events at the moment; send them again") from None

    def _count(self, who: str, receipt: Mapping[str, Any]) -> None:
        """Count the events of a receipt as sent by `who`, and log which were rejected: by id and field, never by
        value.
        """
        for outcome in ("accepted", "rejected", "ignored"):
            INGEST_EVENTS.labels(who, outcome).inc(receipt.get(outcome, 0))
        rejected = [result for result in receipt["results"] if result["status"] == "rejected"][:MOST_LOGGED]
        if rejected:
            events = [{"id": item["id"], "fields": [error["field"] for error in item["errors"]]} for item in rejected]
            _logger.warning("ingest.rejected", source=who, rejected=receipt["rejected"], events=events)


def _first_mistake(receipt: dict[str, Any]) -> str:
    first = receipt["results"][0]
    reasons = "; ".join(f"{error['field']}: {error['reason']}" for error in first["errors"])
    return f"event {first['index']}: {reasons}"
