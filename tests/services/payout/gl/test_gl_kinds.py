"""The general ledger knows what the ledger of pay books."""

from __future__ import annotations

import pytest

from services.payout.gl.journals import PostingSum, entries
from shared.pay.steps import BOOKINGS
from tests.services.payout.gl.gl_books import policy

PLACE = {
    "origin_period": "2026-06",
    "period": "2026-06",
    "entity": "E1",
    "cost_center": "",
    "component": "",
    "plan": "",
    "currency": "USD",
}


@pytest.mark.parametrize("kind", [kind for kind in BOOKINGS if kind != "transfer"])
def test_every_kind_of_journal_goes_into_some_entry(kind: str) -> None:
    booking = BOOKINGS[kind]
    rows = [PostingSum(account=booking.debit, kind=kind, amount=150_00, **PLACE)]
    rows += [PostingSum(account=booking.credit, kind=kind, amount=-150_00, **PLACE)]
    (entry,) = entries(rows, lambda _: policy())
    assert entry.family == booking.family


def test_a_transfer_goes_into_an_entry_of_each_entity() -> None:
    out = {"kind": "transfer", "account": "payable", **PLACE}
    rows = [PostingSum(**out, amount=150_00), PostingSum(**{**out, "entity": "E2"}, amount=-150_00)]
    assert {each.family for each in entries(rows, lambda _: policy())} == {BOOKINGS["transfer"].family}
