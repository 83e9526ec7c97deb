"""Reconciling: every cent of difference is found, under its name, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.payout.payroll.batch import BatchLine
from shared.pay.reconciliation import PaidRow, reconcile

LINES = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bo", "cy"]),
        st.sampled_from(["C", "B"]),
        st.sampled_from(["USD", "EUR"]),
        st.integers(-(10**6), 10**6).filter(bool),
    ),
    max_size=8,
)


def batch(rows: list[tuple[str, str, str, int]]) -> list[BatchLine]:
    return [
        BatchLine(
            line=f"line-{at}",
            row=at,
            participant_id=person,
            person=person,
            pay_code=code.lower(),
            target_code=code,
            currency=currency,
            amount=amount,
        )
        for at, (person, code, currency, amount) in enumerate(rows, 1)
    ]


@given(LINES, st.booleans())
def test_what_was_paid_as_released_leaves_no_findings(rows: list[tuple[str, str, str, int]], coded: bool) -> None:
    paid = [PaidRow(person, currency, amount, code if coded else None) for person, code, currency, amount in rows]
    result = reconcile(batch(rows), paid[::-1])
    assert (result.findings, result.matched) == ((), len(rows))
    assert result.released == result.paid


@given(LINES, LINES, st.booleans())
def test_findings_explain_the_whole_difference(
    released: list[tuple[str, str, str, int]], paid: list[tuple[str, str, str, int]], coded: bool
) -> None:
    result = reconcile(
        batch(released),
        [PaidRow(who, currency, amount, code if coded else None) for who, code, currency, amount in paid],
    )
    for currency in ("USD", "EUR"):
        found = sum(each.paid - each.released for each in result.findings if each.currency == currency)
        due = sum(amount for _, _, each, amount in released if each == currency)
        assert found == sum(amount for _, _, each, amount in paid if each == currency) - due
    for each in result.findings:
        assert {
            "underpaid": each.paid < each.released and bool(each.lines),
            "overpaid": each.paid > each.released and bool(each.lines),
            "missing": each.paid == 0 and bool(each.lines),
            "unexpected": each.released == 0 and not each.lines,
        }[each.kind]


def test_lines_that_payroll_returned_are_not_missing() -> None:
    lines = batch([("ada", "C", "USD", 100), ("bo", "C", "USD", 200)])
    assert reconcile(lines, [PaidRow("ada", "USD", 100)], returned=["line-2"]).findings == ()


def test_an_id_that_came_back_without_its_zeros_is_still_that_of_its_person() -> None:
    lines = batch([("000417", "C", "USD", 100), ("a7", "C", "USD", 200)])
    assert reconcile(lines, [PaidRow("417", "USD", 100), PaidRow("A7", "USD", 200)]).findings == ()
    apart = batch([("e7", "C", "USD", 100), ("E7", "C", "USD", 200)])
    assert reconcile(apart, [PaidRow("E7", "USD", 200), PaidRow("e7", "USD", 100)]).findings == ()
