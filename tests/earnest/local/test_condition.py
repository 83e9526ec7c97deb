"""What waits for somebody is told in few lines."""

from __future__ import annotations

from earnest.local.condition import waiting_runs


def test_runs_that_wait_for_the_same_are_one_line() -> None:
    many = [(f"run-2026-{month:02}-1", "exported") for month in range(12, 0, -1)]
    assert list(waiting_runs([*many, ("run-2027-01-1", "calculated"), ("run-2025-12-1", "closed")])) == [
        ("run-2027-01-1 waits to be submitted", "earnest payout submit run-2027-01-1"),
        (
            "12 runs wait for payroll's acknowledgement, run-2026-01-1 to run-2026-12-1",
            "earnest payout list",
        ),
    ]
