"""Pay periods: contiguous and disjoint for ever, named once, paid on business days."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pay.calendars.cycles import first_of_year
from shared.pay.calendars.pay_periods import (
    NoSuchPayPeriod,
    PayPeriod,
    pay_period,
    pay_period_at,
    pay_periods,
)
from shared.pay.calendars.policy import DEFAULT, PayGroup
from shared.periods import last_day, period_of

DAY = timedelta(days=1)


def group(calendar: dict[str, Any], **terms: Any) -> PayGroup:
    return PayGroup.of({"kind": "pay_group", "id": "g", "valid_from": "2020-01-01", "calendar": calendar, **terms})


def next_pay_period(who: PayGroup, period: PayPeriod) -> PayPeriod:
    return pay_period_at(who, period.end + DAY)


def pay_periods_of_year(who: PayGroup, year: int) -> list[PayPeriod]:
    """Those that bear its number: 12, 24, 26 or 27, 52 or 53 of them."""
    first, following = (first_of_year(who.calendar, each) for each in (year, year + 1))
    return list(pay_periods(who, first, last=following - DAY))


FORTNIGHTS = {"every": "two_weeks", "anchor": "2026-01-05"}
RETAIL = {"every": "fiscal_454", "year_ends": "nearest", "weekday": "saturday", "month": 1, "named_after": "start"}
LAST_FRIDAY = {"every": "fiscal_445", "year_ends": "last", "weekday": "friday", "month": 6}

days = st.dates(date(1950, 1, 1), date(2150, 12, 31))
calendars = st.one_of(
    st.builds(lambda on: {"every": "month", "ends_on": on}, st.integers(1, 31)),
    st.builds(
        lambda first, more: {"every": "half_month", "ends_on": [first, min(first + more, 31)]},
        st.integers(1, 27),
        st.integers(1, 30),
    ),
    st.builds(
        lambda every, anchor: {"every": every, "anchor": str(anchor)}, st.sampled_from(["week", "two_weeks"]), days
    ),
    st.fixed_dictionaries(
        {
            "every": st.sampled_from(["fiscal_445", "fiscal_454", "fiscal_544"]),
            "year_ends": st.sampled_from(["last", "nearest"]),
            "weekday": st.sampled_from(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]),
            "month": st.integers(1, 12),
            "named_after": st.sampled_from(["start", "end"]),
        }
    ),
)
groups = st.builds(
    group,
    calendars,
    arrears_days=st.integers(0, 45),
    pay_day=st.none() | st.integers(1, 31),
    business_day=st.sampled_from(["before", "after"]),
    country=st.sampled_from([None, "US", "DE", "SA", "JP"]),
    acknowledge_days=st.integers(0, 5),
)


@given(groups, days)
def test_every_day_lies_in_one_pay_period_and_the_next_begins_the_day_after_it_ends(who: PayGroup, day: date) -> None:
    found = pay_period_at(who, day)
    assert found.start <= day <= found.end
    assert pay_period_at(who, found.start) == pay_period_at(who, found.end) == found
    following = next_pay_period(who, found)
    assert following.start == found.end + DAY
    assert pay_period_at(who, found.start - DAY).end == found.start - DAY


@given(groups, days)
def test_a_pay_period_is_found_by_its_name_and_names_sort_as_time_does(who: PayGroup, day: date) -> None:
    found = pay_period_at(who, day)
    assert pay_period(who, found.name) == found
    assert next_pay_period(who, found).name > found.name


@given(groups, days)
def test_pay_is_paid_on_a_business_day_after_the_arrears_or_moved_and_acknowledged_before(
    who: PayGroup, day: date
) -> None:
    found = pay_period_at(who, day)
    assert found.end <= found.cut_off <= found.pay_date
    if who.country != "SA":  # whose weekend is another, and was once a third
        assert found.pay_date.weekday() < 5
    assert found.pay_date >= found.end + timedelta(days=who.arrears_days) - timedelta(days=14)


@given(calendars, st.integers(1960, 2140))
def test_the_pay_periods_of_years_follow_each_other_and_are_as_many_as_they_can_be(
    what: dict[str, Any], year: int
) -> None:
    who = group(what)
    found = [each for number in (year, year + 1) for each in pay_periods_of_year(who, number)]
    assert all(later.start == earlier.end + DAY for earlier, later in pairwise(found))
    counts = {"month": {12}, "half_month": {24}, "week": {52, 53}, "two_weeks": {26, 27}}.get(what["every"], {12})
    assert {sum(str(number) in each.name[:6] for each in found) for number in (year, year + 1)} <= counts
    assert max(Counter(each.name for each in found).values()) == 1


@given(groups, days)
def test_every_month_is_closed_by_exactly_one_pay_period(who: PayGroup, day: date) -> None:
    year = list(pay_periods(who, day, last=day + timedelta(days=400)))
    closed = [month for each in year for month in each.months]
    assert closed == sorted(set(closed))
    first, last = year[0].start, year[-1].end
    assert set(closed) == {
        period_of(each)
        for number in range((last - first).days + 1)
        if (each := first + number * DAY) == last_day(period_of(each))
    }


def test_february_of_a_leap_year_ends_on_its_last_day() -> None:
    assert pay_period(DEFAULT, "2028-02").end == date(2028, 2, 29)
    assert pay_period(DEFAULT, "2026-02").end == date(2026, 2, 28)
    assert pay_period(group({"every": "month", "ends_on": 30}), "2028-03").start == date(2028, 3, 1)
    halves = group({"every": "half_month", "ends_on": [15, 30]})
    assert [pay_period(halves, f"2028-02-{half}").end.day for half in "AB"] == [15, 29]


def test_a_year_may_have_27_fortnights_and_53_weeks() -> None:
    fortnights = pay_periods_of_year(group({"every": "two_weeks", "anchor": "2025-12-20"}), 2027)
    assert len(fortnights) == 27
    assert (fortnights[0].name, fortnights[0].end) == ("2027-PP01", date(2027, 1, 1))
    assert (fortnights[-1].name, fortnights[-1].end) == ("2027-PP27", date(2027, 12, 31))
    weeks = pay_periods_of_year(group({"every": "week", "anchor": "2026-01-02"}), 2026)
    assert (len(weeks), weeks[0].end, weeks[-1].name) == (53, date(2026, 1, 1), "2026-W53")


def test_retail_years_end_on_the_saturday_nearest_to_the_end_of_january() -> None:
    """The published 4-5-4 calendar of the National Retail Federation: fiscal 2023 has 53 weeks and ends on 3 February
    2024.
    """
    retail = group(RETAIL)
    for year, starts, ends in (
        (2022, date(2022, 1, 30), date(2023, 1, 28)),
        (2023, date(2023, 1, 29), date(2024, 2, 3)),
        (2024, date(2024, 2, 4), date(2025, 2, 1)),
        (2025, date(2025, 2, 2), date(2026, 1, 31)),
    ):
        found = pay_periods_of_year(retail, year)
        assert (found[0].start, found[-1].end) == (starts, ends)
    assert [(each.end - each.start).days // 7 + 1 for each in pay_periods_of_year(retail, 2023)] == [4, 5, 4] * 3 + [
        4,
        5,
        5,
    ]


def test_a_year_that_ends_on_the_last_friday_of_june_bears_the_year_of_that_june() -> None:
    found = pay_periods_of_year(group(LAST_FRIDAY), 2026)
    assert (found[0].name, found[0].start, found[-1].end) == ("FY2026-P01", date(2025, 6, 28), date(2026, 6, 26))


@pytest.mark.parametrize(
    ("terms", "name", "paid", "acknowledged"),
    [
        ({}, "2026-05", date(2026, 6, 1), date(2026, 5, 31)),  # a Sunday; not before its own end
        ({"arrears_days": 5}, "2026-06", date(2026, 7, 2), date(2026, 6, 30)),  # Sunday the 5th; the 3rd is a holiday
        ({"arrears_days": 5, "business_day": "after"}, "2026-06", date(2026, 7, 6), date(2026, 7, 1)),
        ({"pay_day": 15}, "2026-01", date(2026, 2, 13), date(2026, 2, 11)),  # a Sunday
        ({"pay_day": 31}, "2026-01", date(2026, 2, 2), date(2026, 1, 31)),  # Saturday the 31st; not before the end
        ({"pay_day": 31, "arrears_days": 1}, "2026-01", date(2026, 2, 27), date(2026, 2, 25)),  # Saturday the 28th
        ({"pay_day": 25, "arrears_days": 30}, "2026-11", date(2027, 1, 25), date(2027, 1, 21)),  # Christmas is too soon
        ({"pay_day": 25, "acknowledge_days": 0}, "2026-11", date(2026, 12, 24), date(2026, 12, 24)),
    ],
)
def test_a_pay_date_on_a_holiday_or_weekend_moves(
    terms: dict[str, Any], name: str, paid: date, acknowledged: date
) -> None:
    found = pay_period(group({"every": "month"}, country="US", **terms), name)
    assert (found.pay_date, found.cut_off) == (paid, acknowledged)


def test_holidays_are_those_of_the_part_of_the_country() -> None:
    terms: dict[str, Any] = {"calendar": {"every": "month"}, "country": "DE", "pay_day": 6}
    assert pay_period(group(**terms), "2025-12").pay_date == date(2026, 1, 6)
    assert pay_period(group(**terms, subdivision="BY"), "2025-12").pay_date == date(2026, 1, 5)  # Epiphany


@pytest.mark.parametrize(
    "name", ["2026-13", "2026-00", "0000-01", "9999-12", "2026-6", "FY2026-P01", "", "2026-06-A", "x"]
)
def test_a_name_that_is_none_is_refused_with_one_that_would_be(name: str) -> None:
    with pytest.raises(NoSuchPayPeriod, match=r"they are named as 2026-06$"):
        pay_period(DEFAULT, name)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"calendar": {"every": "month", "ends_on": 32}}, "31"),
        ({"calendar": {"every": "half_month", "ends_on": [28, 30]}}, "two halves"),
        ({"calendar": {"every": "half_month", "ends_on": [15, 15]}}, "two halves"),
        ({"calendar": {"every": "two_weeks"}}, "anchor"),
        ({"calendar": {"every": "fortnight"}}, "two_weeks"),
        ({"country": "XX"}, "not known"),
        ({"country": "US", "subdivision": "BY"}, "not known"),
        ({"subdivision": "BY"}, "needs its country"),
        ({"currency": "XYZ"}, "XYZ"),
        ({"arrears_days": "5"}, "integer"),
        ({"arrears_days": True}, "integer"),
        ({"payday": 5}, "payday"),
        ({"id": "a b"}, "pattern"),
        ({"valid_from": "1066-10-14"}, "year"),
    ],
)
def test_a_pay_group_that_makes_no_sense_is_refused(wrong: dict[str, Any], why: str) -> None:
    sound = {"kind": "pay_group", "id": "g", "valid_from": "2020-01-01", "calendar": {"every": "month"}}
    with pytest.raises(ValueError, match=why):
        PayGroup.of(sound | wrong)
