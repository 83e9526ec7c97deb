"""Entries of the general ledger: they balance, sum to the ledger of pay, tell months apart, and add differences only."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payout.gl.entry import EntryLine, JournalEntry, Unbalanced, balances
from services.payout.gl.errors import MissingAccount, UnknownKind
from services.payout.gl.journals import PostingSum, difference, entries, numbered, on_cost_shares
from services.payout.gl.policy import GlAccounts
from services.payout.gl.reconciliation import reconcile
from tests.services.payout.gl.gl_books import journal, ledger_balances, month, policy

ON_COSTS = {"rate": "0.0765", "expense": "Expenses:PayrollTax", "liability": "Liabilities:PayrollTax"}
BY_CENTRE = [{"name": "Department", "source": "cost_center"}]


def made(rows: list[PostingSum], **fields: Any) -> list[JournalEntry]:
    book = policy(**fields)
    return entries(rows, lambda _: book)


def table(entry: JournalEntry) -> list[tuple[str, int]]:
    return [(line.account, line.amount) for line in entry.lines]


@given(st.integers(0, 2**32), st.integers(0, 80), st.booleans())
def test_the_books_have_what_the_ledger_has_account_by_account(seed: int, size: int, on_costs: bool) -> None:
    rows = month(seed, size)
    found = made(rows, dimensions=BY_CENTRE, **({"on_costs": ON_COSTS} if on_costs else {}))
    assert reconcile(rows, found).agrees
    tax = {"Expenses:PayrollTax", "Liabilities:PayrollTax"}
    shown = {key: amount for key, amount in balances(found).items() if amount and key[0] not in tax}
    assert shown == ledger_balances(rows)


@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(0, 40))
def test_batches_of_differences_sum_to_the_month_whenever_they_were_made(seed: int, first: int, second: int) -> None:
    rows = month(seed, first + second, currencies=("USD",))
    one = made(rows[: 2 * first], on_costs=ON_COSTS)
    two = difference(made(rows, on_costs=ON_COSTS), one)
    whole = {key: amount for key, amount in balances(made(rows, on_costs=ON_COSTS)).items() if amount}
    assert {key: amount for key, amount in balances([*one, *two]).items() if amount} == whole
    assert difference(made(rows, on_costs=ON_COSTS), [*one, *two]) == []


def test_what_a_month_earned_is_accrued_and_what_it_paid_clears_the_accrual() -> None:
    rows = journal("earning", 150_00, component="commission") + journal("payment", 120_00)
    accrual, payment = made(rows)
    assert (accrual.kind, accrual.memo, accrual.day.isoformat()) == (
        "accrual",
        "Commission accrual 2026-06",
        "2026-06-30",
    )
    assert table(accrual) == [("Expenses:Commissions", 150_00), ("Liabilities:AccruedCommissions", -150_00)]
    assert payment.kind == "payment"
    assert table(payment) == [("Liabilities:AccruedCommissions", 120_00), ("Liabilities:PayrollClearing", -120_00)]


def test_what_is_booked_about_earlier_months_is_a_true_up_or_a_reversal_by_origin() -> None:
    rows = journal("earning", 10_00, origin_period="2026-04") + journal("earning", -30_00, origin_period="2026-05")
    up, down = made(rows)
    assert (up.kind, up.memo) == ("true_up", "Commission true-up 2026-06, about 2026-04")
    assert (down.kind, down.memo) == ("reversal", "Commission reversal 2026-06, about 2026-05")
    assert table(down) == [("Liabilities:AccruedCommissions", 30_00), ("Expenses:Commissions", -30_00)]


def test_a_payment_that_payroll_returned_is_a_reversal() -> None:
    (entry,) = made(journal("return", 5_00))
    assert entry.kind == "reversal"
    assert table(entry) == [("Liabilities:PayrollClearing", 5_00), ("Liabilities:AccruedCommissions", -5_00)]


def test_draws_guarantees_and_clawbacks_have_accounts_of_their_own() -> None:
    rows = journal("draw", 100_00) + journal("recovery", 40_00) + journal("guarantee", 7_00) + journal("clawback", 9_00)
    assert {account: amount for (account, _), amount in balances(made(rows)).items()} == {
        "Assets:Clawbacks": 9_00,
        "Assets:Draws": 60_00,
        "Expenses:Guarantees": 7_00,
        "Liabilities:AccruedCommissions": -76_00,
    }
    assert {entry.kind for entry in made(rows)} == {"accrual", "clawback", "draw"}


def test_persons_are_not_in_the_books_unless_the_policy_says_so() -> None:
    rows = [row._replace(participant=who) for who in ("ada", "bob") for row in journal("earning", 10_00)]
    (summed,) = made(rows)
    assert table(summed)[0] == ("Expenses:Commissions", 20_00)
    (named,) = made(rows, dimensions=[{"name": "Name", "source": "participant", "lines": "all"}])
    assert [line.dimension("Name") for line in named.lines] == ["ada", "bob", "ada", "bob"]


def test_expenses_carry_dimensions_by_the_names_of_the_books() -> None:
    rows = journal("earning", 10_00, cost_center="CC1") + journal("earning", 5_00, cost_center="CC9")
    (entry,) = made(
        rows, dimensions=[{"name": "Department", "source": "cost_center", "values": {"CC1": "Sales : EMEA"}}]
    )
    assert [(line.dimension("Department"), line.amount) for line in entry.lines] == [
        ("CC9", 5_00),
        ("Sales : EMEA", 10_00),
        ("", -15_00),
    ]


def test_the_first_account_rule_that_fits_counts() -> None:
    rules = [
        {"ledger": "earned", "component": "spif", "account": "Expenses:Spifs"},
        {"ledger": "earned", "account": "Expenses:Pay"},
    ]
    rules += [
        {"ledger": "payable", "entity": "E1", "account": "Liabilities:One"},
        {"ledger": "payable", "account": "Liabilities:Two"},
    ]
    rows = journal("earning", 1, component="spif") + journal("earning", 2, component="base", entity="E2")
    book = GlAccounts.of({"kind": "gl_accounts", "id": "x", "valid_from": "2026-01-01", "accounts": rules})
    assert [table(entry) for entry in entries(rows, lambda _: book)] == [
        [("Expenses:Spifs", 1), ("Liabilities:One", -1)],
        [("Expenses:Pay", 2), ("Liabilities:Two", -2)],
    ]


def test_on_costs_are_rounded_once_and_shared_out_exactly() -> None:
    rows = [row for centre in ("CC1", "CC2", "CC3") for row in journal("earning", 33_33, cost_center=centre)]
    (entry,) = made(rows, dimensions=BY_CENTRE, on_costs=ON_COSTS)
    tax = [line.amount for line in entry.lines if line.source == "on_cost"]
    assert sum(each for each in tax if each > 0) == 7_65 == -min(tax), "0.0765 of 99.99 is 7.649..."
    assert sorted(each for each in tax if each > 0) == [2_55, 2_55, 2_55]


@given(
    st.dictionaries(st.tuples(st.tuples(st.just("d"), st.text(max_size=2))), st.integers(-(10**12), 10**12)),
    st.decimals(0, 1, places=6),
)
def test_shares_of_on_costs_sum_to_the_rounded_whole_and_are_within_one_of_exact(bases: Any, rate: Decimal) -> None:
    found = on_cost_shares(bases, rate)
    exact = sum((rate * base for base in bases.values()), Decimal(0))
    assert abs(sum(found.values()) - exact) <= Decimal("0.5")
    assert all(abs(found[key] - rate * base) <= 1 for key, base in bases.items())


def test_what_moves_between_entities_is_balanced_by_the_intercompany_account() -> None:
    out = [
        PostingSum(
            account="payable",
            kind="transfer",
            origin_period="2026-06",
            period="2026-06",
            entity=entity,
            cost_center="",
            component="",
            plan="",
            currency="USD",
            amount=amount,
        )
        for entity, amount in (("E1", 5), ("E2", -5))
    ]
    one, two = made(out)
    assert table(one) == [("Liabilities:AccruedCommissions", 5), ("Assets:Intercompany", -5)]
    assert table(two) == [("Assets:Intercompany", 5), ("Liabilities:AccruedCommissions", -5)]
    with pytest.raises(MissingAccount, match="its field `intercompany` names one"):
        made(out, intercompany=None)


def test_what_cannot_be_booked_is_refused_by_name() -> None:
    book = policy({"payable": "Liabilities:X"})
    with pytest.raises(
        MissingAccount, match="no account for earned, with entity 'E1', cost_center 'CC1', component 'spif'"
    ):
        entries(journal("earning", 1, component="spif"), lambda _: book)
    with pytest.raises(
        Unbalanced, match="pay of E1 in 2026-06 about 2026-06: debits exceed credits by 1 minor units of USD"
    ):
        made(journal("earning", 1)[:1])
    with pytest.raises(UnknownKind, match="'barter'"):
        made([journal("earning", 1)[0]._replace(kind="barter")])


def test_a_later_change_adds_a_difference_that_says_so() -> None:
    first = numbered(1, made(journal("earning", 10_00)))
    second = numbered(2, difference(made(journal("earning", 10_00) + journal("earning", -4_00)), first))
    assert [entry.id for entry in (*first, *second)] == ["2606-1-01", "2606-2-01"]
    assert second[0].memo == "Commission accrual 2026-06 (difference)"
    assert table(second[0]) == [("Liabilities:AccruedCommissions", 4_00), ("Expenses:Commissions", -4_00)]


def test_a_reconciliation_names_the_account_that_differs_and_knows_a_tolerance() -> None:
    rows = journal("earning", 10_00)
    (entry,) = made(rows)
    wrong = [replace(entry, lines=(EntryLine("X", 9_99, "earned"), EntryLine("Y", -9_99, "payable")))]
    found = reconcile(rows, wrong)
    assert [(each.account, each.ledger, each.gl, each.difference) for each in found.differences] == [
        ("earned", 10_00, 9_99, -1),
        ("payable", -10_00, -9_99, 1),
    ]
    assert reconcile(rows, wrong, tolerance=1).agrees
    assert not reconcile(rows, []).agrees


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"format": "lotus"}, "there is no format 'lotus'; the formats are beancount"),
        ({"formats": {"xero": {"tracking": ["a", "b", "c"]}}}, "at most 2 items"),
        ({"formats": {"csv": {"colums": []}}}, "Extra inputs are not permitted"),
        ({"on_costs": ON_COSTS | {"rate": "7.65"}}, "less than or equal to 1"),
        ({"on_costs": ON_COSTS | {"rate": 0.0765}}, "rate"),
        ({"dimensions": [*BY_CENTRE, *BY_CENTRE]}, "two dimensions have one name"),
    ],
)
def test_a_policy_that_cannot_work_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        policy(**fields)
