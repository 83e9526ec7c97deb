"""The HTTP interface: what it tells, whom it tells, and that no request breaks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.scoring.app import create_app
from services.scoring.quarantine.service import quarantine
from shared.log.open import open_log
from shared.log.port import Record
from shared.settings import Settings
from tests.services.scoring.conftest import Road, simple_plan
from tests.system.test_openapi import ask_everything

KEYS = {"analyst": ["earnings:read"], "crm": ["deals:write"]}
WON = {"stage": "won", "currency": "USD", "close_date": "2025-03-14"}


@pytest.fixture
def app(scoring_engine: Engine, scoring_view: Engine, database_url: str, tmp_path: Path) -> FastAPI:
    keys = [
        {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}
        for name, scopes in KEYS.items()
    ]
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    return create_app(
        Settings(database_url=database_url, keys_file=tmp_path / "keys.json"),
        scoring_engine,
        view=scoring_view,
        ready=list,
        log=open_log(Settings(database_url=database_url, keys_file=tmp_path / "keys.json")),
    )


@pytest.fixture
def company(road: Road) -> Road:
    """ann/east sells and reports to bob; one deal crosses ann's quota of 1,000, one is split, one has a stranger as owner."""
    road.plan(simple_plan())
    road.person("bob", "2025-01-01", plan="rep")
    road.person("ann/east", "2025-01-01", plan="rep", manager="bob", quota_bookings="1000")
    road.deal("crm/1", owner="ann/east", amount="900.00", **WON)
    road.deal("crm/2", owner="ann/east", amount="200.00", **{**WON, "close_date": "2025-03-15"})
    road.deal("crm/3", splits={"ann/east": "50", "bob": "50"}, amount="10.01", **{**WON, "close_date": "2025-04-01"})
    road.deal("crm/4", owner="zoe", amount="1.00", **WON)
    road.drain()
    return road


@pytest.fixture
def get(app: FastAPI, company: Road) -> Iterator[Any]:
    client = TestClient(app, headers={"authorization": "Bearer analyst"}, raise_server_exceptions=False)
    with client:
        yield client.get


def test_earnings_by_period_and_component(get: Any) -> None:
    found = get("/v1/participants/ann/east/earnings").json()
    assert [(e["period"], e["component"], e["amount"], e["measure"], e["quota"]) for e in found["earnings"]] == [
        ("2025-03", "commission", "60.00", "1100.00", "1000.00"),
        ("2025-03", "override", "0.00", "0.00", None),
        ("2025-04", "commission", "0.25", "5.01", "1000.00"),
        ("2025-04", "override", "0.00", "0.00", None),
    ]
    only = get("/v1/participants/ann/east/earnings", params={"period": "2025-04"}).json()
    assert only["earnings"] == found["earnings"][2:]


def test_an_explanation_sums_to_the_earning_and_says_so(get: Any) -> None:
    found = get("/v1/earnings/ann/east/2025-03/commission/explain").json()
    assert (found["amount"], found["lines_total"], found["sums_to_earning"]) == ("60.00", "60.00", True)
    [part] = found["parts"]
    assert [(line["deal_id"], line["amount"]) for line in part["lines"]] == [("crm/1", "45.00"), ("crm/2", "15.00")]
    assert [(s["tier"], s["credited"], s["rate"], s["pays"]) for s in part["lines"][1]["slices"]] == [
        (1, "100.00", "0.05", "5.00"),
        (2, "100.00", "0.1", "10.00"),
    ]


def test_a_managers_explanation_names_the_teams_deals(get: Any) -> None:
    found = get("/v1/earnings/bob/2025-03/override/explain").json()
    assert (found["amount"], found["sums_to_earning"]) == ("11.00", True)
    assert [line["deal_id"] for line in found["parts"][0]["lines"]] == ["crm/1", "crm/2"]


def test_while_credits_are_on_their_way_the_explanation_says_that_it_does_not_sum_yet(get: Any, company: Road) -> None:
    company.deal("crm/9", owner="ann/east", amount="1.00", **WON)
    company.deliver("credit", company._take("credit", None))
    found = get("/v1/earnings/ann/east/2025-03/commission/explain").json()
    assert (found["amount"], found["lines_total"], found["sums_to_earning"]) == ("60.00", "60.10", False)
    company.drain()
    found = get("/v1/earnings/ann/east/2025-03/commission/explain").json()
    assert (found["amount"], found["lines_total"], found["sums_to_earning"]) == ("60.10", "60.10", True)


def test_an_earning_under_two_plan_versions_is_explained_in_two_parts(get: Any, company: Road) -> None:
    company.plan(simple_plan(version=2, effective_from="2025-03-15"))
    company.drain()
    found = get("/v1/earnings/ann/east/2025-03/commission/explain").json()
    assert [(part["version"], part["amount"]) for part in found["parts"]] == [(1, "45.00"), (2, "10.00")]
    assert (found["amount"], found["sums_to_earning"]) == ("55.00", True)


def test_credits_of_a_participant_in_a_period(get: Any) -> None:
    found = get("/v1/participants/bob/credits", params={"period": "2025-04"}).json()["credits"]
    assert [(c["deal_id"], c["rule"], c["amount"], c["share_percent"], c["level"]) for c in found] == [
        ("crm/3", "own", "5.00", "50", 0),
        ("crm/3", "team", "5.01", "50", 1),
    ]


def test_a_deal_with_its_facts_and_whom_it_credits(get: Any) -> None:
    found = get("/v1/deals/crm/1").json()
    assert found["facts"]["amount"] == {
        "value": "900.00",
        "occurred_at": "2025-05-01T00:00:00.000000Z",
        "sequence": 0,
        "source": "crm",
        "by": "crm",
    }
    assert [(c["participant_id"], c["rule"]) for c in found["credits"]] == [("ann/east", "own"), ("bob", "team")]
    assert found["uncredited"] == []


def test_what_is_not_credited_and_why(get: Any, company: Road) -> None:
    why = {"cause": "unknown_participant", "about": None, "message": "zoe is not in the roster on the close date."}
    stranger = {
        "deal_id": "crm/4",
        "participant_id": "zoe",
        "reason": "unknown_participant",
        "rule_skipped": why,
    }
    assert get("/v1/deals/crm/4").json()["uncredited"] == [stranger]
    company.deal("crm/5", stage="won", owner="bob", close_date="2025-03-01")
    company.drain()
    why = {
        "cause": "no_currency",
        "about": None,
        "message": "The deal names no currency and the plans do not share one.",
    }
    second = {"deal_id": "crm/5", "participant_id": "bob", "reason": "no_currency", "rule_skipped": why}
    assert get("/v1/uncredited").json() == {"uncredited": [stranger, second], "next": None}
    assert get("/v1/uncredited", params={"limit": 1}).json() == {"uncredited": [stranger], "next": "crm/4"}
    assert get("/v1/uncredited", params={"limit": 1, "after": "crm/4"}).json()["uncredited"] == [second]
    assert get("/v1/uncredited", params={"reason": "no_currency"}).json() == {"uncredited": [second], "next": None}
    assert get("/v1/uncredited", params={"period": "2025-03"}).json()["uncredited"] == [stranger, second]
    assert get("/v1/uncredited", params={"period": "2025-04"}).json()["uncredited"] == []
    assert get("/v1/uncredited", params={"period": "2025-13"}).status_code == 422


def test_many_deals_are_shown_as_each_of_them_is(get: Any, app: FastAPI) -> None:
    client = TestClient(app, headers={"authorization": "Bearer analyst"})
    found = client.post("/v1/deals", json={"deals": ["crm/2", "nothing", "crm/1", "crm/2"]}).json()
    assert found == {"deals": [get(f"/v1/deals/{deal}").json() for deal in ("crm/1", "crm/2")]}
    assert client.post("/v1/deals", json={"deals": ["x"] * 1001}).status_code == 422


def test_the_summary_counts_and_sums(get: Any) -> None:
    assert get("/v1/summary").json() == {
        "deals": 4,
        "participants": 2,
        "plan_versions": 1,
        "quarantined": [],
        "totals": [{"currency": "USD", "credits": 7, "credited": "2215.02", "earned": "71.30"}],
        "uncredited": {"unknown_participant": 1},
        "unpaid": {"no_quota": 1},
    }


def test_whom_a_version_reaches_is_counted_with_the_months_that_it_may_pay_otherwise(get: Any) -> None:
    def reach(plan: str, since: str) -> Any:
        return get(f"/v1/plans/{plan}/reach", params={"since": since}).json()

    assert reach("rep", "2025-01-01") == {"participants": 2, "months": ["2025-03", "2025-04"]}
    assert reach("rep", "2025-03-31") == {"participants": 2, "months": ["2025-03", "2025-04"]}
    assert reach("rep", "2025-05-01") == {"participants": 2, "months": []}
    assert reach("other/plan", "2025-01-01") == {"participants": 0, "months": []}


def test_deals_are_found_by_when_they_closed_and_by_their_fields(get: Any) -> None:
    def found(limit: int = 1000, **query: Any) -> list[str]:
        ids, after = [], {}
        while True:
            page = get("/v1/facts/deals", params={"limit": limit, **query, **after}).json()
            ids += [deal["deal_id"] for deal in page["deals"]]
            if page["next"] is None:
                return ids
            after = {"after": page["next"]}

    assert found() == found(limit=1) == ["crm/1", "crm/2", "crm/3", "crm/4"]
    for limit in (1, 2, 1000):
        assert found(limit, closed_from="2025-03-15") == ["crm/2", "crm/3"]
        assert found(limit, closed_from="2025-03-14", closed_to="2025-03-14") == ["crm/1", "crm/4"]
        assert found(limit, where=["owner=ann/east", "currency=USD"], closed_to="2025-03-14") == ["crm/1"]
    assert found(where=["owner=nobody"]) == []
    assert get("/v1/facts/deals", params={"where": "owner"}).status_code == 422


def test_all_facts_are_read_page_by_page(get: Any) -> None:
    deals: list[Any] = []
    after: dict[str, str] = {}
    while True:
        page = get("/v1/facts/deals", params={"limit": 3, **after}).json()
        deals += page["deals"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [deal["deal_id"] for deal in deals] == ["crm/1", "crm/2", "crm/3", "crm/4"]
    assert deals[2]["fields"]["splits"] == {"ann/east": "50", "bob": "50"}
    people = get("/v1/facts/roster").json()
    assert [person["participant_id"] for person in people["participants"]] == ["ann/east", "bob"]
    assert people["participants"][0]["fields"]["2025-01-01/quota.bookings"] == "1000"
    assert people["next"] is None


@pytest.mark.parametrize(
    "path",
    [
        "/v1/participants/nobody/earnings",
        "/v1/participants/nobody/credits?period=2025-03",
        "/v1/earnings/bob/2025-07/override/explain",
        "/v1/earnings/bob/2025-03/bonus/explain",
        "/v1/deals/none",
    ],
)
def test_what_is_not_there_is_not_found(get: Any, path: str) -> None:
    answer = get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:earnest:problem:not-found")


def test_a_month_that_does_not_exist_is_refused(get: Any) -> None:
    assert get("/v1/participants/bob/earnings", params={"period": "2025-13"}).status_code == 422


def test_only_who_may_read_earnings_reads_them(app: FastAPI, company: Road) -> None:
    client = TestClient(app)
    assert client.get("/v1/summary").status_code == 401
    assert client.get("/v1/summary", headers={"authorization": "Bearer crm"}).status_code == 403


def test_amounts_beyond_64_bits_are_summed_exactly(get: Any, company: Road) -> None:
    change = {"plan": "rep", "version": 1, "rule": "own", "currency": "USD", "amount": 10**18, "deals": 1}
    for month in range(1, 13):
        each = {"period": f"2024-{month:02d}", "fiscal": 12 * 2024 + month - 1}
        message = {"participant_id": "rich", "changes": [change | each]}
        company.put("credits", Record("rich", orjson.dumps(message)))
    company.drain()
    [totals] = get("/v1/summary").json()["totals"]
    assert Decimal(totals["credited"]) == 12 * Decimal(10) ** 16 + Decimal("2215.02")


def test_no_request_breaks_it(app: FastAPI, company: Road) -> None:
    ask_everything(app, "analyst")


def test_what_a_quarantined_version_paid_is_not_explained_by_what_is_left_of_it(get: Any, company: Road) -> None:
    path = "/v1/earnings/ann/east/2025-03/commission/explain"
    assert get(path).status_code == 200
    with company.engine.begin() as connection:
        quarantine(connection, "rep", version=1, cause="it takes all memory", by="ops")
    assert get("/v1/summary").json()["quarantined"] == ["rep@1"]
    answer = get(path)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "rep@1 is quarantined: what it paid is explained when it is lifted",
    )


def test_what_looks_like_a_slip_is_told_in_the_month_that_it_moves(get: Any, company: Road) -> None:
    assert get("/v1/remarks?period=2025-03").json() == {"remarks": []}
    company.person("ann/east", "2025-03-20", quota_bookings="2000")
    company.person("bob", "2025-04-01", manager="bob")
    company.deal("crm/5", owner="bob", amount="5.00", **{**WON, "close_date": "2052-03-01"})
    company.deal("crm/6", owner="bob", amount="5.00", **{k: v for k, v in WON.items() if k != "close_date"})
    company.drain()
    march, april = (get(f"/v1/remarks?period={month}").json()["remarks"] for month in ("2025-03", "2025-04"))
    assert [(each["kind"], each["participant_id"]) for each in march] == [
        ("late_quota", "ann/east"),
        ("date_far_ahead", ""),
    ]
    assert march[0]["message"].startswith(
        "From 2025-03-20 the quota of ann/east for bookings is 2,000 instead of 1,000"
    )
    assert [(each["kind"], each["participant_id"]) for each in april] == [
        ("managers_in_a_circle", "bob"),
        ("date_far_ahead", ""),
    ]
    assert [each["deal_id"] for each in get("/v1/uncredited?period=2025-02").json()["uncredited"]] == ["crm/6"]
