"""Where people are compared over several months, the version that holds pays them, once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.kernel import explain, measure
from shared.kernel.idle_months import earn_every_month
from tests.shared.kernel.test_language_against_the_oracle import (
    World,
    credited,
    earnings_differ,
    lines_differ,
)

JOINED = date(2024, 1, 1)
ROSTER = [{"effective_from": JOINED, "participant_id": who, "plan": "rep"} for who in ("ann", "bob")]
CONTEST = {"component": "contest", "kind": "contest", "measure": "sales", "prizes": ["100"]}


def version(number: int, day: date, *components: dict[str, Any], plan: str = "rep", **said: Any) -> dict[str, Any]:
    return {
        "plan": plan,
        "version": number,
        "name": plan,
        "currency": "USD",
        "effective_from": day,
        "conventions": {"versions": "continue"},
        "credits": [{"rule": "own"}],
        "measures": [{"measure": "sales", "sum_of": ["own"], "reset": "quarter"}],
        "components": list(components),
        **said,
    }


def sold(*deals: tuple[str, str, str]) -> dict[str, Any]:
    return {
        f"d{n}": {"owner": who, "close_date": day, "amount": amount, "currency": "USD", "stage": "won"}
        for n, (who, day, amount) in enumerate(deals)
    }


def paid(world: World) -> set[tuple[str, int, str, str, int]]:
    """What is paid, of months without credits too, where the lines sum to it."""
    assert earnings_differ(world) is None
    assert lines_differ(world) is None
    (credits, _), roster, plans = credited(world)
    earned = earn_every_month(measure(credits, plans), roster, plans=plans)
    lines = explain(credits, roster, plans=plans, earnings=earned).lines
    assert lines["amount"].sum() == earned["amount"].sum()
    rows = earned.select("participant_id", "version", "component", "period", "amount").rows()
    return {row for row in rows if row[-1]}


@pytest.mark.parametrize("before", ["continue", "restart"])
def test_the_version_that_holds_ranks_everyone_and_tops_up_alone(before: str) -> None:
    versions = [
        version(1, JOINED, CONTEST, minimum="10", conventions={"versions": before}),
        version(2, date(2025, 1, 1), CONTEST, minimum="20"),
    ]
    deals = sold(
        ("ann", "2024-12-05", "100"),
        ("bob", "2024-12-06", "50"),
        ("ann", "2025-01-05", "100"),
        ("bob", "2025-02-05", "300"),
    )
    # Rows begin with the first credit of anyone in the fiscal year; of the months before December nobody has one.
    assert {row for row in paid((deals, ROSTER, versions)) if row[3] >= "2024-12"} == {
        ("ann", 1, "contest", "2024-12", 100_00),
        ("bob", 1, "plan_minimum", "2024-12", 10_00),
        ("ann", 2, "contest", "2025-01", 100_00),
        ("bob", 2, "plan_minimum", "2025-01", 20_00),
        ("ann", 2, "contest", "2025-02", -100_00),
        ("ann", 2, "plan_minimum", "2025-02", 120_00),
        ("bob", 2, "contest", "2025-02", 100_00),
    }


def test_who_moves_to_another_plan_or_leaves_stays_in_the_ranking_and_is_topped_up_no_more() -> None:
    roster = [
        *ROSTER,
        {"effective_from": JOINED, "participant_id": "cy", "plan": "rep"},
        {"effective_from": date(2025, 2, 1), "participant_id": "bob", "plan": "lead"},
        {"effective_from": date(2025, 2, 1), "participant_id": "cy", "active": False},
    ]
    flat = {"component": "commission", "kind": "flat", "measure": "sales", "rate": "1%"}
    plans = [version(1, JOINED, CONTEST, minimum="10"), version(1, JOINED, flat, plan="lead")]
    deals = sold(
        ("bob", "2025-01-05", "100"),
        ("cy", "2025-01-06", "50"),
        ("ann", "2025-02-05", "300"),
        ("bob", "2025-03-05", "900"),
    )
    assert paid((deals, roster, plans)) == {
        ("ann", 1, "plan_minimum", "2025-01", 10_00),
        ("bob", 1, "contest", "2025-01", 100_00),
        ("cy", 1, "plan_minimum", "2025-01", 10_00),
        ("ann", 1, "contest", "2025-02", 100_00),
        ("bob", 1, "contest", "2025-02", -100_00),
        ("bob", 1, "commission", "2025-03", 9_00),
        ("ann", 1, "plan_minimum", "2025-03", 10_00),
    }


def test_a_version_that_ends_within_a_month_pays_its_last_ranking_and_nobody_is_ranked_beside_themselves() -> None:
    fixed = {"component": "fixed", "kind": "bonus", "amount": "5", "window": "month"}
    versions = [version(1, JOINED, CONTEST), version(2, date(2025, 2, 11), fixed)]
    deals = sold(("bob", "2025-01-05", "100"), ("ann", "2025-02-05", "300"), ("bob", "2025-02-20", "900"))
    of_contest = {row for row in paid((deals, ROSTER, versions)) if row[2] == "contest"}
    assert of_contest == {
        ("bob", 1, "contest", "2025-01", 100_00),
        ("bob", 1, "contest", "2025-02", -100_00),
        ("ann", 1, "contest", "2025-02", 100_00),
    }


def test_neighbours_in_time_go_on_only_where_both_say_so() -> None:
    versions = [
        version(1, JOINED, CONTEST, minimum="10"),
        version(2, date(2025, 2, 11), CONTEST, conventions={"versions": "restart"}),
    ]
    deals = sold(("bob", "2025-01-05", "100"), ("ann", "2025-03-05", "300"))
    assert paid((deals, ROSTER, versions)) == {
        ("bob", 1, "contest", "2025-01", 100_00),
        ("ann", 1, "plan_minimum", "2025-01", 10_00),
        ("ann", 2, "contest", "2025-03", 100_00),
    }
