"""What an import says of a company's files: how many rows of each were taken, and what happened to the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import polars as pl
from rich.table import Table

from earnest.files.rejections import alike
from earnest.files.rows import ROW
from earnest.imports.reading import CompanyFiles
from shared.decimals import NotDecimal, plain_decimal

SHOWN = 20


def counts_table(company: CompanyFiles, unfit: pl.DataFrame) -> Table:
    """The rows of every file: each is taken, merged with one that is, left out by the mapping, or refused. `unfit` are
    the rows of deals and roster that no contract took.
    """
    table = Table(title="Rows")
    for name in ("file", "as"):
        table.add_column(name, overflow="fold")
    for name in ("read", "= taken", "+ merged", "+ left out", "+ refused"):
        table.add_column(name, justify="right")
    for count in company.counts(unfit):
        figures = (count.read, count.taken, count.merged, count.left_out, count.refused)
        table.add_row(count.file, count.what, *(f"{figure:,}" for figure in figures))
    return table


def report_summary(report: pl.DataFrame) -> Table | None:
    """What happened to rows, the most frequent first, each with the first row that it happened to; None where nothing
    did.
    """
    groups: Counter[tuple[str, str, str, str]] = Counter()
    first: dict[tuple[str, str, str, str], str] = {}
    for file, row, name, kind, field, reason in report.iter_rows():
        way = "" if kind in ("renamed", "rounded") else reason if kind == "repaired" else alike(reason)
        group = (kind, file, field, way)
        groups[group] += 1
        first.setdefault(group, f"row {row}{f', {name}' if name else ''}: {reason}")
    if not groups:
        return None
    table = Table(title="Not simply taken")
    for name in ("rows", "what", "file", "field", "for example"):
        table.add_column(name, overflow="fold")
    for (kind, file, field, reason), number in groups.most_common(SHOWN):
        table.add_row(f"{number:,}", kind, file, field, first[kind, file, field, reason])
    if len(groups) > SHOWN:
        table.add_row("", f"and {len(groups) - SHOWN:,} more kinds", "", "", "")
    return table


def won_in_words(company: CompanyFiles, unfit: pl.DataFrame) -> str:
    """The won deals and what they are worth: those of the files, and those that are taken."""
    came = [deal for part in company.parts if part.what == "deals" for _, deal in _won(part.frame)]
    refused = set(unfit.filter(pl.col("file") == "deals")["row"])
    taken = [deal for number, deal in _won(company.deals.frame) if number not in refused]
    value, left = sum(came, Decimal(0)), sum(taken, Decimal(0))
    return f"Won: {len(came):,} rows worth {value:,} came in, {left:,} were taken, {value - left:,} were rejected."


def _won(frame: pl.DataFrame) -> Iterator[tuple[int, Decimal]]:
    """The row and the amount of each won deal."""
    won = frame.filter(pl.col("stage").fill_null("won") == "won") if "stage" in frame.columns else frame
    for number, amount in won.select(ROW, "amount").iter_rows() if "amount" in won.columns else ():
        try:
            yield number, plain_decimal(amount or "0")
        except NotDecimal:  # that row is rejected, and says so
            yield number, Decimal(0)
