"""Deals whose shares do not sum to the whole are shown to whoever approves the run of their month."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.kernel.crediting.uncredited import uncredited_by_reason
from shared.pay.deal_facts import Uncredited
from tests.services.payout.desk import Book, Desk, earned, roster
from tests.services.payout.scoring import Scoring, deal


def unwhole(run: dict[str, Any]) -> dict[str, str]:
    return {each["participant_id"]: each["why"] for each in run["findings"] if each["kind"] == "splits_not_whole"}


def test_who_earns_by_such_a_deal_and_who_should_are_named_with_the_reason(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 100_00)), earned("bob", "2025-01", 1, ("USD", 1_00))])
    book([roster("cy", "2025-01-01", manager="ada")])
    scoring.deals["ada", "2025-01", "c0"] = [deal("D-1", 60_00, date(2025, 1, 5), 600_00)]
    scoring.not_credited = [
        ("2025-01", Uncredited("D-1", "cy", "no_plan")),
        ("2025-01", Uncredited("D-2", "someone-else", "no_plan")),
        ("2025-02", Uncredited("D-3", "bob", "no_plan")),
    ]
    told = "1 won deal, or a share of it, lacks a credit (no_plan), D-1: cy is on no plan on the close date."
    nobodys = (
        "1 won deal, or a share of it, lacks a credit (no_plan), D-2: someone-else is on no plan on the close date."
    )
    assert unwhole(desk.draft("2025-01")) == {"ada": told, "cy": told, "": nobodys}


@pytest.mark.parametrize(
    ("reason", "told"),
    [("participant_left", "lacks a credit (participant_left)"), ("no_owner", "credits nobody (no_owner)")],
)
def test_a_deal_whose_seller_has_left_is_not_said_to_credit_nobody(reason: str, told: str) -> None:
    # Managers above the seller are credited with it all the same.
    (said,) = uncredited_by_reason([("D-1", "cy", reason, None)])
    assert said.in_words.startswith(f"1 won deal, or a share of it, {told}, D-1: ")
