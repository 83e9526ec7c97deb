"""The HTTP interface of delivery: have a released batch delivered, and see what is on its way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal, Self

import structlog
from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Engine

from services.payout.delivery import store
from services.payout.delivery.parcels import Parcel
from services.payout.delivery.store_released import released_files
from services.payout.delivery.worker import KIND
from services.payout.policies import store as policies
from shared.auth import Principal, require
from shared.pay.policy import POLICY_ID
from shared.problems import NotFound

Writer = Annotated[Principal, Depends(require("runs:write"))]
Reader = Annotated[Principal, Depends(require("earnings:read"))]

_logger = structlog.get_logger(__name__)


class DeliveryRequest(BaseModel):
    """A released batch, and the policy of kind `delivery` by which it is sent."""

    model_config = ConfigDict(extra="forbid")

    batch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")] = Field(
        examples=["run-2026-06-1"]
    )
    to: Annotated[str, StringConstraints(pattern=POLICY_ID)] = Field(examples=["adp-drop"])


class DeliveryView(BaseModel):
    """A batch on its way. `waiting` is tried again at `next_attempt_at`, because of `error` where there is one."""

    batch: str
    to: str
    state: Literal["waiting", "delivered"]
    requested_by: str
    requested_at: datetime
    attempts: int
    error: str | None
    next_attempt_at: datetime | None
    delivered_at: datetime | None

    @classmethod
    def of(cls, parcel: Parcel) -> Self:
        """A parcel as it is shown."""
        open_ = parcel.delivered_at is None
        return cls(
            batch=parcel.batch,
            to=parcel.destination,
            state="waiting" if open_ else "delivered",
            requested_by=parcel.requested_by,
            requested_at=parcel.requested_at,
            attempts=parcel.attempts,
            error=parcel.error,
            next_attempt_at=parcel.next_attempt_at if open_ else None,
            delivered_at=parcel.delivered_at,
        )


class Deliveries(BaseModel):
    """Deliveries, the one requested last first."""

    deliveries: list[DeliveryView]


def add_deliveries(app: FastAPI, engine: Engine, snapshot: Engine, now: Callable[[], datetime]) -> None:
    """Add the routes of deliveries; `snapshot` reads everything as of one instant."""

    @app.post("/v1/deliveries", status_code=HTTPStatus.ACCEPTED)
    def deliver(who: Writer, body: DeliveryRequest, response: Response) -> DeliveryView:
        """Have a released batch delivered. It is tried until it is there; asking again changes nothing."""
        with engine.begin() as connection:
            versions = policies.versions(connection, KIND, body.to)
            if not versions:
                raise NotFound(f"there is no delivery {body.to}: publish a policy of kind {KIND} with this id")
            files = released_files(connection, body.batch)
            if store.request(connection, body.batch, body.to, files, who.name, now()):
                _logger.info("delivery.requested", batch=body.batch, destination=body.to, actor=who.name)
            (found,) = [each for each in store.parcels(connection, body.batch) if each.destination == body.to]
        if found.delivered_at is not None:
            response.status_code = HTTPStatus.OK
        return DeliveryView.of(found)

    @app.get("/v1/deliveries")
    def list_deliveries(
        _: Reader, batch: Annotated[str | None, Query(max_length=100, description="Those of this batch only")] = None
    ) -> Deliveries:
        """What was delivered and what is on its way, with the reason where an attempt came to nothing."""
        with snapshot.connect() as connection:
            return Deliveries(deliveries=[DeliveryView.of(each) for each in store.parcels(connection, batch)])
