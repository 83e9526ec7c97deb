"""A participant's earnings, how they came about, and credits, over HTTP."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Annotated

import orjson
import polars as pl
from fastapi import APIRouter, Path
from sqlalchemy import Connection

from services.scoring.credit import store as stored_deals
from services.scoring.credit.deals import credits_of
from services.scoring.deals.schemas import CreditView
from services.scoring.deps import (
    SEES_PARTICIPANT,
    MonthOrAll,
    MonthParam,
    ParticipantId,
    Period,
    ReferenceDep,
    Resources,
)
from services.scoring.earn import store as stored_sums
from services.scoring.earn.participant_sums import earnings_of, paid_to_others
from services.scoring.participants.schemas import Credits, Earnings, EarningView, Explanation
from services.scoring.reference.blame import for_everybody_else
from services.scoring.reference.data import ReferenceData, below, reports_of
from shared.contracts.earnings import ComponentEarning
from shared.deps import EngineDep, SnapshotDep
from shared.explanation import parts
from shared.kernel import PlanSet
from shared.kernel.language.values import Name
from shared.kernel.tables import EARNINGS
from shared.money import from_minor
from shared.periods import Month, first_day, last_day
from shared.problems import Conflict, NotFound

router = APIRouter(prefix="/v1", tags=["participants"], dependencies=[SEES_PARTICIPANT])


@router.get(
    "/participants/{participant_id:path}/earnings",
    summary="List a participant's earnings",
)
def list_earnings(snapshot: SnapshotDep, participant_id: ParticipantId, *, period: MonthOrAll = None) -> Earnings:
    """What a participant earns per period and component."""
    with snapshot.connect() as connection:
        months = stored_sums.of_participant(connection, participant_id, period=period)
        _check_known(connection, participant_id, rows=months)
    return Earnings(
        participant_id=participant_id,
        earnings=[
            EarningView.of(month, earning)
            for month, text in months.select("period", "earnings").iter_rows()
            for earning in _published(text)
        ],
    )


@router.get(
    "/earnings/{participant_id:path}/{period}/{component}/explain",
    summary="Explain an earning",
)
def explain_earning(
    engine: EngineDep,
    reference: ReferenceDep,
    *,
    resources: Resources,
    participant_id: ParticipantId,
    period: Annotated[Period, Path(examples=["2025-03"])],
    component: Annotated[Name, Path(examples=["commission"])],
) -> Explanation:
    """The lines of an earning: deal, credit, slices, rates and rounding, in numbers and in sentences."""
    # As the service, which sees everybody: what somebody earns may rest on what others do (a rank, a pool, a group).
    with engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        current = reference.read(connection)
        # What sums over longer windows, or is compared, is walked from its beginning.
        looked_at = period if current.plans.by_month else None
        pays_on_others = current.plans.pays_on_others
        months = stored_sums.of_participant(connection, participant_id, period=looked_at)
        credits = _credits(connection, current, participant_id=participant_id, period=looked_at)
        others = stored_sums.of_month(connection, period, before=looked_at is None) if pays_on_others else None
        adds_up_groups = current.plans.adds_up_groups
        everyone = credits_of(stored_deals.crediting_anyone(connection)) if adds_up_groups else None
    earned = earnings_of(months).select(EARNINGS.names())
    of_component = (pl.col("component") == component) & (pl.col("period") == period)
    roster = current.roster.only([participant_id])
    pay = (
        None
        if others is None
        else paid_to_others(others, current.roster, plans=current.plans).filter(participant_id=participant_id)
    )
    explain = partial(parts, roster=roster, component=component, period=period, pay=pay, everyone=everyone)
    with resources.guarded(f"explain/{period}/{participant_id}") as (calculating, quarantine):
        plans, explained = for_everybody_else(
            current.plans, lambda plans: calculating(explain, credits, earned, plans=plans), quarantine=quarantine
        )
    _check_calculated(earned.filter(of_component), plans)
    of_period = months.filter(pl.col("period") == period)["earnings"]
    published = [earning for text in of_period for earning in _published(text) if earning.component == component]
    if not published and not explained:
        raise NotFound(f"{participant_id} has no earning {component} in {period}")
    currency = published[0].currency if published else explained[0].currency
    amount = from_minor(sum(earning.amount for earning in published), currency)
    total = sum((line.amount for part in explained for line in part.lines), Decimal(0))
    return Explanation(
        participant_id=participant_id,
        period=period,
        component=component,
        currency=currency,
        amount=amount,
        lines_total=total,
        sums_to_earning=total == amount,
        parts=explained,
    )


@router.get(
    "/participants/{participant_id:path}/credits",
    summary="List a participant's credits of a month",
)
def list_credits(
    snapshot: SnapshotDep, reference: ReferenceDep, *, participant_id: ParticipantId, period: MonthParam
) -> Credits:
    """Whatever credits a participant in a period."""
    with snapshot.connect() as connection:
        current = reference.read(connection)
        credits = _credits(connection, current, participant_id=participant_id, period=period)
        _check_known(connection, participant_id, rows=credits)
    return Credits(participant_id=participant_id, period=period, credits=CreditView.all_of(credits))


def _check_calculated(earned: pl.DataFrame, plans: PlanSet) -> None:
    aside = earned.join(plans.quarantined, on=["plan", "version"], how="semi")
    if aside.height:
        plan, version = aside.select("plan", "version").row(0)
        raise Conflict(f"{plan}@{version} is quarantined: what it paid is explained when it is lifted")


def _credits(
    connection: Connection, current: ReferenceData, *, participant_id: str, period: Month | None
) -> pl.DataFrame:
    """The participant's `CREDITS` in a period, or in all: they come from deals held by them or by anyone ever below
    them.

    Where deals credit on other dates than the close date, or others than their holders, all deals are looked at.
    """
    if period is not None and current.plans.by_month and not current.plans.beyond_holders:
        holders = below([participant_id], reports_of(current.roster))
        first, last = first_day(period), last_day(period)
        stored = stored_deals.crediting(connection, participant_id, holders=holders, first=first, last=last)
    else:
        stored = stored_deals.crediting_ever(connection, participant_id)
    own = pl.col("participant_id") == participant_id
    return credits_of(stored).filter(own if period is None else own & (pl.col("period") == period))


def _published(text: str) -> list[ComponentEarning]:
    return [ComponentEarning.model_validate(earning) for earning in orjson.loads(text)]


def _check_known(connection: Connection, participant_id: str, *, rows: pl.DataFrame) -> None:
    if rows.is_empty() and not stored_sums.is_participant(connection, participant_id):
        raise NotFound(f"there is no participant {participant_id}")
