"""The tables of a simulation as CSV files: amounts in major units, shares as decimals."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import polars as pl

from earnest.files.display import money
from earnest.files.rejections import output_folder
from earnest.simulation.charts import draw
from earnest.simulation.run import Simulation
from earnest.simulation.statistics import bands
from shared.spreadsheets import write_csv

SHARE_DECIMALS = 4


def write(outcome: Simulation, folder: Path) -> list[Path]:
    """Write tables and charts into a folder, which is made if needed; their paths.

    Raises:
        FileError: the folder cannot be written.
    """
    with output_folder(folder):
        return [*_tables(outcome, folder), *draw(outcome, folder)]


def _tables(outcome: Simulation, folder: Path) -> list[Path]:
    tables = {"years": _years(outcome), "attainment": bands(outcome.attained), "conventions": _conventions(outcome)}
    if outcome.people is not None:
        tables["people"] = _in_major(outcome.people, ["before", "now", "change"], currency=outcome.currency)
    paths = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        # Statistics are floating point: beyond four decimals they say nothing, and differ between machines.
        shares = [column for column, kind in table.schema.items() if kind == pl.Float64]
        write_csv(table.with_columns(pl.col(shares).round(SHARE_DECIMALS)), path)
        paths.append(path)
    return paths


def _years(outcome: Simulation) -> pl.DataFrame:
    columns = ["sales", "cost"]
    years = outcome.years.with_columns(year=pl.col("year") + 1)
    if outcome.years_before is not None:
        before = outcome.years_before.select(year=pl.col("year") + 1, cost_before="cost")
        years, columns = years.join(before, on="year", how="left"), [*columns, "cost_before"]
    return _in_major(years, columns, currency=outcome.currency)


def _conventions(outcome: Simulation) -> pl.DataFrame:
    texts, numbers = ("convention", "now", "other"), ("change", "participants", "earnings")
    schema = dict.fromkeys(texts, pl.String) | {"said": pl.Boolean} | dict.fromkeys(numbers, pl.Int64)
    moves = pl.DataFrame([asdict(move) for move in outcome.conventions], schema=schema)
    said = pl.when("said").then(pl.lit("yes")).otherwise(pl.lit("no"))
    return _in_major(moves.with_columns(said=said), ["change"], currency=outcome.currency)


def _in_major(table: pl.DataFrame, columns: list[str], *, currency: str) -> pl.DataFrame:
    whole = table.with_columns(pl.col(columns).round(0).cast(pl.Int64), currency=pl.lit(currency))
    return whole.with_columns(money(name, [currency]).alias(name) for name in columns)
