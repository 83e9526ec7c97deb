"""Who is limited to pay groups and legal entities: what is of others is not there for them, to read or to write."""

from __future__ import annotations

from tests.services.payout.desk import Book, Desk, earned, problem, roster
from tests.services.payout.scoring import Scoring

WEEKLY = {"valid_from": "2025-01-01", "calendar": {"every": "month"}, "currency": "USD"}


def test_who_is_limited_to_a_pay_group_runs_and_approves_that_one_alone(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    desk.publish("pay_group/weekly", "tina", {"policy": WEEKLY, "reason": "paid apart"})
    book([roster("bob", "2025-01-01", pay_group="weekly")])
    book([earned(who, "2025-01", 1, ("USD", 100_00)) for who in ("ada", "bob")])
    other = desk.draft("2025-01")["id"]
    body = {"period": "2025-01"}
    for path in ("/v1/runs", "/v1/runs/simulate"):
        assert problem(desk.post(path, "wendy", body)) == (404, "no-such-pay-group")
    own = desk.draft("2025-01", "wendy", pay_group="weekly")["id"]

    assert [run["id"] for run in desk.get("/v1/runs", "wendy").json()["runs"]] == [own]
    assert {run["id"] for run in desk.get("/v1/runs").json()["runs"]} == {own, other}
    for path in ("", "/reconciliations"):
        assert problem(desk.get(f"/v1/runs/{other}{path}", "wendy")) == (404, "no-such-run")
    verbs = {
        "wendy": ("calculate", "submit", "cancel", "export", "pay", "reconciliations"),
        "walt": ("approve", "return"),
    }
    for who, of in verbs.items():
        for verb in of:
            refused = desk.post(f"/v1/runs/{other}/{verb}", who, {"reason": "mine"} if verb == "return" else {})
            assert problem(refused) == (404, "no-such-run"), verb

    desk.do(own, "submit", "wendy")
    assert desk.do(own, "approve", "walt")["state"] == "approved"
    assert desk.do(own, "export", "wendy")["state"] == "exported"
    assert desk.do(other, "submit", "dana")["state"] == "submitted"


def test_who_is_limited_to_a_legal_entity_has_no_run_of_a_whole_pay_group_and_no_books_of_others(
    desk: Desk, book: Book
) -> None:
    book([roster("ada", "2025-01-01", entity="acme-inc"), roster("bob", "2025-01-01", entity="acme-gmbh")])
    book([earned(who, "2025-11", 1, ("USD", 100_00)) for who in ("ada", "bob")])
    run = desk.draft("2025-11")["id"]
    assert desk.get("/v1/runs", "gerd").json()["runs"] == []
    assert problem(desk.get(f"/v1/runs/{run}", "gerd")) == (404, "no-such-run")
    month = {"period": "2025-11"}
    assert problem(desk.post("/v1/gl/batches", "gerd", month | {"entity": "acme-inc"})) == (404, "no-such-entity")
    assert problem(desk.post("/v1/gl/batches", "gerd", month | {"entity": "acme-gmbh"})) == (409, "no-gl-accounts")
    assert problem(desk.post("/v1/contract-costs/periods/2025-11", "gerd", {})) == (403, "forbidden")
