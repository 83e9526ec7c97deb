"""Runs over HTTP: two people, frozen lines, one file for ever."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from tests.services.payout.desk import Book, Desk, earned, lines, problem
from tests.services.payout.scoring import Scoring


def test_a_run_pays_what_is_due_per_participant_and_currency(book: Book, desk: Desk) -> None:
    book(
        [earned("ada", "2025-01", 1, ("USD", 500), ("USD", 30), ("JPY", 900)), earned("bob", "2024-12", 1, ("USD", 7))]
    )
    book([earned("ada", "2025-02", 1, ("USD", 10000))])
    run = desk.draft("2025-01")
    assert (run["id"], run["state"], run["author"]) == ("run-2025-01-1", "calculated", "dana")
    assert lines(run) == [("ada", "JPY", "900"), ("ada", "USD", "5.30"), ("bob", "USD", "0.07")]
    assert run["totals"] == [
        {"currency": "JPY", "paid": "900", "participants": 1, "carried_forward": "0"},
        {"currency": "USD", "paid": "5.37", "participants": 2, "carried_forward": "0.00"},
    ]


def test_a_negative_net_is_carried_forward_until_it_is_earned_back(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", -500)), earned("bob", "2025-01", 1, ("USD", 100))])
    first = desk.pay("2025-01")
    assert (lines(first), lines(first, "carried_forward")) == ([("bob", "USD", "1.00")], [("ada", "USD", "-5.00")])
    book([earned("ada", "2025-02", 1, ("USD", 200))])
    second = desk.pay("2025-02")
    assert (lines(second), lines(second, "carried_forward")) == ([], [("ada", "USD", "-3.00")])
    book([earned("ada", "2025-03", 1, ("USD", 450))])
    third = desk.pay("2025-03")
    assert (lines(third), lines(third, "carried_forward")) == ([("ada", "USD", "1.50")], [])
    assert desk.balance("ada") == {"USD": ("1.50", "0.00", "1.50")}


def test_what_a_run_has_paid_the_next_one_does_not_pay_again_exported_or_not(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    first = desk.draft("2025-01")["id"]
    desk.release(first)
    book([earned("ada", "2025-01", 2, ("USD", 520))])
    second = desk.draft("2025-02")
    assert lines(second) == [("ada", "USD", "0.20")]
    desk.release(second["id"])
    desk.do(second["id"], "export", "dana")
    desk.do(first, "export", "dana")
    assert desk.balance("ada") == {"USD": ("5.20", "0.00", "5.20")}
    assert lines(desk.draft("2025-03")) == []


def test_approval_closes_the_period_and_every_earlier_one(book: Book, desk: Desk) -> None:
    book(
        [
            earned("ada", "2025-01", 1, ("USD", 5)),
            earned("ada", "2025-02", 1, ("USD", 5)),
            earned("ada", "2025-03", 1, ("USD", 5)),
        ]
    )
    desk.pay("2025-02")
    assert desk.get("/v1/periods").json()["periods"] == [
        {"pay_group": "default", "period": "2025-03", "state": "open", "closed_by": None},
        {"pay_group": "default", "period": "2025-02", "state": "closed", "closed_by": "run-2025-02-1"},
        {"pay_group": "default", "period": "2025-01", "state": "closed", "closed_by": "run-2025-02-1"},
    ]
    again = desk.post("/v1/runs", "dana", {"period": "2025-02"})
    assert problem(again) == (409, "period-closed")
    assert again.json()["detail"] == (
        "2025-02 is closed: the books are closed up to and including 2025-02; run run-2025-02-1 pays it and is exported."
        " What comes late is paid by the run over an open pay period"
    )
    assert problem(desk.post("/v1/runs", "dana", {"period": "2025-01"})) == (409, "period-closed")


def test_who_drafted_calculated_or_submitted_a_run_cannot_approve_it(desk: Desk) -> None:
    run = desk.draft("2025-01", "dora")["id"]
    desk.do(run, "submit", "dora")
    assert problem(desk.post(f"/v1/runs/{run}/approve", "dora")) == (403, "approver-is-author")
    approved = desk.do(run, "approve", "frank")
    assert [(each["role"], each["approver"]) for each in approved["approvals"]] == [("approver", "frank")]
    verbs = [(event["verb"], event["actor"]) for event in approved["events"]]
    assert verbs == [("calculate", "dora"), ("submit", "dora"), ("approve", "frank")]


@pytest.mark.parametrize("verb", ["calculate", "submit", "cancel"])
def test_only_the_author_calculates_submits_and_cancels_a_run(desk: Desk, verb: str) -> None:
    run = desk.draft("2025-01")["id"]
    assert problem(desk.post(f"/v1/runs/{run}/{verb}", "dora")) == (403, "not-the-author")


def test_a_cancelled_run_makes_room_for_another(desk: Desk) -> None:
    run = desk.draft("2025-01")["id"]
    again = desk.post("/v1/runs", "dana", {"period": "2025-01"})
    assert problem(again) == (409, "active-run")
    told = "2025-01 has run run-2025-01-1 already, which is {}: go on with it, or {}cancel it first"
    assert again.json()["detail"] == told.format("calculated", "")
    desk.do(run, "submit", "dana")
    again = desk.post("/v1/runs", "dana", {"period": "2025-01"})
    assert again.json()["detail"] == told.format("submitted", "return it and ")
    assert desk.post(f"/v1/runs/{run}/return", "frank", {"reason": "one is missing"}).is_success
    assert desk.do(run, "cancel", "dana")["state"] == "cancelled"
    assert desk.draft("2025-01")["id"] == "run-2025-01-2"


def test_what_no_longer_says_what_is_due_is_calculated_again_before_it_is_submitted(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    run = desk.draft("2025-01")["id"]
    book([earned("ada", "2025-01", 2, ("USD", 501))])
    refusal = desk.post(f"/v1/runs/{run}/submit", "dana")
    assert problem(refusal) == (409, "lines-changed")
    assert "dana can recalculate it" in refusal.json()["detail"]
    assert lines(desk.do(run, "calculate", "dana")) == [("ada", "USD", "5.01")]
    desk.release(run)


def test_what_is_submitted_stays_while_the_stream_books_into_the_next_month(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    run = desk.draft("2025-01")["id"]
    desk.do(run, "submit", "dana")
    book([earned("ada", "2025-01", 2, ("USD", 530))])
    assert lines(desk.do(run, "approve", "frank")) == [("ada", "USD", "5.00")]
    assert lines(desk.draft("2025-02")) == [("ada", "USD", "0.30")]


def test_what_is_returned_is_open_again_and_goes_a_second_round(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    run = desk.draft("2025-01")["id"]
    desk.do(run, "submit", "dana")
    states = [(each["period"], each["state"]) for each in desk.get("/v1/periods").json()["periods"]]
    assert states == [("2025-01", "soft-closed")]
    assert problem(desk.post(f"/v1/runs/{run}/return", "dana", {"reason": "a reason"}))[0] == 403
    back = desk.post(f"/v1/runs/{run}/return", "carol", {"reason": "the quota is last year's"}).json()
    assert (back["state"], back["events"][-1]["note"]) == ("calculated", "the quota is last year's")
    book([earned("ada", "2025-01", 2, ("USD", 600))])
    assert lines(desk.do(run, "calculate", "dana")) == [("ada", "USD", "6.00")]
    desk.release(run)
    assert desk.balance("ada") == {"USD": ("6.00", "0.00", "6.00")}


def test_an_approver_who_names_the_lines_seen_approves_no_others(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    seen = desk.draft("2025-01")
    book([earned("ada", "2025-01", 2, ("USD", 900))])
    now = desk.do(seen["id"], "calculate", "dana")
    desk.do(seen["id"], "submit", "dana")
    path = f"/v1/runs/{seen['id']}/approve"
    assert problem(desk.post(path, "frank", {"lines_sha256": seen["lines_sha256"]})) == (409, "lines-changed")
    assert desk.post(path, "frank", {"lines_sha256": now["lines_sha256"]}).json()["state"] == "approved"


@pytest.mark.parametrize("verb", ["approve", "calculate", "submit", "cancel", "return", "pay"])
def test_an_approved_run_is_beyond_change(desk: Desk, verb: str) -> None:
    run = desk.draft("2025-01")["id"]
    desk.release(run)
    who = "frank" if verb in ("approve", "return") else "dana"
    body = {"reason": "too late"} if verb == "return" else None
    assert problem(desk.post(f"/v1/runs/{run}/{verb}", who, body)) == (409, "wrong-state")


@pytest.mark.parametrize("done", [(), ("calculate",), ("calculate", "submit")])
def test_what_is_not_approved_is_not_exported(desk: Desk, done: tuple[str, ...]) -> None:
    run = desk.post("/v1/runs", "dana", {"period": "2025-01"}).json()["id"]
    for verb in done:
        desk.do(run, verb, "dana")
    assert problem(desk.post(f"/v1/runs/{run}/export", "dana")) == (409, "wrong-state")
    if not done:
        assert problem(desk.post(f"/v1/runs/{run}/submit", "dana")) == (409, "wrong-state")
    if len(done) < 2:
        assert problem(desk.post(f"/v1/runs/{run}/approve", "frank")) == (409, "wrong-state")
    assert desk.get("/v1/payroll/batches").json()["batches"] == []


def test_exporting_again_gives_the_same_bytes_and_books_nothing(book: Book, desk: Desk) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    run = desk.pay("2025-01")["id"]
    file, manifest = (desk.get(f"/v1/payroll/batches/{run}/{what}", "payroll").content for what in ("file", "manifest"))
    book([earned("ada", "2025-02", 1, ("USD", 1))])
    desk.do(run, "export", "dana")
    assert desk.get(f"/v1/payroll/batches/{run}/file", "payroll").content == file
    assert desk.get(f"/v1/payroll/batches/{run}/manifest", "payroll").content == manifest
    assert len(desk.get("/v1/payroll/batches").json()["batches"]) == 1
    assert desk.balance("ada") == {"USD": ("5.01", "0.01", "5.00")}


@pytest.mark.parametrize(
    "meddling",
    [
        "update run_pay set paid = 50000",
        "update run_pay set pay = '{}'",
        "update run_slip set facts = 'x'",
        "delete from run_pay",
        "delete from run_touch",
        "update run_lines set content = 'x'",
    ],
)
@pytest.mark.parametrize("approved", [False, True])
def test_what_is_changed_behind_the_databases_back_is_neither_approved_nor_paid(
    book: Book, desk: Desk, scoring: Scoring, payout_engine: Engine, meddling: str, approved: bool
) -> None:
    scoring.touched = [{"who": "tina", "what": "quota"}]
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    run = desk.draft("2025-01")["id"]
    desk.do(run, "submit", "dana")
    if approved:
        desk.do(run, "approve", "frank")
    with payout_engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text(meddling))
    verb, who = ("export", "dana") if approved else ("approve", "frank")
    assert problem(desk.post(f"/v1/runs/{run}/{verb}", who)) == (409, "lines-tampered")


@pytest.mark.parametrize("period", ["2026-01", "2026-02", "2025-13", "9999-12", "march", "2025-1"])
def test_a_run_is_over_a_month_that_has_ended(desk: Desk, period: str) -> None:
    status, kind = problem(desk.post("/v1/runs", "dana", {"period": period}))
    assert (status, kind) in {(409, "period-not-ended"), (422, "no-such-pay-period"), (422, "invalid-content")}


def test_who_lacks_the_scope_may_not(desk: Desk) -> None:
    run = desk.pay("2025-01")["id"]
    for who, method, path in (
        ("frank", "POST", "/v1/runs"),
        ("dana", "POST", f"/v1/runs/{run}/approve"),
        ("dana", "POST", f"/v1/runs/{run}/return"),
        ("tina", "POST", f"/v1/runs/{run}/approve"),
        ("dana", "POST", "/v1/adjustments"),
        ("frank", "POST", "/v1/holds"),
        ("tina", "POST", "/v1/clawbacks/D-1/dismissal"),
        ("frank", "POST", "/v1/runs/simulate"),
        ("payroll", "POST", f"/v1/runs/{run}/export"),
        ("payroll", "GET", f"/v1/runs/{run}"),
        ("frank", "GET", f"/v1/payroll/batches/{run}/file"),
        ("payroll", "GET", "/v1/summary"),
    ):
        answer = desk.client.request(
            method, path, headers={"authorization": f"Bearer key-{who}"}, json={"period": "2025-02"}
        )
        assert problem(answer) == (403, "forbidden")


def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    assert problem(desk.get("/v1/runs/run-2025-01-1")) == (404, "no-such-run")
    assert problem(desk.get("/v1/payroll/batches/run-2025-01-1/file"))[0] == 404
    assert problem(desk.get("/v1/runs/robert'); drop table run"))[0] == 422
    assert problem(desk.get("/v1/participants/nobody/balance")) == (404, "not-found")


def test_the_journal_says_what_was_booked_about_which_period_and_why(book: Book, desk: Desk) -> None:
    book([earned("org/ada@x", "2025-01", 1, ("USD", 500))])
    run = desk.pay("2025-01")["id"]
    book([earned("org/ada@x", "2025-01", 2, ("USD", 450))])
    late, payment, earning = desk.get("/v1/participants/org/ada@x/journal").json()["journals"]
    assert (earning["kind"], earning["cause"]["revision"], earning["actor"]) == ("earning", 1, "payout")
    assert [(p["account"], p["amount"]) for p in earning["postings"]] == [("earned", "5.00"), ("payable", "-5.00")]
    assert (payment["kind"], payment["cause"], payment["actor"]) == ("payment", {"run": run}, "frank")
    assert [(p["account"], p["amount"]) for p in payment["postings"]] == [("payable", "5.00"), ("paid", "-5.00")]
    assert (late["period"], late["origin_period"]) == ("2025-02", "2025-01")
    page = desk.get("/v1/participants/org/ada@x/journal?limit=2").json()
    rest = desk.get(f"/v1/participants/org/ada@x/journal?limit=2&before={page['next']}").json()
    assert [each["id"] for each in page["journals"] + rest["journals"]] == [late["id"], payment["id"], earning["id"]]
    assert rest["next"] is None
