"""The kernel and an independent slow calculation agree to the cent on worlds nobody thought of."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from shared.facts import Facts, merge
from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.arithmetic.expressions import AMOUNT_SCALE, WHOLE_SHARE, whole, wide
from shared.kernel.crediting.deals import deals_table
from shared.money import from_minor
from tests.reference_model import oracle
from tests.shared.kernel.worlds import HOLDERS, patches, plan_versions, rosters

World = tuple[list[Any], list[Any], list[Any]]
worlds = st.tuples(patches(), rosters(), plan_versions()).filter(
    lambda world: len({(p["plan"], p["effective_from"]) for p in world[2]}) == len(world[2])
)
many = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def deals_of(found: list[Any]) -> list[tuple[str, Facts]]:
    deals: dict[str, Facts] = {}
    for deal_id, fields, occurred_at, sequence, source in found:
        merge(deals.setdefault(deal_id, {}), fields, occurred_at=occurred_at, sequence=sequence, source=source)
    return sorted(deals.items())


def roster_of(changes: list[dict[str, Any]]) -> Roster:
    people: dict[str, Facts] = {}
    for change in changes:
        day = change["effective_from"].isoformat()
        fields = {
            f"{day}/{name}": value for name, value in change.items() if name not in ("participant_id", "effective_from")
        }
        merge(
            people.setdefault(change["participant_id"], {}),
            fields,
            occurred_at="2025-01-01T00:00:00.000000Z",
            sequence=0,
            source="hr",
        )
    return Roster.from_facts(people.items())


def computed(world: World) -> tuple[pl.DataFrame, pl.DataFrame, Roster, PlanSet]:
    found, changes, versions = world
    plans, roster = PlanSet(Plan.model_validate(v) for v in versions), roster_of(changes)
    credited = credit(deals_table(deals_of(found), plans.deal_columns), roster, plans=plans)
    return credited.credits, earn(measure(credited.credits, plans), roster, plans=plans), roster, plans


@many
@given(worlds)
def test_every_participants_cents_equal_the_oracles(world: World) -> None:
    found, changes, versions = world
    _, earned, _, _ = computed(world)
    ours: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in earned.iter_rows(named=True):
        ours[row["participant_id"], row["component"], row["period"]] += from_minor(row["amount"], row["currency"])
    expected = oracle.earnings(oracle.merged(found), changes, versions)
    assert {key: value for key, value in ours.items() if value} == expected


@many
@given(worlds)
def test_lines_sum_to_the_earning_and_slices_to_the_credit(world: World) -> None:
    credits, earned, roster, plans = computed(world)
    lines, slices = explain(credits, roster, plans=plans)
    who = ["participant_id", "plan", "version", "component", "period"]
    totals = earned.join(lines.group_by(who).agg(lines=pl.col("amount").sum()), on=who, how="left")
    assert (totals["amount"] == totals["lines"].fill_null(0)).all()
    parts = slices.group_by(*who, "line").agg(pl.col("credited").sum())
    told = lines.join(parts, on=[*who, "line"], suffix="_parts")
    assert told.select((wide("credited") * whole(AMOUNT_SCALE) == pl.col("credited_parts")).all()).item()


@many
@given(worlds, st.randoms(use_true_random=False))
def test_any_order_repetition_and_batching_of_deals_gives_the_same_credits(world: World, random: Any) -> None:
    found, _, _ = world
    credits, earned, roster, plans = computed(world)
    again = [*found, *found]
    random.shuffle(again)
    shuffled = deals_of(again)
    assert shuffled == deals_of(found)
    random.shuffle(shuffled)
    apart = [credit(deals_table([deal], plans.deal_columns), roster, plans=plans).credits for deal in shuffled]
    order = ["deal_id", "participant_id", "plan", "version", "rule"]
    assert_frame_equal(pl.concat(apart).sort(order), credits.sort(order))
    assert_frame_equal(
        earn(measure(pl.concat(apart), plans), roster, plans=plans).sort(pl.all()),
        earned.sort(pl.all()),
        check_row_order=True,
    )


@many
@given(worlds)
def test_the_holders_parts_of_a_deal_sum_to_the_whole(world: World) -> None:
    found, _, versions = world
    long_ago = {"effective_from": date(2020, 1, 1), "plan": "rep"}
    plans = PlanSet([Plan.model_validate(versions[0] | {"effective_from": date(2020, 1, 1)})])
    table = deals_table(deals_of(found), plans.deal_columns)
    credits = credit(
        table, roster_of([{"participant_id": p} | long_ago for p in sorted({*HOLDERS})]), plans=plans
    ).credits
    sums = credits.group_by("deal_id").agg(pl.col("amount").sum(), pl.col("share").sum())
    whole_deals = sums.join(table.select("deal_id", net=pl.col("amount") - pl.col("refunded")), on="deal_id")
    assert (whole_deals["amount"] == whole_deals["net"]).all()
    assert (whole_deals["share"] == WHOLE_SHARE).all()
