"""The HTTP interface of delivery: have a released batch delivered, and see what is on its way."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Response

from services.payout.delivery import store
from services.payout.delivery.policy import Delivery
from services.payout.delivery.schemas import Deliveries, DeliveryRequest, DeliveryView
from services.payout.deps import EarningsReader, RunsReleaser
from services.payout.policies import store as policies
from shared.deps import ClockDep, EngineDep, SnapshotDep
from shared.problems import NotFound

router = APIRouter(tags=["deliveries"])

_logger = structlog.get_logger(__name__)


@router.post("/v1/deliveries", status_code=HTTPStatus.ACCEPTED, summary="Have a batch delivered")
def request_delivery(
    who: RunsReleaser, engine: EngineDep, clock: ClockDep, body: DeliveryRequest, response: Response
) -> DeliveryView:
    """Have a released batch delivered. It is tried until it is there; asking again changes nothing."""
    with engine.begin() as connection:
        if not policies.versions(connection, Delivery, policy_id=body.to):
            raise NotFound(f"there is no delivery {body.to}: publish a policy of kind delivery with this id")
        files = store.released_files(connection, body.batch, who=who)
        if store.request(connection, body.batch, destination=body.to, files=files, who=who.name, now=clock()):
            _logger.info("delivery.requested", batch=body.batch, destination=body.to, actor=who.name)
        (parcel,) = (
            parcel for parcel in store.parcels(connection, who, batch=body.batch) if parcel.destination == body.to
        )
    if parcel.delivered_at is not None:
        response.status_code = HTTPStatus.OK
    return DeliveryView.of(parcel)


@router.get("/v1/deliveries", summary="What was delivered and what is on its way")
def list_deliveries(
    who: EarningsReader,
    snapshot: SnapshotDep,
    batch: Annotated[str | None, Query(max_length=100, description="Those of this batch only")] = None,
) -> Deliveries:
    """What was delivered and what is on its way, with the reason where an attempt came to nothing."""
    with snapshot.connect() as connection:
        return Deliveries(
            deliveries=[DeliveryView.of(parcel) for parcel in store.parcels(connection, who, batch=batch)]
        )
