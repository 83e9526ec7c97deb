"""Categories of participants in formulas, multipliers, tables and groups: who has which row, and who has none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.checks.assertions import assertion_results
from shared.kernel.crediting.deals import values_table
from shared.kernel.language.formulas import FormulaError, references
from shared.kernel.plan.document import document

RATES = "sales * case segment when 'smb' then 4% when 'big' then 2% end"
ROSTER = {
    "ann": {"position": "senior", "category.segment": "smb"},
    "bob": {"position": "junior", "category.segment": "big"},
    "cem": {"category.segment": "gov"},
}


def plan(*components: dict[str, Any], **more: Any) -> Plan:
    head = {"plan": "rep", "version": 1, "name": "rep", "currency": "USD", "effective_from": date(2025, 1, 1)}
    sales = [{"measure": "sales", "sum_of": ["own"]}, *more.pop("measures", [])]
    return Plan.model_validate(
        {**head, "credits": [{"rule": "own"}], "measures": sales, "components": components, **more}
    )


def people(**changes: dict[str, str]) -> Roster:
    """Everyone on the plan from 2025 on, with what `changes` say besides, by day and attribute."""
    facts = {
        who: {f"2025-01-01/{name}": [value, "", 0, ""] for name, value in {"plan": "rep", **said}.items()}
        for who, said in ROSTER.items()
    }
    for who, said in changes.items():
        facts[who] |= {path: [value, "", 1, ""] for path, value in said.items()}
    return Roster.from_facts(facts.items())


def paid(version: Plan, roster: Roster, months: int = 1) -> dict[tuple[str, str], tuple[int, str | None, str | None]]:
    """By participant and month what a deal of 1,000.00 a month pays, in cents, or why nothing."""
    deals = [
        (
            f"{who}{month}",
            {"stage": "won", "amount": "1000", "currency": "USD", "owner": who, "close_date": f"2025-0{month}-15"},
        )
        for who in ROSTER
        for month in range(1, months + 1)
    ]
    plans = PlanSet([version])
    credits = credit(values_table(deals, plans.deal_columns), roster, plans=plans).credits
    earned = earn(measure(credits, plans), roster, plans=plans)
    told = explain(credits, roster, plans=plans, earnings=earned).lines
    assert told["amount"].sum() == earned["amount"].sum()
    rows = earned.select("participant_id", "period", "amount", "problem", "about").rows()
    return {(who, period): (amount, problem, about) for who, period, amount, problem, about in rows}


def test_a_case_over_a_category_pays_each_by_their_own_and_names_who_is_in_none_of_its_rows() -> None:
    assert paid(plan({"component": "pay", "kind": "formula", "amount": RATES}), people()) == {
        ("ann", "2025-01"): (4000, None, None),
        ("bob", "2025-01"): (2000, None, None),
        ("cem", "2025-01"): (0, "no_category", "segment gov"),
    }


def test_with_else_everybody_else_has_that() -> None:
    text = RATES.replace("end", "else 1% end")
    assert paid(plan({"component": "pay", "kind": "formula", "amount": text}), people())["cem", "2025-01"][0] == 1000


def test_whoever_is_known_and_fulfils_no_condition_has_nothing_and_lacks_nothing() -> None:
    text = "sales * 1% + case when position = 'senior' and sales > 5000 then 500 when position = 'junior' then 0 end"
    found = paid(plan({"component": "pay", "kind": "formula", "amount": text}), people())
    assert found["ann", "2025-01"] == (1000, None, None)
    assert found["cem", "2025-01"] == (0, "no_category", "a blank position")


def test_what_a_measure_lacks_is_named_by_whoever_looks_at_it() -> None:
    version = plan(
        {"component": "pay", "kind": "flat", "measure": "sales", "rate": "1%", "when": "factor > 0", "minimum": 5},
        measures=[{"measure": "factor", "formula": "case segment when 'smb' then 2 when 'big' then 1 end"}],
    )
    found = paid(version, people())
    assert [found[who, "2025-01"][:2] for who in ROSTER] == [(1000, None), (1000, None), (0, "no_category")]


def test_a_category_holds_from_its_day_on_and_counts_as_it_is_on_the_last_day_of_the_period() -> None:
    version = plan({"component": "pay", "kind": "formula", "amount": RATES})
    moved = people(ann={"2025-01-31/category.segment": "big", "2025-02-20/category.segment": "smb"})
    assert [paid(version, moved, months=2)["ann", month][0] for month in ("2025-01", "2025-02")] == [2000, 4000]


@pytest.mark.parametrize(
    ("others", "blank"), [(None, (0, "no_category")), ("0.5", (2500, None)), ("0", (0, "factor_zero"))]
)
def test_a_multiplier_by_category_has_a_row_for_everybody_else_or_names_them(others: str | None, blank: Any) -> None:
    by = {"category": "position", "of": {"senior": "1.2", "junior": "80%"}} | ({"others": others} if others else {})
    found = paid(
        plan({"component": "pay", "kind": "flat", "measure": "sales", "rate": "5%", "multiply": [by]}), people()
    )
    assert [found[who, "2025-01"][0] for who in ("ann", "bob")] == [6000, 4000]
    assert found["cem", "2025-01"][:2] == blank


def test_tables_and_gates_look_at_the_companys_own_categories() -> None:
    axes = [{"category": "segment", "of": ["smb", "big"]}]
    table = {"component": "pay", "kind": "table", "measure": "sales", "axes": axes, "values": ["3%", "2%"]}
    found = paid(plan(table | {"when": "category(segment) not in ('big') and position <> 'x'"}), people())
    assert [found[who, "2025-01"][:2] for who in ROSTER] == [(3000, None), (0, "gate_closed"), (0, "no_category")]


def test_a_pool_may_be_among_those_of_one_segment() -> None:
    pool = {"component": "pay", "kind": "pool", "amount": 90, "among": "segment"}
    both = people(cem={"2025-01-01/category.segment": "smb"})
    assert [amount for amount, *_ in paid(plan(pool), both).values()] == [4500, 9000, 4500]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('position = "senior"', "a text stands in single quotes: 'senior'"),
        ("position in ('a', 1)", "a category is compared with texts alone"),
        ("category(position) = category(territory)", "a category is compared with texts alone"),
        ("position = ''", "a blank category is equal to nothing"),
        ("position in ()", "in names what it is one of"),
    ],
)
def test_a_text_that_cannot_be_compared_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(FormulaError, match=says.replace("(", r"\(").replace(")", r"\)")):
        references(text)


def test_an_assertion_says_categories_beside_figures() -> None:
    at = {"sales": 1000, "category.segment": "smb", "position": "senior"}
    point = [
        {"at": at, "pays": 40},
        {"at": at | {"category.segment": "gov"}, "pays": 40},
        {"at": {"sales": "x"}, "pays": 1},
    ]
    version = plan({"component": "pay", "kind": "formula", "amount": RATES}, assertions=point)
    right, lacking, slip = assertion_results(version)
    assert right.holds
    assert right.point == "sales 1,000, segment smb, position senior"
    assert lacking.error == "pay has no row for the category there: say it in `at`"
    assert slip.error == "sales: 'x' is no number; texts are for position, territory and category.<name>"
    assert right.pays == {"": (Decimal(40), Decimal(40))}


def test_the_plan_document_says_who_is_not_paid() -> None:
    by = {"category": "position", "of": {"senior": "1.2"}, "others": 1}
    said = document(plan({"component": "pay", "kind": "formula", "amount": RATES, "multiply": [by]}))
    assert "4% if segment is smb, 2% if segment is big, otherwise nothing" in said
    assert "who is in none of these by segment is not paid" in said
    assert "| everybody else | 1 |" in said
