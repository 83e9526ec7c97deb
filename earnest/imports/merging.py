"""Rows that are one deal: orders in lines, and payments, refunds and splits that stand in files of their own."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import polars as pl

from earnest.files.rows import ROW
from earnest.imports.column_rules import ColumnRule
from earnest.imports.fields import Rules
from earnest.imports.tables import NOTES, refused_rows
from shared.contracts.deals import ENTRIES
from shared.value_rules import Kind

_EXACT: Final = pl.Decimal(38, 12)
_NO_SUM: Final = "a row of the deal has none, and the sum of the others may be wrong; `if_blank: 0` where it is nothing"
_OF_A_ROW: Final = ("event.", *(f"{name}." for name in ENTRIES))


def merged(
    frame: pl.DataFrame,
    notes: pl.DataFrame,
    *,
    rules: Rules,
    unread: pl.Series,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """One row for each deal, the notes with those of deals that cannot be one, and which row each row went into
    (`ROW` and `into`).

    A deal of which one row is refused is refused whole: a sum of some of its lines would be a wrong amount. `unread`
    are the ids of rows that are not in the frame at all.
    """
    refused = frame[ROW].is_in(refused_rows(notes).implode())
    of_deal = frame.filter(pl.col("deal_id").is_not_null())
    alone = frame.filter(pl.col("deal_id").is_null())
    told: list[pl.DataFrame] = []
    spoilt_ids = pl.concat([frame.filter(refused)["deal_id"], unread]).drop_nulls().unique()
    spoilt = of_deal.filter(~refused.filter(frame["deal_id"].is_not_null())).join(
        spoilt_ids.to_frame("deal_id"), on="deal_id", how="semi"
    )
    told.append(_refusal(spoilt, field="", reason=pl.lit("another row of the deal cannot be used")))
    together = of_deal.group_by("deal_id", maintain_order=True).agg(
        pl.col(ROW).first(),
        *(_merged(name, rule, kind=kind).alias(name) for name, (rule, kind) in rules.items() if name != "deal_id"),
    )
    # A cell that could not be read is blank here, and is told already.
    read = ~pl.col("deal_id").is_in(spoilt_ids.implode())
    for name, (rule, _) in rules.items():
        values, blank = pl.col(name).drop_nulls().n_unique(), pl.col(name).is_null().any() & read
        if rule.merge == "sum":
            partly = of_deal.filter((blank & (values > 0)).over("deal_id"))
            told.append(_refusal(partly, field=name, reason=pl.lit(_NO_SUM)))
        elif rule.merge is None and name != "deal_id":
            # Entries and times are of the row that has them; a blank beside an owner may be another one's row.
            several = values if name.startswith(_OF_A_ROW) else values + (blank & (values > 0))
            differing = of_deal.filter((several > 1).over("deal_id"))
            said = pl.col(name).fill_null("nothing").unique().sort().str.join(", ").over("deal_id")
            why = pl.format("the rows of the deal differ: {}; say with merge which counts", said)
            told.append(_refusal(differing, field=name, reason=why))
    into = of_deal.select(ROW, into=pl.col(ROW).first().over("deal_id"))
    into = pl.concat([into, alone.select(ROW, into=pl.col(ROW))])
    columns = [ROW, *rules]
    return (
        pl.concat([together.select(columns), alone.select(columns)]).sort(ROW),
        pl.concat([notes, *told]),
        into,
    )


def _merged(name: str, rule: ColumnRule, *, kind: Kind) -> pl.Expr:
    there = pl.col(name).drop_nulls()
    match rule.merge:
        case "sum":
            return pl.when(there.len() > 0).then(_text(pl.col(name).cast(_EXACT, strict=False).sum()))
        case "least" | "most" if kind in ("number", "money"):
            numbers = pl.col(name).cast(_EXACT, strict=False)
            return _text(numbers.min() if rule.merge == "least" else numbers.max())
        case "least":
            return there.min()
        case "most":
            return there.max()
        case "last":
            return there.last()
    return there.first()


def _text(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")


def _refusal(rows: pl.DataFrame, *, field: str, reason: pl.Expr) -> pl.DataFrame:
    return rows.select(ROW, kind=pl.lit("refused"), field=pl.lit(field), reason=reason).cast(NOTES)


def joined_entries(frame: pl.DataFrame, *parts: str) -> pl.DataFrame:
    """Rows of deals as the text that a deals file has of them: `id:amount:date;...`, one row for each deal."""
    entry = pl.concat_str([pl.col(part) for part in parts], separator=":")
    return frame.group_by("deal_id", maintain_order=True).agg(text=entry.str.join(";"))


def entry_ids(frame: pl.DataFrame) -> pl.Series:
    """Ids of entries that have none of their own: from what they say, so that a longer export names them the same
    again; of two that say the same, the second has its number behind.
    """
    said = frame.select(text=pl.concat_str(pl.exclude(ROW).fill_null(""), separator="|"))["text"]
    seen: dict[str, int] = {}
    ids = []
    for text in said:
        seen[text] = seen.get(text, 0) + 1
        digest = sha256(text.encode()).hexdigest()[:16]
        ids.append(digest if seen[text] == 1 else f"{digest}-{seen[text]}")
    return pl.Series("id", ids, dtype=pl.String)
