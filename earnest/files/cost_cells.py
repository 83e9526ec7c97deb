"""Cells of a row about contract costs as facts of the domain; what a cell cannot mean is told with its column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar, cast

from earnest.files.cells import BadCell, Row
from shared.contract_costs.facts import CostEvent, CostLine, EventKind, Occasion
from shared.contracts.base import YEARS, YES_NO
from shared.money import MoneyError, minor_digits, to_minor

Value = TypeVar("Value")

ALIASES: Final = {
    "signed_date": "date",
    "signed": "date",
    "event_date": "date",
    "service_start_date": "service_start",
    "line_id": "earning_line_id",
    "benefit_months": "months",
}
COLUMNS: Final = (
    "contract_id",
    "event",
    "date",
    "earning_line_id",
    "amount",
    "currency",
    "entity",
    "component",
    "cost",
    "product",
    "service_start",
    "earned_date",
    "term_months",
    "renewal_months",
    "renewal_commensurate",
    "months",
    "incremental",
    "corrects",
    "remaining_months",
    "ends",
    "recoverable",
    "remaining_consideration",
    "remaining_costs",
)
OCCASIONS: Final = ("new", "renewal", "modification")
KINDS: Final = ("estimate", "extension", "clawback", "impairment", "reversal", "termination")
_TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:@/+&,-]{0,127}")
_AMOUNT = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,6})?")


def column_of(heading: str) -> str:
    """The column that a heading of a table names, in capitals or not."""
    return ALIASES.get(heading.lower(), heading.lower())


def canonical(cells: Mapping[str, str | None]) -> Row:
    """A row by the columns' own names: of several names of one column, the cell that is filled.

    Raises:
        BadCell: two of them are filled, and differ.
    """
    row: dict[str, str | None] = {}
    for name, cell in cells.items():
        own = ALIASES.get(name, name)
        if cell is not None and row.get(own) not in {None, cell}:
            raise BadCell(f"{own}: {cell!r} in column {name}, {row[own]!r} in another column of the same meaning")
        row[own] = row.get(own) if cell is None else cell
    return row


def is_event(row: Row) -> bool:
    """Whether a row tells what happens to a contract, rather than a cost of it."""
    return (row.get("event") or "new") not in OCCASIONS


def cost_line(row: Row, number: int, *, source: str) -> CostLine:
    """A row as a cost; `number` makes an id where the row has none.

    Raises:
        BadCell: a cell is not what its column needs.
    """
    contract = text(row, "contract_id")
    currency = currency_of(row)
    occasion = row.get("event") or "new"
    return CostLine(
        earning_line_id=(row.get("earning_line_id") and text(row, "earning_line_id")) or f"{contract}:{number}",
        contract_id=contract,
        signed=needed(day(row, "date"), "date: it is missing: write the date of signing"),
        amount=needed(amount(row, "amount", currency=currency), "amount: it is missing"),
        currency=currency,
        entity=optional(row, "entity"),
        component=optional(row, "component"),
        service_start=day(row, "service_start"),
        earned=day(row, "earned_date"),
        occasion=cast(Occasion, occasion),
        cost=optional(row, "cost") or "commission",
        product=optional(row, "product"),
        term_months=months(row, "term_months", least=1),
        renewal_months=months(row, "renewal_months", least=0),
        renewal_commensurate=yes_no(row, "renewal_commensurate"),
        months=months(row, "months", least=1),
        incremental=yes_no(row, "incremental"),
        corrects=optional(row, "corrects") or None,
        source=source,
    )


def cost_event(row: Row, currencies: Sequence[str], *, source: str) -> CostEvent:
    """A row as an event; `currencies` are those of its contract's costs.

    Raises:
        BadCell: a cell is not what its column needs.
    """
    contract, kind = text(row, "contract_id"), row.get("event") or ""
    if kind not in KINDS:
        raise BadCell(
            f"event: {kind!r} is none; write {', '.join((*OCCASIONS, *KINDS))}, or leave it blank for a first cost"
        )
    currency = currency_of(row) if row.get("currency") else None
    # Only these have an amount, and only they need to know in which currency it is.
    wants = kind in {"clawback", "impairment", "reversal"}
    of = currency or (currencies[0] if len(currencies) == 1 else None)
    if wants and of is None and currencies:
        raise BadCell(f"currency: the contract has costs in {' and '.join(currencies)}: say which is meant")
    value = _event_amount(row, kind, currency=of or "USD") if wants else None
    event = CostEvent(
        contract_id=contract,
        kind=cast(EventKind, kind),
        on=needed(day(row, "date"), "date: it is missing"),
        earning_line_id=optional(row, "earning_line_id") or None,
        amount=value,
        currency=of if wants else currency,
        months=months(row, "months", least=1),
        remaining_months=months(row, "remaining_months", least=0),
        ends=day(row, "ends"),
        component=optional(row, "component"),
        entity=optional(row, "entity"),
        source=source,
    )
    terms = [name for name in ("months", "remaining_months", "ends") if getattr(event, name) is not None]
    if kind == "estimate" and len(terms) != 1:
        raise BadCell("months: an estimate needs one of months (in all), remaining_months and ends")
    if kind == "extension" and terms != ["months"]:
        raise BadCell("months: an extension needs the months that are added to the term")
    return event


def _event_amount(row: Row, kind: str, *, currency: str) -> int:
    value = amount(row, "amount", currency=currency)
    if kind != "clawback" and value is None:
        value = amount(row, "recoverable", currency=currency)
    if kind != "clawback" and value is None:
        left = amount(row, "remaining_consideration", currency=currency)
        if left is not None:
            # What may still be carried is what the customer still pays less what serving them still costs, and never
            # below zero (ASC 340-40-35-3, IFRS 15.101).
            return max(0, left - (amount(row, "remaining_costs", currency=currency) or 0))
        raise BadCell("recoverable: write the recoverable amount, or remaining_consideration and remaining_costs")
    value = needed(value, "amount: it is missing")
    if value < 0 or (kind == "clawback" and not value):
        raise BadCell(
            f"amount: write what is {'clawed back' if kind == 'clawback' else 'recoverable'} as a positive number"
        )
    return value


def needed(value: Value | None, message: str) -> Value:
    """A value that must be there."""
    if value is None:
        raise BadCell(message)
    return value


def text(row: Row, name: str) -> str:
    """An id or name."""
    cell = needed(row.get(name), f"{name}: it is missing")
    if not _TEXT.fullmatch(cell):
        raise BadCell(
            f"{name}: {cell!r} is no id: write letters, digits, spaces and . _ : @ / + & , -, "
            "beginning with a letter or digit"
        )
    return cell


def optional(row: Row, name: str) -> str:
    """An id or name that may be blank."""
    return text(row, name) if row.get(name) else ""


def day(row: Row, name: str) -> date | None:
    """A date."""
    if (cell := row.get(name)) is None:
        return None
    try:
        read = date.fromisoformat(cell) if len(cell) == len("2026-01-31") else None
    except ValueError:
        read = None
    if read is None or read.year not in YEARS:
        raise BadCell(f"{name}: {cell!r} is not a date like 2026-01-31")
    return read


def months(row: Row, name: str, *, least: int) -> int | None:
    """A number of months."""
    if (cell := row.get(name)) is None:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", cell) or not least <= int(cell) <= 600:
        raise BadCell(f"{name}: {cell!r} is not a whole number of months from {least} to 600")
    return int(cell)


def yes_no(row: Row, name: str) -> bool | None:
    """Yes or no, or blank."""
    if (cell := row.get(name)) is None:
        return None
    if (answer := YES_NO.get(cell.lower())) is None:
        raise BadCell(f"{name}: {cell!r} is neither yes nor no")
    return answer


def currency_of(row: Row) -> str:
    """The currency of a row."""
    cell = needed(row.get("currency"), "currency: it is missing")
    try:
        minor_digits(cell)
    except MoneyError as error:
        raise BadCell(f"currency: {error}") from None
    return cell


def amount(row: Row, name: str, *, currency: str) -> int | None:
    """An amount in minor units."""
    if (cell := row.get(name)) is None:
        return None
    if not _AMOUNT.fullmatch(cell):
        raise BadCell(f"{name}: {cell!r} is not an amount like 1200.50")
    try:
        return to_minor(Decimal(cell), currency)
    except MoneyError as error:
        raise BadCell(f"{name}: {error}") from None
