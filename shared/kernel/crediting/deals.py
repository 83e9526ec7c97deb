"""From merged facts to the deals table: texts become minor units, shares and dates, or a named problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from shared.facts import Facts, values_of
from shared.kernel.arithmetic.expressions import WHOLE_SHARE, scaled
from shared.kernel.crediting.custom_columns import BadColumnValue, bad_value_problem, column_value
from shared.kernel.language.deal_fields import DECLARED_FIELDS
from shared.kernel.tables import DEALS
from shared.money import InexactAmount, MoneyError, to_minor


def deals_table(deals: Iterable[tuple[str, Facts]], columns: pl.Schema) -> pl.DataFrame:
    """One row per deal in the given columns: `DEALS`, then the custom columns a plan set declares.

    A deal that cannot be represented exactly, or has something else in a custom column than it declares, is kept, with
    its problem named, so that crediting can report it.
    """
    return values_table(((deal_id, values_of(facts)) for deal_id, facts in deals), columns)


def values_table(deals: Iterable[tuple[str, Mapping[str, Any]]], columns: pl.Schema) -> pl.DataFrame:
    """`deals_table` of deals whose values in force are known, path -> value."""
    custom = [(name, kind) for name, kind in columns.items() if name not in DEALS]
    rows = [_row(deal_id, values, custom=custom) for deal_id, values in deals]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _row(deal_id: str, values: Mapping[str, Any], *, custom: list[tuple[str, pl.DataType]]) -> tuple[Any, ...]:
    get = values.get
    currency = get("currency")
    problem: str | None = None
    amounts: list[int | None] = [None, None, 0]
    if currency is not None:
        try:
            amounts = _amounts(values, currency)
        except MoneyError as error:
            problem = "inexact_amount" if isinstance(error, InexactAmount) else "bad_amount"
    own: list[Any] = []
    misread: list[str] = []
    for name, kind in custom:
        try:
            own.append(column_value(get(path_of(name, values)), kind))
        except BadColumnValue:
            own.append(None)
            misread.append(name)
    splits, named = _shares(get("splits")), [get("product"), get("account"), get("territory")]
    dates = [_date(get("open_date")), _date(get("close_date"))]
    # An amount that cannot be read goes before a column: without it nothing of the deal can be credited.
    problem = problem or (bad_value_problem(misread) if misread else None)
    return (deal_id, get("stage"), *amounts, currency, *dates, get("owner"), splits, *named, problem, *own)


def path_of(name: str, values: Mapping[str, Any]) -> str:
    """Where a declared column of a deal stands among its values: the company's own under `custom`, a field that every
    deal has under its name."""
    # Beside them what was said of a field under `custom`, before it was refused there, as long as nothing else is said.
    return name if name in DECLARED_FIELDS and name in values else f"custom.{name}"


def _amounts(values: Mapping[str, Any], currency: str) -> list[int | None]:
    """amount, list_amount and refunded in minor units; a refund that was taken back is null, and counts nothing.

    Raises:
        MoneyError: one is no amount of the currency.
    """
    return [
        _minor(values.get("amount"), currency),
        _minor(values.get("list_amount"), currency),
        sum(
            _minor(value["amount"], currency) or 0
            for path, value in values.items()
            if path.startswith("refunds.") and value is not None
        ),
    ]


def _minor(amount: str | None, currency: str) -> int | None:
    return None if amount is None else to_minor(Decimal(amount), currency)


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _shares(splits: dict[str, str] | None) -> list[dict[str, Any]] | None:
    if splits is None:
        return None
    return [
        {"participant_id": participant, "share": scaled(Decimal(percent) / 100, WHOLE_SHARE)}
        for participant, percent in splits.items()
    ]
