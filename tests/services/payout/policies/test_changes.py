"""What controls money takes two people: one proposes it, another decides, and only then it holds."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.payout.policies.kinds import policy_kinds
from tests.services.payout.desk import Book, Desk, earned, problem

APPROVALS = {"valid_from": "2026-02-01", "steps": [{"role": "finance"}]}
PATH = "/v1/policies/approval/steps"


def proposed(desk: Desk, who: str = "tess", **policy: Any) -> dict[str, Any]:
    answer = desk.put(PATH, who, {"policy": APPROVALS | policy, "reason": "as the board decided"})
    assert answer.status_code == 202, answer.text
    change: dict[str, Any] = answer.json()
    return change


def decide(desk: Desk, change: dict[str, Any], verb: str, who: str) -> tuple[int, str]:
    answer = desk.post(f"/v1/changes/{change['id']}/{verb}", who, {"reason": "looked at"})
    return (answer.status_code, answer.json()["state"]) if answer.is_success else problem(answer)


def test_a_proposed_policy_holds_from_the_moment_at_which_another_person_approves_it(desk: Desk) -> None:
    change = proposed(desk)
    assert (change["subject"], change["state"], change["proposed_by"]) == ("approval/steps", "proposed", ["tess"])
    assert desk.get(PATH).status_code == 404
    assert decide(desk, change, "approve", "petra") == (200, "approved")
    shown = desk.get(PATH).json()
    assert (shown["author"], shown["approved_by"], shown["change"]) == ("tess", "petra", change["id"])
    told = desk.get(f"/v1/changes/{change['id']}", "tess").json()
    assert (told["decided_by"], told["decision_reason"]) == ("petra", "looked at")


def test_what_is_rejected_or_withdrawn_never_holds_and_nothing_is_decided_twice(desk: Desk) -> None:
    rejected, verbs = proposed(desk), ("approve", "reject")
    assert decide(desk, rejected, "reject", "petra") == (200, "rejected")
    withdrawn = proposed(desk)
    assert decide(desk, withdrawn, "withdraw", "tina") == (403, "not-your-change")
    assert decide(desk, withdrawn, "withdraw", "tess") == (200, "withdrawn")
    again = [decide(desk, change, verb, "petra") for change in (rejected, withdrawn) for verb in verbs]
    assert again == [(409, "change-decided")] * 4
    assert desk.get(PATH).status_code == 404
    listed = desk.get("/v1/changes", "petra").json()["changes"]
    assert [(each["id"], each["state"]) for each in listed] == [
        (withdrawn["id"], "withdrawn"),
        (rejected["id"], "rejected"),
    ]


@pytest.mark.parametrize("proposer", ["pat", "Pat", " PAT. ", "ＰＡＴ"])
def test_nobody_decides_what_they_proposed_however_their_name_is_written(
    desk: Desk, payout_engine: Engine, proposer: str
) -> None:
    change = proposed(desk, "pat")
    with payout_engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("update change set proposed_by = array[:name]"), {"name": proposer})
    assert decide(desk, change, "approve", "pat") == (403, "two-people")
    assert decide(desk, change, "reject", "pat") == (403, "two-people")
    with pytest.raises(DBAPIError, match="two people for money"), payout_engine.begin() as connection:
        connection.execute(text("insert into change_decision values (1, 'approved', 'pat', now(), '')"))
    assert desk.get(PATH).status_code == 404
    assert decide(desk, change, "approve", "petra") == (200, "approved")


def test_only_who_may_decides(desk: Desk) -> None:
    change = proposed(desk)
    for who in ("tina", "dana", "frank", "payroll"):
        assert decide(desk, change, "approve", who) == (403, "forbidden")
    assert desk.get("/v1/changes", "payroll").status_code == 403
    assert desk.get("/v1/changes/99", "petra").json()["type"] == "urn:earnest:problem:no-such-change"


def test_of_one_policy_one_change_waits_and_the_same_again_is_the_same_change(desk: Desk) -> None:
    change = proposed(desk)
    assert proposed(desk)["id"] == change["id"]
    other = {"policy": APPROVALS | {"valid_from": "2026-03-01"}, "reason": "later"}
    assert problem(desk.put(PATH, "tess", other)) == (409, "change-pending")
    assert problem(desk.put(PATH, "tina", {"policy": APPROVALS, "reason": "mine"})) == (409, "change-pending")
    decide(desk, change, "approve", "petra")
    assert desk.put(PATH, "tess", {"policy": APPROVALS, "reason": "once more"}).status_code == 200
    assert desk.put(PATH, "tess", other).status_code == 202


def test_of_many_decisions_at_once_one_counts(desk: Desk) -> None:
    change, seen = proposed(desk), list[tuple[int, str]]()
    deciders = ["approve", "reject"] * 4
    threads = [
        threading.Thread(target=lambda verb=verb: seen.append(decide(desk, change, verb, "petra"))) for verb in deciders
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(status for status, _ in seen) == {200: 1, 409: 7}
    approved = (200, "approved") in seen
    assert desk.get(PATH).status_code == (200 if approved else 404)


def test_a_change_that_can_be_no_longer_is_not_decided(desk: Desk, book: Book) -> None:
    change = proposed(desk, valid_from="2025-11-01")
    book([earned("ada", "2025-11", 1, ("USD", 100))])
    desk.pay("2025-11")
    assert decide(desk, change, "approve", "petra") == (409, "month-closed")
    assert desk.get(f"/v1/changes/{change['id']}", "petra").json()["state"] == "proposed"
    assert decide(desk, change, "reject", "petra") == (200, "rejected")


@pytest.mark.parametrize("statement", ["update {} set {} = {}", "delete from {}", "truncate {} cascade"])
@pytest.mark.parametrize(("table", "column"), [("change", "reason"), ("change_decision", "decided_by")])
def test_what_was_proposed_and_decided_is_only_added_to(
    desk: Desk, payout_engine: Engine, statement: str, table: str, column: str
) -> None:
    decide(desk, proposed(desk), "approve", "petra")
    with pytest.raises(DBAPIError, match="only ever added to"), payout_engine.begin() as connection:
        connection.execute(text(statement.format(table, column, column)))


@pytest.mark.parametrize("kind", sorted(name for name, model in policy_kinds().items() if model.controls_money))
def test_the_database_itself_takes_no_policy_that_controls_money_without_an_approved_change(
    service_engine: Engine, kind: str
) -> None:
    insert = """
        insert into policy (kind, id, version, valid_from, body, author, reason, recorded_at)
        values (:kind, 'x', 1, '2026-01-01', jsonb_build_object('kind', cast(:kind as text), 'id', 'x',
            'valid_from', '2026-01-01'), 'tess', 'mine', now())"""
    with pytest.raises(DBAPIError, match="two people for money"), service_engine.begin() as connection:
        connection.execute(text(insert), {"kind": kind})


def test_the_database_publishes_only_what_was_approved_and_once(desk: Desk, service_engine: Engine) -> None:
    change = proposed(desk)
    publish = """
        insert into policy select 'approval', 'steps', coalesce(max(version), 0) + 1, '2026-02-01',
            (select body -> 'policy' from change where id = :change) || cast(:other as jsonb), 'tess',
            'as the board decided', now(), :change from policy"""

    def refused(other: str) -> type[Exception]:
        with pytest.raises(DBAPIError) as error, service_engine.begin() as connection:
            connection.execute(text(publish), {"change": change["id"], "other": other})
        return type(error.value.orig)

    assert refused("{}") is psycopg.errors.CheckViolation, "it is not approved"
    decide(desk, change, "approve", "petra")
    assert refused('{"steps": [{"role": "anybody"}]}') is psycopg.errors.CheckViolation
    assert refused("{}") is psycopg.errors.UniqueViolation
