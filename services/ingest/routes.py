"""The routes of ingest: deals, roster, plans and webhooks in, answered when they are durable."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Header, Path, Request, Response

from services.ingest.delivery import Delivery
from services.ingest.errors import DeliveryTooLarge
from services.ingest.events import DealEvent, Event, PlanEvent, RosterEvent
from services.ingest.intake import Intake
from services.ingest.proofs import Request as WebhookRequest
from services.ingest.schemas import DEAL, PLAN, ROSTER, WEBHOOK, DeliveryReceipt, Receipt, body_of
from services.ingest.sources import Sources
from shared.auth import Principal, require
from shared.deps import provided
from shared.log.port import MAX_RECORD_BYTES
from shared.web import PROBLEM_MEDIA_TYPE

TAGS: Final = {
    "events": "CloudEvents of CRM, HR and billing: one, a JSON array of them, or NDJSON. An accepted event is durable.",
    "webhooks": "Deliveries of configured sources, proven and read as its file says.",
}

IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=255, description="The same key with the same body is answered once.")
]
IntakeDep = Annotated[Intake, Depends(provided(Intake))]
SourcesDep = Annotated[Sources, Depends(provided(Sources))]

router = APIRouter(prefix="/v1")


def _takes(example: dict[str, Any], kind: type[Event]) -> dict[str, Any]:
    return {
        "tags": ["events"],
        "status_code": HTTPStatus.ACCEPTED,
        "response_model": Receipt,
        "openapi_extra": body_of(example, kind),
    }


@router.post("/deals", summary="Send facts of deals", **_takes(DEAL, DealEvent))
async def send_deals(
    request: Request,
    who: Annotated[Principal, Depends(require("deals:write"))],
    intake: IntakeDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take patches of deals: one CloudEvent, a JSON array of them, or NDJSON."""
    return await _take(request, DealEvent, who=who, intake=intake, key=idempotency_key)


@router.post("/roster", summary="Send facts of the roster", **_takes(ROSTER, RosterEvent))
async def send_roster(
    request: Request,
    who: Annotated[Principal, Depends(require("roster:write"))],
    intake: IntakeDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take dated patches of participants: CloudEvents as for deals, or a CSV file (`text/csv`)."""
    return await _take(request, RosterEvent, who=who, intake=intake, key=idempotency_key)


@router.post("/plans", summary="Publish plan versions", **_takes(PLAN, PlanEvent))
async def publish_plans(
    request: Request,
    who: Annotated[Principal, Depends(require("plans:write"))],
    intake: IntakeDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Publish plan versions. A published version never changes: other content under its name is refused.

    The next version with the same `effective_from` replaces it from its first day.
    """
    return await _take(request, PlanEvent, who=who, intake=intake, key=idempotency_key)


@router.post(
    "/webhooks/{source}",
    tags=["webhooks"],
    summary="Deliver a webhook",
    status_code=HTTPStatus.ACCEPTED,
    response_model=DeliveryReceipt,
    openapi_extra=body_of(WEBHOOK),
)
async def deliver_webhook(
    request: Request, source: Annotated[str, Path(max_length=128)], intake: IntakeDep, sources: SourcesDep
) -> Response:
    """Take what a configured source sends, proven as its file says: a signature, a token, or a password.

    Items that are of no interest are passed over. A signed delivery is never answered with an error that would make its
    sender try again in vain: what is not valid is named in the receipt, and the delivery is kept as a dead letter.
    """
    body = await request.body()
    now = datetime.now(UTC)
    came = WebhookRequest(body=body, headers=request.headers, method=request.method, query=request.url.query)
    known, proven = sources.proven(source, came, now=now)  # before anything of it is looked at
    if len(body) > MAX_RECORD_BYTES:  # it may have to be kept whole, as one record
        raise DeliveryTooLarge(f"a delivery may have {MAX_RECORD_BYTES:,} bytes at most")
    delivery = Delivery.of_request(known, came, proven=proven, now=now)
    receipt = await intake.take_delivery(known, delivery)
    return Response(orjson.dumps(receipt), HTTPStatus.ACCEPTED, media_type="application/json")


async def _take(request: Request, kind: type[Event], *, who: Principal, intake: Intake, key: str | None) -> Response:
    body = await request.body()
    answer = await intake.take(kind, body, headers=request.headers, path=request.url.path, who=who.name, key=key)
    problem = answer.status >= HTTPStatus.BAD_REQUEST
    return Response(answer.body, answer.status, media_type=PROBLEM_MEDIA_TYPE if problem else "application/json")
