"""What an import says of a company's files: how many rows of each were taken, and what happened to the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import polars as pl
from rich.console import Console
from rich.table import Table

from earnest.files.rejections import alike
from earnest.files.rows import ROW
from earnest.imports.reading import CompanyFiles
from shared.decimals import NotDecimal, plain_decimal

SHOWN = 20


def tell_of_rows(company: CompanyFiles, unfit: pl.DataFrame, *, report: pl.DataFrame, console: Console) -> None:
    """Print what became of the rows of every file, what happened to those not simply taken, and what is remarked."""
    console.print(_counts_table(company, unfit))
    if (summary := _report_summary(report)) is not None:
        console.print(summary)
    for remark in company.remarks:
        console.print(f"Warning: {remark}.", highlight=False, markup=False, soft_wrap=True)


def _counts_table(company: CompanyFiles, unfit: pl.DataFrame) -> Table:
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


def _report_summary(report: pl.DataFrame) -> Table | None:
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
    came = [deal for part in company.parts if part.what == "deals" for deal in _won(part.frame)]
    refused = set(unfit.filter(pl.col("file") == "deals")["row"])
    taken = [deal for deal in _won(company.deals.frame) if deal.row not in refused]
    value, left = _worth(came), _worth(taken)
    rejected = {currency: amount - left.get(currency, Decimal(0)) for currency, amount in value.items()}
    told = [_said({currency: each.get(currency, Decimal(0)) for currency in value}) for each in (value, left, rejected)]
    return f"Won: {len(came):,} rows worth {told[0]} came in, {told[1]} were taken, {told[2]} were rejected."


class _Won(NamedTuple):
    row: int
    amount: Decimal
    currency: str


def _won(frame: pl.DataFrame) -> Iterator[_Won]:
    """Each won deal."""
    won = frame.filter(pl.col("stage").fill_null("won") == "won") if "stage" in frame.columns else frame
    currency = pl.col("currency").fill_null("") if "currency" in won.columns else pl.lit("")
    for number, amount, code in won.select(ROW, "amount", currency).iter_rows() if "amount" in won.columns else ():
        try:
            yield _Won(number, plain_decimal(amount or "0"), code)
        except NotDecimal:  # that row is rejected, and says so
            yield _Won(number, Decimal(0), code)


def _worth(deals: Sequence[_Won]) -> dict[str, Decimal]:
    """What deals are worth, by currency: what is in several is never one sum."""
    worth: dict[str, Decimal] = {}
    for deal in deals:
        worth[deal.currency] = worth.get(deal.currency, Decimal(0)) + deal.amount
    return worth or {"": Decimal(0)}


def _said(worth: Mapping[str, Decimal]) -> str:
    if len(worth) == 1:
        return f"{next(iter(worth.values())):,}"
    return " and ".join(f"{amount:,} {currency or 'of no currency'}" for currency, amount in worth.items())
