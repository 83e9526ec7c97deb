"""The kernel and the slow reference model agree to the cent over the whole plan language."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from pprint import pformat
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.credit import Credited
from shared.kernel.crediting.deals import values_table
from tests.reference_model import dates, oracle
from tests.reference_model.credits import Unknown, unknown_amounts
from tests.reference_model.credits import credits as reference_credits
from tests.shared.kernel.chances import smallest
from tests.shared.kernel.compared_worlds import worlds_of_people_compared
from tests.shared.kernel.group_worlds import worlds_at_groups
from tests.shared.kernel.language_facts import deals, rosters
from tests.shared.kernel.language_worlds import plans
from tests.shared.kernel.limited_worlds import limited_worlds
from tests.shared.kernel.rolling_worlds import rolling_worlds
from tests.shared.kernel.test_kernel_against_the_oracle import roster_of

LONG = os.environ.get("EARNEST_TEST_LONG") == "1"
World = tuple[dict[str, Any], list[Any], list[Any]]
seeds = given(st.integers(0, 2**32 - 1))
many = settings(max_examples=2000 if LONG else 60, phases=(Phase.explicit, Phase.reuse, Phase.generate), deadline=None)
MONTH = ["participant_id", "plan", "version", "component", "period"]
WHO = [*MONTH, "fiscal"]


def world(seed: int) -> World:
    random = Random(seed)
    return deals().of(random), rosters().of(random), plans().of(random)


def world_at_groups(seed: int) -> World:
    return worlds_at_groups().of(Random(seed))


def world_of_people_compared(seed: int) -> World:
    return worlds_of_people_compared().of(Random(seed))


def world_that_rolls(seed: int) -> World:
    return rolling_worlds().of(Random(seed))


def world_of_limited_deals(seed: int) -> World:
    return limited_worlds().of(Random(seed))


def agreed(seed: int, differ: Callable[[World], str | None], *, of: Callable[[int], World] = world) -> None:
    """Check that a world does not differ; one that does is shown as small as it can be."""

    def fails(found: World) -> bool:
        try:
            return differ(found) is not None
        except Exception:
            return False

    if (said := differ(of(seed))) is not None:
        small = smallest(of(seed), fails)
        pytest.fail(f"seed {seed}: {differ(small) or said}\n{pformat(small, width=150)}")


def credited(world: World) -> tuple[Credited, Roster, PlanSet]:
    found, changes, versions = world
    plans, roster = PlanSet(Plan.model_validate(v) for v in versions), roster_of(changes)
    return credit(values_table(sorted(found.items()), plans.deal_columns), roster, plans=plans), roster, plans


def credits_differ(world: World) -> str | None:
    (credits, _), _, _ = credited(world)
    names = ("deal_id", "participant_id", "plan", "version", "rule", "period", "credit_date")
    ours = {(*(c[name] for name in names), Fraction(c["amount"], 100)) for c in credits.iter_rows(named=True)}
    expected = {
        (c.deal_id, c.payee, c.plan["plan"], c.plan["version"], c.rule, dates.month(c.day), c.day, c.amount)
        for c in reference_credits(*world)
    }
    if ours == expected and len(ours) == credits.height:
        return None
    return (
        f"kernel {sorted(ours - expected)} reference model {sorted(expected - ours)} {credits.height - len(ours)} twice"
    )


def unknown_amounts_differ(world: World) -> str | None:
    (_, uncredited), _, _ = credited(world)
    told = uncredited.filter(pl.col("reason").is_in(["no_rate", "no_value"]))
    ours = {Unknown(*row) for row in told.select("deal_id", "participant_id", "reason").iter_rows()}
    expected = unknown_amounts(*world)
    return None if ours == expected else f"kernel {ours - expected} reference model {expected - ours}"


def earnings_differ(world: World) -> str | None:
    (credits, _), roster, plans = credited(world)
    ours: dict[tuple[str, str, str], Fraction] = defaultdict(Fraction)
    for row in earn(measure(credits, plans), roster, plans=plans).iter_rows(named=True):
        ours[row["participant_id"], row["component"], row["period"]] += Fraction(row["amount"], 100)
    expected = oracle.earnings(*world)
    wrong = [key for key in sorted({*ours, *expected}) if ours.get(key, 0) != expected.get(key, 0)]
    return None if not wrong else str([(key, str(ours.get(key, 0)), str(expected.get(key, 0))) for key in wrong])


def lines_differ(world: World) -> str | None:
    (credits, _), roster, plans = credited(world)
    earned = earn(measure(credits, plans), roster, plans=plans)
    lines = explain(credits, roster, plans=plans).lines
    told = lines.group_by(WHO).agg(told=pl.col("amount").sum())
    both = earned.join(told, on=WHO, how="full", coalesce=True)
    wrong = both.filter(pl.col("amount").fill_null(0) != pl.col("told").fill_null(0))
    if lines.select(pl.struct(*MONTH, "line").is_duplicated().any()).item():
        return "a line is there twice"
    late = lines.filter(
        pl.col("credit_date").is_null() | (pl.col("credit_date").dt.strftime("%Y-%m") > pl.col("period"))
    )
    if late.height:
        return f"lines are paid before the month of their date: {late.rows()}"
    return None if wrong.is_empty() else f"{wrong.select(*WHO, 'amount', 'told').rows()}"


@many
@seeds
def test_every_credit_equals_the_reference_models(seed: int) -> None:
    agreed(seed, credits_differ)


@many
@seeds
def test_what_a_rule_cannot_credit_for_want_of_a_rate_or_a_value_is_told(seed: int) -> None:
    agreed(seed, unknown_amounts_differ)


@many
@seeds
def test_every_earning_equals_the_reference_models(seed: int) -> None:
    agreed(seed, earnings_differ)


@many
@seeds
def test_the_lines_of_every_kind_sum_to_the_earning(seed: int) -> None:
    agreed(seed, lines_differ)


@many
@seeds
def test_deals_priced_by_where_a_group_stands_equal_the_reference_models(seed: int) -> None:
    agreed(seed, earnings_differ, of=world_at_groups)
    agreed(seed, lines_differ, of=world_at_groups)


@many
@seeds
def test_people_compared_by_versions_that_follow_each_other_equal_the_reference_models(seed: int) -> None:
    agreed(seed, earnings_differ, of=world_of_people_compared)
    agreed(seed, lines_differ, of=world_of_people_compared)


@many
@seeds
def test_what_the_last_months_brought_equals_the_reference_models(seed: int) -> None:
    agreed(seed, earnings_differ, of=world_that_rolls)
    agreed(seed, lines_differ, of=world_that_rolls)


@many
@seeds
def test_deals_that_several_rules_credit_within_one_least_and_most_equal_the_reference_models(seed: int) -> None:
    agreed(seed, earnings_differ, of=world_of_limited_deals)
    agreed(seed, lines_differ, of=world_of_limited_deals)
