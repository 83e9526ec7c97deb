"""By which days, weeks, months or quarters a series is divided: such of which enough is known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from services.alerts.evaluation.drifts import Past, Span, spans
from services.alerts.evaluation.drivers import Parts, compared
from services.alerts.evaluation.readings import Reading, evaluate_plan
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import built_in
from shared.calendars import CompanyCalendar
from shared.drift.series import Grain
from tests.services.alerts.discounts import discounts_counted

FIRST, LAST = date(2022, 1, 3), date(2024, 12, 31)
WEST = Where("USD", "territory", "west")


def discounts(*, of_west: int, rises: date) -> list[Reading]:
    """Readings of sixty deals a week, so many of them in the west, which grants 8 points more since a day."""
    random = np.random.default_rng(5)
    placed = []
    day = FIRST
    while day <= LAST:
        for where, deals in ((WEST, of_west), (Where("USD"), 60)):
            points = 0.08 * (of_west / 60 if where == Where("USD") else 1) if day >= rises else 0.0
            rate = 0.12 + points + float(random.normal(0, 0.06 / deals**0.5))
            placed.append(Placed(day, where, discounts_counted(deals, rate)))
        day += timedelta(weeks=1)
    return evaluate_plan(placed, built_in(), as_of=LAST)


def discount_of(found: list[Reading], where: Where) -> Reading:
    [one] = [each for each in found if (each.kpi.name, each.where) == ("average_discount", where)]
    return one


@pytest.mark.parametrize(
    ("deals_a_week", "grain"), [(40, Grain.WEEK), (9, Grain.MONTH), (3, Grain.QUARTER), (1, Grain.WEEK)]
)
def test_what_too_few_deals_of_a_week_do_not_say_those_of_a_month_or_a_quarter_may(
    deals_a_week: int, grain: Grain
) -> None:
    found = discounts(of_west=deals_a_week, rises=LAST)
    assert discount_of(found, Where("USD")).grain is Grain.WEEK
    west = discount_of(found, WEST)
    assert west.grain is grain
    # Where even a quarter has too few nothing is judged.
    assert (west.assessment is None) == (deals_a_week == 1)
    assert (west.value is None) == (deals_a_week == 1)


def test_a_territory_with_nine_deals_a_week_is_found_to_discount_within_two_months() -> None:
    begins = date(2024, 4, 1)
    west = discount_of(discounts(of_west=9, rises=begins), WEST)
    [of_drift] = west.findings
    assert of_drift.current is not None
    assert begins < of_drift.current.detected_on <= begins + timedelta(61)
    assert of_drift.current.direction == "up"


def test_a_span_that_is_hardly_known_is_no_point_of_a_series() -> None:
    def firsts(grain: Grain, known_since: date) -> date:
        return spans(grain, known_since, before=LAST, calendar=CompanyCalendar())[0][0]

    assert firsts(Grain.WEEK, date(2023, 1, 2)) == date(2023, 1, 2)
    assert firsts(Grain.WEEK, date(2023, 1, 3)) == date(2023, 1, 9)
    # The first business days of January, on which nobody closes a deal, are not missed.
    assert firsts(Grain.MONTH, date(2023, 1, 4)) == date(2023, 1, 1)
    assert firsts(Grain.MONTH, date(2023, 1, 9)) == date(2023, 2, 1)
    assert firsts(Grain.QUARTER, date(2023, 1, 9)) == date(2023, 1, 1)
    assert firsts(Grain.QUARTER, date(2023, 9, 1)) == date(2023, 10, 1)


@pytest.mark.parametrize(
    ("grain", "onset", "first", "number"),
    [
        # The last three weeks of the quarter beside those of four quarters.
        (Grain.WEEK, date(2024, 9, 9), date(2023, 9, 11), 12),
        # The last month of the quarter beside four last months.
        (Grain.MONTH, date(2024, 9, 1), date(2023, 9, 1), 4),
        # A whole quarter and more beside the whole year before it.
        (Grain.WEEK, date(2024, 6, 24), date(2023, 6, 26), 52),
        (Grain.MONTH, date(2024, 6, 1), date(2023, 6, 1), 12),
        (Grain.QUARTER, date(2024, 7, 1), date(2023, 7, 1), 4),
    ],
)
def test_what_came_since_a_change_is_compared_with_the_same_places_of_earlier_quarters(
    grain: Grain, onset: date, first: date, number: int
) -> None:
    over = spans(grain, FIRST, before=date(2024, 10, 1), calendar=CompanyCalendar())
    reference, since = compared(parts_over(grain, over), onset=onset, until=None, apart=())
    assert next(begin for (begin, _), is_since in zip(over, since, strict=True) if is_since) == onset
    found = [begin for (begin, _), is_before in zip(over, reference, strict=True) if is_before]
    assert (found[0], len(found)) == (first, number)
    assert max(found) < onset


def parts_over(grain: Grain, over: list[Span]) -> Parts:
    ends = [last for _, last in over]
    return Parts(past=Past(grain, over), known_on=ends, by_dimension={}, calendar=CompanyCalendar())


def test_what_was_wrong_before_is_no_part_of_what_an_episode_is_compared_with_and_nothing_after_its_end_is() -> None:
    over = spans(Grain.WEEK, FIRST, before=date(2024, 10, 1), calendar=CompanyCalendar())
    apart = [(date(2023, 10, 1), date(2024, 3, 31))]
    parts, onset, until = parts_over(Grain.WEEK, over), date(2024, 7, 1), date(2024, 8, 25)
    reference, since = compared(parts, onset=onset, until=until, apart=apart)
    of_episode = [first for (first, _), inside in zip(over, since, strict=True) if inside]
    assert (of_episode[0], of_episode[-1]) == (onset, date(2024, 8, 12))
    before = [first for (first, _), inside in zip(over, reference, strict=True) if inside]
    assert not [day for day in before if apart[0][0] - timedelta(weeks=1) < day <= apart[0][1]]
    assert before[0] < date(2023, 7, 1)  # a year's worth of weeks in which nothing was wrong goes farther back
    assert len(before) == len(of_episode) * 4
