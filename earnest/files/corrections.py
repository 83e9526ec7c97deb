"""What became of months that were calculated before: the difference to that calculation, in rows that say since when it
is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from earnest.files.rejections import FileError
from shared.formatting import counted
from shared.money import minor_digits
from shared.periods import Month, first_day, month_named, next_period
from shared.spreadsheets import neutral_table

KEY: Final = ["participant_id", "period", "component", "plan", "version", "deal_id", "credit_date", "currency"]
KNOWN_FROM: Final = "known_from"
_EXACT: Final = pl.Decimal(38, 6)


class Corrected(NamedTuple):
    """Lines with those of an earlier calculation and the corrections of them, and the latter alone."""

    lines: pl.DataFrame
    corrections: pl.DataFrame


def corrected(
    lines: pl.DataFrame, before: Path, *, changed_on: Mapping[str, date], known_from: date | None
) -> Corrected:
    """The lines of an earlier calculation as they were, what is different by now as a correction of each deal's month,
    and the lines of months that are new.

    Args:
        lines: of the calculation now, as `lines.csv` has them.
        before: the folder of the earlier one, which may hold corrections itself.
        changed_on: the last day on which a deal was refunded or cancelled.
        known_from: the day from which all corrections are known. None: the day on which their deal changed, or the
            first one after the last month of the earlier calculation, whichever comes later.

    Raises:
        FileError: there are no lines of a calculation in the folder.
    """
    earlier = _read(before)
    last = _last_month(earlier, before)
    begins = first_day(next_period(last))
    now = neutral_table(
        lines.with_columns(pl.all().cast(pl.String)), ["slices"]
    )  # as a file has it: the texts of two are compared
    both = _sums(earlier).join(
        _sums(now.filter(pl.col("period") <= last)), on=KEY, how="full", suffix="_now", coalesce=True, nulls_equal=True
    )
    changed = both.with_columns(change=pl.col("amount_now").fill_null(0) - pl.col("amount").fill_null(0)).filter(
        pl.col("change") != 0
    )
    rows = []
    for row in changed.sort(KEY).iter_rows(named=True):
        day = known_from or max(begins, changed_on.get(row["deal_id"] or "", begins))
        amount = f"{row['change']:.{minor_digits(row['currency'])}f}"
        rows.append((*(row[name] for name in KEY), amount, day.isoformat()))
    corrections = pl.DataFrame(rows, schema=dict.fromkeys([*KEY, "amount", KNOWN_FROM], pl.String()), orient="row")
    rest = now.filter(pl.col("period") > last)
    return Corrected(pl.concat([earlier, corrections, rest], how="diagonal"), corrections)


def changed_on(rows: pl.DataFrame) -> dict[str, date]:
    """The last day on which a deal was refunded or cancelled, as the rows of a deals file say."""
    named = [name for name in ("cancel_date", "refunds") if name in rows.columns]
    days = [pl.col(name).str.extract_all(r"[0-9]{4}-[0-9]{2}-[0-9]{2}") for name in named]
    if not days:
        return {}
    found = rows.select("deal_id", day=pl.concat_list(day.fill_null([]) for day in days).list.max())
    latest = found.drop_nulls().group_by("deal_id").agg(pl.col("day").max())
    return {deal: date.fromisoformat(day) for deal, day in latest.iter_rows()}


def _read(before: Path) -> pl.DataFrame:
    path = before / "lines.csv" if before.is_dir() else before
    try:
        earlier = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FileError(f"{path} cannot be read as the lines of an earlier calculation: {error}") from None
    if missing := [name for name in [*KEY, "amount"] if name not in earlier.columns]:
        raise FileError(f"{path} is no lines.csv of `earnest calc`: it has no column {missing[0]}")
    return earlier


def _last_month(earlier: pl.DataFrame, before: Path) -> Month:
    try:
        return month_named(str(earlier["period"].max() or "nothing"))
    except ValueError as error:
        raise FileError(f"{before}: the lines of the earlier calculation end with no month: {error}") from None


def _sums(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.group_by(KEY).agg(pl.col("amount").cast(_EXACT).sum())


def in_words(corrections: pl.DataFrame) -> str:
    """`2 corrections of months calculated before: -40.00 USD`."""
    sums: dict[str, Decimal] = {}
    for amount, currency in corrections.select("amount", "currency").iter_rows():
        sums[currency] = sums.get(currency, Decimal(0)) + Decimal(amount)
    totals = ", ".join(f"{amount:,} {currency}" for currency, amount in sorted(sums.items()))
    said = f"{counted(corrections.height, 'correction')} of months calculated before"
    return f"{said}: {totals}" if totals else said


def day_of(text: str) -> date:
    """The day of `--known-from`.

    Raises:
        FileError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FileError(f"--known-from: {text!r} is not a day like 2026-06-15") from None
