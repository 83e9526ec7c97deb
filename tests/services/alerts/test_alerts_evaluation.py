"""KPIs as of a business date: what they are worth, when they are silent, and when a breach has lasted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.evaluation.readings import (
    PipelineHealth,
    Reading,
    evaluate_pipeline,
    evaluate_plan,
    needed_from,
)
from services.alerts.evaluation.thresholds import trailing_months
from services.alerts.evaluation.totals import MOST_SEGMENTS, OTHER, Placed, Where, courses
from services.alerts.kpis import Catalogue, built_in
from services.alerts.kpis.catalogue import drafted, with_file

FRIDAY = date(2025, 3, 14)
"""The tenth business day of a month with 21."""
MILLION = 10**6
Days = Mapping[date, Mapping[str, int]]


def placed(kpi: str, days: Days, where: Where | None = None) -> list[Placed]:
    """Sums of a KPI by day: `numerator`, `denominator`, `observations`, or levels of its value."""
    return [
        Placed(day, where or Where("USD"), {key_of(kpi, part): value for part, value in sums.items()})
        for day, sums in days.items()
    ]


def key_of(kpi: str, part: str) -> str:
    """The key of a sum, which several KPIs may look at; `value@7` is a level."""
    part, at, level = part.partition("@")
    found = getattr(built_in().by_name[kpi].sums, "numerator" if part == "value" else part)
    return f"{found.key}{at}{level}"


def readings(sums: Iterable[Placed], as_of: date = FRIDAY, catalogue: Catalogue | None = None) -> list[Reading]:
    return evaluate_plan(sums, catalogue or built_in(), as_of=as_of)


def reading(kpi: str, sums: Iterable[Placed], as_of: date = FRIDAY, where: Where | None = None) -> Reading:
    """The one reading of a KPI at a place."""
    [found] = [one for one in readings(sums, as_of) if (one.kpi.name, one.where) == (kpi, where or Where("USD"))]
    return found


def seen(found: Reading) -> tuple[Decimal | None, int, bool | None]:
    return found.value, found.observations, found.breached


def pace(measure: int, as_of: date, participants: int = 5) -> Reading:
    sums = {"numerator": measure, "denominator": 21_000, "observations": participants}
    return reading("attainment_pace", placed("attainment_pace", {date(2025, 3, 1): sums}), as_of)


def test_pace_is_attainment_over_the_share_of_business_days_that_passed() -> None:
    assert seen(pace(10_000, FRIDAY)) == (Decimal("1.000000"), 5, False)  # 10 of 21 business days, 10,000 of 21,000


def test_a_weekend_adds_nothing_to_the_days_that_passed() -> None:
    assert pace(10_000, FRIDAY + timedelta(days=2)).value == Decimal("1.000000")


def test_pace_is_silent_before_the_tenth_business_day_and_with_too_few_participants() -> None:
    assert seen(pace(0, FRIDAY - timedelta(days=1))) == (None, 5, None)
    assert seen(pace(0, FRIDAY, participants=4)) == (None, 4, None)


@pytest.mark.parametrize(("measure", "breached"), [(6_000, False), (5_999, True)])
def test_pace_is_in_breach_below_its_threshold(measure: int, breached: bool) -> None:
    assert pace(measure, FRIDAY).breached is breached


def test_cost_of_sales_compares_three_months_of_earnings_with_their_revenue() -> None:
    days = {
        date(2024, 12, 31): {"observations": 100, "denominator": 10**9},
        date(2025, 1, 1): {"observations": 10, "denominator": 4_000, "numerator": 500},
        date(2025, 2, 1): {"numerator": 500},
        date(2025, 2, 28): {"observations": 10, "denominator": 3_000},
        date(2025, 3, 1): {"numerator": 501},
        date(2025, 3, 31): {"observations": 10, "denominator": 3_000},
    }
    euros = placed("comp_cost_of_sales", {date(2025, 3, 3): {"observations": 99, "denominator": 10**9}}, Where("EUR"))
    found = reading("comp_cost_of_sales", [*placed("comp_cost_of_sales", days), *euros])
    assert seen(found) == (Decimal("0.150100"), 30, True)


def test_a_quarter_reaches_over_the_turn_of_the_year() -> None:
    assert trailing_months(date(2025, 1, 31), 3) == ["2024-11", "2024-12", "2025-01"]
    assert trailing_months(date(2025, 3, 1), 3) == ["2025-01", "2025-02", "2025-03"]


def test_a_discount_is_weighted_by_value_over_thirty_days() -> None:
    days = {
        FRIDAY - timedelta(days=30): {"observations": 50, "denominator": 10**9, "numerator": 10**9},
        FRIDAY - timedelta(days=29): {"observations": 20, "denominator": 9_000},
        FRIDAY: {"observations": 10, "denominator": 1_000, "numerator": 500},
        FRIDAY + timedelta(days=1): {"observations": 50, "denominator": 10**9, "numerator": 10**9},
    }
    assert seen(reading("average_discount", placed("average_discount", days))) == (Decimal("0.050000"), 30, False)


def discounts(by_day: Mapping[date, int]) -> list[Placed]:
    """Thirty deals a day with this percentage off."""
    return placed(
        "average_discount",
        {day: {"observations": 30, "denominator": 100, "numerator": off} for day, off in by_day.items()},
    )


def test_a_discount_must_last_three_business_days_to_be_a_breach() -> None:
    low = {FRIDAY - timedelta(days=30): 0}
    two_days = discounts(low | {FRIDAY - timedelta(days=1): 50})
    assert reading("average_discount", two_days).breached is False
    three_days = discounts(low | {FRIDAY - timedelta(days=2): 50})
    assert reading("average_discount", three_days).breached is True


def test_a_monday_looks_back_over_the_weekend() -> None:
    monday = FRIDAY + timedelta(days=3)
    since_thursday = discounts({FRIDAY - timedelta(days=20): 0, FRIDAY - timedelta(days=1): 50})
    assert reading("average_discount", since_thursday, monday).breached is True
    since_friday = discounts({FRIDAY - timedelta(days=20): 0, FRIDAY: 50})
    assert reading("average_discount", since_friday, monday).breached is False


def test_a_breach_of_unknown_age_is_neither_breach_nor_none() -> None:
    found = reading("average_discount", discounts({FRIDAY: 50}))
    assert (found.value, found.breached) == (Decimal("0.500000"), None)
    assert [each.known for each in found.findings] == [False]


def test_every_breach_that_lasted_is_told_with_its_dates() -> None:
    bad, good = date(2025, 1, 6), date(2025, 2, 5)
    found = reading("average_discount", discounts({date(2024, 12, 2): 0, bad: 60, good: 0}))
    [of_threshold] = found.findings
    [episode] = of_threshold.episodes
    assert (episode.onset, episode.detected_on, episode.direction) == (bad, date(2025, 1, 8), "up")
    assert (episode.recovered_on, episode.recovered_value) == (good, Decimal("0"))
    assert of_threshold.current is None


def test_a_win_rate_is_of_the_whole_company() -> None:
    sums = [
        *placed("win_rate", {FRIDAY: {"numerator": 2, "denominator": 2}}),
        *placed("win_rate", {FRIDAY: {"numerator": 4, "denominator": 24}}, Where("EUR")),
        *placed("win_rate", {FRIDAY: {"denominator": 4}}, Where("")),
    ]
    assert seen(reading("win_rate", sums, where=Where()))[:2] == (Decimal("0.200000"), 30)
    assert seen(reading("win_rate", sums, FRIDAY - timedelta(days=1), Where())) == (None, 0, None)


def test_the_road_is_in_breach_by_any_dead_letter_and_by_a_minute_of_lag() -> None:
    def health(lag: str, letters: int, overdue: int) -> list[tuple[str, int, bool | None]]:
        told = PipelineHealth(Decimal(lag), 3, letters, 7, batches=2, overdue_batches=overdue)
        found = evaluate_pipeline(told, built_in(), today=FRIDAY)
        assert all((each.findings[0].current is not None) is each.breached for each in found)
        return [(each.kpi.name, each.observations, each.breached) for each in found]

    names = ("event_lag", "dead_letters", "unacknowledged_batches")
    assert health("60", 0, 0) == list(zip(names, (3, 7, 2), (False,) * 3, strict=True))
    assert health("60.001", 1, 1) == list(zip(names, (3, 7, 2), (True,) * 3, strict=True))


def test_segments_beyond_the_largest_are_one_and_a_blank_one_has_a_name() -> None:
    sums = [
        *placed("win_rate", {FRIDAY: {"denominator": 100}}, Where("", "product", "")),
        *(
            each
            for number in range(MOST_SEGMENTS + 9)
            for each in placed("win_rate", {FRIDAY: {"denominator": 90 - number}}, Where("", "product", f"P{number}"))
        ),
    ]
    found = courses(sums, built_in())["win_rate"]
    assert len(found) == MOST_SEGMENTS + 1
    assert Where("", "product", "none") in found
    other = found[Where("", "product", OTHER)]
    assert other.between(key_of("win_rate", "denominator"), FRIDAY, last=FRIDAY) == sum(
        90 - number for number in range(49, 59)
    )


def weekly_win_rates(rates: Iterable[float]) -> list[Placed]:
    """A win rate of a hundred deals in each of many weeks that end before today."""
    sums = []
    rates = list(rates)
    monday = FRIDAY - timedelta(days=FRIDAY.weekday())
    for back, rate in enumerate(reversed(rates), start=1):
        day = monday - timedelta(weeks=back) + timedelta(days=2)
        sums += placed("win_rate", {day: {"numerator": round(100 * rate), "denominator": 100}}, Where())
    return sums


def drifting(sums: Iterable[Placed]) -> Reading:
    return reading("win_rate", sums, where=Where())


def test_a_series_has_whole_weeks_only_and_an_episode_is_told_when_its_week_is_over() -> None:
    random = np.random.default_rng(7)
    before = list(random.normal(0.40, 0.04, 90).clip(0.25, 0.55))
    after = list(random.normal(0.24, 0.03, 12).clip(0.1, 0.4))
    unfinished = placed("win_rate", {FRIDAY: {"numerator": 0, "denominator": 50}}, Where())
    found = drifting([*weekly_win_rates([*before, *after]), *unfinished])
    assert found.assessment is not None
    assert found.spans[-1] == (date(2025, 3, 3), date(2025, 3, 9))
    assert found.assessment.state.value == "drifting"
    [of_drift] = [each for each in found.findings if each.subject.detector == "drift"]
    assert of_drift.current is not None
    assert (of_drift.current.direction, of_drift.current.detected_on.weekday()) == ("down", 6)
    begun = FRIDAY - timedelta(weeks=13)
    assert begun <= of_drift.current.detected_on <= begun + timedelta(weeks=6)
    assert of_drift.current.onset <= of_drift.current.detected_on


def test_a_drift_names_the_segment_that_drives_it_first() -> None:
    random = np.random.default_rng(3)
    monday = FRIDAY - timedelta(days=FRIDAY.weekday())
    sums = []
    for back in range(102, 0, -1):
        day, fell = monday - timedelta(weeks=back) + timedelta(days=2), back <= 12
        for dimension, names in (("product", ("A", "B", "C", "D")), ("territory", ("N", "S"))):
            for name in names:
                rate = 0.1 if fell and name == "B" else 0.25 if fell and dimension == "territory" else 0.4
                won = round(40 * (rate + random.normal(0, 0.03)))
                sums += placed("win_rate", {day: {"numerator": won, "denominator": 40}}, Where("", dimension, name))
        products = [each for each in sums if each.day == day and each.where.dimension == "product"]
        total = {"numerator": sum(each.sums[key_of("win_rate", "numerator")] for each in products), "denominator": 160}
        sums += placed("win_rate", {day: total}, Where())
        territories = [each for each in sums if each.day == day and each.where.dimension == "territory"]
        half = {"numerator": total["numerator"] // 2, "denominator": 80}
        rest = {"numerator": total["numerator"] - half["numerator"], "denominator": 80}
        sums = [each for each in sums if each not in territories]
        sums += placed("win_rate", {day: half}, Where("", "territory", "N"))
        sums += placed("win_rate", {day: rest}, Where("", "territory", "S"))
    found = drifting(sums)
    [of_drift] = [each for each in found.findings if each.subject.detector == "drift"]
    assert of_drift.current is not None
    first = of_drift.current.drivers[0]
    assert (first.dimension, first.segment) == ("product", "B")
    assert first.contribution < 0


def scores(found: Iterable[Reading]) -> dict[str, float]:
    """How high the statistic of the win rate stood over its limit, by segment; that of the whole has no name."""
    return {
        one.where.segment: float(np.nansum(np.abs(one.assessment.scores)))
        for one in found
        if one.kpi.name == "win_rate" and one.assessment is not None
    }


def test_more_series_that_are_watched_share_the_false_alarms_that_are_accepted() -> None:
    stricter = with_file(built_in(), drafted({"false_alarms_per_year": 1}, built_in()))
    random = np.random.default_rng(11)
    sums = weekly_win_rates([*random.normal(0.4, 0.04, 90), *random.normal(0.36, 0.04, 10)])
    usual = scores(readings(sums))
    assert 0 < scores(readings(sums, catalogue=stricter))[""] < usual[""]
    products = [
        each._replace(where=Where("", "product", name)) for name in ("A", "B", "C", "D", "E", "F") for each in sums
    ]
    with_products = scores(readings([*sums, *products]))
    assert with_products[""] == usual[""]  # however many segments there are, the whole is watched as before
    assert 0 < with_products["A"] < usual[""]


def test_what_is_expected_follows_the_companys_fiscal_quarters() -> None:
    """Fewer deals are won in the last week of each quarter: known to a calendar whose quarters end then."""
    fiscal = with_file(built_in(), drafted({"calendar": {"fiscal": {"every": "month", "year_starts": 2}}}, built_in()))
    ends = {FRIDAY - timedelta(days=FRIDAY.weekday()) - timedelta(weeks=back): back for back in range(1, 131)}
    random, rates = np.random.default_rng(5), []
    for monday in sorted(ends):
        late = (monday + timedelta(days=7)).month != monday.month and (monday + timedelta(days=7)).month % 3 == 2
        rates.append(float((0.25 if late else 0.45) + random.normal(0, 0.01)))
    sums = weekly_win_rates(rates)

    def misses(catalogue: Catalogue) -> float:
        [found] = [one for one in readings(sums, catalogue=catalogue) if one.kpi.name == "win_rate"]
        assert found.assessment is not None
        return float(np.nanmean(np.abs(found.assessment.expected - found.assessment.series.values)[-52:]))

    assert misses(fiscal) < 0.7 * misses(built_in())


def test_a_share_of_few_is_judged_by_how_many_it_is_of() -> None:
    few = [
        each._replace(sums=dict.fromkeys(each.sums, 10) | {key_of("win_rate", "numerator"): 4})
        for each in weekly_win_rates([0.4] * 90)
    ]
    found = drifting(few)
    assert found.assessment is not None
    assert np.isfinite(found.assessment.series.values).all()
    assert found.value == Decimal("0.400000")  # of thirty days, which have forty


SUMS = st.fixed_dictionaries({part: st.integers(0, 10**12) for part in ("numerator", "denominator", "observations")})
KPIS = ("average_discount", "comp_cost_of_sales", "attainment_pace")
DAYS = st.dictionaries(
    st.tuples(st.dates(date(2021, 1, 1), date(2025, 5, 31)), st.sampled_from(KPIS)), SUMS, max_size=9
)


@given(days=DAYS, as_of=st.dates(date(2025, 1, 1), date(2025, 4, 30)))
def test_nothing_before_the_needed_dates_matters(days: dict[tuple[date, str], dict[str, int]], as_of: date) -> None:
    every = [each for (day, kpi), sums in days.items() for each in placed(kpi, {day: sums})]
    needed = [each for each in every if each.day >= needed_from(as_of)]
    anchor = placed("win_rate", {day: {"denominator": 1} for day in (needed_from(as_of), as_of)})
    assert [seen(one) for one in readings([*anchor, *needed], as_of) if not one.where.dimension] == [
        seen(one)
        for one in readings([*anchor, *every], as_of)
        if not one.where.dimension and (one.where.currency == "" or needed)
    ]


def test_a_series_is_assessed_again_when_it_changes_and_otherwise_as_it_was() -> None:
    def assessed(sums: list[Placed], before: list[Reading]) -> dict[str, Reading]:
        found = evaluate_plan(sums, built_in(), as_of=date(2025, 3, 14), before=before)
        return {one.where.segment: one for one in found if one.kpi.name == "win_rate"}

    whole = weekly_win_rates([0.3, 0.4] * 60)
    sums = [one._replace(where=Where("", "product" if name else "", name)) for name in ("", "a", "b") for one in whole]
    first = assessed(sums, [])
    again = assessed(sums, list(first.values()))
    assert first.keys() == {"", "a", "b"}
    assert all(again[segment].assessment is first[segment].assessment for segment in first)

    late = sums[0].day
    of_a = next(one for one in sums if one.where.segment == "a" and one.day == late)
    corrected = [one for one in sums if one is not of_a]
    corrected.append(of_a._replace(sums={key: value + 1 for key, value in of_a.sums.items()}))
    taken, anew = assessed(corrected, list(first.values())), assessed(corrected, [])
    assert {segment for segment in first if taken[segment].assessment is first[segment].assessment} == {"", "b"}
    for segment, reading in anew.items():
        assert reading.assessment is not None
        held = taken[segment].assessment
        assert held is not None
        assert np.array_equal(held.scores, reading.assessment.scores, equal_nan=True)
        assert taken[segment].findings == reading.findings
