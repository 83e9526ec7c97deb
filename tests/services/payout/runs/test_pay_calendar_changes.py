"""The pay periods of a pay group whose policy changes in the course of time."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.pay.calendars.pay_periods import (
    NoSuchPayPeriod,
    group_on,
    misfit,
    pay_period_at,
    pay_period_named,
    pay_periods,
    pay_periods_between,
)
from shared.pay.calendars.policy import DEFAULT, PayGroup
from tests.shared.pay.calendars.test_pay_periods import DAY, calendars, group

FIRST = date(2020, 1, 1)


def from_(day: date, calendar: dict[str, Any], **terms: Any) -> PayGroup:
    return group(calendar, **terms).model_copy(update={"valid_from": day})


@st.composite
def histories(draw: st.DrawFn) -> list[PayGroup]:
    """Versions of a pay group as they may be published: each begins where the one before allows it, also earlier than that."""
    found = [from_(FIRST, draw(calendars))]
    for _ in range(draw(st.integers(0, 5))):
        calendar = group(draw(st.one_of(calendars, st.just({"every": "month"}), st.just({"every": "half_month"}))))
        day = FIRST + timedelta(days=draw(st.integers(1, 1500)))
        starts = [day, *(each.start for each in pay_periods(calendar, day, last=day + timedelta(days=400)))]
        new = [calendar.model_copy(update={"valid_from": start, "arrears_days": len(found)}) for start in starts]
        fitting = [each for each in new if misfit(each, found) is None]
        if fitting:
            found.append(fitting[0])
    return found


@settings(max_examples=50)
@given(histories())
def test_whatever_is_published_every_day_lies_in_one_pay_period_and_names_are_given_once(
    groups: list[PayGroup],
) -> None:
    found = list(pay_periods_between(groups, FIRST, last=FIRST + timedelta(days=2500)))
    assert found[0].start <= FIRST
    assert all(later.start == earlier.end + DAY for earlier, later in pairwise(found))
    assert len({each.name for each in found}) == len(found)
    for period in found:
        ruling, named = pay_period_named(groups, period.name)
        assert named == period
        assert ruling == group_on(groups, period.end)


def test_a_later_version_that_begins_earlier_replaces_what_was_to_come() -> None:
    months = from_(FIRST, {"every": "month"})
    halves = from_(date(2020, 7, 1), {"every": "half_month"})
    days_later = from_(date(2020, 4, 1), {"every": "month"}, arrears_days=3)
    assert pay_period_named([months, halves], "2020-07-B")[0] == halves
    assert pay_period_named([months, halves, days_later], "2020-07")[0] == days_later
    with pytest.raises(NoSuchPayPeriod):
        pay_period_named([months, halves, days_later], "2020-07-B")


def test_a_pay_period_is_ruled_by_the_version_that_holds_on_its_last_day() -> None:
    groups = [DEFAULT, from_(date(2026, 6, 16), {"every": "month"}, arrears_days=7)]
    assert misfit(groups[1], [DEFAULT]) is None
    assert [each.pay_date for each in pay_periods_between(groups, date(2026, 5, 1), last=date(2026, 6, 30))] == [
        date(2026, 6, 1),
        date(2026, 7, 7),
    ]


def test_a_calendar_may_begin_anew_where_both_begin_a_pay_period_and_not_within_one() -> None:
    fortnights = from_(FIRST, {"every": "two_weeks", "anchor": "2026-01-05"})
    assert pay_period_at(fortnights, date(2026, 6, 8)).start == date(2026, 6, 8)
    assert misfit(from_(date(2026, 6, 8), {"every": "week", "anchor": "2026-06-08"}), [fortnights]) is None
    within = misfit(from_(date(2026, 6, 15), {"every": "week", "anchor": "2026-06-08"}), [fortnights])
    assert within is not None
    assert (
        "2026-06-15 lies inside 2026-PP13 of the calendar until then, which is from 2026-06-08 to 2026-06-21" in within
    )


def test_a_name_is_not_given_twice_in_the_year_of_a_change() -> None:
    june = {"every": "fiscal_445", "year_ends": "last", "weekday": "saturday", "month": 6}
    before = from_(FIRST, june)
    new_year = pay_period_at(before, date(2025, 10, 1))
    december = from_(new_year.start, june | {"month": 9})
    assert pay_period_at(december, december.valid_from).start == december.valid_from
    again = misfit(december, [before])
    assert again == "the new calendar would name a second pay period FY2026-P01; let it begin with another year"
