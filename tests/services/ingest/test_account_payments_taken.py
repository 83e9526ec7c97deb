"""Payments by account come in as events, or by the webhook of a bank or a billing system; each is taken or named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.ingest.delivery import Delivery
from services.ingest.mapping import Source, source_of_text
from services.ingest.schemas import ACCOUNT_PAYMENT
from services.ingest.sections import SourceError
from shared.contracts.topics import ACCOUNT_PAYMENTS, DEALS
from tests.services.ingest.conftest import Ingest

BANK = """
source: bank
signing: {scheme: token, header: X-Token, secrets: [bank.secret]}
items: $.bookings[*]
event: {time: $.booked}
payments:
  id: $.no
  account: $.customer.name
  reference: $.purpose
  amount: {path: $.cents, scale: -2}
  currency: $.currency
  date: $.value_date
allocate: newest_first
"""
BOOKING: dict[str, Any] = {
    "no": 7,
    "booked": "2025-03-05T09:00:00Z",
    "customer": {"name": "Acme"},
    "purpose": "D1",
    "cents": 125050,
    "currency": "EUR",
    "value_date": "2025-03-04",
}


def read(source: Source, *items: dict[str, Any]) -> Any:
    body = json.dumps({"bookings": items}).encode()
    delivery = Delivery(source=source.source, name="d", sent="2025-04-01T00:00:00.000000Z", body=body)
    return delivery.read(source, ZoneInfo("UTC"), columns=dict)


def test_a_webhook_of_a_bank_tells_payments_by_account(start_ingest: Callable[..., Ingest], tmp_path: Path) -> None:
    (tmp_path / "bank.yaml").write_text(BANK)
    (tmp_path / "bank.secret").write_text("let-it-in")
    ingest = start_ingest(tmp_path)
    bounced = BOOKING | {"no": 8, "cents": -125050, "purpose": "7"}
    body = json.dumps({"bookings": [BOOKING, bounced, BOOKING | {"no": 9, "currency": "euro"}]})
    answer = ingest.client.post("/v1/webhooks/bank", content=body, headers={"X-Token": "let-it-in"}).json()
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    assert answer["results"][2]["errors"][0]["field"] == "data.payment.currency"
    first, second = ingest.in_log(ACCOUNT_PAYMENTS)
    assert first == {
        "payment_id": "7",
        "fields": {
            "payment": {
                "account": "Acme",
                "currency": "EUR",
                "amount": "1250.50",
                "date": "2025-03-04",
                "reference": "D1",
                "allocate": "newest_first",
            }
        },
        "occurred_at": "2025-03-05T09:00:00.000000Z",
        "sequence": 0,
        "source": "bank",
    }
    assert (second["fields"]["payment"]["amount"], second["fields"]["payment"]["reference"]) == ("-1250.50", "7")


def test_a_source_may_send_deals_and_payments_by_account() -> None:
    source = source_of_text(BANK + "deal_id: $.invoice\nfields: {account: $.customer.name, currency: $.currency}\n")
    invoice = {key: BOOKING[key] for key in ("booked", "customer", "currency")} | {"invoice": "R-1"}
    found = read(source, BOOKING, invoice, BOOKING | {"invoice": "R-2"}, {"booked": BOOKING["booked"]})
    assert [(topic, record.key) for topic, record in found.publications] == [
        (ACCOUNT_PAYMENTS, "7"),
        (DEALS, "R-1"),
        (ACCOUNT_PAYMENTS, "7"),
        (DEALS, "R-2"),
    ]
    # What is neither is not passed over in silence.
    assert found.receipt["results"][-1]["errors"] == [{"field": "data.deal_id", "reason": "it is missing"}]


def test_a_payment_whose_amount_is_null_never_was() -> None:
    (record,) = read(source_of_text(BANK), BOOKING | {"cents": None}).records
    assert json.loads(record.value)["fields"] == {"payment": None}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("  account: $.customer.name\n", ""), "name the account, too"),
        (("  currency: $.currency\n", ""), "needs its currency"),
        (("payments:\n", "fields: {owner: $.x}\npayments:\n"), "name the deal_id, too"),
        (("allocate: newest_first", "allocate: newest"), "allocate"),
    ],
)
def test_a_source_of_payments_that_cannot_be_used_says_why(change: tuple[str, str], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        source_of_text(BANK.replace(*change))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "0"}, "data.payment"),
        ({"amount": "1.005"}, "data.payment"),
        ({"account": " "}, "data.payment.account"),
        ({"account": "two\nlines"}, "data.payment.account"),
        ({"allocate": "any"}, "data.payment.allocate"),
        ({"date": "2025-02-30"}, "data.payment.date"),
    ],
)
def test_a_payment_that_is_none_is_named(ingest: Ingest, changes: dict[str, Any], field: str) -> None:
    data = ACCOUNT_PAYMENT["data"]
    event = ACCOUNT_PAYMENT | {"data": data | {"payment": data["payment"] | changes}}
    answer = ingest.client.post("/v1/account-payments", json=[ACCOUNT_PAYMENT, event]).json()
    assert [result["status"] for result in answer["results"]] == ["accepted", "rejected"]
    assert answer["results"][1]["errors"][0]["field"] == field
    assert [fact["payment_id"] for fact in ingest.in_log(ACCOUNT_PAYMENTS)] == ["B-5001"]
