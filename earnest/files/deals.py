"""A deals file as the kernel's table: rows are patches in file order, merged as the patches of a webhook are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from earnest.files.cells import DEAL_COLUMNS, deal_patch, refusing
from earnest.files.plain_deals import plain_deals
from earnest.files.rejections import Rejection, rejected
from earnest.files.rows import ROW, Rows, read_rows
from earnest.local.home import company_zone
from shared.facts import Facts, merge, values_of
from shared.kernel import PlanSet
from shared.kernel.crediting.deals import deals_table
from shared.kernel.tables import DEALS

STAMP = "1970-01-01T00:00:00.000000Z"
"""All rows of a file share an instant; their row number is the sequence that orders them."""


class DealsOfFile(NamedTuple):
    """The deals table with the plans' columns, deal and number of every row, and the rows that could not be used.

    `repeated` are the deals of several rows; `unused` are columns of the file that no plan declares; `absent` are
    declared columns that the file lacks.
    """

    table: pl.DataFrame
    rows: pl.DataFrame
    rejected: pl.DataFrame
    unused: list[str]
    absent: list[str]
    repeated: list[str]


def unsaid_of(plans: PlanSet) -> dict[str, str]:
    """What holds of a deal that does not say it: it is won, and in the currency of the plans if they share one."""
    currencies = {plan.currency for plan in plans}
    # Only where all plans agree: a currency is never chosen for somebody.
    return _unsaid(currencies.pop() if len(currencies) == 1 else None)


def _unsaid(currency: str | None) -> dict[str, str]:
    return {"stage": "won"} | ({"currency": currency} if currency else {})


def deal_rows(path: Path, plans: PlanSet) -> Rows:
    """The rows of a deals file.

    Raises:
        FileError: the file cannot be read, or lacks a column that every deal needs.
    """
    used = {*DEAL_COLUMNS, *plans.columns}
    return read_rows(path, "deals", required=("deal_id", "amount", "close_date"), used=used.__contains__)


def read_deals(deals: Path | Rows, plans: PlanSet) -> DealsOfFile:
    """The deals of a file, or of rows as a mapping reads them. A deal without a stage is won; one without a currency
    has that of the plans if they share one.

    Raises:
        FileError: the file cannot be read, or lacks a column that every deal needs.
    """
    rows = deal_rows(deals, plans) if isinstance(deals, Path) else deals
    columns, frame = plans.deal_columns, rows.frame
    currency = unsaid_of(plans).get("currency")
    plain, rest = plain_deals(frame, columns, currency=currency)
    merged, refused = merged_deals(rest, columns, currency=currency)
    named = {name for name in columns if name not in DEALS}
    return DealsOfFile(
        table=pl.concat([plain, merged]),
        rows=frame.select("deal_id", row=ROW),
        rejected=pl.concat([rows.rejected, refused]),
        unused=[name for name in frame.columns if name not in {ROW, *DEAL_COLUMNS, *named}],
        absent=sorted(named.difference(frame.columns)),
        # A plain row is the only one of its deal.
        repeated=rest.filter(pl.col("deal_id").is_duplicated())["deal_id"].drop_nulls().unique().sort().to_list(),
    )


def merged_deals(rows: pl.DataFrame, columns: pl.Schema, *, currency: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The deals table of rows that go through the contract one by one, and the rows it refused."""
    custom = {name: kind for name, kind in columns.items() if name not in DEALS}
    deals, refused = merged_facts(rows, custom, unsaid=_unsaid(currency), file="deals")
    return deals_table(deals.items(), columns), rejected(refused)


def merged_values(
    rows: pl.DataFrame, *, unsaid: Mapping[str, Any], file: str
) -> tuple[dict[str, dict[str, Any]], list[Rejection]]:
    """The values by path of what rows say of deals, without the company's own columns, and the rows that were refused;
    as `merged_facts` takes them.
    """
    known = rows.select(ROW, *(name for name in DEAL_COLUMNS if name in rows.columns))
    facts, refused = merged_facts(known, {}, unsaid=unsaid, file=file)
    return {name: values_of(deal) for name, deal in facts.items()}, refused


def merged_facts(
    rows: pl.DataFrame, custom: Mapping[str, pl.DataType], *, unsaid: Mapping[str, Any], file: str
) -> tuple[dict[str, Facts], list[Rejection]]:
    """The facts of deals from rows that go through the contract one by one, and the rows it refused.

    Args:
        rows: text columns and `ROW`.
        custom: the columns that are the company's own.
        unsaid: what holds of a deal that does not say otherwise.
        file: what refused rows name as their file.
    """
    zone = company_zone()
    deals: dict[str, Facts] = {}
    refused: list[Rejection] = []
    for row in rows.iter_rows(named=True):
        with refusing(refused, file, row=row[ROW], name=row["deal_id"]):
            patch = deal_patch(row, custom, zone=zone)
            if patch.deal_id not in deals:
                # Below the first row of any file: whatever a row says of these fields prevails.
                merge(deals.setdefault(patch.deal_id, {}), unsaid, occurred_at=STAMP, sequence=0, source="file")
            merge(deals[patch.deal_id], patch.fields.flat(), occurred_at=STAMP, sequence=row[ROW], source="file")
    return deals, refused
