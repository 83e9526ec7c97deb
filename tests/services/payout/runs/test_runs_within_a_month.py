"""Runs over pay periods that end within a month: the stream goes on in it, and they stand by what they looked at."""

from __future__ import annotations

from datetime import date

from tests.services.payout.desk import Book, Desk, earned, lines, problem
from tests.services.payout.runs.test_decisions_refused import adjustment
from tests.services.payout.scoring import Scoring, deal

HALVES = {"valid_from": "2025-01-01", "calendar": {"every": "half_month"}, "currency": "USD"}


def test_who_was_paid_before_and_is_due_nothing_does_not_stop_a_run_within_a_month(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    desk.publish("pay_group/default", "tina", {"policy": HALVES, "reason": "paid twice a month"})
    book([earned(who, "2025-01", 1, ("USD", 100_00)) for who in ("ada", "bob")])
    assert lines(desk.pay("2025-01-B")) == [("ada", "USD", "100.00"), ("bob", "USD", "100.00")]
    book([earned("bob", "2025-02", 1, ("USD", 30_00))])
    scoring.deals["bob", "2025-02", "c0"] = [deal("D-1", 30_00, date(2025, 2, 10), 600_00)]
    run = desk.draft("2025-02-A")
    assert lines(run) == [("bob", "USD", "30.00")]
    book([earned("ada", "2025-02", 1, ("USD", 5_00))])  # the stream goes on; what it brings waits for the next run
    desk.release(run["id"])
    scoring.deals["ada", "2025-02", "c0"] = [deal("D-2", 5_00, date(2025, 2, 9), 100_00)]
    assert lines(desk.pay("2025-02-B")) == [("ada", "USD", "5.00")]


def test_what_is_adjusted_for_somebody_to_whom_nothing_was_due_is_seen(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    desk.publish("pay_group/default", "tina", {"policy": HALVES, "reason": "paid twice a month"})
    book([earned(who, "2025-01", 1, ("USD", 100_00)) for who in ("ada", "bob")])
    desk.pay("2025-01-B")
    book([earned("bob", "2025-02", 1, ("USD", 30_00))])
    scoring.deals["bob", "2025-02", "c0"] = [deal("D-1", 30_00, date(2025, 2, 10), 600_00)]
    run = desk.draft("2025-02-A")["id"]
    adjusted = adjustment("ada", "7.00") | {"month": "2025-02"}
    assert desk.adjust("tess", adjusted).status_code == 202
    assert problem(desk.post(f"/v1/runs/{run}/submit", "dana")) == (409, "lines-changed")
    desk.do(run, "calculate", "dana")
    assert desk.release(run)["state"] == "approved"
