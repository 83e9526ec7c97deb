"""The company's own fields of deals are held against the columns of published plans where they come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from services.ingest.delivery import Delivery
from services.ingest.mapping import Source
from services.ingest.schemas import PLAN
from tests.services.ingest.conftest import Ingest
from tests.services.ingest.test_ingest_takes_events import deal


def with_columns(version: int = 1, **columns: str) -> dict[str, Any]:
    document = PLAN["data"]["document"] | {"version": version, "columns": columns}
    return PLAN | {"data": {"document": document | {"effective_from": f"2025-0{version}-01"}}}


def test_the_companys_own_fields_are_held_against_what_plans_declare(ingest: Ingest) -> None:
    free = deal(1, custom={"flag": "perhaps", "seats": "many"})
    assert ingest.client.post("/v1/deals", json=free).status_code == 202, "no plan asks for them yet"
    assert ingest.client.post("/v1/plans", json=with_columns(flag="yes_no")).status_code == 202
    assert ingest.client.post("/v1/plans", json=with_columns(2, seats="number", paid="date")).status_code == 202
    wrong = deal(2, custom={"flag": "perhaps", "seats": "many", "paid": "1/2/2025", "note": "anything"})
    right = deal(3, custom={"flag": "Yes", "seats": "5", "paid": "2025-02-01", "note": "anything"})
    answer = ingest.client.post("/v1/deals", json=[wrong, right])
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 1)
    assert answer.json()["results"][0]["errors"] == [
        {"field": "data.fields.custom.flag", "reason": "'perhaps' is neither yes nor no"},
        {"field": "data.fields.custom.seats", "reason": "'many' is not a whole number of up to 18 digits"},
        {"field": "data.fields.custom.paid", "reason": "'1/2/2025' is not a date like 2025-03-31"},
    ]


def test_columns_that_another_process_published_are_known_too(
    ingest: Ingest, start_ingest: Callable[..., Ingest]
) -> None:
    assert ingest.client.post("/v1/plans", json=with_columns(flag="yes_no")).status_code == 202
    another = start_ingest()
    assert another.client.post("/v1/deals", json=deal(1, custom={"flag": "perhaps"})).status_code == 422


ABROAD = Source.model_validate(
    {
        "source": "crm",
        "notation": {
            "decimal": ",",
            "thousands": ".",
            "format": "%d.%m.%Y",
            "yes": ["ja"],
            "no": ["nein"],
            "null": ["-"],
        },
        "deal_id": "$.id",
        "fields": {
            "amount": "$.amount",
            **{f"custom.{name}": f"$.{name}" for name in ("flag", "share", "paid", "seats")},
        },
    }
)
DECLARED = {"flag": pl.Boolean(), "share": pl.Decimal(18, 6), "paid": pl.Date(), "seats": pl.Int64()}


def taken(source: Source, columns: dict[str, Any], **item: Any) -> tuple[dict[str, Any], list[dict[str, str]]]:
    delivery = Delivery(source="crm", name="m", sent="2025-04-02T00:00:00.000000Z", body=json.dumps(item).encode())
    read = delivery.read(source, ZoneInfo("Europe/Berlin"), columns=lambda: columns)
    errors = read.receipt["results"][0]["errors"]
    return (json.loads(read.records[0].value or b"")["fields"] if read.records else {}), errors


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {"flag": "ja", "share": "1.012,5", "paid": "31.12.2025", "seats": "1.200"},
            ["yes", "1012.5", "2025-12-31", "1200"],
        ),
        ({"flag": "-", "share": "-", "paid": "-", "seats": "-"}, [None] * 4),
        ({"flag": False, "share": 1.234, "paid": "2025-12-31", "seats": 3}, [False, "1.234", "2025-12-31", 3]),
    ],
)
def test_a_webhook_reads_own_fields_in_its_notation_as_plans_declare_them(item: Any, expected: list[Any]) -> None:
    fields, errors = taken(ABROAD, DECLARED, id="D1", **item)
    assert (errors, [fields[f"custom.{name}"] for name in DECLARED]) == ([], expected)


def test_an_own_field_that_its_notation_cannot_read_is_refused_with_the_words_that_it_can() -> None:
    assert taken(ABROAD, DECLARED, id="D1", flag="oui", share="12.5")[1] == [
        {"field": "data.fields.custom.flag", "reason": "'oui' is none of ja, nein"},
        {
            "field": "data.fields.custom.share",
            "reason": "'12.5' groups its digits otherwise than in thousands",
        },
    ]


def test_a_rule_says_the_type_of_an_own_field_that_no_plan_declares_yet() -> None:
    rules = {
        "custom.flag": {"path": "$.flag", "type": "yes_no"},
        "custom.paid": {"path": "$.paid", "type": "date", "format": "unix"},
    }
    typed = Source.model_validate(
        {"source": "crm", "notation": {"yes": "ja", "no": "nein"}, "deal_id": "$.id", "fields": rules}
    )
    fields, _ = taken(typed, {}, id="D1", flag="nein", paid=1767137400)
    assert (fields["custom.flag"], fields["custom.paid"]) == ("no", "2025-12-31")


def test_a_number_of_json_is_no_thousand_whatever_signs_texts_have() -> None:
    assert taken(ABROAD, {}, id="D1", amount=1.25)[0]["amount"] == "1.25"
    assert taken(ABROAD, {}, id="D1", amount="1.250,5")[0]["amount"] == "1250.5"
