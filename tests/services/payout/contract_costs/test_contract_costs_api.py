"""Contract costs over HTTP: a month is booked once, what comes later is a difference, and nothing that was booked
changes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.payout.app import create_app
from services.payout.contract_costs.service import DEFAULTS, published_policy
from services.payout.policies import store as policies
from shared.contract_costs.facts import CostLine
from shared.contract_costs.policy import ContractCosts
from shared.log.port import Log
from shared.settings import Settings
from tests.services.payout.desk import PEOPLE, Desk, problem

NOW = datetime(2027, 1, 15, 9, 30, tzinfo=UTC)
POLICY = ContractCosts.of({"kind": "contract_costs", "id": "default", "valid_from": "2020-01-01"})
OLD = {
    "contract_id": "Old",
    "signed_date": "2025-07-01",
    "amount": "3600.00",
    "currency": "EUR",
    "entity": "de",
    "term_months": 36,
    "reason": "from the spreadsheet",
}
ACME = CostLine(
    earning_line_id="a",
    contract_id="Acme",
    signed=date(2026, 1, 10),
    amount=2_400_00,
    currency="USD",
    entity="us",
    component="new",
    term_months=24,
)


class Costs:
    """The routes over lines that a test may change."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lines: list[CostLine] = [ACME]

    def book(self, period: str, *, catch_up: bool = False) -> Any:
        query = "?catch_up=true" if catch_up else ""
        response = self.desk.post(f"/v1/contract-costs/periods/{period}{query}", "dana")
        assert response.is_success, response.text
        return response.json()

    def tell(self, event: str, who: str = "dana", **fields: Any) -> Any:
        body = {"contract_id": "Acme", "reason": "told by the customer"} | fields
        return self.desk.post(f"/v1/contract-costs/events/{event}", who, body)

    def entries(self, first: str, last: str) -> list[tuple[str, str, str, str]]:
        found = self.desk.get(f"/v1/contract-costs/entries?first={first}&last={last}").json()
        return [(each["period"], each["origin_period"], each["kind"], each["amount"]) for each in found["entries"]]

    def movements(self, first: str, last: str) -> list[dict[str, str]]:
        found = self.desk.get(f"/v1/contract-costs/rollforward?first={first}&last={last}")
        assert found.is_success, found.text
        movements: list[dict[str, str]] = found.json()["movements"]
        return movements


@pytest.fixture
def costs(
    service_engine: Engine, view_engine: Engine, log: Log, scoring: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Costs]:
    keys = [
        {"name": name, "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest(), "scopes": scopes}
        for name, scopes in PEOPLE.items()
    ]
    (tmp_path / "keys.json").write_bytes(orjson.dumps(keys))
    settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=tmp_path / "keys.json")
    found: list[Costs] = []

    def costs(_: object, period: str) -> list[CostLine]:
        return [line for line in found[0].lines if f"{line.recognised:%Y-%m}" <= period]

    monkeypatch.setattr("services.payout.contract_costs.store.earned_costs", costs)
    monkeypatch.setattr("services.payout.contract_costs.service.published_policy", lambda _: lambda day: POLICY)
    app = create_app(
        settings, service_engine, view=view_engine, now=lambda: NOW, ready=list, lines=scoring, deals=scoring, log=log
    )
    with TestClient(app) as client:
        found.append(Costs(Desk(client)))
        yield found[0]


def test_a_month_is_booked_once_and_again_changes_nothing(costs: Costs) -> None:
    first = costs.book("2026-01")
    assert first["batch"]["id"] == "contract-costs-2026-01-1"
    assert first["batch"]["balances"] == [
        {"entity": "us", "currency": "USD", "carrying": "2300.00", "current": "1200.00", "non_current": "1100.00"}
    ]
    assert costs.book("2026-01")["batch"] is None
    assert costs.entries("2026-01", "2026-12") == [
        ("2026-01", "2026-01", "amortisation", "100.00"),
        ("2026-01", "2026-01", "capitalisation", "2400.00"),
    ]


def test_what_changes_about_a_passed_month_is_booked_in_the_next_with_its_origin(costs: Costs) -> None:
    costs.book("2026-01")
    costs.book("2026-02")
    assert costs.tell("e1", kind="clawback", date="2026-01-31", amount="575.00", currency="USD").status_code == 201
    before = costs.entries("2026-01", "2026-02")
    costs.book("2026-03")
    assert costs.entries("2026-01", "2026-02") == before
    assert costs.entries("2026-03", "2026-03") == [
        ("2026-03", "2026-01", "clawback", "575.00"),
        ("2026-03", "2026-02", "amortisation", "-25.00"),
        ("2026-03", "2026-03", "amortisation", "75.00"),
    ]
    assert [row["closing"] for row in costs.movements("2026-01", "2026-03")] == ["2300.00", "2200.00", "1575.00"]


def test_a_month_before_the_last_booked_one_is_refused(costs: Costs) -> None:
    costs.book("2026-03", catch_up=True)
    assert problem(costs.desk.post("/v1/contract-costs/periods/2026-02", "dana")) == (
        409,
        "contract-costs-month-passed",
    )
    assert problem(costs.desk.post("/v1/contract-costs/periods/2027-01", "dana")) == (409, "period-not-ended")
    assert problem(costs.desk.post("/v1/contract-costs/periods/2026-13", "dana"))[0] == 422
    assert problem(costs.desk.post("/v1/contract-costs/periods/2026-04", "frank")) == (403, "forbidden")


def test_months_that_are_not_booked_are_named_before_anything_is_booked_with_them(costs: Costs) -> None:
    refused = costs.desk.post("/v1/contract-costs/periods/2026-04", "dana")
    assert problem(refused) == (409, "contract-costs-months-skipped")
    assert (refused.json()["skipped"], refused.json()["entries"]) == (["2026-01", "2026-02", "2026-03"], 4)
    assert "book 2026-01 first and then month by month" in refused.json()["detail"]
    assert costs.entries("2026-01", "2026-12") == []
    for month in ("2026-01", "2026-02"):
        costs.book(month)
    refused = costs.desk.post("/v1/contract-costs/periods/2026-04", "dana")
    assert refused.json()["detail"].startswith("earlier months are not booked yet (2026-03): ")


def test_a_month_in_which_nothing_happens_need_not_be_booked(costs: Costs) -> None:
    costs.lines = [replace(ACME, earned=date(2026, 3, 5))]
    costs.book("2026-01")
    assert costs.book("2026-03")["batch"]["entries"] == 2


def test_entries_come_a_page_at_a_time_each_once_and_in_order(costs: Costs) -> None:
    for month in range(1, 5):
        costs.book(f"2026-{month:02d}")
    seen, after = [], 0
    while after is not None:
        page = costs.desk.get(f"/v1/contract-costs/entries?first=2026-01&last=2026-12&limit=2&after={after}").json()
        assert len(page["entries"]) <= 2
        seen += [(each["period"], each["origin_period"], each["kind"], each["amount"]) for each in page["entries"]]
        after = page["next"]
    assert seen == costs.entries("2026-01", "2026-12")
    assert len(seen) == 5


def test_a_backlog_is_booked_with_the_first_month_on_purpose(costs: Costs) -> None:
    costs.book("2026-03", catch_up=True)
    (row,) = costs.movements("2026-03", "2026-03")
    assert (row["opening"], row["additions"], row["amortisation"], row["closing"]) == (
        "0.00",
        "2400.00",
        "-300.00",
        "2100.00",
    )


def test_the_month_may_be_booked_again_while_it_is_the_last(costs: Costs) -> None:
    costs.book("2026-02", catch_up=True)
    costs.lines.append(replace(ACME, earning_line_id="b", contract_id="Beta", amount=600_00, term_months=12))
    again = costs.book("2026-02", catch_up=True)
    assert (again["batch"]["id"], again["batch"]["entries"]) == ("contract-costs-2026-02-2", 1)
    assert costs.movements("2026-02", "2026-02")[0]["expensed"] == "600.00"


def test_a_line_that_is_taken_back_leaves_nothing(costs: Costs) -> None:
    costs.book("2026-01")
    costs.lines.clear()
    costs.book("2026-02")
    assert costs.movements("2026-02", "2026-02")[0]["closing"] == "0.00"
    assert costs.entries("2026-02", "2026-02") == [
        ("2026-02", "2026-01", "amortisation", "-100.00"),
        ("2026-02", "2026-01", "capitalisation", "-2400.00"),
    ]


def test_an_event_is_told_once(costs: Costs) -> None:
    churn = {"kind": "termination", "date": "2026-03-31"}
    assert costs.tell("e1", **churn).status_code == 201
    assert costs.tell("e1", **churn).status_code == 200
    assert problem(costs.tell("e1", **(churn | {"date": "2026-04-30"}))) == (409, "contract-costs-event-exists")
    assert [each["id"] for each in costs.desk.get("/v1/contract-costs/events?contract=Acme").json()] == ["e1"]
    costs.book("2026-03", catch_up=True)
    assert ("2026-03", "2026-03", "impairment", "2100.00") in costs.entries("2026-03", "2026-03")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "clawback", "date": "2026-03-31"},
        {"kind": "clawback", "date": "2026-03-31", "amount": "5.00"},
        {"kind": "clawback", "date": "2026-03-31", "amount": "5.001", "currency": "USD"},
        {"kind": "termination", "date": "2026-03-31", "amount": "5.00", "currency": "USD"},
        {"kind": "estimate", "date": "2026-03-31"},
        {"kind": "estimate", "date": "2026-03-31", "months": 3, "ends": "2027-01-01"},
        {"kind": "extension", "date": "2026-03-31", "ends": "2027-01-01"},
        {"kind": "churn", "date": "2026-03-31"},
        {"kind": "termination", "date": "2026-03-31", "reason": ""},
    ],
)
def test_an_event_that_is_not_whole_is_refused(costs: Costs, fields: dict[str, Any]) -> None:
    assert costs.tell("e1", **fields).status_code == 422


def test_what_cannot_be_used_is_told_when_the_month_is_booked(costs: Costs) -> None:
    costs.tell("e1", contract_id="Omega", kind="termination", date="2026-01-31")
    (told,) = costs.book("2026-01")["not_used"]
    assert told == {
        "source": "e1",
        "id": "Omega",
        "reason": "no_contract",
        "message": "there is no cost of contract Omega",
    }


def test_a_contract_is_shown_in_words_with_its_schedule_and_what_is_booked(costs: Costs) -> None:
    costs.book("2026-01")
    found = costs.desk.get("/v1/contract-costs/contracts/Acme").json()
    assert found["words"][0].startswith("2026-01: a is capitalised at 2,400.00 USD.")
    assert sum(Decimal(row["amount"]) for row in found["schedule"]) == 2400
    assert len(found["booked"]) == 2
    assert problem(costs.desk.get("/v1/contract-costs/contracts/Omega"))[0] == 404


def test_two_who_book_a_month_at_once_book_it_once(costs: Costs) -> None:
    gate = threading.Barrier(4)

    def book() -> int:
        gate.wait()
        return costs.desk.post("/v1/contract-costs/periods/2026-01", "dana").status_code

    with ThreadPoolExecutor(4) as pool:
        assert [each.result() for each in [pool.submit(book) for _ in range(4)]] == [200] * 4
    assert len(costs.entries("2026-01", "2026-01")) == 2


@pytest.mark.parametrize(
    "table", ["contract_cost_line", "contract_cost_event", "contract_cost_batch", "contract_cost_entry"]
)
@pytest.mark.parametrize("change", ["update {0} set number = default", "delete from {0}", "truncate {0} cascade"])
def test_the_subledger_is_only_ever_added_to(costs: Costs, payout_engine: Engine, table: str, change: str) -> None:
    costs.tell("e1", kind="termination", date="2026-03-31")
    costs.desk.post("/v1/contract-costs/lines/old-1", "dana", OLD)
    costs.book("2026-01", catch_up=True)
    with pytest.raises(DBAPIError), payout_engine.begin() as connection:
        connection.execute(text(change.format(table)))


def test_the_database_refuses_a_batch_of_a_passed_month(costs: Costs, payout_engine: Engine) -> None:
    costs.book("2026-03", catch_up=True)
    add = "insert into contract_cost_batch (id, period, entries, balances, actor, recorded_at) values ('x', '2026-02', 0, '[]', 'x', now())"
    with pytest.raises(DBAPIError, match="are passed"), payout_engine.begin() as connection:
        connection.execute(text(add))


def test_the_published_policy_is_the_one_in_force_on_a_day(service_engine: Engine) -> None:
    later = POLICY.model_copy(update={"valid_from": date(2026, 6, 1), "framework": "ifrs"})
    with service_engine.begin() as connection:
        assert published_policy(connection)(date(2026, 6, 1)) == DEFAULTS
        policies.add(connection, later, author="dana", reason="a test", now=NOW, before=[])
        at = published_policy(connection)
    assert at(date(2026, 5, 31)) == DEFAULTS
    assert at(date(2026, 6, 1)).framework == "ifrs"


def test_a_cost_that_no_line_of_pay_has_is_told_once_and_booked_with_the_others(costs: Costs) -> None:
    told = costs.desk.post("/v1/contract-costs/lines/old/1", "dana", OLD)
    assert (told.status_code, told.json()["earning_line_id"], told.json()["recognised"]) == (201, "old/1", "2025-07-01")
    assert costs.desk.post("/v1/contract-costs/lines/old/1", "dana", OLD).status_code == 200
    changed = costs.desk.post("/v1/contract-costs/lines/old/1", "dana", OLD | {"amount": "1"})
    assert problem(changed) == (409, "contract-costs-line-exists")
    assert costs.desk.post("/v1/contract-costs/lines/old/2", "dana", OLD | {"amount": "0"}).status_code == 422
    assert costs.desk.post("/v1/contract-costs/lines/old/2", "frank", OLD).status_code == 403
    costs.book("2026-01", catch_up=True)
    old, acme = costs.movements("2026-01", "2026-01")
    assert (old["entity"], old["closing"], old["current"]) == ("de", "2900.00", "1200.00")
    assert (acme["entity"], acme["closing"]) == ("us", "2300.00")


def test_costs_and_events_are_told_in_the_words_of_the_page_too(costs: Costs) -> None:
    as_on_the_page = {name: value for name, value in OLD.items() if name != "signed_date"}
    as_on_the_page |= {"date": "2025-07-01", "service_start_date": "2025-07-01"}
    told = costs.desk.post("/v1/contract-costs/lines/old/1", "dana", as_on_the_page)
    assert (told.status_code, told.json()["recognised"]) == (201, "2025-07-01")
    ends = {"contract_id": "Old", "event": "termination", "date": "2026-01-31", "reason": "The customer left."}
    told = costs.desk.post("/v1/contract-costs/events/e1", "dana", ends)
    assert (told.status_code, told.json()["kind"]) == (201, "termination")


def test_a_told_cost_is_taken_back_by_a_negative_one(costs: Costs) -> None:
    costs.desk.post("/v1/contract-costs/lines/old-1", "dana", OLD)
    back = OLD | {"amount": "-3600.00", "signed_date": "2025-07-15", "corrects": "old-1"}
    assert costs.desk.post("/v1/contract-costs/lines/old-2", "dana", back).status_code == 201
    costs.book("2026-01", catch_up=True)
    old = costs.movements("2026-01", "2026-01")[0]
    assert (old["closing"], old["expensed"]) == ("0.00", "-100.00")
