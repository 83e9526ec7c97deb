"""What payout needs to know of deals, a column at a time from the packed facts of many."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl
from babel.core import get_global

from services.scoring.facts_codec import unpack
from shared.contracts.deals import ENTRIES
from shared.contracts.lines import COLLECTION
from shared.facts import set_by, values_of
from shared.money import MoneyError, minor_digits, to_minor

DEAL_FACTS: Final = pl.Schema(
    {
        "deal_id": pl.String(),
        "deal_amount": pl.Int64(),
        "deal_currency": pl.String(),
        "payments": pl.List(COLLECTION),
        "refunds": pl.List(COLLECTION),
        "cancelled_on": pl.Date(),
        "term_months": pl.Int64(),
        "start_date": pl.Date(),
        "contract": pl.String(),
        "account": pl.String(),
        "who": pl.List(pl.String()),
    }
)
"""`who` are those who set any fact of the deal, distinct. `payments` and `refunds` are by day and amount; null where
one is finer than the deal's currency.
"""

# The patterns below read packed facts as they are written (`facts_codec`): a text of JSON without blanks, stamps before
# fields.
_ENTRY: Final = r'"(?:payments|refunds)\.[^"]*":\{"amount":"-?[0-9]+(?:\.[0-9]+)?","date":"[0-9-]+"\}'
_LIKE_A_BORDER: Final = r'[:,\[{]"[:,]\{'
"""A text that begins as what follows a text does."""
# What is longer may be too large for minor units: it is read one by one, which leaves such an amount out.
_AMOUNT: Final = r"^-?[0-9]{1,13}(\.[0-9]{1,12})?$"
_PLACES: Final = {code: minor_digits(code) for code in get_global("all_currencies")}


def deal_facts(deals: pl.DataFrame) -> pl.DataFrame:
    """The `DEAL_FACTS` of deals of which at least `deal_id` and packed `facts` are given, in the same order.

    Facts without anything unusual in them are read by patterns, the others one by one (`_one`): that is the law, this
    is a shorter way.
    """
    if deals.is_empty():
        return pl.DataFrame(schema=DEAL_FACTS)
    rows = deals.select("deal_id", "facts").with_row_index("row")
    quick = _quickly(rows)
    slow = rows.join(quick, on="row", how="anti")
    read = pl.DataFrame(
        [(row, *_one(deal_id, facts)) for row, deal_id, facts in slow.iter_rows()],
        schema={"row": pl.UInt32, **DEAL_FACTS},
        orient="row",
    )
    both = pl.concat([quick, read.with_columns(pl.col("row").cast(quick.schema["row"]))])
    return both.sort("row").select(DEAL_FACTS.names())


def paid_less(facts: pl.DataFrame, day: date) -> list[str]:
    """Those of the deals with `DEAL_FACTS` that are not known to be paid in full by a day."""
    entry = pl.element().struct
    by_then = pl.when(entry.field("day") <= day).then(entry.field("amount")).otherwise(0)
    whole = pl.col("payments").list.eval(by_then).list.sum() >= pl.col("deal_amount")
    # Null where payments or amount are not known: then it is not known to be paid in full, and somebody has to look.
    return facts.filter(~whole.fill_null(value=False)).get_column("deal_id").to_list()


def _quickly(rows: pl.DataFrame) -> pl.DataFrame:
    """Those rows whose texts hold no escapes, so that every quote is a border, and no number that is written
    unusually.
    """
    # Parsing every text as JSON takes many times as long. A pattern may leave a row out, which is then read one by one,
    # and must never read one differently.
    text = pl.col("facts")
    sound = ~text.str.contains("\\", literal=True) & ~text.str.contains(_LIKE_A_BORDER)
    plain = rows.filter(text.str.starts_with('[["') & sound)
    has_entries = text.str.contains('"payments.', literal=True) | text.str.contains('"refunds.', literal=True)
    flat = plain.with_columns(
        entries=pl.when(has_entries).then(text.str.extract_all(_ENTRY)),
        named=pl.when(has_entries).then(text.str.extract_all(r'"(?:payments|refunds)\.[^"]*":\{')),
        # Entries are taken out before fields are looked for: a payment has an amount of its own.
        facts=pl.when(text.str.contains('":{', literal=True))
        .then(text.str.replace_all(r'":\{[^{}]*\}', '":0'))
        .otherwise(text),
    )
    said = flat.select(
        "row",
        "deal_id",
        "entries",
        who=text.str.extract_all(r'"[^"]*",\{').list.eval(pl.element().str.slice(1).str.head(-3)).list.unique(),
        # One that is said twice is the deal's own and, under the same id, one by account: only the later counts.
        strange=(pl.col("named").list.n_unique() != pl.col("entries").list.len())
        | (pl.col("named").list.len() != pl.col("entries").list.len()),
        amount=_text("amount"),
        deal_currency=_text("currency"),
        cancelled_on=_text("cancel_date").str.to_date("%Y-%m-%d", strict=False),
        start_date=_text("start_date").str.to_date("%Y-%m-%d", strict=False),
        term_months=text.str.extract(r'"term_months":([0-9]+)').cast(pl.Int64),
        contract=_text("contract"),
        account=_text("account"),
    )
    digits = pl.col("deal_currency").replace_strict(_PLACES, default=None, return_dtype=pl.Int64)
    said = said.with_columns(digits=digits, minor=_minor(pl.col("amount"), digits))
    sure = said.filter(
        pl.col("digits").is_not_null()
        & ~pl.col("strange").fill_null(value=False)
        & (pl.col("amount").is_null() | (pl.col("amount").str.contains(_AMOUNT) & pl.col("minor").is_not_null()))
    )
    return (
        sure.join(_collections(sure), on="row", how="left", maintain_order="left")
        .filter(~pl.col("finer").fill_null(value=False))
        .with_columns(pl.col(ENTRIES).fill_null(pl.lit([], dtype=DEAL_FACTS["payments"])), deal_amount="minor")
        .select("row", *(pl.col(name).cast(kind) for name, kind in DEAL_FACTS.items()))
    )


def _text(path: str) -> pl.Expr:
    return pl.col("facts").str.extract(f'"{path}":"([^"]*)"')


def _minor(amount: pl.Expr, digits: pl.Expr) -> pl.Expr:
    """Minor units of a decimal text; null where it has more decimals than its currency."""
    point = amount.str.find(".", literal=True).cast(pl.Int64)
    missing = digits - (amount.str.len_bytes().cast(pl.Int64) - 1 - point).fill_null(0)
    units = amount.str.replace(".", "", literal=True).cast(pl.Int64, strict=False)
    return pl.when(missing >= 0).then(units * pl.lit(10, dtype=pl.Int64).pow(missing.clip(0)))


def _collections(rows: pl.DataFrame) -> pl.DataFrame:
    """row, payments, refunds, and whether an entry is written finer than the currency, of those with any."""
    entry = pl.col("entries")
    dated = rows.select("row", "digits", "entries").explode("entries").drop_nulls("entries")
    dated = dated.with_columns(
        amount=_minor(entry.str.extract(r'"amount":"([^"]*)"'), pl.col("digits")),
        day=entry.str.extract(r'"date":"([^"]*)"\}$').str.to_date("%Y-%m-%d", strict=False),
        paid=entry.str.starts_with('"payments.'),
    )
    collection = pl.struct("day", "amount")
    return (
        dated.sort("row", "day", "amount")
        .group_by("row", maintain_order=True)
        .agg(
            finer=pl.col("amount").is_null().any(),
            payments=collection.filter("paid"),
            refunds=collection.filter(~pl.col("paid")),
        )
    )


def _one(deal_id: str, packed: str) -> tuple[Any, ...]:
    """The `DEAL_FACTS` of one deal."""
    facts = unpack(packed)
    said = values_of(facts)
    currency = said.get("currency")
    entries = [
        [entry for path, entry in said.items() if path.startswith(f"{name}.") and entry is not None] for name in ENTRIES
    ]
    by_day = [_by_day(of_kind, currency) for of_kind in entries]
    amount = said.get("amount")
    return (
        deal_id,
        None if amount is None else _units(Decimal(amount), currency),
        currency,
        *(by_day if None not in by_day else (None, None)),
        _day(said.get("cancel_date")),
        said.get("term_months"),
        _day(said.get("start_date")),
        said.get("contract"),
        said.get("account"),
        list({set_by(fact) for fact in facts.values()}),
    )


def _by_day(entries: Iterable[dict[str, str]], currency: str | None) -> list[dict[str, Any]] | None:
    dated = []
    for entry in entries:
        units = _units(Decimal(entry["amount"]), currency)
        if units is None:
            return None
        dated.append((date.fromisoformat(entry["date"]), units))
    return [{"day": day, "amount": amount} for day, amount in sorted(dated)]


def _units(amount: Decimal, currency: str | None) -> int | None:
    try:
        return None if currency is None else to_minor(amount, currency)
    except MoneyError:
        return None


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
