"""A source file says which field is which; what it reads is exact, and nothing it is given breaks it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.delivery import Delivery
from services.ingest.mapping import Source, source_of_text
from services.ingest.sources import read_source_file
from tests.services.ingest.acme import DELIVERY, SOURCE


def mapped(rule: Any, item: str, field: str = "amount") -> Any:
    """What one rule makes of a JSON text."""
    source = Source.model_validate({"source": "s", "deal_id": "$.id", "fields": {field: rule}})
    (event,) = source.translate(
        json.loads(item, parse_float=Decimal), "d", occurred_at="2025-04-01T00:00:00.000000Z"
    ).events
    found = event["data"]["fields"]
    return (
        found.get("custom", {}).get(field.removeprefix("custom.")) if field.startswith("custom.") else found.get(field)
    )


@pytest.mark.parametrize(
    ("rule", "item", "text"),
    [
        ("$.x", '{"x": 0.1}', "0.1"),
        ("$.x", '{"x": 1234567890123.45}', "1234567890123.45"),
        ("$.x", '{"x": 1e3}', "1000"),
        ({"path": "$.x", "scale": 2}, '{"x": 5}', "500"),
        ({"path": "$.x", "scale": -2}, '{"x": 1}', "0.01"),
        ("$.x", '{"x": "  "}', None),
        ({"path": "$.x", "values": {"true": "won", "*": "open"}}, '{"x": true}', "won"),
        ({"path": "$.x", "values": {"true": "won", "*": "open"}}, '{"x": "?"}', "open"),
        ({"path": "$.x", "format": "%d/%m/%Y"}, '{"x": "31/03/2025"}', "2025-03-31"),
        (
            {"path": "$.x", "format": "%d/%m/%Y %H:%M %z"},
            '{"x": "31/03/2025 23:30 -0500"}',
            "2025-03-31T23:30:00-05:00",
        ),
        ({"constant": "7"}, "{}", "7"),
    ],
)
def test_a_rule_reads_exactly_what_is_there(rule: Any, item: str, text: str | None) -> None:
    assert mapped(rule, item) == text


@pytest.mark.parametrize("item", ['{"x": "five"}', '{"x": 1e999999}', '{"x": "1,000"}'])
def test_what_is_no_number_is_refused_with_its_field_and_what_was_expected(item: str) -> None:
    source = Source.model_validate({"source": "s", "deal_id": {"constant": "D1"}, "fields": {"amount": "$.x"}})
    found = Delivery(source="s", name="d", sent="2025-04-01T00:00:00.000000Z", body=item.encode()).read(
        source, ZoneInfo("UTC"), columns=dict
    )
    [result] = found.receipt["results"]
    assert [error["field"] for error in result["errors"]] == ["data.fields.amount"]
    assert "is not a number as it is written here (decimal sign '.'" in result["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("item", "value"), [('{"x": 5}', 5), ('{"x": true}', True), ('{"x": 5.0}', "5.0"), ('{"x": "5"}', "5")]
)
def test_a_companys_own_field_keeps_its_kind(item: str, value: Any) -> None:
    found = mapped("$.x", item, "custom.seats")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    "item",
    ['"text"', '"{\\"id\\": 1}"', "7", "null", '{"id": ["\\ud800", 99999999999999999999999]}', '{"id": {"a": 1.5}}'],
)
def test_an_item_that_is_no_deal_is_named_and_breaks_nothing(item: str) -> None:
    plain = {"source": "plain", "items": "$.events[*]", "deal_id": "$.id", "fields": {"product": "$.id"}}
    source = Source.model_validate(plain)
    body = f'{{"events": [{item}]}}'.encode()
    found = Delivery(source="plain", name="d", sent="2025-04-01T00:00:00.000000Z", body=body).read(
        source, ZoneInfo("UTC"), columns=dict
    )
    assert (found.records, found.receipt["rejected"]) == ([], 1)


@given(st.decimals(min_value=0, max_value=10**12, places=2), st.integers(-4, 4))
def test_moving_the_point_there_and_back_loses_nothing(amount: Decimal, scale: int) -> None:
    there = mapped({"path": "$.x", "scale": scale}, f'{{"x": {amount}}}')
    assert Decimal(mapped({"path": "$.x", "scale": -scale}, f'{{"x": "{there}"}}')) == amount


def test_an_item_without_id_and_time_gets_those_of_its_delivery() -> None:
    source = Source.model_validate({"source": "s", "deal_id": "$.id", "fields": {"amount": "$.amount"}})
    (event,) = source.translate({"id": 5, "amount": "1"}, "msg", occurred_at="2025-04-01T00:00:00.000000Z").events
    assert (event["id"], event["time"], event["data"]["deal_id"]) == ("msg-0", "2025-04-01T00:00:00.000000Z", "5")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("$.opportunity.id", "$[", "is not a JSON path"),
        ("  owner:", "  boss:", "unknown fields boss"),
        ("{constant: USD}", "{}", "name either a path or a constant"),
        ("source: acme-crm", "sauce: acme-crm", "sauce: there is no such field"),
        ("items:", "items: [", "acme.yaml"),
    ],
)
def test_a_mistake_in_a_source_file_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "acme.yaml"
    assert old in SOURCE
    path.write_text(SOURCE.replace(old, new, 1))
    found = read_source_file(path)
    assert found.source is None
    assert message in f"{found.file}: {found.reason}"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "amount", "x"]), inner),
    max_leaves=8,
)


@given(values)
def test_no_document_breaks_a_mapping(document: Any) -> None:
    rules = {"amount": {"path": "$.amount", "scale": -2}, "product": "$.x", "custom.x": "$.x"}
    source = Source.model_validate({"source": "s", "items": "$..*", "deal_id": "$.id", "fields": rules})
    body = json.dumps({"x": document}).encode()
    found = Delivery(source="s", name="m", sent="2025-01-01T00:00:00.000000Z", body=body).read(
        source, ZoneInfo("UTC"), columns=dict
    )
    assert found.receipt["accepted"] == len(found.records)


def test_an_item_tells_of_a_payment_under_its_own_id_and_a_null_amount_takes_it_back() -> None:
    source = Source.model_validate(
        {
            "source": "billing",
            "deal_id": "$.deal",
            "fields": {"term_months": "$.months", "start_date": "$.begins"},
            "payments": {"id": "$.payment.id", "amount": "$.payment.amount", "date": "$.payment.on"},
        }
    )

    def fields(item: dict[str, object]) -> dict[str, object]:
        (event,) = source.translate(item, "msg", occurred_at="2025-04-01T00:00:00.000000Z").events
        found: dict[str, object] = event["data"]["fields"]
        return found

    paid = {"deal": "d1", "months": "12", "payment": {"id": 77, "amount": "9.50", "on": "2025-05-20"}}
    assert fields(paid) == {"term_months": "12", "payments": {"77": {"amount": "9.50", "date": "2025-05-20"}}}
    assert fields({"deal": "d1", "payment": {"id": 77, "amount": None}}) == {"payments": {"77": None}}
    assert fields({"deal": "d1", "payment": {"id": 77}}) == {"payments": {"77": {}}}, "for validation to name"
    assert fields({"deal": "d1", "begins": "2025-06-01"}) == {"start_date": "2025-06-01"}


@pytest.mark.parametrize(
    ("owner", "again", "by"),
    [
        ("olga", None, "olga"),
        ("olga", "tom", "olga\ntom"),
        ("olga", "olga", "olga"),
        (None, "tom", "tom"),
        (None, None, None),
    ],
)
def test_the_owner_of_a_source_file_and_whoever_sent_a_delivery_again_set_what_it_says(
    owner: str | None, again: str | None, by: str | None
) -> None:
    source = source_of_text(SOURCE + (f"\nowner: {owner}\n" if owner else ""))
    delivery = Delivery(
        source="acme-crm",
        name="msg_1",
        sent="2025-03-31T12:00:00.000000Z",
        body=json.dumps(DELIVERY).encode(),
        again_by=again,
    )
    (record,) = delivery.read(source, ZoneInfo("UTC"), columns=lambda: {"segment": pl.String()}).records
    assert json.loads(record.value or b"").get("by") == by
