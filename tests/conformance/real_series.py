"""KPI series of two companies' real data, computed where the data lie: a CRM's opportunities, a wholesaler's invoice lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

DAY, WEEK = "1d", "1w"
COUNTRIES: Final = ("United Kingdom", "Germany", "France", "EIRE")
"""The largest."""


def closed_opportunities(data: Path) -> pl.DataFrame:
    """The opportunities that were won or lost: day, won, value, product, office, manager."""
    folder = data / "crm-opportunities"
    return (
        pl.read_csv(folder / "sales_pipeline.csv")
        .filter(pl.col("deal_stage").is_in(["Won", "Lost"]))
        .join(pl.read_csv(folder / "sales_teams.csv"), on="sales_agent", how="left")
        .select(
            day=pl.col("close_date").str.to_date("%m/%d/%Y"),
            won=pl.col("deal_stage") == "Won",
            value=pl.col("close_value"),
            product=pl.col("product").replace("GTXPro", "GTX Pro"),
            office="regional_office",
            manager="manager",
        )
    )


def invoice_lines(data: Path) -> pl.DataFrame:
    """The lines of invoices and of cancellations: day, invoice, cancelled, amount, country."""
    return pl.read_parquet(data / "online-retail" / "online-retail.parquet").select(
        day=pl.col("InvoiceDate").str.slice(0, 10).str.to_date(),
        invoice="InvoiceNo",
        cancelled=pl.col("InvoiceNo").str.starts_with("C"),
        amount=pl.col("Quantity").cast(pl.Float64) * pl.col("UnitPrice").cast(pl.Float64),
        country="Country",
    )


def series_of_opportunities(data: Path) -> Mapping[str, pl.DataFrame]:
    """By name the columns date, value and perhaps a segment."""
    closed = closed_opportunities(data)
    wins, rate = pl.col("won").sum(), pl.col("won").mean()
    value = pl.col("value").filter(pl.col("won")).mean()
    return {
        "wins a day": _series(closed, DAY, value=wins),
        "wins a week": _series(closed, WEEK, value=wins),
        "wins a week by product": _series(closed, WEEK, value=wins, by="product"),
        "wins a week by manager": _series(closed, WEEK, value=wins, by="manager"),
        "win rate of a day": _series(closed, DAY, value=rate),
        "win rate of a week": _series(closed, WEEK, value=rate),
        "win rate of a week by office": _series(closed, WEEK, value=rate, by="office"),
        "value of a win by week": _series(closed, WEEK, value=value),
        "value of a win by week and product": _series(closed, WEEK, value=value, by="product"),
    }


def series_of_invoices(data: Path) -> Mapping[str, pl.DataFrame]:
    """By name the columns date, value and perhaps a segment."""
    lines = invoice_lines(data)
    large = lines.filter(pl.col("country").is_in(COUNTRIES))
    sold = ~pl.col("cancelled")
    basket = pl.col("amount").filter(sold).sum() / pl.col("invoice").filter(sold).n_unique()
    return {
        "lines a day": _series(lines, DAY, value=pl.len()),
        "lines a week": _series(lines, WEEK, value=pl.len()),
        "lines a week by country": _series(large, WEEK, value=pl.len(), by="country"),
        "revenue of a day": _series(lines, DAY, value=pl.col("amount").sum()),
        "revenue of a week": _series(lines, WEEK, value=pl.col("amount").sum()),
        "basket of a day": _series(lines, DAY, value=basket),
        "basket of a week": _series(lines, WEEK, value=basket),
        "basket of a week by country": _series(large, WEEK, value=basket, by="country"),
        "cancelled part of a week": _series(lines, WEEK, value=pl.col("cancelled").mean()),
    }


def _series(rows: pl.DataFrame, every: str, *, value: pl.Expr, by: str | None = None) -> pl.DataFrame:
    """A value by date; weeks are dated by their Monday, and those that the data begin or end within are left out."""
    first, last = rows["day"].min(), rows["day"].max()
    dated = rows.with_columns(date=pl.col("day").dt.truncate(every))
    keys = ["date"] if by is None else [by, "date"]
    table = dated.group_by(keys).agg(value=value).sort(keys)
    whole = (pl.col("date") >= first) & (pl.col("date").dt.offset_by(every).dt.offset_by("-1d") <= last)
    return table.filter(whole).drop_nulls("value").filter(pl.col("value").is_finite())
