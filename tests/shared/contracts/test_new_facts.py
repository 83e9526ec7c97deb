"""Deal and roster facts of money out: payments, cancellation, term, payroll; how they are checked and laid flat."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from shared.contracts.deals import DealFields
from shared.contracts.roster import AssignmentFields
from shared.facts import Facts, merge, set_by


def deal(**fields: Any) -> DealFields:
    """The fields as they are read from JSON."""
    return DealFields.model_validate_json(orjson.dumps(fields))


def test_payments_are_entries_and_lie_flat_on_the_road() -> None:
    said = deal(
        payments={"p1": {"amount": "10.00", "date": "2025-05-20"}, "p2": None},
        cancel_date="2025-06-01",
        term_months=12,
        contract="C-1",
    )
    assert said.flat() == {
        "payments.p1": {"amount": "10.00", "date": "2025-05-20"},
        "payments.p2": None,
        "cancel_date": "2025-06-01",
        "term_months": 12,
        "contract": "C-1",
    }


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"amount": "1.234"}, ("amount",)),
        ({"list_amount": "0.001"}, ("list_amount",)),
        ({"payments": {"p1": {"amount": "1.001", "date": "2025-05-20"}}}, ("payments",)),
        ({"refunds": {"r1": {"amount": "1.001", "date": "2025-05-20"}}}, ("refunds",)),
    ],
)
def test_an_amount_finer_than_its_currency_is_refused_with_its_field(
    fields: dict[str, Any], place: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError) as refused:
        deal(currency="USD", **fields)
    (mistake,) = refused.value.errors()
    assert mistake["loc"] == place
    assert "more than 2 decimals" in mistake["msg"]
    assert deal(currency="KWD", **fields)
    assert deal(**fields), "without the currency nobody knows yet"


@pytest.mark.parametrize(
    "fields", [{"term_months": 0}, {"term_months": 1.5}, {"contract": "=1+1"}, {"cancel_date": "x"}]
)
def test_what_is_no_term_or_contract_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        deal(**fields)


def test_where_a_payment_goes_is_dated_text() -> None:
    said = {"payroll_id": "000417", "first_name": "Ann", "last_name": "Li", "entity": "US-01", "cost_center": "4711"}
    assert AssignmentFields.model_validate_json(orjson.dumps(said)).flat() == said
    with pytest.raises(ValidationError):
        AssignmentFields.model_validate_json(b'{"payroll_id": "=cmd"}')


def test_a_fact_knows_the_key_it_was_sent_with_whatever_source_it_claims() -> None:
    facts: Facts = {}
    stamp: Any = {"occurred_at": "2025-01-02T00:00:00.000000Z", "sequence": 0, "source": "crm"}
    merge(facts, {"amount": "1", "stage": "won"}, **stamp, by="crm")
    assert merge(facts, {"amount": "2"}, **stamp, by="frank")
    assert {path: set_by(held) for path, held in facts.items()} == {"amount": "frank", "stage": "crm"}


def test_who_sent_it_decides_between_equals_in_any_order() -> None:
    stamp: Any = {"occurred_at": "2025-01-02T00:00:00.000000Z", "sequence": 0, "source": "crm"}
    found = []
    for order in (("crm", "frank"), ("frank", "crm")):
        facts: Facts = {}
        for by in order:
            merge(facts, {"amount": "1"}, **stamp, by=by)
        found.append(facts)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.25, 'write a decimal number as text, for example "0.25": a JSON number is not exact'),
        ([1], "write a text, a whole number, or true or false, and nothing that has parts"),
        ({"a": 1}, "write a text, a whole number, or true or false, and nothing that has parts"),
        ("x" * 513, "a text has at most 512 characters, and no character NUL"),
        ("\x00", "a text has at most 512 characters, and no character NUL"),
    ],
    ids=str,
)
def test_a_value_that_no_own_column_could_have_is_refused_by_its_name_in_plain_words(value: Any, expected: str) -> None:
    with pytest.raises(ValidationError) as refused:
        deal(custom={"seats": value, "region": "north", "new": True, "count": -5, "gone": None})
    [mistake] = refused.value.errors()
    assert mistake["loc"] == ("custom", "seats")
    assert mistake["msg"] == f"Value error, {expected}"
