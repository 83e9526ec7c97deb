"""KPIs as of a business date: what they are worth, when they are silent, and when a breach has lasted."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.evaluation.readings import Reading, evaluate_pipeline, evaluate_plan, needed_from
from services.alerts.kpis import BY_NAME, DEAL_SUMS
from services.alerts.kpis.base import Kpi, PipelineHealth, trailing_months
from services.alerts.kpis.sums import Day, MonthKey, Sums, Totals

FRIDAY = date(2025, 3, 14)
"""The tenth business day of a month with 21."""


def reading(kpi: Kpi, totals: Totals, as_of: date, currency: str = "USD") -> Reading:
    """The one reading of a KPI in a currency."""
    found = [one for one in evaluate_plan(totals, as_of) if (one.kpi, one.currency) == (kpi.name, currency)]
    assert len(found) == 1
    return found[0]


def deals(days: dict[date, Sums], currency: str = "USD") -> Totals:
    return Totals({(day, currency): sums for day, sums in days.items()}, {})


def pace(measure: int, as_of: date, participants: int = 5) -> Reading:
    month = {("2025-03", "USD"): {"measure": measure, "quota": 21_000, "with_quota": participants}}
    return reading(BY_NAME["attainment_pace"], Totals({}, month), as_of)


def test_pace_is_attainment_over_the_share_of_business_days_that_passed() -> None:
    on_course = pace(10_000, FRIDAY)  # 10 of 21 business days, 10,000 of 21,000
    assert (on_course.value, on_course.observations, on_course.breached) == (Decimal("1.000000"), 5, False)


def test_a_weekend_adds_nothing_to_the_days_that_passed() -> None:
    assert pace(10_000, FRIDAY + timedelta(days=2)).value == Decimal("1.000000")


def test_pace_is_silent_before_the_tenth_business_day_and_with_too_few_participants() -> None:
    assert pace(0, FRIDAY - timedelta(days=1))[2:] == (None, 5, None)
    assert pace(0, FRIDAY, participants=4)[2:] == (None, 4, None)


@pytest.mark.parametrize(("measure", "breached"), [(6_000, False), (5_999, True)])
def test_pace_is_in_breach_below_its_threshold(measure: int, breached: bool) -> None:
    assert pace(measure, FRIDAY).breached is breached


def test_cost_of_sales_compares_three_months_of_earnings_with_their_revenue() -> None:
    days: dict[Day, Sums] = {
        (date(2024, 12, 31), "USD"): {"won": 100, "revenue": 10**9},
        (date(2025, 1, 1), "USD"): {"won": 10, "revenue": 4_000},
        (date(2025, 2, 28), "USD"): {"won": 10, "revenue": 3_000},
        (date(2025, 3, 31), "USD"): {"won": 10, "revenue": 3_000},
        (date(2025, 3, 3), "EUR"): {"won": 99, "revenue": 10**9},
    }
    months: dict[MonthKey, Sums] = {
        ("2024-12", "USD"): {"amount": 10**9},
        ("2025-01", "USD"): {"amount": 500},
        ("2025-02", "USD"): {"amount": 500},
        ("2025-03", "USD"): {"amount": 501},
    }
    found = reading(BY_NAME["comp_cost_of_sales"], Totals(days, months), FRIDAY)
    assert found[2:] == (Decimal("0.150100"), 30, True)


def test_a_quarter_reaches_over_the_turn_of_the_year() -> None:
    assert trailing_months(date(2025, 1, 31), 3) == ["2024-11", "2024-12", "2025-01"]
    assert trailing_months(date(2025, 3, 1), 3) == ["2025-01", "2025-02", "2025-03"]


def test_a_discount_is_weighted_by_value_over_thirty_days() -> None:
    found = deals(
        {
            FRIDAY - timedelta(days=30): {"won": 50, "listed": 50, "list_amount": 10**9, "net_amount": 0},
            FRIDAY - timedelta(days=29): {"won": 20, "listed": 20, "list_amount": 9_000, "net_amount": 9_000},
            FRIDAY: {"won": 12, "listed": 10, "list_amount": 1_000, "net_amount": 500},
            FRIDAY + timedelta(days=1): {"won": 50, "listed": 50, "list_amount": 10**9, "net_amount": 0},
        }
    )
    assert reading(BY_NAME["average_discount"], found, FRIDAY)[2:] == (Decimal("0.050000"), 30, False)


def discounts(by_day: dict[date, int]) -> Totals:
    """Thirty deals a day with this percentage off."""
    return deals(
        {
            day: {"won": 30, "revenue": 100 - off, "listed": 30, "list_amount": 100, "net_amount": 100 - off}
            for day, off in by_day.items()
        }
    )


def test_a_discount_must_last_three_business_days_to_be_a_breach() -> None:
    low = {FRIDAY - timedelta(days=30): 0}
    two_days = discounts(low | {FRIDAY - timedelta(days=1): 50})
    assert reading(BY_NAME["average_discount"], two_days, FRIDAY).breached is False
    three_days = discounts(low | {FRIDAY - timedelta(days=2): 50})
    assert reading(BY_NAME["average_discount"], three_days, FRIDAY).breached is True


def test_a_monday_looks_back_over_the_weekend() -> None:
    monday = FRIDAY + timedelta(days=3)
    since_thursday = discounts({FRIDAY - timedelta(days=20): 0, FRIDAY - timedelta(days=1): 50})
    assert reading(BY_NAME["average_discount"], since_thursday, monday).breached is True
    since_friday = discounts({FRIDAY - timedelta(days=20): 0, FRIDAY: 50})
    assert reading(BY_NAME["average_discount"], since_friday, monday).breached is False


def test_a_breach_of_unknown_age_is_neither_breach_nor_none() -> None:
    first_deals = discounts({FRIDAY: 50})
    found = reading(BY_NAME["average_discount"], first_deals, FRIDAY)
    assert (found.value, found.breached) == (Decimal("0.500000"), None)


def test_a_win_rate_is_of_the_whole_company() -> None:
    totals = Totals(
        {(FRIDAY, "USD"): {"won": 2}, (FRIDAY, "EUR"): {"won": 4, "lost": 20}, (FRIDAY, ""): {"lost": 4}}, {}
    )
    assert reading(BY_NAME["win_rate"], totals, FRIDAY, "")[2:4] == (Decimal("0.200000"), 30)
    assert reading(BY_NAME["win_rate"], totals, FRIDAY - timedelta(days=1), "")[2:] == (None, 0, None)


def test_the_road_is_in_breach_by_any_dead_letter_and_by_a_minute_of_lag() -> None:
    good = evaluate_pipeline(PipelineHealth(Decimal(60), 3, 0, 7))
    bad = evaluate_pipeline(PipelineHealth(Decimal("60.001"), 3, 1, 7))
    assert [(one.observations, one.breached) for one in good] == [(3, False), (7, False)]
    assert [(one.observations, one.breached) for one in bad] == [(3, True), (7, True)]


sums = st.fixed_dictionaries({each.name: st.integers(0, 10**12) for each in DEAL_SUMS})
DAYS = st.dictionaries(st.tuples(st.dates(date(2024, 10, 1), date(2025, 5, 31)), st.sampled_from(["USD", "EUR"])), sums)


@given(days=DAYS, as_of=st.dates(date(2025, 1, 1), date(2025, 4, 30)))
def test_nothing_outside_the_needed_dates_matters(days: dict[Day, Sums], as_of: date) -> None:
    anchor: dict[Day, Sums] = {(as_of, "USD"): dict[str, int](), (as_of, "EUR"): dict[str, int]()}
    needed = {bucket: held for bucket, held in days.items() if needed_from(as_of) <= bucket[0]}
    assert evaluate_plan(Totals(anchor | needed, {}), as_of) == evaluate_plan(Totals(anchor | days, {}), as_of)
