"""Contract costs between pay and the general ledger: lines of pay in, rows of the general ledger out."""

from __future__ import annotations

from collections import Counter
from datetime import date

from services.payout.contract_costs.account import account
from services.payout.contract_costs.facts import CostEvent
from services.payout.contract_costs.gl_rows import cost_rows
from services.payout.contract_costs.journals import journals
from services.payout.contract_costs.months import name
from services.payout.contract_costs.pay_lines import PayLine, costs_of
from services.payout.contract_costs.policy import ContractCosts
from services.payout.gl.contract_costs import cost_lines
from services.payout.gl.policy import ContractCostAccounts, OnCosts

POLICY = ContractCosts.of(
    {
        "kind": "contract_costs",
        "id": "c",
        "valid_from": "2020-01-01",
        "credit": "commission_expense",
        "on_cost": {"percent": "10", "recovered_on_clawback": True},
    }
)
ACCOUNTS = ContractCostAccounts(
    asset="deferred_contract_costs",
    amortisation="commission_expense",
    impairment="impairment_loss",
    capitalised_from="commission_expense",
)
ON_COSTS = OnCosts.model_validate_json('{"rate": "0.1", "expense": "on_cost_expense", "liability": "accrued_on_costs"}')


def line(deal: str | None, amount: int, day: int = 10, **more: object) -> PayLine:
    return PayLine("ada", "2026-01", "new", deal, date(2026, 1, day), amount, "USD", "us", term_months=24, **more)  # type: ignore[arg-type]


def test_lines_of_one_deal_are_one_cost_and_pay_without_a_deal_is_none() -> None:
    (cost,) = costs_of([line("D1", 100_00), line(None, 500_00), line("D1", 140_00, 20, contract="K9")])
    assert (cost.earning_line_id, cost.contract_id, cost.amount) == ("ada/2026-01/new/D1/USD", "K9", 240_00)
    assert (cost.signed, cost.recognised) == (date(2026, 1, 20), date(2026, 1, 20))


def test_what_a_line_gives_and_another_takes_back_is_no_cost() -> None:
    assert list(costs_of([line("D1", 100), line("D1", -100)])) == []


def test_a_credit_dated_outside_its_month_is_earned_within_it() -> None:
    (cost,) = costs_of([line("D1", 100)._replace(credit_date=date(2025, 12, 30))])
    assert (cost.signed, cost.recognised) == (date(2025, 12, 30), date(2026, 1, 1))


def test_the_rows_of_the_general_ledger_book_what_the_journals_of_contract_costs_say() -> None:
    events = [
        CostEvent("D1", "clawback", date(2026, 6, 30), amount=60_00),
        CostEvent("D2", "termination", date(2026, 8, 1)),
    ]
    found = account(costs_of([line("D1", 240_00), line("D2", 120_00)]), events, lambda _: POLICY)
    booked: Counter[tuple[str, str]] = Counter()
    for row in cost_rows(found, "2026-01", "2029-12"):
        for to, amount in cost_lines(row, ACCOUNTS, ON_COSTS):
            booked[row.period, to] += amount
    told: Counter[tuple[str, str]] = Counter()
    for posting in journals(found):
        told[name(posting.month), posting.account] += posting.amount
    assert {key: amount for key, amount in booked.items() if amount} == {
        key: sum_ for key, sum_ in told.items() if sum_
    }
    assert [row.period for row in cost_rows(found, "2026-06", "2026-06")] == ["2026-06", "2026-06"]
