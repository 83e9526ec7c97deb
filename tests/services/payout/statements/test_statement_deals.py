"""A statement tells each deal once, and calls equal only what a calculator finds equal."""

from __future__ import annotations

from datetime import date

import orjson

from services.payout.statements.build import statement
from services.payout.statements.layout import sheet
from shared.explanation import frozen
from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.crediting.deals import values_table
from tests.services.payout.statements.samples import document, full
from tests.services.payout.statements.test_statement_sums import sums_hold, tables

PLAN = {
    "plan": "rep",
    "version": 1,
    "name": "Rep",
    "currency": "USD",
    "effective_from": date(2026, 1, 1),
    "credits": [{"rule": "amounts"}, {"rule": "counted"}],
    "measures": [
        {"measure": "sales", "sum_of": ["amounts"]},
        {"measure": "deals", "count_of": ["counted"]},
        {"measure": "rate", "formula": "deals / 30"},
    ],
    "components": [
        {"component": "commission", "kind": "flat", "measure": "sales", "rate": {"measure": "rate"}},
        {"component": "each", "kind": "per_unit", "measure": "deals", "amount": "10"},
    ],
}


def test_a_deal_that_two_rules_credit_has_one_row_with_what_it_is_credited_and_pays() -> None:
    plans = PlanSet([Plan.model_validate(PLAN)])
    roster = Roster.from_facts([("ada", {"2026-01-01/plan": ["rep", "", 0, ""]})])
    won = {"stage": "won", "currency": "USD", "owner": "ada", "amount": "1000", "close_date": "2026-06-03"}
    credits = credit(values_table([("D-1", won)], plans.deal_columns), roster, plans=plans).credits
    earned = earn(measure(credits, plans), roster, plans=plans)
    explained = explain(credits, roster, plans=plans, earnings=earned)
    [(_, detail)] = frozen.details(explained, earned, plans=plans, period="2026-06").iter_rows()
    amounts = {"earnings": 4333, "payment": 4333}
    lines = [{"kind": kind, "currency": "USD", "amount": amount} for kind, amount in amounts.items()]
    facts = full(details={"2026-06": orjson.loads(detail)}, pay_lines=lines, accounts={})
    shown = sheet(statement(document(facts), final=True))
    sums_hold(shown)
    commission = next(table for table in tables(shown) if table.caption.startswith("Commission"))
    [row, _] = commission.rows
    assert [cell.text for cell in (row.cells[0], row.cells[2], row.cells[4])] == ["D-1", "1,000.00", "33.33"]
    assert row.cells[3].text == "1,000.00 at 3.3333333% ≈ 33.333333333, all of it"
