"""The routes of ingest: deals, roster, plans and webhooks in, answered when they are durable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from starlette.requests import HTTPConnection

from services.ingest.bodies import is_plan_file
from services.ingest.delivery import Delivery
from services.ingest.errors import DeliveryTooLarge
from services.ingest.events import AccountPaymentEvent, DealEvent, Event, PlanEvent, RosterEvent
from services.ingest.intake import Intake
from services.ingest.proofs import Request as WebhookRequest
from services.ingest.schemas import (
    ACCOUNT_PAYMENT,
    DEAL,
    PLAN,
    PLAN_FILE,
    ROSTER,
    WEBHOOK,
    DeliveryReceipt,
    PlanFileReceipt,
    PlanVersions,
    Receipt,
    body_of,
)
from services.ingest.sources import Sources
from shared.access import Principal, fresh, require
from shared.admission.requests import BY_KEY, Allow, Allowance
from shared.deps import provided
from shared.http import PROBLEM_MEDIA_TYPE
from shared.log.port import MAX_RECORD_BYTES, LogUnavailable
from shared.problems import NotFound, Unavailable

TAGS: Final = {
    "events": "CloudEvents of CRM, HR and billing: one, a JSON array of them, or NDJSON. An accepted event is durable.",
    "plans": "Published plan versions: which there are, when each holds, and their files as they were written.",
    "webhooks": "Deliveries of configured sources, proven and read as its file says.",
}

IdempotencyKey = Annotated[
    str | None, Header(min_length=1, max_length=255, description="The same key with the same body is answered once.")
]
IntakeDep = Annotated[Intake, Depends(provided(Intake))]
SourcesDep = Annotated[Sources, Depends(provided(Sources))]

MAY_SEE_PLANS: Final = Depends(require("plans:write", "earnings:read", about="nothing"))
JSON_TYPE: Final = "application/json"
WEBHOOKS: Final = "/v1/webhooks/"

router = APIRouter(prefix="/v1")


def allow(sources: Sources) -> Allow:
    """What ingest takes of a body: of a delivery, whose head has to show that its source may have sent it, as much as
    can be kept whole, as one record; of everything else what a key allows.
    """
    delivery = Allowance(
        size=MAX_RECORD_BYTES, beyond=DeliveryTooLarge(f"a delivery may have {MAX_RECORD_BYTES:,} bytes at most")
    )

    def allowed(head: HTTPConnection, caller: Principal | None) -> Allowance:
        path = head.scope["path"]
        if head.scope["method"] != "POST" or not path.startswith(WEBHOOKS):
            return BY_KEY(head, caller)
        came = WebhookRequest(body=b"", headers=head.headers, query=head.url.query)
        sources.check_head(path.removeprefix(WEBHOOKS), came, now=datetime.now(UTC))
        return delivery

    return allowed


def _takes(example: dict[str, Any], kind: type[Event], *, text: str | None = None) -> dict[str, Any]:
    return {
        "tags": ["events"],
        "status_code": HTTPStatus.ACCEPTED,
        "response_model": Receipt if text is None else Receipt | PlanFileReceipt,
        "openapi_extra": body_of(example, kind, text=text),
    }


@contextmanager
def _log_answers() -> Iterator[None]:
    try:
        yield
    except LogUnavailable:
        raise Unavailable("the log does not answer at the moment; ask again") from None


@router.post("/deals", summary="Send facts of deals", **_takes(DEAL, DealEvent))
async def send_deals(
    request: Request,
    who: Annotated[Principal, Depends(require("deals:write", about="nothing"))],
    intake: IntakeDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take patches of deals: one CloudEvent, a JSON array of them, or NDJSON."""
    return await _take(request, DealEvent, who=who, intake=intake, key=idempotency_key)


@router.post("/account-payments", summary="Send payments on accounts", **_takes(ACCOUNT_PAYMENT, AccountPaymentEvent))
async def send_account_payments(
    request: Request,
    who: Annotated[Principal, Depends(require("deals:write", about="nothing"))],
    intake: IntakeDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take what customers paid on their accounts, for no deal in particular: CloudEvents as for deals.

    Scoring allocates it to the deals of the account, whichever came first, and lists what is left.
    """
    return await _take(request, AccountPaymentEvent, who=who, intake=intake, key=idempotency_key)


@router.post("/roster", summary="Send facts of the roster", **_takes(ROSTER, RosterEvent))
async def send_roster(
    request: Request,
    who: Annotated[Principal, Depends(require("roster:write", about="nothing"))],
    intake: IntakeDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take dated patches of participants: CloudEvents as for deals, or a CSV file (`text/csv`)."""
    return await _take(request, RosterEvent, who=who, intake=intake, key=idempotency_key)


@router.post(
    "/plans",
    summary="Publish plan versions",
    responses={HTTPStatus.OK: {"model": PlanFileReceipt, "description": "A plan file was checked, as was asked"}},
    **_takes(PLAN, PlanEvent, text=PLAN_FILE),
)
async def publish_plans(
    request: Request,
    who: Annotated[Principal, Depends(fresh(require("plans:write", about="nothing")))],
    intake: IntakeDep,
    *,
    idempotency_key: IdempotencyKey = None,
    dry_run: Annotated[bool, Query(description="Of a plan file: only check it, and publish nothing.")] = False,
    file: Annotated[str, Query(max_length=256, description="Of a plan file: what findings name it.")] = "plan.yaml",
) -> Response:
    """Publish plan versions: CloudEvents as for deals, or a plan file as it is written (`application/yaml`).

    A published version never changes: other content under its name is refused. The next version with the same
    `effective_from` replaces it from its first day. A plan file that is not sound is refused with the findings of
    `earnest plan check`; one that is answered with what was published (`PlanFileReceipt`).
    """
    if is_plan_file(request.headers):
        receipt = await intake.take_plan_file(await request.body(), file=file, who=who.name, dry_run=dry_run)
        return Response(orjson.dumps(receipt), HTTPStatus.OK if dry_run else HTTPStatus.ACCEPTED, media_type=JSON_TYPE)
    return await _take(request, PlanEvent, who=who, intake=intake, key=idempotency_key)


@router.get("/plans", tags=["plans"], summary="List published plan versions", dependencies=[MAY_SEE_PLANS])
def list_plans(intake: IntakeDep) -> PlanVersions:
    """Every published version, with the days on which it holds, by plan and version."""
    with _log_answers():
        return PlanVersions.model_validate({"plans": intake.published.versions()})


@router.get(
    "/plans/{key:path}",
    tags=["plans"],
    summary="Fetch the file of a plan version",
    dependencies=[MAY_SEE_PLANS],
    response_class=Response,
    responses={HTTPStatus.OK: {"content": {"application/yaml": {"schema": {"type": "string"}}}}},
)
def get_plan_file(
    key: Annotated[str, Path(max_length=160, description="Plan and version, as `rep@1`.")], intake: IntakeDep
) -> Response:
    """The file of a published version: byte by byte as it was uploaded, or the document as YAML where it came as an
    event.
    """
    with _log_answers():
        text = intake.published.file_of(key)
    if text is None:
        raise NotFound(f"there is no plan version {key}; its name is plan@version, as rep@1")
    return Response(text.encode(), media_type="application/yaml")


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
    delivery = Delivery.of_request(known.source, came, proven=proven, now=now)
    receipt = await intake.take_delivery(known, delivery)
    return Response(orjson.dumps(receipt), HTTPStatus.ACCEPTED, media_type=JSON_TYPE)


async def _take(request: Request, kind: type[Event], *, who: Principal, intake: Intake, key: str | None) -> Response:
    body = await request.body()
    answer = await intake.take(kind, body, headers=request.headers, path=request.url.path, who=who.name, key=key)
    problem = answer.status >= HTTPStatus.BAD_REQUEST
    return Response(answer.body, answer.status, media_type=PROBLEM_MEDIA_TYPE if problem else JSON_TYPE)
