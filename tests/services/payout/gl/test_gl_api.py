"""The general ledger over HTTP: a month is posted once, what is booked later is added, and nothing that was posted
changes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import threading
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.payout.gl import store
from tests.services.payout.desk import Book, Desk, earned, problem, roster
from tests.services.payout.gl.gl_books import ACCOUNTS

POLICY = {
    "valid_from": "2020-01-01",
    "accounts": [{"ledger": ledger, "account": account} for ledger, account in ACCOUNTS.items()],
    "dimensions": [{"name": "Department", "source": "cost_center"}],
    "on_costs": {"rate": "0.1", "expense": "Expenses:Tax", "liability": "Liabilities:Tax"},
    "format": "csv",
}


def publish(desk: Desk, policy_id: str = "default", **fields: Any) -> None:
    answer = desk.publish(f"gl_accounts/{policy_id}", "tess", {"policy": POLICY | fields, "reason": "agreed"})
    assert answer.status_code == 201, answer.text


def post(desk: Desk, period: str = "2025-11", **more: str) -> dict[str, Any]:
    answer = desk.post("/v1/gl/batches", "dana", {"period": period} | more)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/gl/batches/{answer.json()['id']}"
    told: dict[str, Any] = answer.json()
    return told


def lines(batch: dict[str, Any]) -> list[tuple[str, str, str, str | None, str | None]]:
    return [
        (entry["kind"], entry["origin"], line["account"], line["debit"], line["credit"])
        for entry in batch["entries"]
        for line in entry["lines"]
    ]


def test_a_month_is_posted_and_what_is_booked_later_is_added(desk: Desk, book: Book) -> None:
    publish(desk)
    book([earned("ada", "2025-11", 1, ("USD", 100_00)), earned("bob", "2025-11", 1, ("USD", 50_00))])
    first = post(desk)
    assert lines(first) == [
        ("accrual", "2025-11", "Expenses:Commissions", "150.00", None),
        ("accrual", "2025-11", "Expenses:Tax", "15.00", None),
        ("accrual", "2025-11", "Liabilities:AccruedCommissions", None, "150.00"),
        ("accrual", "2025-11", "Liabilities:Tax", None, "15.00"),
    ]
    assert problem(desk.post("/v1/gl/batches", "dana", {"period": "2025-11"})) == (409, "nothing-to-post")
    book([earned("ada", "2025-11", 2, ("USD", 80_00))])
    desk.pay("2025-11")
    second = post(desk)
    assert lines(second) == [
        ("accrual", "2025-11", "Liabilities:AccruedCommissions", "20.00", None),
        ("accrual", "2025-11", "Liabilities:Tax", "2.00", None),
        ("accrual", "2025-11", "Expenses:Commissions", None, "20.00"),
        ("accrual", "2025-11", "Expenses:Tax", None, "2.00"),
        ("payment", "2025-11", "Liabilities:AccruedCommissions", "130.00", None),
        ("payment", "2025-11", "Liabilities:PayrollClearing", None, "130.00"),
    ]
    assert second["entries"][0]["memo"] == "Commission accrual 2025-11 (difference)"
    assert second["manifest"]["previous_batch_sha256"] == first["sha256"]
    assert [each["id"] for each in desk.get("/v1/gl/batches").json()["batches"]] == ["gl-2025-11-1", "gl-2025-11-2"]
    assert desk.get("/v1/gl/batches/gl-2025-11-1").json() == first


def test_what_changes_an_earlier_month_is_a_reversal_in_the_open_one(desk: Desk, book: Book) -> None:
    publish(desk)
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    desk.pay("2025-11")
    book([earned("ada", "2025-11", 2, ("USD", 60_00))])
    assert [(entry["kind"], entry["origin"]) for entry in post(desk)["entries"]] == [
        ("accrual", "2025-11"),
        ("payment", "2025-11"),
    ]
    assert lines(post(desk, "2025-12"))[2:] == [
        ("reversal", "2025-11", "Expenses:Commissions", None, "40.00"),
        ("reversal", "2025-11", "Expenses:Tax", None, "4.00"),
    ]


def test_the_files_are_the_same_bytes_for_ever_with_their_hash_as_tag(desk: Desk, book: Book) -> None:
    publish(desk)
    book([earned("ada", "2025-11", 1, ("USD", 100_00), ("EUR", 7))])
    batch = post(desk)
    answer = desk.get(f"/v1/gl/batches/{batch['id']}/files/1")
    digest = hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["etag"] == f'"{digest}"'
    assert batch["manifest"]["files"] == [{"name": "gl-2025-11-1.csv", "sha256": digest}]
    assert batch["manifest"]["control_totals"] == {"EUR": "0.08", "USD": "110.00"}
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert {row["id"] for row in rows} == {"2511-1-01", "2511-1-02"}
    again = desk.get(f"/v1/gl/batches/{batch['id']}/files/1", **{"if-none-match": f'"{digest}"'})
    assert (again.status_code, again.content) == (304, b"")
    manifest = desk.get(f"/v1/gl/batches/{batch['id']}/manifest")
    assert hashlib.sha256(manifest.content).hexdigest() == batch["sha256"]
    assert desk.get(f"/v1/gl/batches/{batch['id']}/files/2").status_code == 404
    assert desk.get("/v1/gl/batches/gl-2025-11-9").status_code == 404


def test_entities_have_books_of_their_own(desk: Desk, book: Book) -> None:
    publish(desk)
    publish(desk, "acme-gmbh", format="beancount", on_costs=None)
    book(
        [
            roster("ada", "2025-01-01", entity="acme-gmbh", cost_center="CC 7"),
            roster("bob", "2025-01-01", entity="acme-inc"),
        ]
    )
    book([earned("ada", "2025-11", 1, ("EUR", 100_00)), earned("bob", "2025-11", 1, ("USD", 50_00))])
    german, american = post(desk, entity="acme-gmbh"), post(desk, entity="acme-inc")
    assert (german["format"], american["format"]) == ("beancount", "csv")
    assert (german["id"], american["id"]) == ("gl-2025-11-1", "gl-2025-11-2")
    assert german["entries"][0]["lines"][0]["dimensions"] == {"Department": "CC 7"}
    assert [each["id"] for each in desk.get("/v1/gl/batches?entity=acme-gmbh").json()["batches"]] == ["gl-2025-11-1"]
    assert problem(desk.post("/v1/gl/batches", "dana", {"period": "2025-11"})) == (404, "no-such-entity")


def test_a_preview_writes_nothing_and_a_reconciliation_compares(desk: Desk, book: Book) -> None:
    publish(desk)
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    seen = desk.get("/v1/gl/preview?period=2025-11").json()
    assert (seen["format"], seen["policy"], len(seen["entries"])) == ("csv", "default 1", 1)
    before = desk.get("/v1/gl/reconciliation?period=2025-11").json()
    assert not before["agrees"]
    assert {each["account"]: (each["ledger"], each["gl"], each["difference"]) for each in before["balances"]} == {
        "earned": ("100.00", "0.00", "-100.00"),
        "payable": ("-100.00", "0.00", "100.00"),
    }
    assert desk.get("/v1/gl/reconciliation?period=2025-11&tolerance=10000").json()["agrees"]
    post(desk)
    assert desk.get("/v1/gl/reconciliation?period=2025-11").json()["agrees"]
    assert desk.get("/v1/gl/preview?period=2025-11").json()["entries"] == []


def test_an_entity_that_is_not_there_is_refused_with_those_that_are(desk: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", entity="acme-inc"), earned("ada", "2025-11", 1, ("USD", 100_00))])
    assert problem(desk.get("/v1/gl/preview?period=2025-11&entity=acme-icn")) == (404, "no-such-entity")
    assert problem(desk.get("/v1/gl/preview?period=2025-11&entity=acme-inc")) == (409, "no-gl-accounts")
    publish(desk)
    for path in ("preview", "reconciliation"):
        refused = desk.get(f"/v1/gl/{path}?period=2025-11&entity=acme-icn")
        assert problem(refused) == (404, "no-such-entity")
        assert refused.json()["detail"] == "there is no entity 'acme-icn'; there are: acme-inc"
    unsaid = desk.post("/v1/gl/batches", "dana", {"period": "2025-11"})
    assert problem(unsaid) == (404, "no-such-entity")
    assert unsaid.json()["detail"] == "say which entity: all pay is booked by entity; there are: acme-inc"
    assert len(desk.get("/v1/gl/preview?period=2025-11&entity=acme-inc").json()["entries"]) == 1
    assert desk.get("/v1/gl/preview?period=2025-10&entity=acme-inc").json()["entries"] == []


def test_what_the_books_would_refuse_is_told_by_row_before_anything_is_written(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    assert problem(desk.post("/v1/gl/batches", "dana", {"period": "2025-11"})) == (409, "no-gl-accounts")
    publish(desk, accounts=POLICY["accounts"][:1])
    answer = desk.post("/v1/gl/batches", "dana", {"period": "2025-11"})
    assert problem(answer) == (409, "gl-refuses")
    assert "gl_accounts 'default' has no account for payable" in answer.json()["detail"]
    publish(desk)
    answer = desk.post("/v1/gl/batches", "dana", {"period": "2025-11", "format": "xero"})
    assert problem(answer) == (409, "gl-refuses")
    assert answer.json()["faults"][0] == {
        "entry": "2511-1-01",
        "line": 1,
        "field": "AccountCode",
        "reason": "'Expenses:Commissions' is no account code: it is longer than 10 characters",
    }
    answer = desk.post("/v1/gl/batches", "dana", {"period": "2025-11", "format": "lotus"})
    assert "there is no format 'lotus'" in answer.json()["detail"]
    assert desk.get("/v1/gl/batches").json() == {"batches": []}
    names = [each["name"] for each in desk.get("/v1/gl/formats").json()["formats"]]
    assert set(names) >= {"beancount", "ledger", "hledger", "netsuite", "quickbooks-online", "xero", "csv", "xlsx"}


def test_only_keys_for_it_read_the_books_and_post_to_them(desk: Desk) -> None:
    assert desk.get("/v1/gl/batches", who="frank").status_code == 403
    assert desk.post("/v1/gl/batches", "frank", {"period": "2025-11"}).status_code == 403
    assert desk.get("/v1/gl/preview?period=2025-13").status_code == 422
    assert desk.get("/v1/gl/preview?period=2025-11&entity=a%00b").status_code == 422
    assert desk.post("/v1/gl/batches", "dana", {"period": "2025-11", "format": "\x00"}).status_code == 422


def test_two_who_post_at_once_post_once(desk: Desk, book: Book) -> None:
    publish(desk)
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    answers: list[int] = []
    posting = [
        threading.Thread(
            target=lambda: answers.append(desk.post("/v1/gl/batches", "dana", {"period": "2025-11"}).status_code)
        )
        for _ in range(4)
    ]
    for thread in posting:
        thread.start()
    for thread in posting:
        thread.join()
    assert sorted(answers) == [201, 409, 409, 409]


ATTACKS = (
    "update gl_batch set made_by = 'eve'",
    "delete from gl_file",
    "truncate gl_batch cascade",
    "update gl_file set content = 'x'",
    """insert into gl_file (batch, part, name, content, sha256)
        select batch, 2, name, content, repeat('0', 64) from gl_file""",
    """insert into gl_batch (id, period, entity, format, entries, manifest, sha256, previous_sha256, made_by, made_at)
        select 'gl-2025-11-9', period, entity, format, entries, 'x', encode(sha256('x'), 'hex'), previous_sha256, 'eve',
            made_at
        from gl_batch""",
)


def test_the_database_refuses_to_change_what_was_posted(desk: Desk, book: Book, payout_engine: Engine) -> None:
    publish(desk)
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    batch = post(desk)
    for attack in ATTACKS:
        with pytest.raises((IntegrityError, DBAPIError)), payout_engine.begin() as connection:
            connection.execute(text(attack))
    assert desk.get(f"/v1/gl/batches/{batch['id']}").json() == batch


def test_an_audit_names_a_batch_that_is_not_as_it_was_made(desk: Desk, book: Book, payout_engine: Engine) -> None:
    publish(desk)
    book([earned("ada", "2025-11", 1, ("USD", 100_00))])
    post(desk)
    book([earned("ada", "2025-12", 1, ("USD", 1_00))])
    post(desk, "2025-12")
    with payout_engine.connect() as connection:
        assert list(store.differences(connection)) == []
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(
            text("update gl_file set content = 'x', sha256 = encode(sha256('x'), 'hex') where batch = 'gl-2025-11-1'")
        )
        connection.execute(text("update gl_batch set entries = '[]' where id = 'gl-2025-12-1'"))
        assert list(store.differences(connection)) == [
            "GL batch gl-2025-11-1: its files are not those of its manifest",
            "GL batch gl-2025-12-1: its entries are not those of its manifest",
        ]
        connection.execute(text("delete from gl_batch where id = 'gl-2025-11-1'"))
        assert "GL batch gl-2025-12-1: it does not follow the batch before it" in list(store.differences(connection))
