"""Deals, roster and plans come in over HTTP, and what was answered as accepted is in the log."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.ingest.schemas import DEAL, PLAN, ROSTER
from shared.contracts.topics import DEALS, PLANS, Topic
from shared.contracts.topics import ROSTER as ROSTER_TOPIC
from shared.log.port import LogUnavailable, Record
from shared.metrics import INGEST_EVENTS
from tests.services.ingest.conftest import Ingest


def deal(number: int = 1, **fields: Any) -> dict[str, Any]:
    data = {"deal_id": f"D-{number}", "fields": {"amount": "10.00", "currency": "USD"} | fields}
    return DEAL | {"id": f"e-{number}", "data": data}


def test_one_event_is_accepted_and_durable(ingest: Ingest) -> None:
    answer = ingest.client.post("/v1/deals", json=DEAL)
    assert answer.status_code == 202
    assert answer.json()["results"] == [{"index": 0, "id": "evt-1001", "status": "accepted", "errors": []}]
    (fact,) = ingest.in_log(DEALS)
    assert fact["deal_id"] == "D-1001"
    assert fact["fields"]["splits"] == {"ann": "60", "bob": "40"}
    assert fact["occurred_at"] == "2025-03-31T16:20:00.000000Z"


def test_an_event_travels_with_its_cloudevents_attributes_as_headers(ingest: Ingest) -> None:
    ingest.client.post("/v1/deals", json=DEAL)
    (stored,) = ingest.log.scan(DEALS)
    assert stored.record.key == "D-1001"
    assert stored.record.headers["ce_id"] == "evt-1001"
    assert stored.record.headers["ce_type"] == "earnest.deal.patched"


@pytest.mark.parametrize("form", ["array", "ndjson", "binary"])
def test_events_come_in_every_form_that_cloudevents_have(ingest: Ingest, form: str) -> None:
    if form == "array":
        answer = ingest.client.post("/v1/deals", json=[deal(1), deal(2)])
    elif form == "ndjson":
        lines = "\n".join(json.dumps(deal(n)) for n in (1, 2)) + "\n\n"
        answer = ingest.client.post("/v1/deals", content=lines, headers={"content-type": "application/x-ndjson"})
    else:
        event = deal(1)
        headers = {f"ce-{name}": value for name, value in event.items() if name != "data"}
        answer = ingest.client.post("/v1/deals", json=event["data"], headers=headers)
    assert answer.status_code == 202, answer.text
    assert len(ingest.in_log(DEALS)) == answer.json()["accepted"] >= 1


def test_a_rejected_event_is_named_by_its_place_and_its_id(ingest: Ingest) -> None:
    lines = b'{"id": "e-9", "source": "crm"}\n{"id": 7}\nnonsense\n[]'
    answer = ingest.client.post("/v1/deals", content=lines, headers={"content-type": "application/x-ndjson"})
    assert answer.status_code == 422
    found = [(result["index"], result["id"], result["status"]) for result in answer.json()["results"]]
    assert found == [(0, "e-9", "rejected"), (1, None, "rejected"), (2, None, "rejected"), (3, None, "rejected")]


def test_events_are_counted_by_who_sent_them(ingest: Ingest) -> None:
    def counted(outcome: str) -> float:
        return INGEST_EVENTS.labels("crm", outcome)._value.get()

    before = counted("accepted"), counted("rejected")
    ingest.client.post("/v1/deals", json=[deal(1) | {"source": f"crm-{n}"} for n in range(3)] + [{}])
    assert (counted("accepted") - before[0], counted("rejected") - before[1]) == (3, 1)


def test_a_mistake_in_one_event_does_not_touch_the_others(ingest: Ingest) -> None:
    answer = ingest.client.post("/v1/deals", json=[deal(1), deal(2, amount=12.5), deal(3)])
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (202, 2, 1)
    (mistake,) = answer.json()["results"][1]["errors"]
    assert mistake["field"] == "data.fields.amount"
    assert "a JSON number is not exact" in mistake["reason"]
    assert {fact["deal_id"] for fact in ingest.in_log(DEALS)} == {"D-1", "D-3"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"amount": True}, "a JSON number is not exact"),
        ({"amount": "1" + "0" * 13}, "smaller than"),
        ({"amount": 10**40}, "smaller than"),
        ({"amount": "1e3"}, "is not a decimal number"),
        ({"amount": "1_000"}, "is not a decimal number"),
        ({"amount": "1,000.00"}, "is not a decimal number"),
        ({"amount": "NaN"}, "is not a decimal number"),
        ({"amount": "0." + "0" * 12 + "1"}, "12 decimals at most"),
        ({"currency": "XQX"}, "'XQX' is not a currency"),
        ({"product": "GTX\0Pro"}, "write a text without the character NUL"),
        ({"custom": {"seats": 2**63}}, "less than"),
        ({"refunds": None}, "write an object"),
        ({"close_date": "0001-01-01"}, "the year must be from 1900 to 2199"),
        ({"close_date": "9999-12-31T23:59:59-12:00"}, "the year must be from 1900 to 2199"),
        ({"stage": "winning"}, "'open', 'won', 'lost' or 'cancelled'"),
        ({"splits": {"a": "50", "b": "49"}}, "splits must sum to 100 percent, not 99"),
        ({"close_date": "31.03.2025"}, "write a date as 2025-03-31"),
        ({"close_date": "2025-03-31T10:00:00"}, "an instant needs a time zone"),
        ({"discount": "5"}, "there is no such field"),
        ({"owner": "ann smith"}, "write letters without accents, digits and"),
    ],
)
def test_a_wrong_field_is_named_with_its_reason(ingest: Ingest, fields: dict[str, Any], reason: str) -> None:
    answer = ingest.client.post("/v1/deals", json=deal(1, **fields))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert reason in answer.json()["detail"]
    assert ingest.in_log(DEALS) == []


@pytest.mark.parametrize(
    ("attributes", "field", "reason"),
    [
        ({"id": "a\0b"}, "id", "write a text without control characters"),
        ({"id": ""}, "id", "at least 1 character"),
        ({"time": "2025-03-31T16:20:00"}, "time", "needs a time zone"),
        ({"time": "0001-01-01T00:00:00+05:00"}, "time", "the year must be from 1900 to 2199"),
        ({"time": None}, "time", "write an instant with its time zone"),
        ({"source": "a b"}, "source", "write letters without accents, digits and"),
        ({"type": "earnest.roster.patched"}, "type", "earnest.deal.patched"),
        ({"specversion": "0.3"}, "specversion", "1.0"),
        ({"data": None}, "data", "write an object"),
    ],
)
def test_a_wrong_attribute_is_named_with_its_reason(
    ingest: Ingest, attributes: dict[str, Any], field: str, reason: str
) -> None:
    answer = ingest.client.post("/v1/deals", json=DEAL | attributes)
    assert answer.status_code == 422
    (mistake,) = answer.json()["results"][0]["errors"]
    assert (mistake["field"], reason in mistake["reason"]) == (field, True), mistake


def test_an_event_from_the_future_is_refused_because_it_would_win_until_then(ingest: Ingest) -> None:
    tomorrow_but_one = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    answer = ingest.client.post("/v1/deals", json=deal(1) | {"time": tomorrow_but_one})
    assert (answer.status_code, "time: it lies more than a day ahead" in answer.json()["detail"]) == (422, True)
    soon = (datetime.now(UTC) + timedelta(hours=23)).isoformat()
    assert ingest.client.post("/v1/deals", json=deal(1) | {"time": soon}).status_code == 202


def test_an_instant_becomes_a_business_date_in_the_companys_time_zone(start_ingest: Callable[..., Ingest]) -> None:
    ingest = start_ingest(time_zone="America/New_York")
    ingest.client.post("/v1/deals", json=deal(1, close_date="2025-04-01T02:30:00Z"))
    assert ingest.in_log(DEALS)[0]["fields"]["close_date"] == "2025-03-31"


@pytest.mark.parametrize(
    ("body", "form", "status"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b"a,b", "text/csv", 415),
        (b"[" + b"{}," * 10_000 + b"{}]", "application/json", 413),
        (b"x" * (11 * 1024 * 1024), "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(ingest: Ingest, body: bytes, form: str, status: int) -> None:
    answer = ingest.client.post("/v1/deals", content=body, headers={"content-type": form})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_a_key_or_with_the_wrong_one_nothing_is_taken(ingest: Ingest) -> None:
    for key, status in (("", 401), ("Bearer unknown", 401), ("Bearer reader", 403)):
        answer = ingest.client.post("/v1/deals", json=DEAL, headers={"authorization": key})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert ingest.in_log(DEALS) == []


def test_the_same_idempotency_key_is_answered_once(ingest: Ingest) -> None:
    key = {"idempotency-key": "abc"}
    first = ingest.client.post("/v1/deals", json=DEAL, headers=key)
    again = ingest.client.post("/v1/deals", json=DEAL, headers=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert len(ingest.in_log(DEALS)) == 1


def test_a_refusal_is_answered_again_as_the_problem_it_was(ingest: Ingest) -> None:
    key = {"idempotency-key": "abc"}
    first, again = (ingest.client.post("/v1/deals", json=deal(1, amount=1.5), headers=key) for _ in range(2))
    assert (again.status_code, again.headers["content-type"]) == (422, "application/problem+json")
    assert again.json() == first.json()


def test_an_idempotency_key_belongs_to_who_used_it_and_where(ingest: Ingest) -> None:
    key = {"idempotency-key": "abc"}
    ingest.client.post("/v1/deals", json=DEAL, headers=key)
    assert ingest.client.post("/v1/roster", json=DEAL, headers=key).status_code == 409
    other = {"authorization": "Bearer billing-key", **key}
    assert ingest.client.post("/v1/deals", json=deal(2), headers=other).status_code == 202


def test_an_idempotency_key_with_another_body_is_a_conflict(ingest: Ingest) -> None:
    key = {"idempotency-key": "abc"}
    ingest.client.post("/v1/deals", json=DEAL, headers=key)
    answer = ingest.client.post("/v1/deals", json=deal(2), headers=key)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:earnest:problem:idempotency-key-reused")


class BrokenLog:
    """A log whose database is gone."""

    def append(self, topic: Topic, records: Sequence[Record]) -> list[tuple[int, int]]:
        raise LogUnavailable("gone")


def test_while_the_log_is_unavailable_nothing_is_answered_as_accepted(start_ingest: Callable[..., Ingest]) -> None:
    ingest = start_ingest(log=BrokenLog())
    answer = ingest.client.post("/v1/deals", json=DEAL, headers={"idempotency-key": "abc"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    retried = ingest.client.post("/v1/deals", json=DEAL, headers={"idempotency-key": "abc"})
    assert retried.status_code == 503


class StuckLog:
    """A log that takes nothing until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def append(self, topic: Topic, records: Sequence[Record]) -> list[tuple[int, int]]:
        self.let_go.wait()
        return [(0, 0)] * len(records)


def test_when_too_many_wait_for_the_log_callers_are_told_to_come_back(start_ingest: Callable[..., Ingest]) -> None:
    stuck = StuckLog()
    ingest = start_ingest(log=stuck)
    with ThreadPoolExecutor(100) as callers:
        calls = [callers.submit(ingest.client.post, "/v1/deals", json=deal(n)) for n in range(100)]
        wait(calls, return_when=FIRST_COMPLETED)
        stuck.let_go.set()
        answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {202, 429}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)


def test_roster_patches_are_dated_facts(ingest: Ingest) -> None:
    assert ingest.client.post("/v1/roster", json=ROSTER).status_code == 202
    (fact,) = ingest.in_log(ROSTER_TOPIC)
    assert fact["fields"] == {
        "2025-01-01/manager": "dee",
        "2025-01-01/plan": "rep",
        "2025-01-01/quota.bookings": "50000.00",
    }


def test_of_two_at_once_only_one_publishes_a_plan_version(ingest: Ingest) -> None:
    plans = [json.loads(json.dumps(PLAN).replace("5%", f"{rate}%")) for rate in range(1, 9)]
    with ThreadPoolExecutor(len(plans)) as analysts:
        answers = list(analysts.map(lambda plan: ingest.client.post("/v1/plans", json=plan), plans))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7
    assert len(ingest.in_log(PLANS)) == 1


def test_a_plan_version_is_published_once_and_never_changes(ingest: Ingest) -> None:
    assert ingest.client.post("/v1/plans", json=PLAN).status_code == 202
    assert ingest.client.post("/v1/plans", json=PLAN).status_code == 202
    other = json.loads(json.dumps(PLAN).replace("5%", "6%"))
    answer = ingest.client.post("/v1/plans", json=other)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:earnest:problem:plan-version-published")
    assert {fact["document"]["components"][0]["rate"] for fact in ingest.in_log(PLANS)} == {"0.05"}


def test_what_is_no_plan_is_refused_with_its_mistakes(ingest: Ingest) -> None:
    other = json.loads(json.dumps(PLAN).replace('"sum_of": ["own"]', '"sum_of": ["others"]'))
    answer = ingest.client.post("/v1/plans", json=other)
    assert answer.status_code == 422
    assert "measure bookings sums unknown rules others" in answer.json()["detail"]
