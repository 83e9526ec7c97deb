"""What is kept of a month is told later as it would have been told then, without the facts and the plans."""

from __future__ import annotations

import orjson
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.explanation import frozen, parts_of_lines
from shared.kernel import Explained, earn, explain, measure
from tests.shared.kernel.test_language_against_the_oracle import credited, world


def differs(seed: int) -> str | None:
    """Where what is kept of a random world tells something else than what is known of it."""
    (credits, _), roster, plans = credited(world(seed))
    earned = earn(measure(credits, plans), roster, plans=plans)
    explained = explain(credits, roster, plans=plans, earnings=earned)
    for period in earned["period"].unique().sort():
        kept = dict(frozen.details(explained, earned, plans=plans, period=period).iter_rows())
        of_period = earned.filter(pl.col("period") == period)
        if set(kept) != set(of_period["participant_id"]):
            return f"{period}: {sorted(kept)} are kept"
        for participant, detail in kept.items():
            own = pl.col("participant_id") == participant
            components = set(of_period.filter(own)["component"])
            known = {
                name: parts_of_lines(
                    Explained(*(t.filter(own) for t in explained)),
                    earned.filter(own),
                    plans=plans,
                    component=name,
                    period=period,
                )
                for name in components
            }
            if (later := dict(frozen.components_of(detail))) != known:
                return f"{period} {participant}: {later} instead of {known}"
            if dict(frozen.components_of(orjson.loads(detail))) != known:
                return "a detail that was read already is told otherwise"
    return None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
@example(212010405)  # a contest's line comes after months of a walk that went on
def test_a_month_is_told_from_what_is_kept_as_from_all_facts(seed: int) -> None:
    assert differs(seed) is None


def test_the_same_month_is_the_same_bytes() -> None:
    (credits, _), roster, plans = credited(world(11))
    earned = earn(measure(credits, plans), roster, plans=plans)
    explained = explain(credits, roster, plans=plans, earnings=earned)
    shuffled = Explained(*(table.sample(fraction=1, shuffle=True, seed=1) for table in explained))
    for period in earned["period"].unique():
        assert frozen.details(explained, earned, plans=plans, period=period).equals(
            frozen.details(shuffled, earned.reverse(), plans=plans, period=period)
        )


def test_who_earns_nothing_has_no_components() -> None:
    assert list(frozen.components_of(frozen.nothing("ann", "2025-03"))) == []


def test_a_form_of_another_time_is_refused() -> None:
    with pytest.raises(ValueError, match="form"):
        list(frozen.components_of(b'{"form": 1}'))
