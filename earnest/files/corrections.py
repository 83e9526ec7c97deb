"""What became of months that were calculated before: the difference to that calculation, in rows that say since when it
is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from earnest.files.deals import merged_values
from earnest.files.rejections import FileError
from earnest.files.results import OURS
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
    # As a file has it: the texts of two are compared.
    now = neutral_table(lines.with_columns(pl.all().cast(pl.String)), OURS)
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
    told = [pl.col(name).is_not_null() for name in ("cancel_date", "refunds") if name in rows.columns]
    if not told:
        return {}
    deals = rows.filter(pl.any_horizontal(told))["deal_id"]
    values, _ = merged_values(rows.filter(pl.col("deal_id").is_in(deals.implode())), unsaid={}, file="deals")
    return {deal: max(days) for deal, said in values.items() if (days := [*_days(said)])}


def _days(values: Mapping[str, Any]) -> Iterator[date]:
    for path, said in values.items():
        if said is not None and path == "cancel_date":
            yield date.fromisoformat(said)
        elif said is not None and path.startswith("refunds."):
            yield date.fromisoformat(said["date"])


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
