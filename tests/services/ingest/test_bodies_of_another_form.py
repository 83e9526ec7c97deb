"""Bodies that are otherwise than their source file says: refused with the place and what was expected."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.ingest.delivery import Delivery
from services.ingest.mapping import Source

SENT = "2025-04-02T00:00:00.000000Z"


def source(**rules: Any) -> Source:
    return Source.model_validate({"source": "crm", "deal_id": "$.id"} | rules)


@pytest.mark.parametrize(
    ("items", "body", "path"),
    [
        ("$.deals[*]", {"dealz": [{"id": "a"}]}, "$.deals[*]"),
        ("$.deals", {}, "$.deals"),
        ("$.orders.lines", {"orders": [{"lines": [{"id": "a"}]}]}, "$.orders.lines"),
        (["$.orders", "$.lines"], {"orders": [{"rows": [{"id": "a"}]}]}, "$.lines"),
        ("$[*]", {}, "$[*]"),
    ],
)
def test_a_body_without_the_place_of_its_items_is_refused_and_kept(items: Any, body: Any, path: str) -> None:
    delivery = Delivery(source="crm", name="m", sent=SENT, body=json.dumps(body).encode())
    found = delivery.read(source(items=items), ZoneInfo("UTC"), columns=dict)
    assert (found.receipt["accepted"], found.receipt["rejected"]) == (0, 1)
    [mistake] = found.receipt["results"][0]["errors"]
    assert mistake == {
        "field": "items",
        "reason": f"there is nothing at {path}, where the source file looks for items",
    }


@pytest.mark.parametrize(
    ("items", "body"),
    [("$.deals", {"deals": []}), ("$.deals[*]", {"deals": []}), ("$", []), (["$.a", "$.b"], {"a": [{"b": []}]})],
)
def test_an_empty_list_where_the_items_would_be_is_a_body_without_any(items: Any, body: Any) -> None:
    delivery = Delivery(source="crm", name="m", sent=SENT, body=json.dumps(body).encode())
    receipt = delivery.read(source(items=items), ZoneInfo("UTC"), columns=dict).receipt
    assert (receipt["accepted"], receipt["rejected"], receipt["passed_over"]) == (0, 0, 0)


def test_a_body_of_no_interest_is_passed_over_although_it_has_no_items() -> None:
    rules = source(items="$.lines", when={"path": "^.type", "in": ["order"]})
    for body, expected in (({"type": "ping"}, (0, 1)), ({"type": "order"}, (1, 0))):
        delivery = Delivery(source="crm", name="m", sent=SENT, body=json.dumps(body).encode())
        receipt = delivery.read(rules, ZoneInfo("UTC"), columns=dict).receipt
        assert (receipt["rejected"], receipt["passed_over"]) == expected


def test_a_value_that_its_notation_cannot_read_is_named_with_what_was_expected() -> None:
    rules = source(
        notation={"decimal": ",", "format": "%d.%m.%Y"}, fields={"amount": "$.amount", "close_date": "$.closed"}
    )
    body = json.dumps({"id": "D1", "amount": "1.5", "closed": "31/12/2025"}).encode()
    delivery = Delivery(source="crm", name="m", sent=SENT, body=body)
    [result] = delivery.read(rules, ZoneInfo("UTC"), columns=dict).receipt["results"]
    assert [(error["field"], error["reason"]) for error in result["errors"]] == [
        ("data.fields.amount", "'1.5' has a point, and the decimal sign here is ',': is it for thousands?"),
        ("data.fields.close_date", "'31/12/2025' is not written as dates are here (%d.%m.%Y, as 31.12.2025)"),
    ]
