"""The HTTP API of ingest: deals, roster and plans in, answered when they are durable."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
import polars as pl
import structlog
from fastapi import Depends, FastAPI, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from services.ingest import roster_csv
from services.ingest.acceptance import Receipt, Refused, read, told
from services.ingest.appending import Appender
from services.ingest.bodies import take_apart
from services.ingest.events import DealEvent, Event, PlanEvent, RosterEvent
from services.ingest.examples import DEAL, PLAN, ROSTER, bodies, describe
from services.ingest.known_roster import KnownRoster
from services.ingest.published import Published
from services.ingest.store import Answers
from services.ingest.webhooks import Sources, Webhooks
from shared.auth import Principal, require
from shared.contracts.topics import PLANS, Topic
from shared.log.port import LogUnavailable, Record
from shared.metrics import INGEST_EVENTS
from shared.problems import Conflict, Unavailable, Unprocessable
from shared.settings import Settings
from shared.web import PROBLEM_MEDIA_TYPE
from shared.web import create_app as create_web_app

IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=255, description="The same key with the same body is answered once.")
]


Texts = list[bytes | Refused]
"""The events of a request, each as JSON."""
MOST_LOGGED: Final = 10
"""Rejected events of one request that its log line names."""

_logger = structlog.get_logger(__name__)


class KeyReused(Conflict):
    """The idempotency key came with another request before."""

    type = "idempotency-key-reused"
    title = "The idempotency key belongs to another request"


class InProgress(Conflict):
    """The same request is being worked on."""

    type = "request-in-progress"
    title = "The same request is being worked on"


class NothingValid(Unprocessable):
    """No event of the request is valid; each is named with its mistakes."""

    title = "No event of the request is valid"


class Intake:
    """What the routes share: read the body, append, count, answer; once per idempotency key."""

    def __init__(
        self, settings: Settings, appender: Appender, answers: Answers, published: Published, roster: KnownRoster
    ) -> None:
        self._settings, self._appender, self._answers = settings, appender, answers
        self._published, self._roster = published, roster

    async def take(self, request: Request, kind: type[Event], who: Principal, key: str | None) -> Response:
        """Take the events of a request."""
        body = await request.body()
        if kind is RosterEvent and request.headers.get("content-type", "").startswith("text/csv"):
            texts = await run_in_threadpool(roster_csv.events, body, who.name, datetime.now(UTC))
        else:
            texts = [*take_apart(body, request.headers)]
        if key is None:
            return await self._append(who.name, kind, texts)
        digest = hashlib.sha256(request.url.path.encode() + b"\n" + body).digest()
        return await self._once(who.name, key, digest, kind, texts)

    async def _once(self, who: str, key: str, digest: bytes, kind: type[Event], texts: Texts) -> Response:
        held = await run_in_threadpool(self._answers.claim, who, key, digest)
        if held is not None:
            if held.request != digest:
                raise KeyReused("this Idempotency-Key was used for another request; use a new one")
            if held.status is None or held.body is None:
                raise InProgress("the first request with this Idempotency-Key has no answer yet; try again")
            return _answer(held.body, held.status)
        try:
            response = await self._append(who, kind, texts)
        except BaseException:
            await run_in_threadpool(self._answers.release, who, key)
            raise
        await run_in_threadpool(self._answers.give, who, key, response.status_code, bytes(response.body))
        return response

    async def _append(self, who: str, kind: type[Event], texts: Texts) -> Response:
        zone, now = self._settings.zone, datetime.now(UTC)
        if kind is PlanEvent:
            plans = [text for text in texts if isinstance(text, bytes)]
            found = await run_in_threadpool(self._published.read, plans, zone, now, who)
        else:
            found = await run_in_threadpool(read, texts, kind, zone, now, who, self.columns)
        warnings = await run_in_threadpool(self._warnings, found.records) if kind is RosterEvent else {}
        await self.durable(kind.topic, found.records)
        self.count(who, found.receipt)
        told(warnings, found)
        if found.records:
            return _answer(orjson.dumps(found.receipt), HTTPStatus.ACCEPTED)
        refusal = NothingValid(_first_mistake(found.receipt), **found.receipt)
        return _answer(orjson.dumps(refusal.body()), refusal.status)

    def _warnings(self, records: Sequence[Record]) -> dict[str, list[str]]:
        """What roster and plans would say with these changes of the roster that looks like a slip, by participant."""
        try:
            return self._roster.remarks(records, self._published.plans()) if records else {}
        except LogUnavailable:
            raise Unavailable("the log does not answer at the moment; send the events again") from None

    def columns(self) -> Mapping[str, pl.DataType]:
        """The company's own columns of deals, as the published plans declare them.

        Raises:
            Unavailable: the log cannot be read.
        """
        try:
            return self._published.columns()
        except LogUnavailable:
            raise Unavailable("the log does not answer at the moment; send the events again") from None

    async def durable(self, topic: Topic, records: Sequence[Record]) -> None:
        """Wait until the records are durable in the log.

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
                await asyncio.wrap_future(self._appender.append(topic, records))
        except LogUnavailable:
            raise Unavailable("the log does not take events at the moment; send them again") from None

    def count(self, who: str, receipt: Mapping[str, Any]) -> None:
        """Count the events of a receipt as sent by `who`, and log which were rejected: by id and field, never by value."""
        for outcome in ("accepted", "rejected", "ignored"):
            INGEST_EVENTS.labels(who, outcome).inc(receipt.get(outcome, 0))
        rejected = [result for result in receipt["results"] if result["status"] == "rejected"][:MOST_LOGGED]
        if rejected:
            events = [{"id": each["id"], "fields": [e["field"] for e in each["errors"]]} for each in rejected]
            _logger.warning("ingest.rejected", source=who, rejected=receipt["rejected"], events=events)


def _answer(body: bytes, status: int) -> Response:
    return Response(
        body, status, media_type=PROBLEM_MEDIA_TYPE if status >= HTTPStatus.BAD_REQUEST else "application/json"
    )


def _first_mistake(receipt: dict[str, Any]) -> str:
    first = receipt["results"][0]
    reasons = "; ".join(f"{error['field']}: {error['reason']}" for error in first["errors"])
    return f"event {first['index']}: {reasons}"


def create_app(
    settings: Settings,
    appender: Appender,
    answers: Answers,
    published: Published,
    known_roster: KnownRoster,
    sources: Sources,
    ready: Callable[[], list[str]],
) -> FastAPI:
    """The app of ingest."""
    app = create_web_app(
        "Earnest ingest",
        "Sales facts in: deals, roster, plans; by API, file or webhook.",
        settings=settings,
        ready=ready,
        database_away="the database does not answer; send it again",
    )
    intake = Intake(settings, appender, answers, published, known_roster)

    def accepts(example: dict[str, Any], kind: type[Event]) -> dict[str, Any]:
        return {"status_code": HTTPStatus.ACCEPTED, "response_model": Receipt, "openapi_extra": bodies(example, kind)}

    @app.post("/v1/deals", **accepts(DEAL, DealEvent))
    async def deals(
        request: Request,
        who: Annotated[Principal, Depends(require("deals:write"))],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Take patches of deals: one CloudEvent, a JSON array of them, or NDJSON."""
        return await intake.take(request, DealEvent, who, idempotency_key)

    @app.post("/v1/roster", **accepts(ROSTER, RosterEvent))
    async def roster(
        request: Request,
        who: Annotated[Principal, Depends(require("roster:write"))],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Take dated patches of participants: CloudEvents as for deals, or a CSV file (`text/csv`)."""
        return await intake.take(request, RosterEvent, who, idempotency_key)

    @app.post("/v1/plans", **accepts(PLAN, PlanEvent))
    async def plans(
        request: Request,
        who: Annotated[Principal, Depends(require("plans:write"))],
        idempotency_key: IdempotencyKey = None,
    ) -> Response:
        """Publish plan versions. A published version never changes: other content under its name is refused.

        The next version with the same `effective_from` replaces it from its first day.
        """
        return await intake.take(request, PlanEvent, who, idempotency_key)

    Webhooks(settings, sources, intake).add_to(app)
    describe(app, [DealEvent, RosterEvent, PlanEvent])
    return app
