"""Statements of real runs: a draft's may change, an approved run's is kept, and it says what the run pays."""

from __future__ import annotations

from decimal import Decimal

from services.payout.statements.schemas import Statement
from tests.services.payout.desk import Book, Desk, earned, roster


def test_a_run_has_a_statement_for_whom_it_pays_that_says_the_same(book: Book, desk: Desk) -> None:
    book(
        [
            roster("ada", "2025-01-01", name="Ada Brandt", manager="mia", plan="plan"),
            roster("mia", "2025-01-01", name="Mia Okafor", plan="plan"),
            earned("ada", "2025-01", 1, ("USD", 5000), ("USD", 30)),
            earned("mia", "2025-01", 1, ("USD", -700)),
        ]
    )
    run = desk.draft("2025-01")["id"]
    draft = desk.get(f"/v1/statements/{run}/ada.html")
    assert "Draft: not approved" in draft.text
    desk.do(run, "submit", "dana")
    desk.do(run, "approve", "frank")
    made = Statement.model_validate_json(desk.get(f"/v1/statements/{run}/ada").content)
    assert made.state == "final"
    assert made.participant.name == "Ada Brandt"
    assert made.participant.manager is not None
    assert made.participant.manager.name == "Mia Okafor"
    assert [(pay.currency, pay.payment) for pay in made.pay] == [("USD", Decimal("50.30"))]
    page = desk.get(f"/v1/statements/{run}/ada.html")
    assert "50.30" in page.text
    assert desk.get(f"/v1/statements/{run}/ada.html").headers["etag"] == page.headers["etag"]
    assert desk.get(f"/v1/statements/{run}/ada.pdf").content.startswith(b"%PDF")
    owes = Statement.model_validate_json(desk.get(f"/v1/statements/{run}/mia").content)
    assert (owes.summary[0].paid, owes.summary[0].carried_forward) == (Decimal("0.00"), Decimal("-7.00"))
    team = desk.get(f"/v1/statements/{run}/mia/team").json()
    assert [(each["participant"]["id"], each["summary"][0]["paid"]) for each in team["members"]] == [("ada", "50.30")]
    assert {each["participant_id"] for each in desk.get(f"/v1/statements/{run}").json()["statements"]} == {"ada", "mia"}
