"""Drivers of a change: exact sums, and the planted segment named first among noisy ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.drift.drivers import NotComparableError, Segments, drivers, segments_of

DATES = 60
REFERENCE = np.arange(DATES) < 52
SINCE = np.arange(DATES) >= 54


@st.composite
def sums(draw: st.DrawFn) -> tuple[Segments, np.ndarray]:
    """Whole sums of some segments, some without a denominator on any date, and the dates at which a change began."""
    count, dates = draw(st.integers(1, 5)), draw(st.integers(2, 6))
    whole = st.lists(st.integers(0, 50), min_size=dates, max_size=dates)
    table = st.lists(whole, min_size=count, max_size=count)
    above, below = np.array(draw(table), dtype=float), np.array(draw(table), dtype=float)
    below[0] += 1  # a ratio needs something to divide by
    names = [f"segment {at}" for at in range(count)]
    denominators = below if draw(st.booleans()) else None
    onset = draw(st.integers(1, dates - 1))
    return Segments(names=names, numerators=above, denominators=denominators), np.arange(dates) >= onset


@given(sums())
def test_contributions_sum_to_the_change_and_each_is_its_rate_and_its_mix(
    given_sums: tuple[Segments, np.ndarray],
) -> None:
    segments, since = given_sums
    change = drivers({"product": segments}, reference=~since, since=since)
    found = change.dimensions[0].drivers
    assert sum(each.contribution for each in found) == pytest.approx(change.delta, abs=1e-9)
    assert all(each.rate + each.mix == pytest.approx(each.contribution, abs=1e-9) for each in found)
    assert sorted(each.segment for each in found) == sorted(segments.names)
    assert all(abs(each.surely) <= abs(each.contribution) + 1e-12 for each in found)
    assert all(each.mix == pytest.approx(0, abs=1e-9) for each in found if segments.denominators is None)


@given(sums(), st.floats(0.1, 100))
def test_the_unit_of_the_sums_does_not_matter(given_sums: tuple[Segments, np.ndarray], unit: float) -> None:
    segments, since = given_sums
    other = Segments(
        names=segments.names,
        numerators=segments.numerators * unit,
        denominators=None if segments.denominators is None else segments.denominators * unit,
    )
    scale = unit if segments.denominators is None else 1.0
    one = drivers({"product": segments}, reference=~since, since=since).dimensions[0]
    two = drivers({"product": other}, reference=~since, since=since).dimensions[0]
    named = {each.segment: each.contribution for each in two.drivers}
    assert all(named[each.segment] == pytest.approx(each.contribution * scale, abs=1e-7) for each in one.drivers)
    assert two.explains == pytest.approx(one.explains, abs=1e-6)


def test_rate_and_mix_are_told_apart() -> None:
    """Discounts of two products: first one grants more, then the one that grants more is sold more."""
    two = np.array([False, True])
    dearer = segments_of({"suite": ([10, 20], [100, 100]), "seat": ([5, 5], [100, 100])}, ratio=True)
    suite, seat = drivers({"product": dearer}, reference=~two, since=two).top()
    assert (suite.segment, suite.rate, suite.mix) == ("suite", pytest.approx(0.05), pytest.approx(0))
    assert (suite.before, suite.after, seat.contribution) == (pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0))
    more = segments_of({"suite": ([10, 30], [100, 300]), "seat": ([5, 5], [100, 100])}, ratio=True)
    change = drivers({"product": more}, reference=~two, since=two)
    assert change.delta == pytest.approx(0.0875 - 0.075)
    assert all(each.rate == pytest.approx(0) for each in change.top())
    assert sum(each.mix for each in change.top()) == pytest.approx(change.delta)
    assert {each.segment: each.share_after for each in change.top()} == {"suite": 0.75, "seat": 0.25}


def world(*, seed: int, planted: float, in_mix: float = 1.0) -> dict[str, Segments]:
    """Weeks of discounts by product and by territory, which lie across each other. `Seat` is a tenth of the business;
    `Projects` varies eight times as much. From week 54 on `Seat` grants `planted` more, or is sold `in_mix` as often.
    """
    rng = np.random.default_rng(seed)
    products = {
        "Suite": (0.5, 0.10, 0.01),
        "Projects": (0.2, 0.25, 0.08),
        "Add-on": (0.2, 0.15, 0.02),
        "Seat": (0.1, 0.3, 0.01),
    }
    territories = {"West": 0.4, "East": 0.35, "North": 0.15, "South": 0.1}
    cells = {}
    for product, (size, rate, noise) in products.items():
        for territory, part in territories.items():
            season = 1 + 0.8 * (np.arange(DATES) % 13 == 12)
            sold = size * part * 1e6 * season * rng.lognormal(0, 0.1, DATES)
            sold = np.where(SINCE & (product == "Seat"), sold * in_mix, sold)
            granted = rate + noise * rng.standard_normal(DATES) + np.where(SINCE & (product == "Seat"), planted, 0)
            cells[product, territory] = (sold * granted, sold)

    def along(axis: int, names: list[str]) -> Segments:
        rows = {
            name: tuple(sum(pair[part] for cell, pair in cells.items() if cell[axis] == name) for part in (0, 1))
            for name in names
        }
        return segments_of(rows, ratio=True)

    return {"territory": along(1, list(territories)), "product": along(0, list(products))}


@pytest.mark.parametrize("seed", range(10))
def test_a_planted_drift_of_a_small_segment_is_named_first_beside_one_that_always_varies(seed: int) -> None:
    change = drivers(world(seed=seed, planted=0.08), reference=REFERENCE, since=SINCE, upward=True)
    first = change.top()[0]
    assert (first.dimension, first.segment) == ("product", "Seat")
    assert first.contribution == pytest.approx(0.08 * 0.1, abs=0.003)
    assert first.surely > 0
    assert abs(first.rate) > 3 * abs(first.mix)
    assert change.dimensions[0].explains > 3 * abs(change.dimensions[1].explains)


def test_beside_what_not_everybody_may_read_of_stands_the_next_best_dimension() -> None:
    change = drivers(world(seed=0, planted=0.08), reference=REFERENCE, since=SINCE, upward=True)
    dimensions = [list(dict.fromkeys(each.dimension for each in change.top(other_than=of))) for of in ("", ["product"])]
    assert dimensions == [["product"], ["product", "territory"]]
    assert change.top(other_than=["territory"]) == change.top()


@pytest.mark.parametrize("seed", range(5))
def test_a_segment_that_is_sold_more_is_named_as_a_change_of_the_mix(seed: int) -> None:
    first = drivers(world(seed=seed, planted=0, in_mix=3), reference=REFERENCE, since=SINCE).top()[0]
    assert (first.dimension, first.segment) == ("product", "Seat")
    assert first.mix > 5 * abs(first.rate)


def test_without_a_change_no_dimension_explains_one() -> None:
    found = [drivers(world(seed=seed, planted=0), reference=REFERENCE, since=SINCE) for seed in range(100, 140)]
    assert np.mean([each.explains for change in found for each in change.dimensions]) < 1
    assert np.mean([change.top()[0].surely > 0 for change in found]) < 0.35


def test_a_fall_of_a_sum_per_date_is_that_of_the_territory_in_which_it_fell() -> None:
    rng = np.random.default_rng(3)
    deals = {
        name: rng.poisson(mean, DATES).astype(float) for name, mean in {"West": 30, "East": 20, "South": 6}.items()
    }
    deals["South"][SINCE] = rng.poisson(1, SINCE.sum())
    change = drivers({"territory": segments_of(deals, ratio=False)}, reference=REFERENCE, since=SINCE)
    first = change.top()[0]
    assert first.segment == "South"
    assert first.contribution == pytest.approx(deals["South"][SINCE].mean() - deals["South"][REFERENCE].mean())
    assert change.before == pytest.approx(sum(each[REFERENCE].mean() for each in deals.values()))


def test_spans_and_dimensions_of_which_no_change_can_be_told_are_refused() -> None:
    one = segments_of({"a": ([1, 2], [1, 1])}, ratio=True)
    first, second = np.array([True, False]), np.array([False, True])
    with pytest.raises(NotComparableError, match="none in common"):
        drivers({"x": one}, reference=first, since=first)
    with pytest.raises(NotComparableError, match="none in common"):
        drivers({"x": one}, reference=first, since=np.array([False, False]))
    with pytest.raises(NotComparableError, match="the same whole"):
        drivers({"x": one, "y": segments_of({"a": ([9, 2], [1, 1])}, ratio=True)}, reference=first, since=second)
    with pytest.raises(NotComparableError, match="without a denominator"):
        drivers({"x": segments_of({"a": ([1, 2], [1, 0])}, ratio=True)}, reference=first, since=second)
    with pytest.raises(NotComparableError, match="one dimension"):
        drivers({}, reference=first, since=second)
    with pytest.raises(NotComparableError, match="row for each segment"):
        Segments(names=["a", "b"], numerators=np.ones((1, 2)))
    with pytest.raises(NotComparableError, match="finite"):
        Segments(names=["a"], numerators=np.array([[np.nan]]))
