"""What is approved is what is paid: whom a run pays is kept with it, and nobody is paid as somebody else."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.services.payout.desk import Book, Desk, earned, problem, roster

ADP = {
    "format": "adp-workforce-now",
    "currency": "USD",
    "company_code": "ABC",
    "pay_codes": {"commission": "C", "draw": "D"},
}


@pytest.fixture
def adp(desk: Desk) -> Desk:
    """Everybody is paid through ADP."""
    publish(desk, "payroll_profile", "adp", file=ADP)
    publish(desk, "pay_group", "default", calendar={"every": "month"}, payroll_profile="adp")
    return desk


def publish(desk: Desk, kind: str, name: str, **policy: Any) -> None:
    body = {"policy": {"valid_from": "2025-01-01", **policy}, "reason": "as agreed"}
    answer = desk.publish(f"{kind}/{name}", "tess", body)
    assert answer.is_success, answer.text


def earn(book: Book, month: str, *who: str, revision: int = 1) -> None:
    book([earned(each, month, revision, ("USD", 10_00)) for each in who])


def paid(desk: Desk, batch: str) -> dict[str, str]:
    """File number -> amount."""
    file = desk.get(f"/v1/payroll/batches/{batch}/file").text
    return {row["File #"]: row["Earnings 3 Amount"] for row in csv.DictReader(io.StringIO(file))}


def found(run: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    return [(each["participant_id"], each["why"]) for each in run["findings"] if each["kind"] == kind]


def test_a_payroll_id_that_changes_after_the_approval_does_not_redirect_the_payment(adp: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", payroll_id="7"), roster("bob", "2025-01-01", payroll_id="9")])
    earn(book, "2025-01", "ada", "bob")
    run = adp.release(adp.draft("2025-01")["id"])["id"]
    book([roster("ada", "2025-01-01", 1, payroll_id="666", entity="ELSEWHERE")])
    publish(adp, "payroll_profile", "adp", file=ADP | {"company_code": "XYZ"}, valid_from="2025-02-01")
    adp.do(run, "export", "dana")
    assert paid(adp, run) == {"000007": "10.00", "000009": "10.00"}


@pytest.mark.parametrize(
    "changed",
    [{"payroll_id": "8"}, {"first_name": "Eve"}, {"last_name": "Evil"}, {"entity": "UK"}, {"cost_center": "CC9"}],
)
def test_a_payee_that_changes_before_the_approval_has_to_be_calculated_and_looked_at_again(
    adp: Desk, book: Book, changed: dict[str, str]
) -> None:
    book([roster("ada", "2025-01-01", payroll_id="7", first_name="Ada", last_name="Lane")])
    earn(book, "2025-01", "ada")
    run = adp.draft("2025-01")["id"]
    book([roster("ada", "2025-01-01", 1, **changed)])
    assert problem(adp.post(f"/v1/runs/{run}/submit", "dana")) == (409, "lines-changed")
    adp.do(run, "calculate", "dana")
    adp.do(run, "submit", "dana")
    book([roster("ada", "2025-01-01", 2, **{name: f"{value}0" for name, value in changed.items()})])
    assert problem(adp.post(f"/v1/runs/{run}/approve", "frank")) == (409, "lines-changed")


def test_another_version_of_the_payroll_profile_is_looked_at_again(adp: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", payroll_id="7")])
    earn(book, "2025-01", "ada")
    run = adp.draft("2025-01")["id"]
    publish(adp, "payroll_profile", "adp", file=ADP | {"company_code": "XYZ"})
    assert problem(adp.post(f"/v1/runs/{run}/submit", "dana")) == (409, "lines-changed")


@pytest.mark.parametrize(
    "fact",
    [
        {"payroll_id": "7"},
        {"first_name": "Ada"},
        {"last_name": "Lane"},
        {"entity": "US"},
        {"cost_center": "CC1"},
        {"pay_group": "default"},
    ],
)
def test_whoever_said_where_somebody_s_pay_goes_does_not_approve_it(
    desk: Desk, book: Book, fact: dict[str, str]
) -> None:
    book([roster("ada", "2025-01-01", source="frank", **fact), roster("bob", "2025-01-01", source="carol", **fact)])
    earn(book, "2025-01", "ada")
    run = desk.draft("2025-01")
    assert run["touched_by"] == {"frank": ["payee"]}
    desk.do(run["id"], "submit", "dana")
    assert problem(desk.post(f"/v1/runs/{run['id']}/approve", "frank")) == (403, "touched")
    desk.do(run["id"], "approve", "carol")


def test_two_people_under_one_file_number_are_found_at_once_and_never_approved(adp: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", payroll_id="000052"), roster("bob", "2025-01-01", payroll_id="52")])
    earn(book, "2025-01", "ada", "bob")
    run = adp.draft("2025-01")
    ((who, why),) = found(run, "payroll_refuses")
    assert who in ("ada", "bob")
    assert "ada (000052)" in why
    assert "bob (52)" in why
    refused = adp.post(f"/v1/runs/{run['id']}/submit", "dana")
    assert problem(refused) == (409, "payroll-refuses")
    assert "ada (000052)" in refused.json()["detail"]
    book([roster("bob", "2025-01-01", 1, payroll_id="53")])
    adp.do(run["id"], "calculate", "dana")
    adp.do(adp.release(run["id"])["id"], "export", "dana")
    assert paid(adp, run["id"]) == {"000052": "10.00", "000053": "10.00"}


def test_nobody_is_paid_under_the_file_number_of_somebody_whom_the_run_does_not_pay(adp: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", payroll_id="000052"), roster("bob", "2025-02-01", payroll_id="52")])
    earn(book, "2025-01", "ada")
    adp.pay("2025-01")
    earn(book, "2025-02", "bob")
    run = adp.draft("2025-02")
    assert [who for who, _ in found(run, "payroll_refuses")] == ["bob"]
    assert problem(adp.post(f"/v1/runs/{run['id']}/submit", "dana")) == (409, "payroll-refuses")


def test_a_payroll_id_that_is_new_or_was_somebody_else_s_stands_out(adp: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", payroll_id="52"), roster("bob", "2025-01-01", payroll_id="53")])
    earn(book, "2025-01", "ada", "bob")
    adp.pay("2025-01")
    book([roster("ada", "2025-02-01", 1, payroll_id="54"), roster("bob", "2025-02-01", 1, payroll_id="0052")])
    assert adp.confirm_payees() == ["ada", "bob"]
    earn(book, "2025-02", "ada", "bob")
    assert sorted(found(adp.draft("2025-02"), "payroll_id_changed")) == [
        ("ada", "run-2025-01-1 paid under another payroll id"),
        ("bob", "run-2025-01-1 paid ada under this payroll id"),
        ("bob", "run-2025-01-1 paid under another payroll id"),
    ]


def test_what_payroll_would_refuse_is_refused_while_it_can_be_mended(adp: Desk, book: Book) -> None:
    earn(book, "2025-01", "ada")
    run = adp.draft("2025-01")["id"]
    assert problem(adp.post(f"/v1/runs/{run}/submit", "dana")) == (409, "payroll-refuses")
    book([roster("ada", "2025-01-01", payroll_id="7")])
    adp.do(run, "calculate", "dana")
    adp.do(run, "submit", "dana")


def test_a_returned_payment_goes_back_where_it_was_booked_and_is_paid_to_the_payee_of_the_run_that_repays_it(
    adp: Desk, book: Book, payout_engine: Engine
) -> None:
    book([roster("ada", "2025-01-01", payroll_id="7", entity="US")])
    earn(book, "2025-01", "ada")
    run = adp.pay("2025-01")["id"]
    book([roster("ada", "2025-02-01", 1, payroll_id="8", entity="UK")])
    adp.confirm_payees()
    batch = adp.get(f"/v1/payroll/batches/{run}").json()
    said = {name: batch[name] for name in ("sha256", "record_count", "control_totals")} | {"status": "rejected"}
    headers = {"authorization": "Bearer key-payroll", "idempotency-key": "key-00001"}
    assert adp.client.post(f"/v1/payroll/batches/{run}/ack", json=said, headers=headers).is_success
    with payout_engine.connect() as connection:
        assert connection.execute(text("select entity from journal where kind = 'return'")).scalars().all() == ["US"]
    assert paid(adp, str(adp.pay("2025-02")["id"])) == {"000008": "10.00"}
