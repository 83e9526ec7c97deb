"""Reading all that the lines of a month come from, in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection

from services.scoring.earn import store as stored_sums
from services.scoring.earn.participant_sums import paid_to_others
from services.scoring.lines import store
from services.scoring.lines.bulk import MonthSnapshot
from services.scoring.lines.contributors import Provenance
from services.scoring.lines.credited_deals import credited_deals
from services.scoring.lines.fact_windows import window
from services.scoring.reference import store as stored_reference
from services.scoring.reference.data import below, reports_of
from services.scoring.reference.store import ReferenceDataCache
from shared.contracts.roster import EVERYONE
from shared.contracts.topics import DEALS, ROSTER
from shared.kernel import PlanSet
from shared.kernel.pay_of_others import PAY_CREDITS
from shared.kernel.tables import empty
from shared.log.dead_letters import read_replays, replayed_by
from shared.periods import Month, first_day, last_day


def read_month(
    connection: Connection, reference: ReferenceDataCache, *, period: Month, participants: Sequence[str] | None
) -> MonthSnapshot:
    """All that the lines of a month come from, as the connection's transaction sees it; of everyone (None) or of
    some.
    """
    current = reference.read(connection)
    plans = current.plans
    before = not plans.by_month
    sums = stored_sums.of_month(connection, period, before=before, participants=participants)
    pay = empty(PAY_CREDITS)
    if plans.pays_on_others:
        # Of everyone: what some are paid is what they are paid on who are asked for.
        everyone = sums if participants is None else stored_sums.of_month(connection, period, before=before)
        pay = paid_to_others(everyone, current.roster, plans=plans)
    earners = sums.filter(pl.col("period") == period)["participant_id"].unique()
    # Others than those below them may have a part in their pay where plans compare people, or credit by territory.
    if plans.grouped or plans.beyond_holders:
        holders = {*earners, *current.roster.assignments["participant_id"]}
    else:
        holders = below(earners, reports_of(current.roster))
    provenance = _provenance(connection, plans, everyone=holders, period=period, participants=participants)
    if not plans.by_month or plans.beyond_holders:
        pages = store.all_deals(connection)
    else:  # then a deal credits in the month of its close date, and only its holders and those above them
        pages = store.deals_of(connection, holders, first=first_day(period), last=last_day(period))
    return MonthSnapshot(
        period=period,
        sums=sums,
        roster=current.roster,
        plans=plans,
        deals=credited_deals(pages, period),
        provenance=provenance,
        pay=pay,
    )


def _provenance(
    connection: Connection, plans: PlanSet, *, everyone: set[str], period: Month, participants: Sequence[str] | None
) -> Provenance:
    """Who said what of everyone in the windows of a month, and of deals that some, or all, have lost in them."""
    people = stored_reference.participants(connection, {*everyone, EVERYONE})
    since = min((window(plan, period).since for plan in plans), default=period)
    # Where a plan compares people, whoever set what the others lost had a hand in it, too.
    concerned = None if participants is None or plans.grouped else participants
    deals = read_replays(connection, DEALS)
    return Provenance(
        people=people,
        people_again=replayed_by(read_replays(connection, ROSTER), people),
        deals_again=replayed_by(deals, store.facts_of(connection, {letter.key for letter in deals})),
        authors=stored_reference.authors(connection),
        lost=store.lost(connection, since, period=period, participants=concerned),
        lost_holders=store.lost_holders(connection, since, period=period, participants=concerned),
    )
