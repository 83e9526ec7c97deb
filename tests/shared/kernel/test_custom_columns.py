"""The company's own columns are read by one rule, whether a file, a webhook or the log holds them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from services.ingest.mapping import Source
from shared.contracts.deals import DealFields
from shared.kernel import PlanSet
from shared.kernel.crediting.custom_columns import BadColumnValue, column_mistakes, column_value
from shared.kernel.crediting.deals import values_table
from shared.kernel.language.filters import ColumnTypes
from shared.kernel.plan.schema_findings import schema_findings
from shared.kernel.tables import DEALS
from tests.shared.kernel.small_plans import small_plan

FLAT = {"component": "c", "kind": "flat", "measure": "bookings", "rate": "10%"}


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("yes_no", "yes", True),
        ("yes_no", " NO ", False),
        ("yes_no", True, True),
        ("number", "5", 5),
        ("number", -5, -5),
        ("decimal", "12.5", Decimal("12.5")),
        ("decimal", 7, Decimal(7)),
        ("decimal", "12.5%", Decimal("0.125")),
        ("decimal", "-5 %", Decimal("-0.05")),
        ("date", "2025-01-20", date(2025, 1, 20)),
        ("text", " Enterprise ", "Enterprise"),
        ("text", 5, "5"),
        ("text", True, "true"),
        *[(kind, blank, None) for kind in ColumnTypes for blank in ("", "  ", None)],
    ],
)
def test_what_says_a_value_is_the_value(kind: str, value: Any, read: Any) -> None:
    found = column_value(value, ColumnTypes[kind])
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("yes_no", "maybe"),
        ("yes_no", 1),
        ("number", "5.0"),
        ("number", "five"),
        ("number", True),
        ("number", "1" * 19),
        ("number", "1\n2"),
        ("number", "٣"),
        ("decimal", "1,000"),
        ("decimal", "%"),
        ("decimal", "5 %%"),
        ("decimal", "0.12345%"),
        ("decimal", "1e999999999"),
        ("decimal", "0.1234567"),
        ("decimal", 10**12),
        ("decimal", False),
        ("date", "20.01.2025"),
        ("date", "2025-02-30"),
        ("date", "0001-01-01"),
        ("date", "2025-01-20T10:00:00Z"),
        ("date", 20250120),
    ],
)
def test_what_says_none_is_refused_and_named(kind: str, value: Any) -> None:
    with pytest.raises(BadColumnValue):
        column_value(value, ColumnTypes[kind])
    [(name, reason)] = column_mistakes({"own": value, "free": value}, {"own": ColumnTypes[kind]})
    assert name == "own"
    assert "neither" in reason or "not" in reason


def test_a_deal_says_which_of_its_columns_cannot_be_read() -> None:
    columns = {"flag": ColumnTypes["yes_no"], "seats": ColumnTypes["number"]}
    facts = {"currency": "USD", "amount": "1", "custom.flag": "perhaps", "custom.seats": "many"}
    table = values_table([("d", facts), ("e", {"custom.flag": "yes", "custom.seats": "5"})], {**DEALS, **columns})  # type: ignore[arg-type]
    assert table.select("flag", "seats", "problem").rows() == [(None, None, "bad_value:flag,seats"), (True, 5, None)]


COLUMNS: dict[str, Any] = {"start_date": "date", "term_months": "number", "contract": "text", "cancel_date": "date"}
FIELDS: dict[str, Any] = {
    "start_date": "2025-04-02",
    "term_months": 36,
    "contract": "F1",
    "cancel_date": None,
}
CONDITIONS = {
    "start_date": "stage = 'won' and start_date > DATE '2025-04-01'",
    "term_months": "stage = 'won' and term_months >= 24",
    "contract": "stage = 'won' and contract = 'F1'",
    "cancel_date": "stage = 'won' and cancel_date is null",
}


def test_a_declared_field_that_every_deal_has_is_the_deals_own() -> None:
    plans = PlanSet([small_plan(FLAT, columns=COLUMNS)])
    values = {**FIELDS, "custom.term_months": 12, "custom.cancel_date": "2025-05-01"}
    [row] = values_table([("d1", values)], plans.deal_columns).select(list(COLUMNS)).rows()
    assert row == (date(2025, 4, 2), 36, "F1", None)


def test_what_was_said_of_a_field_under_custom_holds_until_the_field_is_said() -> None:
    plans = PlanSet([small_plan(FLAT, columns=COLUMNS)])
    [row] = values_table([("d1", {"custom.term_months": "12"})], plans.deal_columns).select("term_months").rows()
    assert row == (12,)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_condition_on_a_field_that_is_not_declared_says_how_to_declare_it(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        small_plan(FLAT, credits=[{"rule": "own", "when": CONDITIONS[name]}])
    [finding] = schema_findings(refused.value)
    assert finding.code == "P206"
    assert finding.mend == f"every deal has it: declare it, as in columns: {{{name}: {COLUMNS[name]}}}"


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("term_months", "text", "column term_months is a field that every deal has, of type number, and not text"),
        ("amount", "number", "column amount is a field that every deal has, of type decimal, and not number"),
        *[
            (name, "text", f"column {name} has a name that stands for something else where deals are credited")
            for name in ("payments", "problem", "plan", "manager", "share", "version", "position")
        ],
    ],
)
def test_a_column_that_would_be_read_as_something_else_is_refused(name: str, kind: str, says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        small_plan(FLAT, columns={name: kind})
    assert [(finding.code, finding.message) for finding in schema_findings(refused.value)] == [("P204", says)]


@pytest.mark.parametrize("name", ["term_months", "amount"])
def test_a_field_that_every_deal_has_is_not_said_under_custom(name: str) -> None:
    with pytest.raises(ValidationError, match=f"{name} is a field of every deal: say it beside `custom`"):
        DealFields.model_validate({"custom": {name: 36}})
    source = {"source": "crm", "deal_id": "$.id", "fields": {f"custom.{name}": "$.months"}}
    with pytest.raises(ValidationError, match=f"write {name} where it is meant"):
        Source.model_validate(source)
