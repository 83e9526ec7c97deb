"""Business days and fiscal calendars: every day is in one period, and counting business days agrees with walking."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.calendars import CompanyCalendar, FiscalCalendar, Span, business_days, fiscal_periods
from shared.calendars.days import FIRST_YEAR, LAST_YEAR, days_between
from shared.calendars.fiscal import WEEKDAYS, first_of_year, starts_of_periods

DAY = timedelta(days=1)
RETAIL = {"every": "fiscal_454", "year_ends": "nearest", "weekday": "saturday", "month": 1, "named_after": "start"}

days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
spans = st.sampled_from(get_args(Span))
fiscals = st.one_of(
    st.fixed_dictionaries(
        {
            "every": st.just("month"),
            "year_starts": st.integers(1, 12),
            "named_after": st.sampled_from(["start", "end", None]),
        }
    ),
    st.fixed_dictionaries(
        {
            "every": st.sampled_from(["fiscal_445", "fiscal_454", "fiscal_544"]),
            "year_ends": st.sampled_from(["last", "nearest"]),
            "weekday": st.sampled_from(WEEKDAYS),
            "month": st.integers(1, 12),
            "named_after": st.sampled_from(["start", "end"]),
        }
    ),
)
places = st.sampled_from([(None, None), ("US", None), ("DE", "BY"), ("SA", None), ("JP", None), ("CN", None)])


def calendar(
    fiscal: dict[str, Any] | None = None, place: tuple[str | None, str | None] = (None, None)
) -> CompanyCalendar:
    return CompanyCalendar.model_validate(
        {"country": place[0], "subdivision": place[1]} | ({"fiscal": fiscal} if fiscal else {})
    )


calendars = st.builds(calendar, fiscals, places)


def fiscal(data: dict[str, Any]) -> Any:
    return TypeAdapter(FiscalCalendar).validate_python(data)


@given(calendars, days, spans)
def test_each_day_is_in_exactly_one_span_and_the_next_begins_the_day_after_it_ends(
    company: CompanyCalendar, day: date, span: Span
) -> None:
    (first,), (last,) = company.bounds([day], span)
    assert first <= np.datetime64(day) <= last
    number = company.numbers([day], span)[0]
    inside = days_between(first.item(), last.item())
    assert (company.numbers(inside, span) == number).all()
    assert company.numbers(np.array([first - 1, last + 1]), span).tolist() == [number - 1, number + 1]
    assert company.day_of(inside, span).tolist() == list(range(1, len(inside) + 1))


@given(calendars, days, spans)
def test_business_days_left_are_one_less_on_each_business_day_and_none_on_the_last(
    company: CompanyCalendar, day: date, span: Span
) -> None:
    (first,), (last,) = company.bounds([day], span)
    inside = days_between(first.item(), last.item())
    working = company.business_days.are_business_days(inside)
    left, passed = company.business_days_left(inside, span), company.business_days_passed(inside, span)
    assert left[-1] == 0
    assert (np.diff(left) == -working[1:].astype(int)).all()
    assert (left + passed == working.sum()).all()


@given(calendars, days)
def test_the_turn_of_a_quarter_is_the_end_that_is_nearest_and_business_days_are_counted_from_it(
    company: CompanyCalendar, day: date
) -> None:
    (turn,), (after,) = company.turns([day])
    (first,), (last,) = company.bounds([day], "quarter")
    assert turn in (first - 1, last)
    assert abs(np.datetime64(day) - turn) <= min(last - np.datetime64(day), np.datetime64(day) - first + 1)
    between = company.business_days.count([turn + 1], [day]) - company.business_days.count([day + DAY], [turn])
    assert after == max(between[0], 1) if turn < first else after == between[0] <= 0


@given(fiscals, st.integers(1901, 2198))
def test_the_twelve_periods_of_a_year_and_its_four_quarters_are_together_the_year(
    data: dict[str, Any], year: int
) -> None:
    company, calendar_ = calendar(data), fiscal(data)
    first, following = first_of_year(calendar_, year), first_of_year(calendar_, year + 1)
    inside = days_between(first, following - DAY)
    assert set(company.numbers(inside, "year").tolist()) == {year}
    assert set(company.numbers(inside, "quarter").tolist()) == set(range(4 * year, 4 * year + 4))
    assert set(company.numbers(inside, "period").tolist()) == set(range(12 * year, 12 * year + 12))
    periods = fiscal_periods(calendar_)
    found = [periods.bounds(number) for number in range(12 * year, 12 * year + 12)]
    assert all(later[0] == earlier[1] + DAY for earlier, later in pairwise(found))
    assert (found[0][0], found[-1][1]) == (first, following - DAY) == periods.bounds(12 * year, periods=12)
    whole = company.business_days.count([first], [following - DAY])
    assert company.business_days.count(*zip(*found, strict=True)).sum() == whole[0]
    if calendar_.every != "month":
        assert len(inside) in {52 * 7, 53 * 7}
        assert {(last - start + DAY).days for start, last in found} <= {28, 35, 42}
        assert {last.weekday() for _, last in found} == {WEEKDAYS.index(calendar_.weekday)}


@given(places, st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.integers(0, 800), st.integers(1, 40))
def test_counting_business_days_agrees_with_walking_from_one_to_the_next(
    place: tuple[str | None, str | None], first: date, length: int, step: int
) -> None:
    found = business_days(*place)
    last = first + length * DAY
    walked = [day for day in (first + n * DAY for n in range(length + 1)) if found.is_business_day(day)]
    assert found.between(first, last) == walked
    assert found.count([first, last], [last, first - DAY]).tolist() == [len(walked), 0]
    later = found.moved(last, step)
    assert found.is_business_day(later)
    assert found.count([last + DAY], [later])[0] == step
    back = found.moved(later, -step)
    assert back <= last
    assert found.count([back], [last])[0] == 1


def test_a_holiday_is_no_business_day_and_a_weekend_is_no_holiday() -> None:
    bavaria, nowhere = business_days("DE", "BY"), business_days()
    week = days_between(date(2026, 1, 1), date(2026, 1, 7))
    # New year is a Thursday; Epiphany, the Tuesday after, is a holiday of Bavaria and not of all of Germany.
    assert bavaria.are_business_days(week).tolist() == [False, True, False, False, True, False, True]
    assert bavaria.are_holidays(week).tolist() == [True, False, False, False, False, True, False]
    assert business_days("DE").are_holidays(week).tolist() == [True] + [False] * 6
    assert nowhere.are_business_days(week).tolist() == [True, True, False, False, True, True, True]
    assert not nowhere.are_holidays(week).any()


def test_weekends_are_those_of_the_country_and_of_the_time() -> None:
    # Saudi Arabia moved its weekend from Thursday and Friday to Friday and Saturday in June 2013.
    weeks = np.array([date(2013, 2, 3), date(2014, 2, 2)], dtype="datetime64[D]")[:, None] + np.arange(7)
    assert business_days("SA").are_business_days(weeks).sum(axis=0).tolist() == [2, 2, 2, 2, 1, 0, 1]
    # China works on some Sundays, so that holidays hang together.
    assert business_days("CN").is_business_day(date(2025, 1, 26))


def test_fiscal_years_of_retail_are_those_that_the_retail_federation_publishes() -> None:
    retail = fiscal(RETAIL)
    begins = {2017: date(2017, 1, 29), 2018: date(2018, 2, 4), 2023: date(2023, 1, 29), 2024: date(2024, 2, 4)}
    assert {year: first_of_year(retail, year) for year in begins} == begins
    company = calendar(RETAIL)
    # The third quarter of 2026 is from August 2 to October 31; its periods have four, five and four weeks.
    first, last = company.bounds([date(2026, 9, 1)], "quarter")
    assert (first.item(), last.item()) == (date(2026, 8, 2), date(2026, 10, 31))
    assert company.day_of([date(2026, 9, 1)], "quarter").item() == 31
    assert company.day_of([date(2026, 9, 1)], "period").item() == 3


def test_a_53rd_week_belongs_to_the_last_period_or_to_the_one_that_is_named() -> None:
    last = [(b - a).days for a, b in pairwise(starts_of_periods(date(2026, 1, 4), [4, 4, 5]))]
    assert last == [28, 28, 35, 28, 28, 35, 28, 28, 35, 28, 28]
    middle = [(b - a).days for a, b in pairwise(starts_of_periods(date(2026, 1, 4), [4, 4, 5], longer=5))]
    assert middle == [28, 28, 35, 28, 28, 42, 28, 28, 35, 28, 28]


def test_a_fiscal_year_of_months_bears_the_number_of_where_most_of_it_lies_unless_said_otherwise() -> None:
    day = [date(2026, 6, 30), date(2026, 10, 1)]
    assert calendar({"every": "month", "year_starts": 2}).numbers(day, "year").tolist() == [2026, 2026]
    assert calendar({"every": "month", "year_starts": 10}).numbers(day, "year").tolist() == [2026, 2027]
    begun = {"every": "month", "year_starts": 10, "named_after": "start"}
    assert calendar(begun).numbers(day, "year").tolist() == [2025, 2026]


def test_a_file_says_the_calendar_of_a_company() -> None:
    text = """
    calendar:
      country: US
      subdivision: CA
      fiscal: {every: fiscal_445, year_ends: last, weekday: friday, month: 6}
    """
    company = CompanyCalendar.model_validate(yaml.safe_load(text)["calendar"])
    friday_after_thanksgiving = date(2026, 11, 27)
    assert not company.business_days.is_business_day(friday_after_thanksgiving)  # a holiday in California
    assert company.bounds([friday_after_thanksgiving], "year")[1].item() == date(2027, 6, 25)
    assert calendar().fiscal == fiscal({"every": "month"})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"country": "XX"}, "the holidays of XX are not known"),
        ({"country": "US", "subdivision": "BY"}, "the holidays of BY of US are not known"),
        ({"subdivision": "BY"}, "a subdivision needs its country"),
        ({"county": "US"}, "Extra inputs are not permitted"),
        ({"fiscal": {"every": "fiscal_446"}}, "fiscal_445"),
        ({"fiscal": {"every": "month", "year_starts": 13}}, "less than or equal to 12"),
    ],
)
def test_a_calendar_that_cannot_be_says_why(data: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        CompanyCalendar.model_validate(data)


@pytest.mark.parametrize("day", [date(FIRST_YEAR - 1, 12, 31), date(LAST_YEAR + 1, 1, 1), None])
def test_a_date_that_is_missing_or_beyond_all_calendars_is_refused(day: date | None) -> None:
    company = calendar(RETAIL, ("US", None))
    for ask in (company.numbers, company.business_days_left, company.day_of):
        with pytest.raises(ValueError, match=f"not in the years {FIRST_YEAR} to {LAST_YEAR}"):
            ask([date(2026, 1, 1), day], "quarter")  # type: ignore[list-item]
    with pytest.raises(ValueError, match="date is missing"):
        company.business_days.are_business_days([day])  # type: ignore[list-item]


def test_no_dates_are_no_work() -> None:
    company = calendar(RETAIL, ("US", None))
    assert company.business_days_left([], "quarter").tolist() == []
    assert company.business_days.are_holidays([]).tolist() == []
