"""Released batches over HTTP and in the database: the same for ever, acknowledged once, each line in one of them."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.payout.payroll.errors import LinesRefused, LinesReleased
from services.payout.payroll.policy import PayrollProfile
from services.payout.payroll.store_answers import overdue
from services.payout.payroll.verify import differences
from services.payout.payroll.worker import CutOffs
from shared.metrics import PAYROLL_MISMATCHES, PAYROLL_OVERDUE
from tests.services.payout.desk import problem
from tests.services.payout.payroll.payroll_desk import LINES, RUN, PayrollDesk
from tests.services.payout.payroll.payroll_worlds import line

EVERYWHERE: dict[str, Any] = {"kind": "payroll_profile", "id": "by-entity", "valid_from": "2026-01-01"}


def test_a_released_file_is_fetched_with_its_hash_as_etag_and_not_sent_twice(payroll_desk: PayrollDesk) -> None:
    (batch,) = payroll_desk.release()
    answer = payroll_desk.get("batches/run-2026-06-1/file")
    assert answer.content == batch.files[0].content
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["last-modified"] == "Fri, 03 Jul 2026 09:00:00 GMT"
    assert 'filename="run-2026-06-1.csv"' in answer.headers["content-disposition"]
    for known in (
        {"if_none_match": f'"x", {answer.headers["etag"]}'},
        {"if_modified_since": answer.headers["last-modified"]},
    ):
        again = payroll_desk.get("batches/run-2026-06-1/file", **known)
        assert (again.status_code, again.content) == (304, b"")
    for stale in (
        {"if_none_match": '"x"', "if_modified_since": answer.headers["last-modified"]},
        {"if_modified_since": "Thu, 02 Jul 2026 09:00:00 GMT"},
        {"if_modified_since": "yesterday"},
    ):
        assert payroll_desk.get("batches/run-2026-06-1/file", **stale).content == answer.content
    manifest = payroll_desk.get("batches/run-2026-06-1/manifest")
    assert manifest.json()["control_totals"] == {"USD": "2196.56"}


def test_batches_are_listed_with_what_payroll_did_about_them(payroll_desk: PayrollDesk) -> None:
    (batch,) = payroll_desk.release()
    assert payroll_desk.get("batches").json()["batches"][0]["state"] == "released"
    payroll_desk.get("batches/run-2026-06-1/file")
    (shown,) = payroll_desk.get("batches").json()["batches"]
    assert (shown["state"], shown["pulled_at"]) == ("pulled", "2026-07-03T09:00:00.250000Z")
    assert payroll_desk.ack(batch).json()["state"] == "accepted"
    detail = payroll_desk.get("batches/run-2026-06-1").json()
    assert [each["name"] for each in detail["files"]] == ["run-2026-06-1.csv"]


def test_a_key_sees_the_batches_of_its_pay_groups_only(payroll_desk: PayrollDesk) -> None:
    payroll_desk.release()
    assert payroll_desk.get("batches", "adp").json()["batches"] == []
    for path in ("batches/run-2026-06-1", "batches/run-2026-06-1/file", "batches/run-2026-06-1/manifest"):
        assert problem(payroll_desk.get(path, "adp")) == (404, "no-such-batch")
    assert problem(payroll_desk.get("batches/run-2026-06-9")) == (404, "no-such-batch")


def test_who_is_limited_to_a_legal_entity_reaches_its_batches_alone(payroll_desk: PayrollDesk) -> None:
    """Neither file nor answer, returned lines nor reconciliation of another's."""
    lines = [replace(LINES[0], entity="EAST"), replace(LINES[1], entity="WEST")]
    profile = PayrollProfile.of(EVERYWHERE | {"file": {"format": "generic"}, "entities": {"EAST": {}, "WEST": {}}})
    eastern, western = payroll_desk.release(lines, profile=profile)
    ids = {"east": eastern.head.batch, "west": western.head.batch}
    for who, other in (("east", ids["west"]), ("west", ids["east"])):
        assert [each["id"] for each in payroll_desk.get("batches", who).json()["batches"]] == [ids[who]]
        for path in ("", "/file", "/manifest"):
            assert payroll_desk.get(f"batches/{ids[who]}{path}", who).status_code == 200
            assert problem(payroll_desk.get(f"batches/{other}{path}", who)) == (404, "no-such-batch")
    acknowledged = {"sha256": western.sha256, "record_count": 1, "control_totals": western.control_totals}
    refused = payroll_desk.post(
        f"batches/{ids['west']}/ack", acknowledged | {"status": "accepted"}, "east", idempotency_key="key-00001"
    )
    assert problem(refused) == (404, "no-such-batch")
    row, name = eastern.rows[0]
    rejected = [{"row": row, "code": "inactive", "message": "not active"}]
    assert payroll_desk.ack(eastern, status="rejected", rejected=rejected).status_code == 200
    assert [each["line"] for each in payroll_desk.get("returned", "dana").json()["lines"]] == [name]
    assert payroll_desk.get("returned", "west").json()["lines"] == []
    resolution = {"batch": ids["east"], "line": name, "reason": "id mended"}
    assert problem(payroll_desk.post("returned/resolve", resolution, "west")) == (404, "no-such-batch")
    paid = {"source": "bank", "paid": []}
    assert problem(payroll_desk.post(f"batches/{ids['east']}/reconciliation", paid, "west")) == (404, "no-such-batch")


def test_each_manifest_names_the_batch_before_of_the_same_payroll(payroll_desk: PayrollDesk) -> None:
    (first,) = payroll_desk.release(LINES[:1])
    other = replace(RUN, id="run-2026-06-2", pay_group="support")
    (elsewhere,) = payroll_desk.release([line("generic", id="x")], other)
    (second,) = payroll_desk.release(LINES[1:], replace(RUN, corrects="run-2026-06-1"))
    assert json.loads(elsewhere.manifest)["previous_batch_id"] is None
    found = json.loads(second.manifest)
    assert (found["batch_id"], found["corrects"]) == ("run-2026-06-1.2", "run-2026-06-1")
    assert (found["previous_batch_id"], found["previous_batch_sha256"]) == (first.head.batch, first.sha256)


def test_each_legal_entity_gets_its_own_batch_and_one_that_is_not_listed_none(payroll_desk: PayrollDesk) -> None:
    profile = PayrollProfile.of(
        EVERYWHERE
        | {"file": {"format": "generic"}, "entities": {"DE": {"decimal_sign": ",", "delimiter": ";"}, "US": {}}}
    )
    german, american = replace(LINES[0], entity="DE"), replace(LINES[1], entity="US")
    both = payroll_desk.release([american, german], profile=profile)
    assert [(each.head.batch, each.head.entity) for each in both] == [
        ("run-2026-06-1", "DE"),
        ("run-2026-06-1.2", "US"),
    ]
    assert b"1234,56" in both[0].files[0].content
    with pytest.raises(LinesRefused) as refused:
        payroll_desk.release([replace(LINES[2], entity="UK")], profile=profile)
    assert [each["code"] for each in refused.value.rejected] == ["unlisted"]


def test_ids_are_one_person_s_over_all_files_to_one_company_and_each_company_has_its_own(
    payroll_desk: PayrollDesk,
) -> None:
    adp = {"format": "adp-workforce-now", "currency": "USD", "company_code": "ABC", "pay_codes": {"commission": "C"}}
    one = replace(LINES[0], pay_code="commission", entity="EAST", payroll_id="000417")
    other = replace(LINES[1], pay_code="commission", entity="WEST", payroll_id="417", amount=100)
    together = PayrollProfile.of(EVERYWHERE | {"file": adp})
    listed = PayrollProfile.of(EVERYWHERE | {"file": adp, "entities": {"EAST": {}, "WEST": {}}})
    apart = PayrollProfile.of(EVERYWHERE | {"file": adp, "entities": {"EAST": {}, "WEST": {"company_code": "WST"}}})
    for profile in (together, listed):
        with pytest.raises(LinesRefused, match=r"ada \(000417\) and bo \(417\) have ids that are the same"):
            payroll_desk.release([one, other], profile=profile)
    assert len(payroll_desk.release([one, other], profile=apart)) == 2


def test_a_line_is_never_in_two_released_batches(payroll_desk: PayrollDesk) -> None:
    payroll_desk.release()
    with pytest.raises(LinesReleased) as refused:
        payroll_desk.release([LINES[0], line("generic", id="new")], replace(RUN, id="run-2026-06-2"))
    assert refused.value.lines == ["a"]
    assert len(payroll_desk.get("batches").json()["batches"]) == 1
    copy = """insert into batch_line (batch, line, attempt, "row", participant_id, person, pay_code, target_code, currency,
        amount) select batch, line || :more, attempt + :by, 1, 'x', 'x', 'x', 'x', 'USD', 1 from batch_line where line = 'a'"""
    for more, by in (("", 1), ("", 0), ("z", 1)):
        with pytest.raises(DBAPIError), payroll_desk.engine.begin() as connection:
            connection.execute(text(copy), {"more": more, "by": by})


def test_nobody_changes_what_was_released_or_said(payroll_desk: PayrollDesk, payout_engine: Engine) -> None:
    (batch,) = payroll_desk.release()
    payroll_desk.get("batches/run-2026-06-1/file")
    payroll_desk.ack(batch, status="rejected")
    tables = "payroll_batch payroll_batch_file batch_line batch_rejection batch_pull batch_acknowledgement"
    for table in tables.split():
        column = "id" if table == "payroll_batch" else "batch"
        for statement in (f"update {table} set {column} = ''", f"delete from {table}", f"truncate {table} cascade"):
            for engine in (payout_engine, payroll_desk.engine):
                with pytest.raises(DBAPIError), engine.begin() as connection:
                    connection.execute(text(statement))


@pytest.mark.parametrize(
    ("field", "value"), [("sha256", "0" * 64), ("record_count", 2), ("control_totals", {"USD": "2196.55"})]
)
def test_an_acknowledgement_of_something_else_is_a_conflict_and_counted(
    payroll_desk: PayrollDesk, field: str, value: Any
) -> None:
    (batch,) = payroll_desk.release()
    before = PAYROLL_MISMATCHES._value.get()
    answer = payroll_desk.ack(batch, **{field: value})
    assert problem(answer) == (409, "acknowledgement-mismatch")
    assert answer.json()["fields"] == [field]
    assert PAYROLL_MISMATCHES._value.get() == before + 1
    assert payroll_desk.ack(batch, control_totals={"USD": "2196.560"}).json()["state"] == "accepted"


def test_an_acknowledgement_is_said_once_and_may_be_repeated(payroll_desk: PayrollDesk) -> None:
    (batch,) = payroll_desk.release()
    first = payroll_desk.ack(batch)
    assert payroll_desk.ack(batch).json() == first.json()
    assert problem(payroll_desk.ack(batch, status="rejected")) == (409, "idempotency-key-reused")
    assert problem(payroll_desk.ack(batch, key="key-00002")) == (409, "already-acknowledged")
    assert payroll_desk.post("batches/run-2026-06-1/ack", {}).status_code == 422


def test_rejected_rows_wait_for_a_person_and_may_be_released_again(payroll_desk: PayrollDesk) -> None:
    (batch,) = payroll_desk.release()
    rows = {name: row for row, name in batch.rows}
    rejected = [{"row": rows["b"], "code": "inactive", "message": "not active"}]
    assert payroll_desk.ack(batch, status="partial", rejected=rejected).json()["state"] == "partial"
    (waiting,) = payroll_desk.get("returned", "dana").json()["lines"]
    assert (waiting["line"], waiting["amount"], waiting["code"]) == ("b", "987.00", "inactive")
    resolution = {"batch": "run-2026-06-1", "line": "b", "reason": "id mended"}
    assert payroll_desk.post("returned/resolve", resolution, "dana").json() == {"lines": []}
    assert payroll_desk.get("returned", "dana").json()["lines"] == []
    assert problem(payroll_desk.post("returned/resolve", resolution, "dana")) == (409, "not-returned")
    (again,) = payroll_desk.release([LINES[1]], replace(RUN, id="run-2026-07-1"))
    assert payroll_desk.ack(again, key="key-00009", status="rejected").json()["state"] == "rejected"
    payroll_desk.release([LINES[1]], replace(RUN, id="run-2026-08-1"))
    with pytest.raises(LinesReleased):
        payroll_desk.release([LINES[1]], replace(RUN, id="run-2026-09-1"))


@pytest.mark.parametrize(
    ("status", "rows"),
    [("accepted", [1]), ("partial", []), ("partial", [1, 2, 3]), ("rejected", [1]), ("partial", [9])],
)
def test_rows_that_do_not_fit_the_status_are_refused(payroll_desk: PayrollDesk, status: str, rows: list[int]) -> None:
    (batch,) = payroll_desk.release()
    rejected = [{"row": row, "code": "x", "message": "x"} for row in rows]
    assert problem(payroll_desk.ack(batch, status=status, rejected=rejected)) == (422, "bad-rejections")


def test_what_was_paid_is_compared_with_what_was_released(payroll_desk: PayrollDesk) -> None:
    payroll_desk.release()
    paid = [
        {"person": "ada", "currency": "USD", "amount": "1234.50"},
        {"person": "cy", "currency": "USD", "amount": "10.00"},
    ]
    answer = payroll_desk.post(
        "batches/run-2026-06-1/reconciliation", {"source": "paid.csv", "paid": paid}, "dana"
    ).json()
    assert [(each["kind"], each["person"], each["released"], each["paid"]) for each in answer["findings"]] == [
        ("underpaid", "ada", "1234.56", "1234.50"),
        ("missing", "bo", "962.00", "0.00"),
        ("unexpected", "cy", "0.00", "10.00"),
    ]
    assert answer["number"] == 1


def test_a_batch_past_its_cut_off_is_counted_until_payroll_says_something(payroll_desk: PayrollDesk) -> None:
    (batch,) = payroll_desk.release()
    cut_off = RUN.acknowledge_by
    assert cut_off is not None
    late = cut_off.replace(day=cut_off.day + 1)

    def waiting(day: Any) -> tuple[int, int]:
        with payroll_desk.engine.connect() as connection:
            return overdue(connection, day)

    assert waiting(cut_off) == (0, 0)
    assert waiting(late) == (1, 1)
    CutOffs(payroll_desk.engine, lambda: late).count()
    assert PAYROLL_OVERDUE.labels("fetch")._value.get() == 1
    payroll_desk.get("batches/run-2026-06-1/file")
    assert waiting(late) == (0, 1)
    payroll_desk.ack(batch)
    assert waiting(late) == (0, 0)


def test_of_two_who_release_a_line_at_once_one_is_refused(payroll_desk: PayrollDesk) -> None:
    def attempt(number: int) -> str:
        try:
            payroll_desk.release(run=replace(RUN, id=f"run-2026-06-{number}"))
        except LinesReleased:
            return "refused"
        return "released"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(1, 5))) == ["refused", "refused", "refused", "released"]


def test_a_run_without_payments_has_a_batch_without_rows(payroll_desk: PayrollDesk) -> None:
    (batch,) = payroll_desk.release([])
    assert (batch.record_count, batch.control_totals) == (0, {})
    assert payroll_desk.ack(batch).json()["state"] == "accepted"


def test_whoever_books_is_told_once_of_an_answer_and_of_the_lines_it_returns(payroll_desk: PayrollDesk) -> None:
    (batch,) = payroll_desk.release()
    row = next(row for row, name in batch.rows if name == "b")
    rejected = [{"row": row, "code": "inactive", "message": "left"}]
    for _ in range(2):
        assert payroll_desk.ack(batch, status="partial", rejected=rejected).is_success
    assert payroll_desk.answered == [("run-2026-06-1", ["b"])]


def test_verify_finds_batches_whole_and_names_one_that_was_changed(
    payroll_desk: PayrollDesk, payout_engine: Engine
) -> None:
    payroll_desk.release(LINES[:1])
    payroll_desk.release(LINES[1:])

    def found() -> list[str]:
        with payout_engine.connect() as connection:
            return list(differences(connection))

    assert found() == []
    with payout_engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("update batch_line set amount = amount + 1 where line = 'a'"))
        connection.execute(text("update payroll_batch set number = 9, sha256 = repeat('0', 64) where id like '%.2'"))
    changed = found()
    with payout_engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("update payroll_batch set manifest = '{}' where number = 1"))
    assert "batch run-2026-06-1: what is stored of it cannot be read" in found()
    assert changed == [
        "batch run-2026-06-1: its lines do not add up to its control totals",
        "batch run-2026-06-1.2: its files do not have the hashes that it names",
        "payroll batches are not numbered one after the other: one is missing",
    ]
