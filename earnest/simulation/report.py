"""The tables of a simulation as CSV files: amounts in major units, shares as decimals."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from earnest.files.display import money
from earnest.files.rejections import FileError
from earnest.simulation.charts import draw
from earnest.simulation.run import Outcome
from earnest.simulation.statistics import bands
from shared.spreadsheets import write_csv

SHARE_DECIMALS = 4


def write(found: Outcome, folder: Path) -> list[Path]:
    """Write tables and charts into a folder, which is made if needed; their paths.

    Raises:
        FileError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [*_tables(found, folder), *draw(found, folder)]
    except OSError as error:
        raise FileError(f"{folder}: {error.strerror or error}") from None


def _tables(found: Outcome, folder: Path) -> list[Path]:
    tables = {"years": _years(found), "attainment": bands(found.attained), "conventions": _conventions(found)}
    if found.people is not None:
        tables["people"] = _in_major(found.people, ["before", "now", "change"], currency=found.currency)
    paths = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        shares = [each for each, kind in table.schema.items() if kind == pl.Float64]
        write_csv(table.with_columns(pl.col(shares).round(SHARE_DECIMALS)), path)
        paths.append(path)
    return paths


def _years(found: Outcome) -> pl.DataFrame:
    columns = ["sales", "cost"]
    years = found.years.with_columns(year=pl.col("year") + 1)
    if found.years_before is not None:
        before = found.years_before.select(year=pl.col("year") + 1, cost_before="cost")
        years, columns = years.join(before, on="year", how="left"), [*columns, "cost_before"]
    return _in_major(years, columns, currency=found.currency)


def _conventions(found: Outcome) -> pl.DataFrame:
    rows = [
        (
            each.convention,
            each.now,
            each.other,
            "yes" if each.said else "no",
            each.change,
            each.participants,
            each.earnings,
        )
        for each in found.conventions
    ]
    names = {"convention": pl.String, "now": pl.String, "other": pl.String, "said": pl.String, "change": pl.Int64}
    table = pl.DataFrame(rows, schema=names | {"participants": pl.Int64, "earnings": pl.Int64}, orient="row")
    return _in_major(table, ["change"], currency=found.currency)


def _in_major(table: pl.DataFrame, columns: list[str], *, currency: str) -> pl.DataFrame:
    whole = table.with_columns(pl.col(columns).round(0).cast(pl.Int64), currency=pl.lit(currency))
    return whole.with_columns(money(name, [currency]).alias(name) for name in columns)
