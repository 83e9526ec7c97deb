"""The one list of steps: what holds of every step, and the page beside the code that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.pay.accounts import EXPENSES
from shared.pay.steps import BOOKINGS, STEPS, Step

PAGE = Path(__file__).resolve().parents[3] / "shared" / "pay" / "README.md"


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_what_changes_pay_is_booked_against_what_is_payable_and_nothing_else_is(step: Step) -> None:
    if step.booking is not None:
        assert step.changes_pay == ("payable" in (step.booking.debit, step.booking.credit))
        assert BOOKINGS[step.booking.kind] == step.booking  # two steps of one kind are booked alike


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_the_year_sums_what_the_ledger_books(step: Step) -> None:
    """An expense by its account, so that a statement's year is the same before its run is booked and after."""
    if step.booking is not None and step.booking.debit in EXPENSES:
        assert step.year == step.booking.debit


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_the_head_of_a_statement_sums_to_what_changes_pay(step: Step) -> None:
    assert (step.figure is not None) == step.changes_pay


def test_the_page_beside_the_code_shows_every_step() -> None:
    assert "\n".join(table()) in PAGE.read_text()


def table() -> list[str]:
    rows = ["| step | journal | debit | credit | entry of the books | year to date |", "|---|---|---|---|---|---|"]
    for step in STEPS.values():
        booking = step.booking
        booked = (booking.kind, booking.debit, booking.credit, booking.family) if booking else ("",) * 4
        rows.append(
            f"| `{step.name}`{'' if step.changes_pay else ' (beside)'} | {' | '.join(booked)} | {step.year or ''} |"
        )
    return rows
