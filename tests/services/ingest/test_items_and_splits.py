"""What a body holds becomes events: parts within parts, alternatives, shares; by the examples' own files."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.ingest.delivery import Delivery
from services.ingest.mapping import Source, source_of_text
from services.ingest.splits import percentages

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "sources"
SENT = "2025-04-02T00:00:00.000000Z"


def source(**rules: Any) -> Source:
    return Source.model_validate({"source": "crm", "deal_id": "$.id"} | rules)


def events(rules: Source, body: Any) -> list[dict[str, Any]]:
    return rules.translate(body, "msg", occurred_at=SENT).events


def fields(rules: Source, body: Any) -> Any:
    [event] = events(rules, body)
    return event["data"]["fields"]


def example(name: str) -> Source:
    return source_of_text((EXAMPLES / f"{name}.yaml").read_text())


def read(name: str, body: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The receipt of a delivery to one of the examples, and the facts."""
    text = json.dumps(body).encode()
    delivery = Delivery(source=name, name="msg", sent=SENT, body=text)
    found = delivery.read(example(name), ZoneInfo("UTC"), columns=dict)
    return found.receipt, [json.loads(record.value or b"{}") for record in found.records]


def test_a_property_at_a_time_is_a_patch_each_as_hubspot_sends_them() -> None:
    def change(number: int, name: str, value: str, kind: str = "deal.propertyChange") -> dict[str, Any]:
        stamps = {"eventId": number, "portalId": 62515, "occurredAt": 1556105815815, "subscriptionType": kind}
        return {"objectId": 697680835, "propertyName": name, "propertyValue": value} | stamps

    receipt, facts = read(
        "hubspot",
        [
            change(1, "dealstage", "closedwon"),
            change(2, "amount", "1250.4999"),
            change(3, "closedate", "1743379200000"),
            change(4, "hubspot_owner_id", "81"),
            change(5, "email", "x@example.com", "contact.propertyChange"),
        ],
    )
    assert (receipt["accepted"], receipt["rejected"], receipt["passed_over"]) == (4, 0, 1)
    assert [fact["fields"] for fact in facts] == [
        {"stage": "won"},
        {"amount": "1250.50"},
        {"close_date": "2025-03-31"},
        {"owner": "81"},
    ]
    assert {(fact["deal_id"], fact["occurred_at"]) for fact in facts} == {
        ("hubspot:697680835", "2019-04-24T11:36:55.815000Z")
    }
    assert receipt["repairs"] == [{"index": 1, "field": "amount", "was": "1250.4999", "now": "1250.50"}]


def test_a_payment_is_dated_by_the_zone_as_stripe_sends_it() -> None:
    def event(kind: str, **about: Any) -> dict[str, Any]:
        about = {"id": "in_1", "currency": "usd", "metadata": {"deal_id": "D1"}} | about
        return {"id": "evt_1", "object": "event", "type": kind, "created": 1743463860, "data": {"object": about}}

    paid = event("invoice.paid", amount_paid=125050, status_transitions={"paid_at": 1743463800})
    _, [fact] = read("stripe", paid)
    assert fact["fields"] == {"payments.in_1": {"amount": "1250.50", "date": "2025-03-31"}}
    _, [fact] = read("stripe", event("credit_note.created", amount=5000, created=1743480000))
    assert fact["fields"] == {"refunds.in_1": {"amount": "50.00", "date": "2025-04-01"}}
    for other in (event("customer.created"), event("invoice.paid", currency="jpy", amount_paid=100)):
        receipt, facts = read("stripe", other)
        assert (receipt["passed_over"], receipt["rejected"], facts) == (1, 0, [])


def test_the_first_rule_that_finds_a_value_says_it_as_for_pipedrive() -> None:
    deal = {"status": "open", "value": 100, "currency": "EUR", "owner_id": 12, "add_time": "2022-11-24T13:18:55Z"}
    meta = {
        "entity": "deal",
        "entity_id": "8",
        "id": "df47",
        "timestamp": "2022-11-24T15:11:55.724Z",
        "action": "change",
    }
    expected = deal | {"won_time": None, "expected_close_date": "2022-12-31"}
    _, [fact] = read("pipedrive", {"data": expected, "meta": meta})
    assert (fact["deal_id"], fact["fields"]["stage"], fact["fields"]["close_date"]) == (
        "pipedrive:8",
        "open",
        "2022-12-31",
    )
    won = deal | {"status": "won", "won_time": "2022-11-30T23:30:00Z", "expected_close_date": "2022-12-31"}
    _, [fact] = read("pipedrive", {"data": won, "meta": meta})
    assert fact["fields"]["close_date"] == "2022-12-01", "in Berlin it is the next day already"
    _, [fact] = read("pipedrive", {"data": None, "previous": deal, "meta": meta | {"action": "delete"}})
    assert fact["fields"] == {"stage": "cancelled"}
    receipt, facts = read("pipedrive", {"data": {}, "meta": meta | {"entity": "person"}})
    assert (receipt["passed_over"], facts) == (1, [])


def test_minor_units_and_local_times_as_close_sends_them() -> None:
    data = {
        "value": 100000,
        "value_currency": "USD",
        "status_type": "won",
        "date_won": "2019-01-15",
        "user_id": "user_1",
    }
    event = {"id": "ev_1", "object_type": "opportunity", "object_id": "oppo_1", "action": "updated", "data": data}
    _, [fact] = read("close", {"event": event | {"date_updated": "2019-01-15T12:41:22.999000"}})
    assert (fact["occurred_at"], fact["fields"]["amount"]) == ("2019-01-15T12:41:22.999000Z", "1000.00")


def test_lines_of_orders_are_deals_that_know_their_order() -> None:
    line = {"kind": "goods", "position": 1, "price": "1.234,505 €", "article": "desk"}
    order = {
        "number": "A7",
        "state": "paid",
        "changed": "31.03.2025 17:30",
        "ordered": "30.03.2025 23:59",
        "advisers": [{"email": "ann@example.com", "share": "60 %"}, {"email": "bob@example.com", "share": "40"}],
        "lines": [line, {"kind": "shipping", "position": 2}, line | {"position": 3, "price": "€ 10"}],
    }
    receipt, facts = read("shop-orders", {"batch": 9, "orders": [order, order | {"number": "B8", "lines": [line]}]})
    assert (receipt["accepted"], receipt["rejected"], receipt["passed_over"]) == (3, 0, 1)
    assert [result["id"] for result in receipt["results"]] == ["9-A7-1", "9-A7-3", "9-B8-1"]
    assert [fact["deal_id"] for fact in facts] == ["A7-1", "A7-3", "B8-1"]
    assert facts[0]["occurred_at"] == "2025-03-31T15:30:00.000000Z"
    assert facts[0]["fields"] == {
        "stage": "won",
        "currency": "EUR",
        "amount": "1234.51",
        "close_date": "2025-03-30",
        "product": "desk",
        "splits": {"ann@example.com": "60", "bob@example.com": "40"},
    }


@pytest.mark.parametrize(
    ("items", "body", "ids"),
    [
        ("$", [{"id": "a"}, {"id": "b"}], ["a", "b"]),
        ("$", {"id": "a"}, ["a"]),
        ("$.deals", {"deals": [{"id": "a"}, {"id": "b"}]}, ["a", "b"]),
        ("$.deals", {"deals": {"id": "a"}}, ["a"]),
        ("$.deals[*]", {"deals": []}, []),
        ("$.deals[?@.kind == 'won']", {"deals": [{"id": "a", "kind": "lost"}]}, []),
        (["$.orders[*].lines[*]"], {"orders": []}, []),
        ("$.deals", {"deals": None}, [None]),
        (
            ["$.orders[*]", "$.lines[*]"],
            {"orders": [{"lines": [{"id": "a"}]}, {}, {"lines": [{"id": "b"}]}]},
            ["a", "b"],
        ),
    ],
)
def test_items_are_found_in_arrays_and_in_what_these_hold(items: Any, body: Any, ids: list[str | None]) -> None:
    assert [event["data"].get("deal_id") for event in events(source(items=items), body)] == ids


def test_rows_that_are_arrays_are_items_and_values_can_be_items() -> None:
    rows = source(items="$.rows[*]", deal_id="$[0]", fields={"amount": "$[1]"})
    assert [event["data"]["fields"]["amount"] for event in events(rows, {"rows": [["a", "1"], ["b", "2"]]})] == [
        "1",
        "2",
    ]
    names = source(items="$.ids", deal_id="$", fields={"account": "^.module"})
    found = events(names, {"module": "Deals", "ids": ["a", "b"]})
    assert [(event["data"]["deal_id"], event["data"]["fields"]) for event in found] == [
        ("a", {"account": "Deals"}),
        ("b", {"account": "Deals"}),
    ]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"fields": {"owner": "^^.who"}}, r"fields.owner looks 2 out \(\^\), and the body is 1 out from there"),
        ({"items": ["$.a", "$.b"], "when": {"path": "^^^.x", "in": ["1"]}}, "when looks 3 out"),
        ({"splits": {"holders": "$.s", "participant": "^^^.x", "percent": "$.p"}}, "splits.participant looks 3 out"),
        ({"items": ["$..a", "$..b"]}, "look below"),
        ({"items": "^.a"}, "from [$] on"),
        ({"items": []}, "at least 1"),
        ({"splits": {"holders": "$.s", "participant": "$.x"}}, "one of percent, fraction and amount"),
        ({"splits": {"holders": "$.s", "participant": "$.x", "percent": "$.p", "amount": "$.a"}}, "one of percent"),
        ({"when": {"path": "$.x"}}, "either `in` or `not_in`"),
        ({"deal_id": {"text": "no path"}}, "from one to 10 paths"),
        ({"deal_id": {"text": "{$.a}", "path": "$.b"}}, "either a path or a constant"),
        ({"deal_id": {"text": "{$[}"}}, "not a JSON path"),
        ({"fields": {"splits": "$.s"}}, "unknown fields splits"),
        ({"fields": {"currency": "usd"}}, "'usd' is no path, which begins with"),
        ({"fields": {"currency": {"constant": "usd"}}}, "usd is no currency"),
        ({"fields": {"stage": {"path": "$.s", "values": {"Closed": "wonn"}}}}, "wonn is no stage"),
        ({"fields": {"owner": {"path": "$.o", "values": {"*": "zoë x"}}}}, "zoë x is no owner"),
    ],
)
def test_rules_that_cannot_be_followed_are_refused_with_a_reason(rules: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        source(**rules)


def test_conditions_all_hold_and_what_is_not_there_is_the_empty_text() -> None:
    rules = source(
        items="$[*]",
        when=[
            {"path": "$.kind", "in": ["deal"]},
            {"path": "$.test", "not_in": ["true"]},
            {"path": "$.owner", "not_in": [""]},
        ],
    )
    body = [
        {"id": "a", "kind": "deal", "owner": 7},
        {"id": "b", "kind": "lead", "owner": 7},
        {"id": "c", "kind": "deal", "owner": 7, "test": True},
        {"id": "d", "kind": "deal", "owner": None},
        {"id": "e", "kind": "deal"},
    ]
    translated = rules.translate(body, "msg", occurred_at=SENT)
    assert [event["data"]["deal_id"] for event in translated.events] == ["a"]
    assert translated.passed_over == [1, 2, 3, 4]


SPLITS: dict[str, Any] = {"holders": "$.team", "participant": "$.who"}


@pytest.mark.parametrize(
    ("unit", "team", "splits"),
    [
        ("percent", [("ann", 60), ("bob", "40 %")], {"ann": "60", "bob": "40"}),
        (
            "percent",
            [("ann", "33.34"), ("bob", "33.33"), ("cy", "33.33"), ("dee", 0)],
            {"ann": "33.34", "bob": "33.33", "cy": "33.33"},
        ),
        ("percent", [("ann", 50), ("bob", 30), ("ann", 20)], {"ann": "70", "bob": "30"}),
        ("fraction", [("ann", "0.125"), ("bob", "87.5%")], {"ann": "12.5", "bob": "87.5"}),
        ("amount", [("ann", "100"), ("bob", "200")], {"ann": "33.333333", "bob": "66.666667"}),
        ("amount", [("ann", "-100"), ("bob", "-300"), ("cy", None)], {"ann": "25", "bob": "75"}),
        ("percent", [], None),
    ],
)
def test_shares_are_read_as_percent_fractions_or_amounts(unit: str, team: list[Any], splits: Any) -> None:
    rules = source(splits=SPLITS | {unit: "$.share"})
    body = {"id": "a", "team": [{"who": who, "share": share} for who, share in team]}
    # Floats never come so far: `Delivery.read` parses exactly.
    assert fields(rules, body) == {"splits": splits}


def test_no_word_of_shares_leaves_them_and_null_ends_them() -> None:
    rules = source(splits=SPLITS | {"percent": "$.share"})
    assert fields(rules, {"id": "a"}) == {}
    assert fields(rules, {"id": "a", "team": None}) == {"splits": None}


@pytest.mark.parametrize(
    ("unit", "team", "field"),
    [
        ("percent", [("ann", 60), ("bob", 30)], "data.fields"),
        ("percent", [("ann", 60), (None, 40)], "data.fields.splits.holder 2 without a participant"),
        ("percent", [("ann", "most"), ("bob", 30)], "data.fields.splits.ann"),
        ("amount", [("ann", 0), ("bob", 0)], "data.fields.splits.ann"),
        ("amount", [("ann", 50), ("bob", -20)], "data.fields.splits.bob"),
        ("percent", [("ann", None)], "data.fields.splits.ann"),
    ],
)
def test_shares_that_are_none_are_named(unit: str, team: list[Any], field: str) -> None:
    body = {"id": "a", "team": [{"who": who, "share": share} for who, share in team]}
    delivery = Delivery(source="crm", name="msg", sent=SENT, body=json.dumps(body).encode())
    receipt = delivery.read(source(splits=SPLITS | {unit: "$.share"}), ZoneInfo("UTC"), columns=dict).receipt
    assert receipt["rejected"] == 1
    assert field in [error["field"] for error in receipt["results"][0]["errors"]]


@given(st.lists(st.decimals("0.01", 10**9, places=2), min_size=1, max_size=12))
def test_percentages_of_amounts_sum_to_the_whole_and_are_nearest(amounts: list[Any]) -> None:
    shares = percentages([(f"p{place}", f"{amount:f}") for place, amount in enumerate(amounts)], "amount")
    total = sum(map(Fraction, amounts))
    assert sum(Fraction(share or 0) for share in shares.values()) == 100
    for place, amount in enumerate(amounts):
        assert abs(Fraction(shares.get(f"p{place}") or 0) - Fraction(amount) * 100 / total) < Fraction(1, 10**6)


def test_what_many_items_have_in_common_is_looked_for_once() -> None:
    """A path may look at all of the body: once for each of its lines would be its square."""
    body = {"lines": [{"id": str(number)} for number in range(20_000)], "tail": {"deep": {"who": "ann"}}}
    found = events(source(items="$.lines", fields={"owner": "^..who"}), body)
    assert {event["data"]["fields"]["owner"] for event in found} == {"ann"}


def test_every_example_is_a_source_with_a_name_of_its_own() -> None:
    sources = [example(path.stem) for path in sorted(EXAMPLES.glob("*.yaml"))]
    assert len({each.source for each in sources}) == len(sources) >= 5
    assert all(each.signing is not None for each in sources)


def test_every_source_that_the_page_for_integrators_shows_is_one() -> None:
    page = (EXAMPLES.parents[1] / "docs" / "integrator.md").read_text()
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml[^\n]*\n(source: .*?)```", page, re.DOTALL)]
    assert [Source.model_validate(each).source for each in shown] == ["acme-crm", "bank", "crm-with-teams"]
