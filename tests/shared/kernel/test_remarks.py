"""What roster, plans and deals say that is allowed and looks like a slip: each kind once with its words, and ordinary
data without a word.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from shared.kernel import Plan, PlanSet, Roster, credit
from shared.kernel.crediting.deals import values_table
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.remarks.deals import duplicate_deals, far_ahead, last_of_the_many
from shared.kernel.remarks.earnings import earnings_remarks
from shared.kernel.remarks.remark import remark_sentences, remarks_within
from shared.kernel.remarks.roster import roster_remarks
from shared.kernel.remarks.split_deals import split_remarks
from shared.kernel.tables import EARNINGS

QUARTER = [{"measure": "sales", "sum_of": ["own"], "reset": "quarter"}]
GATED = {"component": "base", "kind": "flat", "measure": "sales", "rate": "5%", "when": "attainment(sales) >= 50%"}


def plan(name: str = "rep", *, since: str = "2025-01-01", measures: Any = QUARTER, components: Any = (GATED,)) -> Plan:
    head = {"plan": name, "version": 1, "name": name, "currency": "USD", "effective_from": date.fromisoformat(since)}
    rules = [{"rule": "own"}]
    return Plan.model_validate({**head, "credits": rules, "measures": measures, "components": list(components)})


def roster(*changes: tuple[str, str, dict[str, Any]]) -> Roster:
    people: dict[str, dict[str, list[Any]]] = {}
    for who, day, fields in changes:
        held = people.setdefault(who, {})
        held |= {f"{day}/{name}": [value, "2025-01-01T00:00:00.000000Z", 0, "hr"] for name, value in fields.items()}
    return Roster.from_facts(people.items())


def said(people: Roster, *plans: Plan) -> list[str]:
    return remark_sentences(roster_remarks(people, PlanSet(plans or [plan()])))


ANN = ("ann", "2025-01-01", {"plan": "rep", "manager": "mia", "quota.sales": "30000"})
MIA = ("mia", "2025-01-01", {"plan": "rep", "quota.sales": "90000"})


def test_an_alias_of_several_is_told_and_so_is_one_that_is_an_id() -> None:
    ann = ("ann", "2025-01-01", {**ANN[2], "alias.email": "A@x.example", "alias.crm": "7"})
    mia = ("mia", "2025-01-01", {**MIA[2], "alias.email": "a@X.example", "alias.crm": "ann"})
    assert said(roster(ann, mia)) == [
        "The alias ann of mia is the id of another participant, who is meant by it.",
        "a@x.example is an alias of several participants: ann, mia. Deals under that name credit nobody. "
        "Take it from all but one: with - in its cell, or null, from the same date.",
    ]
    assert said(roster(ann, MIA)) == []


def test_ordinary_people_have_no_remark() -> None:
    assert said(roster(ANN, MIA, ("ann", "2025-04-01", {"quota.sales": "40000"}))) == []


@pytest.mark.parametrize(
    ("quota", "size"), [("300000", "ten times as much or more"), ("3000", "a tenth or less")], ids=["more", "less"]
)
def test_a_quota_of_another_size_is_told_with_both(quota: str, size: str) -> None:
    [words] = said(roster(ANN, MIA, ("ann", "2025-04-01", {"quota.sales": quota})))
    assert words == (
        f"From 2025-04-01 the quota of ann for sales is {int(quota):,} instead of 30,000, {size}."
        " If a digit slipped, set it again from that day."
    )


def test_a_quota_that_is_doubled_or_halved_is_ordinary() -> None:
    assert said(roster(ANN, MIA, ("ann", "2025-04-01", {"quota.sales": "60000"}))) == []
    assert said(roster(ANN, MIA, ("ann", "2025-04-01", {"quota.sales": "15000"}))) == []


def test_a_rate_of_the_roster_that_pays_more_than_what_is_sold_is_told() -> None:
    own = plan(components=[{"component": "base", "kind": "flat", "measure": "sales", "rate": {"term": "share"}}])
    [words] = said(roster(("ann", "2025-01-01", {"plan": "rep", "term.share": "8"})), own)
    assert words.startswith("From 2025-01-01 term.share of ann is 8, which is 800%: component base of plan rep pays")
    assert words.endswith("Write 8% if percent is meant.")
    assert said(roster(("ann", "2025-01-01", {"plan": "rep", "term.share": "0.08"})), own) == []


def test_a_score_of_85_is_told_where_it_is_compared_with_100_percent() -> None:
    measures = [*QUARTER, {"measure": "care", "score": True}]
    bonus = {"component": "mbo", "kind": "bonus", "amount": 500, "when": "attainment(care) >= 80%"}
    scored = ("ann", "2025-01-01", {"plan": "rep", "score.care": "85"})
    [words] = said(roster(scored), plan(measures=measures, components=[GATED, bonus]))
    assert "score.care of ann is 85, which is 8,500%" in words
    counted = bonus | {"when": "care >= 80"}
    assert said(roster(scored), plan(measures=measures, components=[GATED, counted])) == []


def test_people_on_a_plan_that_does_not_exist_are_told_together() -> None:
    people = roster(
        ANN, ("bob", "2025-01-01", {"plan": "reps", "quota.sales": "7"}), ("cem", "2025-01-01", {"plan": "reps"})
    )
    assert said(people) == ["2 participants, bob first, are on plan reps, which does not exist."]


def test_a_figure_at_which_no_plan_of_theirs_looks_is_told_until_it_is_cleared() -> None:
    slip = ("ann", "2025-01-01", {"quota.salse": "30000"})
    assert said(roster(ANN, slip)) == ["quota.salse: ann is on no plan that looks at it."]
    remarks = roster_remarks(roster(ANN, slip, ("ann", "2025-03-01", {"quota.salse": None})), PlanSet([plan()]))
    assert remarks_within(remarks, date(2025, 2, 1), last=date(2025, 2, 28))
    assert not remarks_within(remarks, date(2025, 3, 1), last=date(2025, 3, 31))


def test_a_plan_that_begins_after_somebody_is_on_it_is_told_for_the_days_on_which_others_pay() -> None:
    people = roster(("mia", "1900-01-01", {"plan": "lead"}), ("ann", "1900-01-01", {"plan": "rep"}))
    [words] = said(people, plan(), plan("lead", since="2025-04-01"))
    assert words.startswith("mia is on plan lead from 2025-01-01, and its first version begins on 2025-04-01")
    assert "until 2025-03-31 the plan pays nothing" in words
    assert said(roster(("mia", "2025-04-01", {"plan": "lead"})), plan(), plan("lead", since="2025-04-01")) == []


def test_managers_in_a_circle_are_named_for_as_long_as_it_is_closed() -> None:
    people = roster(
        ("ann", "2025-01-01", {"manager": "bob"}),
        ("bob", "2025-01-01", {"manager": "cem"}),
        ("cem", "2025-01-01", {"manager": "top"}),
        ("cem", "2025-02-10", {"manager": "ann"}),
        ("bob", "2025-05-01", {"manager": "top"}),
        ("dan", "2025-01-01", {"manager": "ann"}),
    )
    remarks = roster_remarks(people, PlanSet([]))
    [words] = remark_sentences(remarks)
    assert words.startswith("From 2025-02-10 managers report in a circle: ann, bob, cem, ann.")
    assert {each.participant_id for each in remarks} == {"ann", "bob", "cem"}
    assert {(each.since, each.until) for each in remarks} == {(date(2025, 2, 10), date(2025, 4, 30))}
    [own] = said(roster(("ann", "2025-01-01", {"plan": "rep", "manager": "ann"})))
    assert "in a circle: ann, ann." in own


def test_a_change_of_plan_within_a_window_is_told_and_one_on_its_first_day_is_not() -> None:
    both = (plan(), plan("senior"))
    [words] = said(roster(ANN, MIA, ("ann", "2025-02-10", {"plan": "senior"})), *both)
    assert words.startswith(
        "From 2025-02-10 ann is on plan senior instead of rep, within 2025-01-01 to 2025-03-31: what counted for sales before does not"
    )
    assert words.endswith("let the change begin on 2025-04-01.")
    assert said(roster(ANN, MIA, ("ann", "2025-04-01", {"plan": "senior"})), *both) == []
    assert said(roster(MIA, ("new", "2025-02-10", {"plan": "rep"}))) == []


def test_a_version_within_a_window_is_told_unless_the_plan_says_what_becomes_of_its_sums() -> None:
    def second(since: str, **said: Any) -> Plan:
        return Plan.model_validate(plan(since=since).document() | {"version": 2, "conventions": said})

    [words] = said(roster(ANN, MIA), plan(), second("2025-02-15"))
    assert words.startswith("rep@2 replaces rep@1 on 2025-02-15, within 2025-01-01 to 2025-03-31: sales begins anew")
    assert said(roster(ANN, MIA), plan(), second("2025-02-15", versions="restart")) == []
    assert said(roster(ANN, MIA), plan(), second("2025-04-01")) == []


def test_people_whose_ids_are_nearly_one_are_told() -> None:
    [words] = said(roster(*((who, "2025-01-01", {"plan": "rep"}) for who in ("ann", "Ann", "bob.1", "bob.2"))))
    assert words.startswith("Participants Ann, ann have ids that differ only in case")


def earnings(*rows: tuple[str, str, int, int]) -> pl.DataFrame:
    fixed = {"plan": "rep", "version": 1, "component": "base", "fiscal": 0, "amount": 0, "currency": "USD"}
    found = [
        dict.fromkeys(EARNINGS, None)
        | fixed
        | {"participant_id": who, "period": period, "measure": measure, "quota": quota}
        | {"attainment": Decimal(measure) / quota}
        for who, period, measure, quota in rows
    ]
    return pl.DataFrame(found, schema=EARNINGS)


def test_ten_times_the_quota_is_told_once_for_the_last_month() -> None:
    months = earnings(("ann", "2025-01", 1100, 100), ("ann", "2025-02", 2050, 100), ("bob", "2025-02", 90, 100))
    [words] = remark_sentences(earnings_remarks(months, PlanSet([plan()])))
    assert words.startswith("In 2025-02 ann is at 2,000% of quota or more for component base.")
    ungated = GATED | {"when": None}
    assert earnings_remarks(months, PlanSet([plan(components=[ungated])])) == []


def test_everybody_far_below_quota_is_told_where_they_are_several() -> None:
    some = [("ann", "2025-01", 1, 1000), ("bob", "2025-01", 2, 1000), ("cy", "2025-01", 3, 1000)]
    [words] = remark_sentences(earnings_remarks(earnings(*some), PlanSet([plan()])))
    assert words.startswith("All 3 who sold are below 1% of quota for component base.")
    assert earnings_remarks(earnings(*some[:2]), PlanSet([plan()])) == []
    assert earnings_remarks(earnings(*some, ("dan", "2025-01", 500, 1000)), PlanSet([plan()])) == []


def sold(*rows: tuple[str, str, int]) -> pl.DataFrame:
    days = [date(2025, 1, 1)] * len(rows)
    return pl.DataFrame(rows, ["deal_id", "owner", "amount"], orient="row").with_columns(close_date=pl.Series(days))


def test_deals_that_are_one_but_for_their_id_are_told_unless_that_is_how_the_company_sells() -> None:
    alike = ["amount", "close_date"]
    pair = sold(("D1", "ann", 5), ("E1", "ann", 5), ("D2", "bob", 5), ("D3", "ann", 6))
    [words] = remark_sentences(duplicate_deals(pair, alike, all_deals=pair.height))
    assert words.startswith("Deals D1, E1 are alike")
    many = sold(*((f"D{n}", "ann", n // 2) for n in range(50)))
    assert duplicate_deals(many, alike, all_deals=many.height) == []


def test_a_deal_years_ahead_of_all_others_is_told_and_not_all_others_after_one_of_long_ago() -> None:
    days = pl.DataFrame(
        {"deal_id": ["a", "b", "c"], "close_date": [date(2025, 1, 1), date(2025, 6, 1), date(2052, 3, 3)]}
    )
    assert last_of_the_many(days["close_date"]) == date(2025, 6, 1)
    [words] = remark_sentences(far_ahead(days, date(2025, 6, 1)))
    assert words.startswith("Deal c closes on 2052-03-03, more than 5 years ahead")
    ago = pl.Series([date(1925, 1, 1), date(2025, 1, 1), date(2025, 6, 1)])
    assert last_of_the_many(ago) == date(2025, 6, 1)
    assert last_of_the_many(pl.Series([], dtype=pl.Date)) is None


def test_of_many_alike_some_are_told_and_the_others_counted() -> None:
    changes = [
        ("ann", f"2025-{month:02}-01", {"quota.sales": str(Decimal(30000) * 10 ** (month % 2))})
        for month in range(2, 13)
    ]
    many = said(roster(ANN, MIA, *changes))
    assert sum("ten times" in words or "a tenth" in words for words in many) == 6
    assert any(words.endswith("more quotas are ten times as much, or a tenth, of what they were.") for words in many)


def test_categories_that_nobody_has_or_that_are_written_otherwise_are_told() -> None:
    text = "sales * case position when 'senoir' then 2 when 'Lead' then 3 else 1 end"
    by_grade = {"component": "extra", "kind": "bonus", "amount": "5", "when": "grade = 'gold'"}
    version = plan(components=[GATED, {"component": "pay", "kind": "formula", "amount": text}, by_grade])
    people = roster(
        (*ANN[:2], ANN[2] | {"position": "senior"}), (*MIA[:2], MIA[2] | {"position": "lead", "category.grad": "gold"})
    )
    assert said(people, version) == [
        "category.grad: mia is on no plan that looks at it.",
        "Plan rep looks at grade, and nobody has one: the roster's column category.grade.",
        "Plan rep names position senoir, which nobody has in the roster: did you mean senior?",
        "mia is of position lead, and plan rep names Lead: write both alike.",
    ]


@pytest.mark.parametrize(
    ("day", "reset", "told"), [("1900-01-01", "month", 1), ("1900-01-01", "never", 0), ("2025-01-01", "month", 0)]
)
def test_a_score_without_a_day_is_told_where_it_counts_in_a_window(day: str, reset: str, told: int) -> None:
    measures = [*QUARTER, {"measure": "perf", "score": True, "reset": reset}]
    scored = plan(measures=measures, components=({**GATED, "multiply": [{"by": "perf"}]},))
    people = roster(ANN, ("ann", day, {"score.perf": "0.8"}), ("bob", day, {"plan": "rep", "score.perf": "0.7"}))
    sentences = [each for each in said(people, scored) if each.startswith("score.perf")]
    assert sentences == told * [
        "score.perf: 2 participants, ann first, are without the day of it, so that it never counts: write in effective_from"
        " a day of the month in which it counts."
    ]


@pytest.mark.parametrize(
    ("component", "told"),
    [
        ("kind: table, each: deal, gives: amount, axes: [{deal: amount, up_to: [9]}], values: [1, 2]", True),
        ("kind: table, each: deal, axes: [{deal: amount, up_to: [9]}], values: [1%, 2%]", False),
        ("kind: slab, tiers: [{rate: 1%, amount: 50}]", True),
        ("kind: slab, tiers: [{rate: 1%}]", False),
    ],
)
def test_an_amount_that_each_holder_of_a_split_deal_is_paid_is_told(component: str, told: bool) -> None:
    text = (
        "plan: rep\nversion: 1\nname: Rep\ncurrency: USD\neffective_from: 2025-01-01\ncredits: [{rule: own}]\n"
        "measures: [{measure: sales, sum_of: [own]}]\n"
        f"components: [{{component: logos, measure: sales, {component}}}]\n"
    )
    plans = PlanSet([read_plan(text, "plan.yaml")])
    won = {"stage": "won", "currency": "USD", "amount": "10", "close_date": "2025-01-03"}
    sold = [("d1", won | {"owner": "ann"}), ("d2", won | {"splits": {"ann": "40", "mia": "60"}})]
    deals = values_table(sold, plans.deal_columns)
    people = Roster.from_facts((who, {"2025-01-01/plan": ["rep", "", 0, ""]}) for who in ("ann", "mia"))
    credits = credit(deals, people, plans=plans).credits
    found = remark_sentences(split_remarks(credits, plans))
    said = (
        "Deal d2 is split, and component logos of plan rep pays each who holds a part of it the whole amount."
        " If they are to share it, pay it per_unit for what a rule with amount: 1 credits."
    )
    assert found == [said] * told
