"""What an import leaves behind as files: its report, and deals and roster in the form `earnest calc` reads."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from earnest.files.cells import DEAL_COLUMNS
from earnest.files.rejections import output_folder
from earnest.files.rows import ROW
from earnest.imports.reading import REPORT, CompanyFiles
from shared.spreadsheets import write_csv


def report_table(company: CompanyFiles, rejected: pl.DataFrame) -> pl.DataFrame:
    """Every row that was not simply taken (`REPORT`); `rejected` are those that cannot be used (`REJECTED`)."""
    refused = rejected.select("file", "row", "id", kind=pl.lit("refused"), field=pl.lit(""), reason="message")
    return pl.concat([refused.cast(REPORT), company.notes()]).sort("file", "row", "kind", "field", "reason")


def write_report(report: pl.DataFrame, path: Path) -> None:
    """Write the report; what it quotes of files never becomes a formula of a spreadsheet."""
    with output_folder(path.parent):
        write_csv(report, path)


def write_files(company: CompanyFiles, folder: Path) -> None:
    """Write deals.csv and roster.csv."""
    deals = company.deals.frame.drop(ROW)
    known = [name for name in DEAL_COLUMNS if name in deals.columns]
    with output_folder(folder):
        # Not guarded against formulas, unlike the report: these are read again, and an apostrophe would become a fact.
        write_csv(deals.select(*known, pl.exclude(known)), folder / "deals.csv", ours=deals.columns)
        write_csv(company.roster.frame.drop(ROW), folder / "roster.csv", ours=company.roster.frame.columns)
