"""What the alerts service says of facts without its database: counted and evaluated in one go, by the same code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import orjson

from services.alerts.evaluation.readings import Reading, evaluate_plan
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import Catalogue, built_in
from services.alerts.rollups.contributions import Counting, Moved
from services.alerts.rollups.observations import DealFrames, deal_day, earnings_frame, observed_earnings, owner_of
from services.alerts.rollups.people import NOBODY, person_of
from shared.contracts.earnings import EarningsChanged
from shared.drift.series import State
from shared.facts import Facts
from shared.periods import last_day

__all__ = ["KnownFacts", "Reading", "built_in", "counted", "readings", "watched_days"]


@dataclass(frozen=True, kw_only=True)
class KnownFacts:
    """What is known in the end: the merged facts of deals and participants by id, and the last earnings of each
    participant and month.
    """

    deals: Mapping[str, Facts]
    roster: Mapping[str, Facts]
    earnings: Sequence[EarningsChanged]


def counted(facts: KnownFacts, catalogue: Catalogue) -> Moved:
    """The sums over all of it, as the step of the service counts them record by record."""
    counting, moved = Counting(catalogue), Moved()
    frames = DealFrames(counting.names("deals"), catalogue.columns, calendar=catalogue.calendar)
    people = {participant: person_of(orjson.dumps(of_one).decode()) for participant, of_one in facts.roster.items()}
    deals = list(facts.deals.values())
    roles = [people.get(owner_of(deal), NOBODY).on(deal_day(deal)) for deal in deals]
    counting.move(moved, "deals", before=frames.of([], []), after=frames.of(deals, roles))
    months = [
        (
            (month.participant_id, month.period),
            row,
            people.get(month.participant_id, NOBODY).on(last_day(month.period).isoformat()),
        )
        for month in facts.earnings
        for row in observed_earnings(month)
    ]
    counting.move(moved, "earnings", before=earnings_frame([]), after=earnings_frame(months))
    return moved


def readings(sums: Moved, catalogue: Catalogue, *, as_of: date) -> list[Reading]:
    """The KPIs of the plan as of a business date, with what is wrong with them."""
    places = ((cell.day, Where(cell.currency, cell.dimension, cell.segment), of_cell) for cell, of_cell in sums.items())
    return evaluate_plan((Placed(*place) for place in places), catalogue, as_of=as_of)


def watched_days(reading: Reading) -> int:
    """For how many days the series of a reading has been watched for drift: since it was learned what is normal."""
    assessment = reading.assessment
    if assessment is None:
        return 0
    judged = [place for place, state in enumerate(assessment.states) if state is not State.LEARNING]
    dates = assessment.series.dates
    return int((dates[-1] - dates[judged[0]]).astype(int)) if judged else 0
