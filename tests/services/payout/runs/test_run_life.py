"""A run's life over the API: calculated, submitted, approved by others, released; and what a participant's pay is made
of.
"""

from __future__ import annotations

from tests.services.payout.desk import Book, Desk, earned, problem


def test_a_run_goes_from_draft_to_export(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 12_345)), earned("bob", "2025-11", 1, ("USD", -500))])
    run = desk.draft("2025-11")
    assert run["state"] == "calculated"
    assert [(line["participant_id"], line["paid"], line["carried_forward"]) for line in run["lines"]] == [
        ("ada", "123.45", "0.00"),
        ("bob", "0.00", "-5.00"),
    ]
    assert desk.do(run["id"], "submit", "dana")["state"] == "submitted"
    assert problem(desk.post(f"/v1/runs/{run['id']}/approve", "dana"))[0] == 403
    approved = desk.do(run["id"], "approve", "frank")
    assert approved["state"] == "approved"
    assert desk.balance("ada") == {"USD": ("123.45", "0.00", "123.45")}
    assert desk.do(run["id"], "export", "dana")["state"] == "exported"
