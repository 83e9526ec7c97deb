"""What an import leaves behind as files: its report, and deals and roster in the form `earnest calc` reads."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from earnest.files.cells import DEAL_COLUMNS
from earnest.files.rejections import output_folder
from earnest.files.rows import ROW, Rows
from earnest.imports.reading import REPORT, CompanyFiles
from shared.pay.deal_payments import Allocated
from shared.spreadsheets import write_csv


def report_table(company: CompanyFiles, rejected: pl.DataFrame, *, allocation: Allocated | None) -> pl.DataFrame:
    """Every row that was not simply taken (`REPORT`); `rejected` are those that cannot be used (`REJECTED`),
    `allocation` what became of payments by account, if there are any.
    """
    refused = rejected.select("file", "row", "id", kind=pl.lit("refused"), field=pl.lit(""), reason="message")
    told = [] if allocation is None else [company.allocation_notes(allocation)]
    return pl.concat([refused.cast(REPORT), company.notes(), *told]).sort("file", "row", "kind", "field", "reason")


def write_report(report: pl.DataFrame, path: Path) -> None:
    """Write the report; what it quotes of files never becomes a formula of a spreadsheet."""
    with output_folder(path.parent):
        write_csv(report, path)


def write_files(deals: Rows, roster: Rows, *, folder: Path) -> None:
    """Write deals.csv and roster.csv."""
    known = [name for name in DEAL_COLUMNS if name in deals.frame.columns]
    tables = {"deals": deals.frame.select(*known, pl.exclude(ROW, *known)), "roster": roster.frame.drop(ROW)}
    with output_folder(folder):
        for name, table in tables.items():
            # Not guarded against formulas, unlike the report: these are read again, and an apostrophe would become a
            # fact.
            write_csv(table, folder / f"{name}.csv", ours=table.columns)
