"""Each reading of a convention, held by all kinds of components beside each other in one plan."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from earnest.files.calculation import calculate
from shared.kernel import PlanSet
from shared.kernel.checks import findings
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import read_plan

TIERS = "tiers: [{up_to: 100, rate: 10%}, {rate: 20%}]"
BY_QUOTA = "on: attainment, tiers: [{up_to: 100%, rate: 10%}, {rate: 20%}]"
SOLD: Final = {
    "flat": "kind: flat, measure: sold, rate: 10%",
    "at_term": "kind: flat, measure: sold, rate: {term: share, default: 10%}",
    "per_unit": "kind: per_unit, measure: sold, amount: 0.1",
    "graduated": f"kind: graduated, measure: sold, {TIERS}",
    "graduated_by_quota": f"kind: graduated, measure: sold, {BY_QUOTA}",
    "whole": f"kind: whole, measure: sold, {TIERS}",
    "whole_by_quota": f"kind: whole, measure: sold, {BY_QUOTA}",
    "slab": f"kind: slab, measure: sold, {TIERS}",
    "slab_in_tiers": f"kind: slab, measure: sold, marginal: true, {TIERS}",
    "curve": "kind: curve, measure: sold, on: amount, target: 10, points: [{at: 0, gives: 0}, {at: 100, gives: 1}]",
    "curve_in_steps": "kind: curve, measure: sold, on: amount, target: 10, steps: [{up_to: 100, gives: 1}, {gives: 2}]",
    "curve_by_quota": "kind: curve, measure: sold, target: 10, points: [{at: 0, gives: 0}, {at: 100%, gives: 1}]",
    "steps_by_quota": "kind: curve, measure: sold, target: 10, steps: [{up_to: 100%, gives: 1}, {gives: 2}]",
    "table": "kind: table, measure: sold, axes: [{amount: sold, up_to: [100]}], values: [10%, 20%]",
    "table_of_target": "kind: table, target: 10, axes: [{amount: sold, up_to: [100]}], values: [1, 2]",
    "table_by_quota": "kind: table, measure: sold, axes: [{attainment: sold, up_to: [100%]}], values: [10%, 20%]",
    "formula": 'kind: formula, amount: "sold * 10%"',
    "formula_by_quota": 'kind: formula, amount: "10 * attainment(sold)"',
    "bonus": "kind: bonus, amount: 10",
    "gated": "kind: bonus, amount: 10, when: attainment(sold) >= 100%",
    "milestones": "kind: bonus, measure: sold, on: amount, milestones: [{at: 100, amount: 10}]",
    "milestones_by_quota": "kind: bonus, measure: sold, milestones: [{at: 100%, amount: 10}]",
    "multiplied": "kind: flat, measure: sold, rate: 10%, multiply: [{measure: sold, on: amount, steps: [{up_to: 100, gives: 1}, {gives: 2}]}]",
    "multiplied_by_quota": "kind: flat, measure: sold, rate: 10%, multiply: [{measure: sold, steps: [{up_to: 100%, gives: 1}, {gives: 2}]}]",
}  # fmt: skip
COMPARING: Final = {
    "pool": "kind: pool, amount: 30, by: sold",
    "shared": "kind: pool, amount: 30",
    "contest": "kind: contest, measure: sold, prizes: [20, 10]",
    "contest_by_quota": "kind: contest, measure: sold, on: attainment, prizes: [20, 10]",
    "budget": "kind: flat, measure: sold, rate: 10%, budget: 1000",
}
ALL: Final = SOLD | COMPARING
STEPPED: Final = {
    "whole", "whole_by_quota", "slab", "curve_in_steps", "steps_by_quota", "table", "table_of_target", "table_by_quota",
    "multiplied", "multiplied_by_quota",
}  # fmt: skip
"""What is paid by a step: the value on its boundary is the one or the other's."""


def plan_of(
    kinds: dict[str, str], conventions: str, *, reset: str = "month", version: int = 1, since: str = "2025-01-01"
) -> str:
    components = "".join(f"  - {{component: {name}, {kind}}}\n" for name, kind in kinds.items())
    return f"""
plan: rep
version: {version}
name: Rep
currency: USD
effective_from: {since}
credits: [{{rule: own}}]
measures: [{{measure: sold, sum_of: [own], reset: {reset}}}]
conventions: {{{conventions}}}
components:
{components}"""


class Paid:
    """What every component pays, whose lines sum to it."""

    def __init__(self, folder: Path, plans: list[str], deals: str, roster: str) -> None:
        (folder / "deals.csv").write_text(f"deal_id,owner,amount,close_date\n{deals}")
        (folder / "roster.csv").write_text(roster)
        plan_set = PlanSet([read_plan(each, "plan") for each in plans])
        found = calculate(folder / "deals.csv", folder / "roster.csv", plans=plan_set, step=lambda _: None)
        keys = ["component", "participant_id", "period"]
        summed = [t.group_by(keys).agg(pl.col("amount").sum()).filter(pl.col("amount") != 0).sort(keys) for t in (found.earnings, found.explained.lines)]  # fmt: skip
        assert summed[0].equals(summed[1])
        self.amounts = {(c, who, month): Decimal(amount).scaleb(-2) for c, who, month, amount in summed[0].iter_rows()}
        self.reasons = {
            (c, who, month): why for c, who, month, why in found.earnings.select(*keys, "problem").iter_rows()
        }

    def of(self, who: str, month: str) -> dict[str, Decimal]:
        """By component."""
        return {c: self.amounts.get((c, who, month), Decimal(0)) for c in ALL}

    def in_all(self, who: str) -> dict[str, Decimal]:
        """By component, over all months."""
        return {
            c: sum((v for (name, w, _), v in self.amounts.items() if (name, w) == (c, who)), Decimal(0)) for c in ALL
        }


def test_a_value_on_a_boundary_is_of_the_step_that_ends_or_of_the_one_that_begins_there(tmp_path: Path) -> None:
    deals, roster = "D1,ann,100,2025-01-05\n", "participant_id,quota.sold\nann,100\n"
    lower, upper = (
        Paid(tmp_path, [plan_of(SOLD, f"boundary: {reading}")], deals, roster).of("ann", "2025-01")
        for reading in ("lower", "upper")
    )
    assert {name: lower[name] for name in SOLD} == dict.fromkeys(SOLD, Decimal(10))
    assert {name: upper[name] for name in SOLD} == {name: Decimal(20 if name in STEPPED else 10) for name in SOLD}


def test_the_order_of_deals_moves_no_sum(tmp_path: Path) -> None:
    deals = "D1,ann,90,2025-01-05\nD2,ann,70,2025-01-06\nD3,ann,-30,2025-01-07\n"
    found = [
        Paid(tmp_path, [plan_of(ALL, f"order: {each}")], deals, "participant_id,quota.sold\nann,100\n").amounts
        for each in ("date", "smallest_first", "largest_first")
    ]
    assert found[0] == found[1] == found[2]
    assert {name for name, _, _ in found[0]} == set(ALL)


def test_whoever_has_no_quota_is_refused_or_has_an_attainment_of_nothing_or_of_100_percent(tmp_path: Path) -> None:
    deals, roster = "D1,ann,50,2025-01-05\nD2,bob,20,2025-01-06\n", "participant_id,quota.sold\nann,\nbob,10\n"
    asks = {name for name in ALL if name.endswith("by_quota")} | {"gated"}
    at = {
        "nothing": dict.fromkeys(asks, 0) | {"graduated_by_quota": 5, "whole_by_quota": 5, "steps_by_quota": 10, "table_by_quota": 5, "multiplied_by_quota": 5},
        "full": dict.fromkeys(asks, 10) | {"graduated_by_quota": 5, "whole_by_quota": 5, "table_by_quota": 5, "multiplied_by_quota": 5},
        "refuse": dict.fromkeys(asks, 0),
    }  # fmt: skip
    for reading, right in at.items():
        found = Paid(tmp_path, [plan_of(ALL, f"zero_quota: {reading}")], deals, roster)
        paid = found.of("ann", "2025-01")
        assert {name: paid[name] for name in asks} == right, reading
        assert all(paid[name] > 0 for name in ALL if name not in asks and name != "milestones"), reading
        told = {name: found.reasons[name, "ann", "2025-01"] for name in asks if not paid[name]}
        assert set(told.values()) <= {"no_quota" if reading == "refuse" else "zero_quota"}, reading


def test_whoever_leaves_is_paid_to_the_last_day_or_nothing_of_the_period(tmp_path: Path) -> None:
    deals = "D1,ann,100,2025-01-05\nD2,ann,100,2025-02-05\nD3,bob,50,2025-01-05\nD4,bob,50,2025-02-06\n"
    roster = "participant_id,quota.sold,effective_from,active\nann,100,,\nann,,2025-02-20,no\nbob,100,,\n"
    stays, forfeits = (
        Paid(tmp_path, [plan_of(ALL, f"leavers: {each}")], deals, roster)
        for each in ("paid_to_the_last_day", "nothing_in_the_last_period")
    )
    for who, month in (("ann", "2025-01"), ("bob", "2025-01"), ("bob", "2025-02")):
        assert stays.of(who, month) == forfeits.of(who, month)
    assert all(stays.of("ann", "2025-02").values())
    assert not any(forfeits.of("ann", "2025-02").values())
    assert {forfeits.reasons[name, "ann", "2025-02"] for name in ALL} == {"left_in_period"}


def test_a_new_version_begins_anew_or_goes_on_as_if_it_had_always_been_there(tmp_path: Path) -> None:
    first, second = "D1,ann,80,2025-01-05\n", "D2,ann,80,2025-02-06\n"
    roster = "participant_id,quota.sold\nann,100\n"

    def versions(reading: str, deals: str, *numbers: int) -> Paid:
        days = {1: "2025-01-01", 2: "2025-02-01"}
        plans = [plan_of(SOLD, reading, reset="year", version=each, since=days[each]) for each in numbers]
        return Paid(tmp_path, plans, deals, roster)

    restart, going_on = (versions(f"versions: {each}", first + second, 1, 2) for each in ("restart", "continue"))
    assert restart.of("ann", "2025-02") == versions("versions: restart", second, 2).of("ann", "2025-02")
    alone = versions("versions: restart", first + second, 1)
    assert going_on.in_all("ann") == alone.in_all("ann")
    assert restart.of("ann", "2025-01") == going_on.of("ann", "2025-01") == alone.of("ann", "2025-01")


@pytest.mark.parametrize("kind", COMPARING)
def test_versions_go_on_where_people_are_compared_only_from_one_window_to_the_next(kind: str) -> None:
    def version(since: str, reset: str) -> None:
        one = COMPARING[kind] + (f", window: {reset}" if kind == "shared" else "")
        read_plan(plan_of({kind: one}, "versions: continue", reset=reset, version=2, since=since), "plan")

    version("2025-02-01", "month")
    version("2025-04-01", "quarter")
    for since, reset in (("2025-02-15", "month"), ("2025-02-01", "quarter"), ("2025-02-01", "never")):
        with pytest.raises(PlanFileError, match="versions: continue cannot hold"):
            version(since, reset)


def test_the_check_says_of_every_kind_whether_each_deal_is_rounded() -> None:
    plan = plan_of({name: kind for name, kind in SOLD.items() if name != "at_term"}, "round_on: deal")
    said = {each.path[1] for each in findings(read_plan(plan, "plan"), []) if each.code == "P505"}
    names = [name for name in SOLD if name != "at_term"]
    fixed = {"bonus", "gated", "milestones", "milestones_by_quota"}
    by_deal = {"flat", "slab", "slab_in_tiers", "multiplied", "multiplied_by_quota"}
    assert {names[int(place)] for place in said} == set(names) - fixed - by_deal
