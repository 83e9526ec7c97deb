"""What the API of deliveries takes and answers with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.payout.delivery.parcels import Parcel
from shared.pay.policy import POLICY_ID


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
        """`next_attempt_at` only as long as there is one to come."""
        waiting = parcel.delivered_at is None
        return cls(
            batch=parcel.batch,
            to=parcel.destination,
            state="waiting" if waiting else "delivered",
            requested_by=parcel.requested_by,
            requested_at=parcel.requested_at,
            attempts=parcel.attempts,
            error=parcel.error,
            next_attempt_at=parcel.next_attempt_at if waiting else None,
            delivered_at=parcel.delivered_at,
        )


class Deliveries(BaseModel):
    """Deliveries, the one requested last first."""

    deliveries: list[DeliveryView]
