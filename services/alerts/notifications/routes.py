"""The routes of notifications: what is on its way, and trying out a subscription."""

from __future__ import annotations

from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Path, Query

from services.alerts.notifications import store
from services.alerts.notifications.schemas import Messages, MessageView, Tried
from services.alerts.notifications.worker import Sender
from shared.access import Principal, require
from shared.deps import SnapshotDep, provided

TAGS: Final = {"notifications": "Who was told what of alerts, and whether it arrived."}

SenderDep = Annotated[Sender, Depends(provided(Sender))]
Writer = Annotated[Principal, Depends(require("alerts:write", about="nothing"))]

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])

_logger = structlog.get_logger(__name__)


@router.get("", dependencies=[Depends(require("alerts:read", about="nothing"))], summary="What is on its way to people")
def list_messages(
    snapshot: SnapshotDep,
    sender: SenderDep,
    *,
    waiting_only: Annotated[bool, Query(description="Without those that have arrived or were given up")] = True,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Messages:
    """Messages of the last 30 days, the latest first. What they hold is in the alerts themselves."""
    with snapshot.connect() as connection:
        rows = store.messages(connection, waiting_only=waiting_only, limit=limit)
    messages = [MessageView.model_validate(dict(row)) for row in rows]
    return Messages(remarks=sender.remarks(), messages=messages)


@router.post("/{subscription}/test", summary="Try out a subscription")
def try_subscription(
    who: Writer, sender: SenderDep, *, subscription: Annotated[str, Path(max_length=63, examples=["plan_owners"])]
) -> Tried:
    """Send an example to a subscription now, from here; the answer says why it did not arrive, if so."""
    channel = sender.try_out(subscription)
    _logger.info("notifications.tried", subscription=subscription, actor=who.name)
    return Tried(subscription=subscription, channel=channel)
