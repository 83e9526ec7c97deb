"""An adjustment is of somebody who is known, and of an amount that its currency has."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

from tests.services.payout.desk import Book, Desk, earned


def adjustment(participant: str, amount: str) -> dict[str, Any]:
    return {
        "id": str(uuid4()), "participant_id": participant, "amount": amount, "currency": "USD", "month": "2025-12",
        "reason": "agreed by mail", "attachment_name": "mail.txt", "attachment": base64.b64encode(b"mail").decode(),
    }  # fmt: skip


def test_nobody_is_adjusted_whom_neither_roster_nor_ledger_knows(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100))])
    answer = desk.post("/v1/adjustments", "tess", adjustment("adda", "12.00"))
    assert (answer.status_code, "adda" in answer.json()["detail"]) == (404, True)
    assert desk.get("/v1/adjustments").json()["adjustments"] == []
    assert desk.post("/v1/adjustments", "tess", adjustment("ada", "12.00")).status_code == 201


def test_an_amount_with_more_decimals_than_its_currency_is_refused_in_words(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-12", 1, ("USD", 100))])
    answer = desk.post("/v1/adjustments", "tess", adjustment("ada", "12.345"))
    assert (answer.status_code, "12.345" in answer.json()["detail"]) == (422, True), answer.json()
