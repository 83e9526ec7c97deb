"""Plain deals, a whole file at once: rows that need nothing but their own cells become the deals table column by
column.

A row is plain when it is the only one of its deal, holds neither splits, refunds nor payments, and every cell is beyond
doubt. What is not plain goes through the contract, row by row (`earnest.files.deals`): that is the law, this is a
shorter way to the same table.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
from babel.core import get_global

from shared.contracts.base import LONGEST_TEXT, YES_NO
from shared.contracts.deals import ENTRIES
from shared.kernel.crediting.custom_columns import WHOLE_NUMBER
from shared.kernel.tables import DEALS
from shared.money import minor_digits

# No wider than the contract: what matches is certainly what the contract takes, what does not goes the long way and is
# judged there. That both ways give the same table is tested with generated rows.
IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}$"
DECIMAL = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"
AMOUNT = r"^-?[0-9]{1,12}(\.[0-9]{1,12})?$"
FINEST = 12
DATE = r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"
STAGES = ("open", "won", "lost", "cancelled")


class Plain(NamedTuple):
    """The deals table of the plain rows, and the rows that must go the long way."""

    table: pl.DataFrame
    rest: pl.DataFrame


class _Cell(NamedTuple):
    """The value of a cell, and whether it is beyond doubt; a blank cell is null."""

    value: pl.Expr
    sure: pl.Expr


def plain_deals(rows: pl.DataFrame, columns: pl.Schema, *, currency: str | None) -> Plain:
    """Take the plain rows out of `rows` (text columns); `currency` is that of deals that name none."""
    cells = _cells(columns)
    beside = {name: cell for name, cell in _BESIDE.items() if name not in cells}
    several = [name for name in ("splits", *ENTRIES) if name not in cells]
    absent = [name for name in (*cells, *beside, *several) if name not in rows.columns]
    texts = rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent).with_columns(
        pl.col("currency").fill_null(pl.lit(currency, dtype=pl.String)), pl.col("stage").fill_null("won")
    )
    codes = [code for code in texts["currency"].drop_nulls().unique() if code in get_global("all_currencies")]
    digits = pl.col("currency").replace_strict({code: minor_digits(code) for code in codes}, default=None)
    texts = texts.with_columns(digits=digits.cast(pl.Int64) if codes else pl.lit(None, dtype=pl.Int64))
    simple = pl.col("deal_id").is_unique() & pl.all_horizontal(pl.col(several).is_null())
    needed = pl.all_horizontal(pl.col("deal_id", "owner", "amount", "close_date", "digits").is_not_null())
    blank = {"refunded": pl.lit(0), "splits": pl.lit(None), "problem": pl.lit(None)}
    read = texts.select(
        *(cell.value.alias(name) for name, cell in cells.items()),
        *(value.alias(name) for name, value in blank.items()),
        plain=(
            simple & needed & pl.all_horizontal(cell.sure for cell in (*cells.values(), *beside.values()))
        ).fill_null(False),
    )
    return Plain(read.filter("plain").select(columns.names()).cast(columns), rows.filter(~read["plain"]))


def _cells(columns: pl.Schema) -> dict[str, _Cell]:
    """What each column of the deals table is read as, but for those that a plain row leaves blank."""
    texts = {name: _text(name) for name in ("product", "account", "territory")}
    own = {name: _BESIDE.get(name) or _custom(name, kind) for name, kind in columns.items() if name not in DEALS}
    return {
        "deal_id": _Cell(pl.col("deal_id"), pl.col("deal_id").str.contains(IDENTIFIER)),
        "owner": _Cell(pl.col("owner"), pl.col("owner").str.contains(IDENTIFIER)),
        "stage": _Cell(pl.col("stage"), pl.col("stage").is_in(STAGES)),
        "currency": _Cell(pl.col("currency"), pl.col("digits").is_not_null()),
        "amount": _amount("amount"),
        "list_amount": _amount("list_amount"),
        "open_date": _date("open_date"),
        "close_date": _date("close_date"),
        **texts,
        **own,
    }


def _amount(name: str) -> _Cell:
    """Minor units of an amount in major units, of which `digits` decimals count."""
    text = pl.col(name)
    # Twelve digits at most before the point, and twelve behind it: as many as the scale has, so that nothing is cut.
    finest = text.cast(pl.Decimal(38, FINEST), strict=False).to_physical()
    unit = pl.lit(10, dtype=pl.Int64).pow(FINEST - pl.col("digits"))
    exact = text.str.contains(AMOUNT) & (finest % unit == 0)
    # No currency has more than four decimals: 64 bits hold the minor units.
    return _Cell((finest // unit).cast(pl.Int64, strict=False), _blank_or(text, exact))


def _date(name: str) -> _Cell:
    # The pattern beside the parser, for the years that the contract takes and for two digits of month and day.
    value = pl.col(name).str.to_date("%Y-%m-%d", strict=False)
    return _Cell(value, _blank_or(pl.col(name), pl.col(name).str.contains(DATE) & value.is_not_null()))


def _text(name: str) -> _Cell:
    text, short = pl.col(name), pl.col(name).str.len_chars().is_between(1, LONGEST_TEXT)
    sure = short & (text == text.str.strip_chars()) & ~text.str.contains("\0", literal=True)
    return _Cell(text, _blank_or(text, sure))


def _custom(name: str, kind: pl.DataType) -> _Cell:
    text = pl.col(name)
    if kind == pl.Boolean:
        word = text.str.to_lowercase()
        value = word.replace_strict(YES_NO, default=None, return_dtype=pl.Boolean)
        return _Cell(value, _blank_or(text, value.is_not_null()))
    if kind == pl.Int64:
        return _Cell(text.cast(pl.Int64, strict=False), _blank_or(text, text.str.contains(WHOLE_NUMBER)))
    if isinstance(kind, pl.Decimal):
        return _Cell(text.cast(kind, strict=False), _blank_or(text, text.str.contains(DECIMAL)))
    if kind == pl.Date:
        return _date(name)
    return _text(name)


def _blank_or(text: pl.Expr, sure: pl.Expr) -> pl.Expr:
    return text.is_null() | sure


_TERM = pl.col("term_months")
_CONTRACT = pl.col("contract")
_BESIDE = {
    "cancel_date": _date("cancel_date"),
    "start_date": _date("start_date"),
    "term_months": _Cell(_TERM, _blank_or(_TERM, _TERM.str.contains(r"^([1-9][0-9]{0,2}|1[01][0-9]{2}|1200)$"))),
    "contract": _Cell(_CONTRACT, _blank_or(_CONTRACT, _CONTRACT.str.contains(IDENTIFIER))),
}
"""What a deals file may say that changes no credit, unless a plan declares it: else it is only checked."""
