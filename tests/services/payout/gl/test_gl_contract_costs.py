"""Contract costs in the general ledger, from their schedules."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from services.payout.gl.contract_costs import CostPosting, booked_postings
from services.payout.gl.entry import JournalEntry, balances
from services.payout.gl.errors import MissingAccount
from services.payout.gl.journals import PostingSum, entries
from services.payout.gl.reconciliation import reconcile
from shared.contract_costs.account import account_for
from shared.contract_costs.entries import entries as cost_entries
from shared.contract_costs.entries import sums
from shared.contract_costs.facts import CostEvent, CostLine
from shared.contract_costs.journals import journals
from shared.contract_costs.policy import ContractCosts
from shared.contract_costs.schedule import ContractCostBooks
from tests.services.payout.gl.gl_books import journal, policy
from tests.services.payout.gl.gl_files import nonzero

ON_COSTS = {"rate": "0.0765", "expense": "Expenses:PayrollTax", "liability": "Liabilities:PayrollTax"}
COSTS = {
    "deferred_contract_costs": "Assets:DeferredContractCosts",
    "commission_expense": "Expenses:Commissions",
    "amortisation": "Expenses:Amortisation",
    "impairment_loss": "Expenses:Impairment",
    "on_cost_expense": "Expenses:PayrollTax",
}


def cost_postings(books: ContractCostBooks) -> list[CostPosting]:
    """The lines of the schedules' own journals."""
    return [
        CostPosting(
            event=line.event,
            account=line.account,
            period=line.period,
            entity=line.entity,
            currency=line.currency,
            amount=line.amount,
        )
        for line in journals(cost_entries(books))
    ]


def made(rows: list[PostingSum], costs: list[CostPosting], **fields: Any) -> list[JournalEntry]:
    book = policy(**fields)
    return entries(rows, lambda _: book, costs=costs)


def test_a_capitalised_commission_leaves_the_asset_and_no_expense() -> None:
    """Facts of connectors.md C.2: 10,000.00 and 7.65 % on it are an asset of 10,765.00, of which 299.03 is the first
    month.
    """
    line = CostLine(
        earning_line_id="l1",
        contract_id="c1",
        amount=10_000_00,
        currency="USD",
        entity="E1",
        signed=date(2026, 6, 1),
        term_months=36,
    )
    how = {"kind": "contract_costs", "id": "default", "valid_from": "2020-01-01", "credit": "commission_expense"}
    rules = ContractCosts.of(how | {"on_cost": {"percent": "7.65"}, "benefit_period": {"method": "term"}})
    costs = [
        each for each in cost_postings(account_for([line], [], policy_at=lambda _: rules)) if each.period == "2026-06"
    ]
    rows = journal("earning", 10_000_00)
    found = made(rows, costs, on_costs=ON_COSTS, contract_costs=COSTS)
    assert [entry.kind for entry in found] == ["amortisation", "capitalisation", "accrual"]
    assert {account: amount for (account, _), amount in balances(found).items()} == {
        "Assets:DeferredContractCosts": 10_765_00 - 299_03,
        "Expenses:Amortisation": 299_03,
        "Expenses:Commissions": 0,
        "Expenses:PayrollTax": 0,
        "Liabilities:AccruedCommissions": -10_000_00,
        "Liabilities:PayrollTax": -765_00,
    }
    assert reconcile(rows, found).agrees, "contract costs are beside the ledger"


def test_a_clawback_of_a_capitalised_commission_leaves_the_asset_and_a_claim_and_a_line_has_a_default_dimension() -> (
    None
):
    costs = [
        CostPosting(
            event="clawback",
            account="commission_expense",
            period="2026-06",
            entity="E1",
            currency="USD",
            amount=4_000_00,
        ),
        CostPosting(
            event="clawback",
            account="deferred_contract_costs",
            period="2026-06",
            entity="E1",
            currency="USD",
            amount=-4_000_00,
        ),
    ]
    taken = [
        row._replace(account="earned") if row.account == "payable" else row for row in journal("clawback", 4_000_00)
    ]
    where = [{"name": "Department", "source": "cost_center", "default": "Sales"}]
    found = made(taken, costs, contract_costs=COSTS, dimensions=where)
    assert nonzero(balances(found)) == {
        ("Assets:Clawbacks", "USD"): 4_000_00,
        ("Assets:DeferredContractCosts", "USD"): -4_000_00,
    }
    assert {line.dimension("Department") for line in found[1].lines} == {"", "Sales"}


def test_the_subledger_books_what_the_schedules_say() -> None:
    """A capitalisation, its amortisation and a clawback, as entries of the subledger and as journals of the schedules."""
    how = {"kind": "contract_costs", "id": "default", "valid_from": "2020-01-01", "credit": "commission_expense"}
    on_cost = {"percent": "7.65", "recovered_on_clawback": True}
    rules = ContractCosts.of(how | {"on_cost": on_cost, "benefit_period": {"method": "term"}})
    events = [
        CostEvent(contract_id="c1", kind="clawback", on=date(2027, 3, 31), amount=4_000_00),
        CostEvent(contract_id="c1", kind="termination", on=date(2027, 4, 1)),
    ]
    line = CostLine(
        earning_line_id="l1",
        contract_id="c1",
        signed=date(2026, 1, 31),
        amount=10_000_00,
        currency="USD",
        entity="E1",
        term_months=36,
    )
    found = account_for([line], events, policy_at=lambda _: rules)
    told: Counter[CostPosting] = Counter()
    for each in cost_postings(found):
        told[each._replace(amount=0)] += each.amount
    booked: Counter[CostPosting] = Counter()
    for key, moved in sums(cost_entries(found), "2030-12").items():
        for each in booked_postings(
            key.kind,
            key.origin_period,
            entity=key.entity,
            currency=key.currency,
            amount=moved.amount,
            on_cost=moved.on_cost,
        ):
            booked[each._replace(amount=0)] += each.amount
    assert booked == told
    assert {each.event for each in told} == {"capitalise", "amortise", "clawback", "impair"}


def test_an_account_of_contract_costs_that_the_policy_lacks_is_named() -> None:
    with pytest.raises(MissingAccount, match="no account for accrued_on_costs of contract costs"):
        made(
            [],
            [
                CostPosting(
                    event="expense", account="accrued_on_costs", period="2026-06", entity="E1", currency="USD", amount=1
                )
            ],
            contract_costs=COSTS,
        )
    with pytest.raises(MissingAccount, match="no account for impairment_loss of contract costs"):
        made(
            [],
            [
                CostPosting(
                    event="impair", account="impairment_loss", period="2026-06", entity="E1", currency="USD", amount=1
                )
            ],
        )
