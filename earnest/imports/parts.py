"""The file of a table as a part of the whole table: its rows in the form of `earnest calc`, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from earnest.files.account_payments import account_payments
from earnest.files.rejections import Rejection
from earnest.files.rows import ROW
from earnest.imports.fields import ENTRY, Rules
from earnest.imports.mapping_file import CUSTOM, DealsTable, EntriesTable, PaymentsTable, SplitsTable
from earnest.imports.merging import entry_ids, joined_entries, merged
from earnest.imports.tables import NOTES, TableRows, refused_rows
from shared.contracts.deals import ENTRIES
from shared.pay.allocation import AccountPayment


@dataclass(frozen=True, kw_only=True)
class TablePart:
    """A file of a table. Its row 7 is row `first + 7` of the whole table, so that rows of several files have one order.

    `into` has `ROW` of each row that counts, and `into`, the row that it became or became a part of; `ids` the id of
    each; `frame` all rows that count, also those that are refused.
    """

    what: str
    read: TableRows
    notes: pl.DataFrame
    into: pl.DataFrame
    ids: pl.DataFrame
    frame: pl.DataFrame
    first: int = 0

    @property
    def refused(self) -> pl.Series:
        """The rows that cannot be used, by what the mapping says alone."""
        return refused_rows(self.notes)

    def refused_with(self, rejected: pl.DataFrame) -> pl.Series:
        """Those and the rows that became what no contract took: `rejected` by rows of the whole table."""
        mine = rejected.filter((pl.col("file") == self.what) & pl.col("row").is_between(self.first + 1, self.last))
        spoilt = self.into.filter(pl.col("into").is_in((mine["row"] - self.first).implode()))[ROW]
        return pl.concat([self.refused, spoilt])

    @property
    def last(self) -> int:
        """The last row, as a row of the whole table."""
        return self.first + max(self.read.rows, default=0)


def deals_part(table: DealsTable, read: TableRows, *, rules: Rules) -> tuple[TablePart, pl.DataFrame]:
    """A file of deals, or of their lines."""
    notes, frame = read.notes, read.frame
    ids = pl.concat([frame.select(ROW, id="deal_id"), read.unread])
    if any(rule.merge for rule, _ in rules.values()):
        frame, notes, into = merged(frame, notes, rules=rules, unread=read.unread["id"])
    else:
        into = frame.select(ROW, into=pl.col(ROW))
    part = TablePart(
        what="deals", read=read, notes=pl.concat([notes, *_missing(frame, table)]), into=into, ids=ids, frame=frame
    )
    frame = frame.filter(~pl.col(ROW).is_in(part.refused.implode()))
    for what in ENTRIES:
        if getattr(table, what) is not None:
            columns = [f"{what}.{name}" for name in ENTRY]
            text = pl.concat_str(pl.col(columns).fill_null(""), separator=":")
            said = pl.when(pl.col(f"{what}.id").is_not_null()).then(text)
            frame = frame.with_columns(said.alias(what)).drop(columns)
    return part, frame.rename({name: name.removeprefix(CUSTOM) for name in frame.columns})


def _missing(frame: pl.DataFrame, table: DealsTable) -> list[pl.DataFrame]:
    """Rows without something that is not needed and whose absence is to be seen."""
    return [
        frame.filter(pl.col(name).is_null()).select(
            ROW, kind=pl.lit("remarked"), field=pl.lit(name), reason=pl.lit("the row has none")
        )
        for name in table.remark_missing
        if name in frame.columns
    ]


def roster_part(read: TableRows) -> tuple[TablePart, pl.DataFrame]:
    """A file of the roster; rows that say the same, as a list of employees does of their managers, are one."""
    frame = read.frame.filter(~pl.col(ROW).is_in(refused_rows(read.notes).implode()))
    said = [name for name in frame.columns if name != ROW]
    into = frame.select(ROW, into=pl.col(ROW).first().over(said))
    part = TablePart(
        what="roster",
        read=read,
        notes=read.notes,
        into=into,
        ids=read.frame.select(ROW, id="participant_id"),
        frame=read.frame,
    )
    return part, frame.filter(pl.col(ROW).is_in(into["into"].implode()))


def beside_part(
    what: str, table: EntriesTable | PaymentsTable | SplitsTable, *, read: TableRows, deals: pl.DataFrame
) -> tuple[TablePart, pl.DataFrame]:
    """What a file says of deals that stand in another, as the text that a deals file has of it."""
    frame = read.frame
    strange = frame.filter(~pl.col("deal_id").is_in(deals["deal_id"].implode()).fill_null(value=False))
    why = pl.format("there is no deal {}", pl.col("deal_id").fill_null("in the row"))
    told = [strange.select(ROW, kind=pl.lit("refused"), field=pl.lit("deal_id"), reason=why)]
    needed = ("participant", "percent") if isinstance(table, SplitsTable) else [name for name in ENTRY if name in frame]
    told += [_blank(frame, name) for name in needed]
    part = TablePart(
        what=what,
        read=read,
        notes=pl.concat([read.notes, *told]),
        into=frame.select(ROW, into=pl.col(ROW)),
        ids=frame.select(ROW, id="deal_id"),
        frame=frame,
    )
    frame = frame.filter(~pl.col(ROW).is_in(part.refused.implode()))
    if isinstance(table, SplitsTable):
        return part, joined_entries(frame, "participant", "percent")
    if table.id is None:
        frame = frame.with_columns(id=entry_ids(frame))
    return part, joined_entries(frame, *ENTRY)


def _blank(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows without what they cannot do without."""
    missing = frame.filter(pl.col(name).is_null())
    return missing.select(ROW, kind=pl.lit("refused"), field=pl.lit(name), reason=pl.lit("it is missing"))


def account_part(read: TableRows, currency: str | None) -> tuple[TablePart, list[AccountPayment]]:
    """A file of payments by account; `currency` is that of payments that name none."""
    ids = pl.col("id") if "id" in read.frame.columns else entry_ids(read.frame).alias("id")
    frame = read.frame.with_columns(ids)
    refused: list[Rejection] = []
    payments = account_payments(
        frame.filter(~pl.col(ROW).is_in(refused_rows(read.notes).implode())), refused, file=read.file, currency=currency
    )
    told = pl.DataFrame([(row, "refused", "", why) for _, row, _, _, why in refused], schema=NOTES, orient="row")
    part = TablePart(
        what="payments",
        read=read,
        notes=pl.concat([read.notes, told]),
        into=frame.select(ROW, into=pl.col(ROW)),
        ids=frame.select(ROW, "id"),
        frame=frame,
    )
    return part, payments


def with_text(deals: pl.DataFrame, texts: pl.DataFrame, *, what: str) -> pl.DataFrame:
    """Deals with what another file says of them, in the last row of each."""
    if what not in deals.columns:
        deals = deals.with_columns(pl.lit(None, dtype=pl.String).alias(what))
    last = pl.col(ROW) == pl.col(ROW).max().over("deal_id")
    joined = deals.join(texts, on="deal_id", how="left", maintain_order="left")
    both = pl.concat_str([pl.col(what), pl.when(last).then("text")], separator=";", ignore_nulls=True)
    return joined.with_columns(pl.when(both != "").then(both).alias(what)).drop("text")
