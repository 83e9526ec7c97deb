"""Deals over HTTP: one or many as they stand, and those that credit not everyone they should."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from services.scoring.credit import store
from services.scoring.credit.deal_facts import deal_facts, paid_less
from services.scoring.credit.deals import uncredited_of
from services.scoring.credit.shares import shares
from services.scoring.deals.schemas import (
    MOST,
    Deals,
    DealsRequest,
    DealView,
    PaidLess,
    Shares,
    ShareView,
    Uncredited,
    UncreditedView,
)
from services.scoring.deals.service import deals_as_they_stand
from services.scoring.deps import SEES_MANY, DealId, Period, ReferenceDep, SeesRows
from services.scoring.facts_codec import unpack
from shared.access.require import AccessDep
from shared.contracts.base import Identifier
from shared.deps import HEAVY, SnapshotDep
from shared.kernel.language.values import Name
from shared.periods import first_day, last_day
from shared.problems import NotFound

router = APIRouter(prefix="/v1", tags=["deals"])


@router.get("/deals/{deal_id:path}", summary="Show a deal")
def get_deal(
    who: SeesRows, access: AccessDep, snapshot: SnapshotDep, *, reference: ReferenceDep, deal_id: DealId
) -> DealView:
    """A deal as it stands, whom it credits, and whom it does not and why: of the participants whom the caller sees."""
    with snapshot.connect() as connection:
        deals = deals_as_they_stand(connection, reference, deal_ids=[deal_id])
    if not deals:
        raise NotFound(f"there is no deal {deal_id}")
    (deal,) = deals
    if access is None or who.machine or who.sees_all:
        return deal
    return deal.of(access.seen_of(who, deal.participants()))


@router.post("/deals", dependencies=[SEES_MANY], summary="Show many deals")
def find_deals(snapshot: SnapshotDep, reference: ReferenceDep, *, request: DealsRequest) -> Deals:
    """The same of many deals, by id; those that there are not are left out."""
    with snapshot.connect() as connection:
        return Deals(deals=deals_as_they_stand(connection, reference, deal_ids=sorted(set(request.deals))))


@router.post("/shares", dependencies=[SEES_MANY], summary="Show who has which share of deals")
def find_shares(snapshot: SnapshotDep, reference: ReferenceDep, *, request: DealsRequest) -> Shares:
    """Who has which share of deals, be they lost or not: whom they would credit if they were won and nothing of them
    was refunded.
    """
    with snapshot.connect() as connection:
        deals = store.deals(connection, sorted(set(request.deals)))
        current = reference.read(connection)
    facts = {deal_id: unpack(packed) for deal_id, packed in deals.select("deal_id", "facts").iter_rows()}
    return Shares(shares=ShareView.all_of(shares(facts, roster=current.roster, plans=current.plans)))


@router.get("/paid-less", dependencies=[SEES_MANY, HEAVY], summary="List deals that are paid less than before")
def list_paid_less(
    snapshot: SnapshotDep,
    as_of: Annotated[date, Query(description="What came in by this day counts", examples=["2025-03-31"])],
) -> PaidLess:
    """Deals of which a payment was ever taken back, and that are not paid in full by a day: what was released of them
    is looked at again.
    """
    with snapshot.connect() as connection:
        deals = store.taken_back(connection)
    return PaidLess(deals=paid_less(deal_facts(deals), as_of))


@router.get("/uncredited", dependencies=[SEES_MANY], summary="List deals that credit not everyone")
def list_uncredited(
    snapshot: SnapshotDep,
    *,
    after: Annotated[Identifier | None, Query(description="Continue after this deal", examples=["crm/1"])] = None,
    reason: Annotated[Name | None, Query(description="Deals with this reason only", examples=["no_plan"])] = None,
    period: Annotated[
        Period | None,
        Query(description="Deals closed in this month only, and those without a close date", examples=["2025-03"]),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Uncredited:
    """Won deals, or shares of them, that credit nobody, and why."""
    closed = None if period is None else (first_day(period), last_day(period))
    with snapshot.connect() as connection:
        page = store.uncredited(connection, after or "", limit=limit, reason=reason, closed=closed)
    return Uncredited(
        uncredited=UncreditedView.all_of(uncredited_of(page)),
        next=page["deal_id"][-1] if page.height == limit else None,
    )
