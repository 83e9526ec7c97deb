"""Deals that are paid in turn: each by where its participant stands at it, whatever comes late, and told so to the
cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest

from shared.kernel import Plan, PlanSet, credit, earn, explain, measure
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.arithmetic.expressions import AMOUNT_SCALE, RATE_SCALE, REPRICED
from shared.kernel.crediting.deals import values_table
from shared.kernel.scenarios import Scenarios, pay_at
from tests.shared.kernel.test_kernel_against_the_oracle import roster_of

TIERS = [{"up_to": 10, "rate": "5%"}, {"rate": "10%"}]
BY_SEATS: dict[str, Any] = {"component": "c", "kind": "graduated", "measure": "sales", "by": "seats", "tiers": TIERS}
PLAN: dict[str, Any] = {
    "plan": "rep",
    "version": 1,
    "name": "rep",
    "currency": "USD",
    "effective_from": date(2025, 1, 1),
    "columns": {"seats": "number"},
    "credits": [{"rule": "own"}, {"rule": "seats", "amount": "seats"}],
    "measures": [
        {"measure": "sales", "sum_of": ["own"], "reset": "year"},
        {"measure": "seats", "sum_of": ["seats"], "reset": "year"},
    ],
    "components": [BY_SEATS],
}
ANN = [{"participant_id": "ann", "effective_from": date(2024, 1, 1), "plan": "rep", "active": True}]


def deal(amount: str, day: str, seats: int, **more: Any) -> dict[str, Any]:
    said = {
        "stage": "won",
        "amount": amount,
        "currency": "USD",
        "owner": "ann",
        "close_date": day,
        "custom.seats": seats,
    }
    return said | more


def paid(deals: dict[str, dict[str, Any]], since: list[dict[str, Any]] = ANN, **more: Any) -> dict[str, Decimal]:
    """What each deal is paid by the lines, whose slices come to what they pay, not rounded, and sum to the earnings."""
    plans, roster = PlanSet([Plan.model_validate(PLAN | more)]), roster_of(since)
    credits = credit(values_table(sorted(deals.items()), plans.deal_columns), roster, plans=plans).credits
    earned = earn(measure(credits, plans), roster, plans=plans)
    lines, slices = explain(credits, roster, plans=plans, earnings=earned)
    assert lines["amount"].sum() == earned["amount"].sum()
    products: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for row in slices.iter_rows(named=True):
        pays = Fraction(row["credited"] * row["rate"] * row["factor"], 100 * AMOUNT_SCALE * RATE_SCALE * RATE_SCALE)
        products[row["period"], row["line"]] += pays if row["pays"] is None else Fraction(row["pays"])
    so_far, year = Fraction(0), ""
    for row in lines.sort("period", "line").iter_rows(named=True):
        if row["period"][:4] != year:
            so_far, year = Fraction(0), row["period"][:4]
        so_far += products[row["period"], row["line"]]
        assert abs(so_far - Fraction(row["exact"])) < Fraction(1, 10**6), row
    told = lines.group_by("deal_id").agg(pl.col("amount").sum())
    return {name: Decimal(amount).scaleb(-2) for name, amount in told.iter_rows() if name is not None}


D1, D2, D3 = deal("1000", "2025-01-10", 8), deal("1000", "2025-02-10", 4), deal("1000", "2025-02-20", 4)


def test_a_deal_that_comes_late_takes_its_place_and_moves_those_after_it() -> None:
    assert paid({"D2": D2, "D3": D3}) == {"D2": 50, "D3": 50}
    assert paid({"D1": D1, "D2": D2, "D3": D3}) == {"D1": 50, "D2": 75, "D3": 100}


def test_a_refund_lowers_its_own_deal_only_where_the_position_is_of_other_numbers() -> None:
    refunded = D2 | {"refunds.r": {"amount": "400", "date": "2025-03-01"}}
    assert paid({"D1": D1, "D2": refunded, "D3": D3}) == {"D1": 50, "D2": 45, "D3": 100}


def test_what_takes_back_right_after_a_deal_takes_back_what_that_paid() -> None:
    back = deal("-1000", "2025-02-11", -4)
    for crossing in ("split", "whole"):
        component = BY_SEATS | {"crossing": crossing}
        found = paid({"D1": D1, "D2": D2, "D2b": back, "D3": D3}, components=[component])
        assert found["D2"] == -found["D2b"] == found["D3"] == (75 if crossing == "split" else 100)


def test_the_order_of_a_plan_decides_which_deal_crosses() -> None:
    small, large = deal("200", "2025-01-20", 4), deal("900", "2025-01-10", 8)
    assert paid({"L": large, "S": small}) == {"L": 45, "S": 15}
    order = {"conventions": {"order": "smallest_first"}}
    assert paid({"L": large, "S": small}, **order) == {"L": Decimal("56.25"), "S": 10}


def test_deals_of_the_same_day_come_in_the_order_of_their_names() -> None:
    one, two = deal("100", "2025-01-10", 10), deal("300", "2025-01-10", 10)
    assert paid({"a": one, "b": two}) == {"a": 5, "b": 30}
    assert paid({"b": one, "a": two}) == {"b": 10, "a": 15}


def test_a_gate_that_opens_late_pays_what_earlier_deals_were_priced_at_and_says_so() -> None:
    gated = BY_SEATS | {"when": "sales >= 2500", "multiply": [{"by": "1.5"}]}
    assert paid({"D1": D1, "D2": D2, "D3": D3}, components=[gated]) == {"D1": 0, "D2": 0, "D3": Decimal("337.5")}
    plans = PlanSet([Plan.model_validate(PLAN | {"components": [gated]})])
    deals = values_table(sorted({"D1": D1, "D2": D2, "D3": D3}.items()), plans.deal_columns)
    credits = credit(deals, roster_of(ANN), plans=plans).credits
    slices = explain(credits, roster_of(ANN), plans=plans).slices
    assert slices.filter(pl.col("reach") == REPRICED)["credited"].to_list() == [187_50 * AMOUNT_SCALE]


def test_a_table_that_gives_amounts_gives_none_for_a_deal_of_nothing() -> None:
    table = {"component": "c", "kind": "table", "each": "deal", "measure": "sales", "gives": "amount"}
    axes = {"axes": [{"deal": "seats", "up_to": [5]}], "values": [20, 30]}
    gone = D1 | {"refunds.r": {"amount": "1000", "date": "2025-03-01"}}
    assert paid({"D1": gone, "D2": D2, "D3": deal("1", "2025-03-01", 6)}, components=[table | axes]) == {
        "D1": 0,
        "D2": 20,
        "D3": 30,
    }


def test_a_cap_of_the_year_holds_for_deals_in_turn_as_for_all_pay() -> None:
    capped = BY_SEATS | {"maximum": 130}
    plans = PlanSet([Plan.model_validate(PLAN | {"components": [capped]})])
    deals = values_table(sorted({"D1": D1, "D2": D2, "D3": D3}.items()), plans.deal_columns)
    credits = credit(deals, roster_of(ANN), plans=plans).credits
    earned = earn(measure(credits, plans), roster_of(ANN), plans=plans).sort("period")
    assert earned["amount"].to_list() == [50_00, 80_00]


@pytest.mark.parametrize(("crossing", "pays"), [("split", 75_00), ("whole", 100_00)])
def test_at_a_point_all_that_is_reached_is_one_deal(crossing: str, pays: int) -> None:
    plan = Plan.model_validate(PLAN | {"components": [BY_SEATS | {"crossing": crossing}]})
    reached = {"sales": ExactColumn.constant(1000, 1), "seats": ExactColumn.constant(20, 1)}
    assert pay_at(plan, Scenarios(height=1, measures=reached)).pay["c"].to_list() == [pays]


def test_amounts_for_each_one_are_paid_by_tier_and_told_as_amounts() -> None:
    tiers = [{"up_to": 10, "amount": "10"}, {"amount": "40.5"}]
    seats = {"component": "c", "measure": "seats", "tiers": tiers}
    graduated, whole = seats | {"kind": "graduated"}, seats | {"kind": "whole", "component": "w"}
    found = paid({"D1": D1, "D2": D2}, components=[graduated])
    assert found == {"D1": 80, "D2": 20 + 81}
    assert sum(paid({"D1": D1, "D2": D2}, components=[whole]).values()) == Decimal("12") * Decimal("40.5")
    by_sales = graduated | {"measure": "seats", "by": "sales", "tiers": [{"up_to": 1500, "amount": 1}, {"amount": 2}]}
    assert paid({"D1": D1, "D2": D2, "D3": D3}, components=[by_sales]) == {"D1": 8, "D2": 6, "D3": 8}
    assert Plan.model_validate(PLAN | {"components": [graduated]}).component("c").rates_are_amounts


def test_tiers_begin_anew_for_each_customer_and_window() -> None:
    component = {"component": "c", "kind": "graduated", "measure": "sales", "anew": "account"}
    tiers = {"tiers": [{"up_to": 1200, "rate": "10%"}, {"rate": "5%"}]}
    deals = {
        "D1": D1 | {"account": "Acme"},
        "D2": D2 | {"account": "Brill"},
        "D3": D3 | {"account": "Acme"},
        "D4": deal("1000", "2026-01-05", 1, account="Acme"),
    }
    assert paid(deals, components=[component | tiers]) == {"D1": 100, "D2": 100, "D3": 60, "D4": 100}


def test_what_a_group_brings_pays_a_bonus_in_a_month_without_own_deals_and_nothing_else_there() -> None:
    team = [ANN[0] | {"manager": "mo"}, ANN[0] | {"participant_id": "bob", "manager": "mo"}]
    squad = {"measure": "squad", "sum_of": ["own"], "among": "team", "reset": "quarter"}
    kick = {"component": "kick", "kind": "bonus", "amount": 30, "when": "squad > 1500"}
    least = {"component": "least", "kind": "flat", "measure": "sales", "rate": "1%", "minimum": 25, "window": "month"}
    measures = [PLAN["measures"][0] | {"reset": "month"}, *PLAN["measures"][1:], squad]
    plans = PlanSet([Plan.model_validate(PLAN | {"measures": measures, "components": [kick, least]})])
    deals = {"D1": D1, "D2": D2 | {"owner": "bob"}, "D3": D3 | {"owner": "bob"}}
    credits = credit(values_table(sorted(deals.items()), plans.deal_columns), roster_of(team), plans=plans).credits
    earned = earn(measure(credits, plans), roster_of(team), plans=plans)
    paid_out = {(r["participant_id"], r["component"], r["period"]): r["amount"] for r in earned.rows(named=True)}
    assert {key: amount for key, amount in paid_out.items() if amount} == {
        ("ann", "least", "2025-01"): 25_00,
        ("ann", "kick", "2025-02"): 30_00,
        ("bob", "kick", "2025-02"): 30_00,
        ("bob", "least", "2025-02"): 25_00,
    }
    # One by one as statements are, with the credits of everyone beside: the same lines as of all together.
    together = explain(credits, roster_of(team), plans=plans, earnings=earned).lines
    for who in ("ann", "bob"):
        own = pl.col("participant_id") == who
        alone = explain(
            credits.filter(own),
            roster_of(team).only([who]),
            plans=plans,
            earnings=earned.filter(own),
            everyone=credits,
        ).lines
        assert alone.rows() == together.filter(own).rows()
        assert alone["amount"].sum() == earned.filter(own)["amount"].sum()


def test_the_lines_say_the_position_at_which_each_deal_was_priced() -> None:
    plans = PlanSet([Plan.model_validate(PLAN)])
    deals = values_table(sorted({"D1": D1, "D2": D2, "D3": D3}.items()), plans.deal_columns)
    credits = credit(deals, roster_of(ANN), plans=plans).credits
    lines = explain(credits, roster_of(ANN), plans=plans).lines.filter(rule="own").sort("deal_id")
    assert lines["values"].to_list() == [
        '{"before(seats)":"0","seats":"8"}',
        '{"before(seats)":"8","seats":"12"}',
        '{"before(seats)":"12","seats":"16"}',
    ]


def test_a_deal_is_priced_by_the_position_and_the_figures_of_its_day() -> None:
    since = [
        ANN[0] | {"position": "junior", "term.rate": "0.05"},
        {"participant_id": "ann", "effective_from": date(2025, 2, 15), "position": "senior", "term.rate": "0.08"},
    ]
    axes = {"axes": [{"category": "position", "of": ["junior", "senior"]}], "values": ["4%", "6%"]}
    table = {"component": "c", "kind": "table", "each": "deal", "measure": "sales"} | axes
    deals = {"D1": D1, "D2": D2, "D3": D3}
    assert paid(deals, since, components=[table]) == {"D1": 40, "D2": 40, "D3": 60}
    plans, roster = PlanSet([Plan.model_validate(PLAN | {"components": [table]})]), roster_of(since)
    credits = credit(values_table(sorted(deals.items()), plans.deal_columns), roster, plans=plans).credits
    lines = explain(credits, roster, plans=plans).lines.filter(rule="own").sort("deal_id")
    assert lines["values"].to_list() == ['{"position":"junior"}', '{"position":"junior"}', '{"position":"senior"}']
    own = {"component": "c", "measure": "sales", "each": "deal"}
    flat = own | {"kind": "flat", "rate": {"term": "rate"}}
    graduated = own | {"kind": "graduated", "tiers": [{"up_to": 1500, "rate": {"term": "rate"}}, {"rate": "10%"}]}
    assert paid(deals, since, components=[flat]) == {"D1": 50, "D2": 50, "D3": 80}
    assert paid(deals, since, components=[graduated]) == {"D1": 50, "D2": 75, "D3": 100}


def test_a_deal_of_a_day_without_a_row_is_named_beside_those_that_are_paid() -> None:
    since = [ANN[0], {"participant_id": "ann", "effective_from": date(2025, 2, 15), "position": "senior"}]
    axes = {"axes": [{"category": "position", "of": ["senior"]}], "values": ["6%"]}
    table = {"component": "c", "kind": "table", "each": "deal", "measure": "sales"} | axes
    plans, roster = PlanSet([Plan.model_validate(PLAN | {"components": [table]})]), roster_of(since)
    deals = values_table(sorted({"D2": D2, "D3": D3}.items()), plans.deal_columns)
    credits = credit(deals, roster, plans=plans).credits
    earned = earn(measure(credits, plans), roster, plans=plans)
    assert earned.select("amount", "problem", "about").rows() == [(60_00, "no_category", "a blank position")]
    lines = explain(credits, roster, plans=plans, earnings=earned).lines.filter(rule="own").sort("deal_id")
    assert lines.select("amount", "problem").rows() == [(0, "no_category"), (60_00, None)]


def test_ends_and_rates_of_tiers_may_be_the_participants_own() -> None:
    since = [ANN[0] | {"term.end": "1500", "term.rate": "0.04"}]
    end, rate = {"term": "end"}, {"term": "rate"}
    tiers = [{"up_to": end, "rate": rate}, {"up_to": 2000, "rate": "8%"}, {"rate": rate | {"times": 3}}]
    graduated = {"component": "c", "kind": "graduated", "measure": "sales", "tiers": tiers}
    deals = {"D1": D1, "D2": D2, "D3": D3}
    assert sum(paid(deals, since, components=[graduated]).values()) == 60 + 40 + 120
    assert sum(paid(deals, since, components=[graduated | {"kind": "whole"}]).values()) == 360
    # An end beyond the next one leaves nothing to the tiers below it.
    far = [since[0] | {"term.end": "2500"}]
    assert sum(paid(deals, far, components=[graduated]).values()) == 100 + 60
    without = [ANN[0] | {"term.rate": "0.04"}]
    assert sum(paid(deals, without, components=[graduated]).values()) == 0


TEAM = [
    ANN[0] | {"participant_id": who, "manager": "mo", "territory": "west", "position": "rep"} for who in ("ann", "bob")
]


def paid_to_each(component: dict[str, Any], group: dict[str, Any], deals: dict[str, Any]) -> dict[str, Decimal]:
    """What ann and bob, a team, are paid by a component that looks at what the team has brought."""
    measures = [*PLAN["measures"], {"measure": "squad", "among": "team", "reset": "year"} | group]
    plans = PlanSet([Plan.model_validate(PLAN | {"measures": measures, "components": [component]})])
    credits = credit(values_table(sorted(deals.items()), plans.deal_columns), roster_of(TEAM), plans=plans).credits
    earned = earn(measure(credits, plans), roster_of(TEAM), plans=plans)
    lines = explain(credits, roster_of(TEAM), plans=plans, earnings=earned).lines
    assert lines["amount"].sum() == earned["amount"].sum()
    by_person = earned.group_by("participant_id").agg(pl.col("amount").sum())
    return {who: Decimal(amount).scaleb(-2) for who, amount in by_person.iter_rows()}


def test_a_group_counts_a_customer_once_whoever_brings_it_first() -> None:
    deals = {
        "D1": D1 | {"account": "Acme"},
        "D2": D2 | {"account": "Acme", "owner": "bob"},
        "D3": D3 | {"account": "Brill", "owner": "bob"},
    }
    tiers = [{"up_to": 1, "rate": "5%"}, {"rate": "10%"}]
    component = {"component": "c", "kind": "graduated", "measure": "sales", "by": "squad", "tiers": tiers}
    distinct = {"distinct": {"column": "account", "of": ["own"]}}
    assert paid_to_each(component, distinct, deals) == {"ann": 50, "bob": 50 + 100}


def test_tiers_of_each_customer_may_stand_at_what_a_team_has_sold_to_it() -> None:
    deals = {
        "D1": D1 | {"account": "Acme"},
        "D2": D2 | {"account": "Acme", "owner": "bob"},
        "D3": D3 | {"account": "Brill", "owner": "bob"},
    }
    tiers = [{"up_to": 1200, "rate": "10%"}, {"rate": "5%"}]
    component = {"component": "c", "kind": "graduated", "measure": "sales", "by": "squad", "anew": "account"}
    found = paid_to_each(component | {"tiers": tiers}, {"sum_of": ["own"]}, deals)
    assert found == {"ann": 100, "bob": 20 + 40 + 100}


@pytest.mark.parametrize("among", ["team", "territory", "position", "plan"])
def test_a_position_of_a_group_may_add_up_what_the_paid_measure_does_not(among: str) -> None:
    deals = {"D1": D1, "D2": D2 | {"owner": "bob"}, "D3": D3}
    component = BY_SEATS | {"by": "squad"}
    found = paid_to_each(component, {"sum_of": ["seats"], "among": among}, deals)
    assert found == {"ann": 50 + 100, "bob": 25 + 50}
