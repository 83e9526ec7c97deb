"""A run while a plan version is set aside: it names and leaves out those who wait, and pays everybody else."""

from __future__ import annotations

from typing import Any

from tests.services.payout.desk import Book, Desk, earned
from tests.services.payout.scoring import Scoring


def left_out(run: dict[str, Any]) -> list[str]:
    return [each["participant_id"] for each in run["findings"] if each["kind"] == "plan_quarantined"]


def test_who_waits_is_named_and_paid_by_a_later_run_and_everybody_else_is_paid_now(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    book([earned("ada", "2025-10", 1, ("USD", 100_00)), earned("bob", "2025-10", 1, ("USD", 50_00))])
    scoring.set_aside = {"bob": "rep@2", "somebody-else": "rep@2"}
    run = desk.draft("2025-10")
    assert left_out(run) == ["bob"]
    assert "rep@2 is quarantined" in run["findings"][-1]["why"]
    assert [(line["participant_id"], line["paid"]) for line in run["lines"]] == [("ada", "100.00")]
    scoring.set_aside = {}  # lifted before the run is approved: what was calculated stands
    assert desk.release(run["id"])["state"] == "approved"
    book([earned("ada", "2025-11", 1, ("USD", 10_00)), earned("bob", "2025-10", 2, ("USD", 70_00))])
    later = desk.draft("2025-11")
    assert not left_out(later)
    assert [(line["participant_id"], line["paid"]) for line in later["lines"]] == [("ada", "10.00"), ("bob", "70.00")]
    desk.release(later["id"])
    assert desk.balance("bob") == {"USD": ("70.00", "0.00", "70.00")}
