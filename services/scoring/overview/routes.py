"""Everything at a glance, over HTTP: plans, counts and sums, and what looks like a slip in what a month pays on."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Path, Query

from services.scoring.credit import store as stored_deals
from services.scoring.deps import MAY_READ, SEES_MANY, MonthParam, ReferenceDep
from services.scoring.earn import store as stored_sums
from services.scoring.earn.participant_sums import earnings_of
from services.scoring.overview import store
from services.scoring.overview.schemas import CurrencyTotals, PlanReach, Plans, Remarks, RemarkView, Summary
from services.scoring.reference import store as stored_reference
from shared.contracts.base import Identifier
from shared.deps import HEAVY, SnapshotDep
from shared.kernel.remarks.deals import far_ahead, far_from
from shared.kernel.remarks.earnings import earnings_remarks
from shared.kernel.remarks.missing_scores import missing_scores
from shared.kernel.remarks.remark import remarks_within
from shared.kernel.remarks.roster import roster_remarks
from shared.periods import first_day, last_day

router = APIRouter(prefix="/v1", tags=["overview"])
PlanId = Annotated[Identifier, Path(examples=["rep"])]


@router.get("/plans", dependencies=[MAY_READ], summary="List the plans")
def list_plans(snapshot: SnapshotDep) -> Plans:
    """The plans that are published, by id."""
    with snapshot.connect() as connection:
        return Plans(plans=stored_reference.plan_ids(connection))


@router.get("/plans/{plan:path}/reach", dependencies=[MAY_READ, HEAVY], summary="Whom a plan version would reach")
def get_reach(
    snapshot: SnapshotDep,
    reference: ReferenceDep,
    *,
    plan: PlanId,
    since: Annotated[date, Query(description="The first day of the version", examples=["2025-01-01"])],
) -> PlanReach:
    """How many participants are on a plan on some day from then on, and the months in which something is summed for
    one of them: what a version that holds from that day may pay otherwise.
    """
    with snapshot.connect() as connection:
        spans = reference.read(connection).roster.spans
        on_plan = (pl.col("plan") == plan) & pl.col("active") & (pl.col("until").is_null() | (pl.col("until") > since))
        people = spans.filter(on_plan)["participant_id"].unique().to_list()
        months = stored_sums.periods_of(connection, people)["period"].unique().sort().to_list()
    return PlanReach(participants=len(people), months=[month for month in months if last_day(month) >= since])


@router.get("/summary", dependencies=[MAY_READ], summary="Count and sum everything")
def get_summary(snapshot: SnapshotDep) -> Summary:
    """How many deals there are, what they credit and earn per currency, and what credits nobody."""
    with snapshot.connect() as connection:
        deals, participants, plan_versions = store.counts(connection)
        aside = stored_reference.quarantined_names(connection)
        return Summary(
            deals=deals,
            participants=participants,
            plan_versions=plan_versions,
            quarantined=[f"{plan}@{version}" for plan, version in sorted(aside)],
            totals=[
                CurrencyTotals.of(currency, credits, credited=credited, earned=earned)
                for currency, credits, credited, earned in store.totals(connection)
            ],
            uncredited=store.uncredited_by_reason(connection),
            unpaid=store.unpaid_by_reason(connection),
        )


@router.get("/remarks", dependencies=[SEES_MANY, HEAVY], summary="List what looks like a slip")
def list_remarks(snapshot: SnapshotDep, reference: ReferenceDep, *, period: MonthParam) -> Remarks:
    """What of roster, plans and deals moves the pay of a month without a word and is probably a slip: as
    `earnest calc` says it.
    """
    first, last = first_day(period), last_day(period)
    with snapshot.connect() as connection:
        current = reference.read(connection)
        earned = earnings_of(stored_sums.of_month(connection, period))
        late = stored_deals.closing_after(connection, far_from(last))
    remarks = [
        *remarks_within(roster_remarks(current.roster, current.plans), first, last=last),
        *missing_scores(current.roster, current.plans),
        *earnings_remarks(earned, current.plans),
        *far_ahead(late, last),
    ]
    return Remarks(
        remarks=[
            RemarkView(kind=remark.kind, participant_id=remark.participant_id, message=remark.message)
            for remark in remarks
        ]
    )
