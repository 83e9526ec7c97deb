"""A company's files as the tables that every calculation starts from: the one reading, whether they are calculated with
(`earnest calc`) or sent to the running system (`earnest import`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from earnest.files.account_payments import deals_of_accounts, in_words, unknown_in_words
from earnest.files.cells import entries_text
from earnest.files.deals import unsaid_of
from earnest.files.rejections import REJECTED
from earnest.files.rows import ROW, Rows
from earnest.imports.fields import EVENT, Rules, beside_rules, deal_rules, roster_rules
from earnest.imports.mapping_file import MappingFile, PaymentsTable, Table
from earnest.imports.parts import TablePart, account_part, beside_part, deals_part, roster_part, with_text
from earnest.imports.quotas import with_quotas
from earnest.imports.tables import TableRows, read_table, rejections
from shared.kernel import PlanSet
from shared.pay.allocation import AccountPayment
from shared.pay.deal_payments import Allocated, allocated

REPORT: Final = pl.Schema(
    {
        "file": pl.String(),
        "row": pl.Int64(),
        "id": pl.String(),
        "kind": pl.String(),
        "field": pl.String(),
        "reason": pl.String(),
    }
)
"""What happened to rows: `refused`, `repaired`, `rounded`, `renamed`, `remarked`, or a payment that is `left`."""
_MENDS: Final = {
    "has more than [0-9] decimals": "`round` in the notation rounds it",
    "write a currency in three capitals": "`values: {usd: USD}` translates it",
    "write a date as 2025-03-31": "`format` says how it is written",
    "write open, won, lost": "`values: {Closed Won: won}` translates it",
}
"""What a mapping can do about what a contract refuses."""
TIMES: Final = pl.Schema({ROW: pl.Int64(), "time": pl.String(), "sequence": pl.String()})


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of the rows of a file: `read` is the sum of the others."""

    file: str
    what: str
    read: int
    taken: int
    merged: int
    left_out: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class CompanyFiles:
    """A company's files as read by its mapping: deals and roster in the form of `earnest calc`, when rows became so
    (`TIMES`), payments by account, and what happened to the other rows. `unsaid` is what holds of a deal that does not
    say it; `remarks` are on the quotas that are made of history.
    """

    mapping: MappingFile
    deals: Rows
    roster: Rows
    times: pl.DataFrame
    parts: Sequence[TablePart]
    payments: Sequence[AccountPayment]
    unsaid: Mapping[str, str]
    remarks: Sequence[str]

    def allocated(self) -> tuple[Rows, Allocated]:
        """The deals with the payments by account that are allocated to them, and how they were."""
        frame = self.deals.frame
        accounts = [payment.account for payment in self.payments]
        values = deals_of_accounts(frame, unsaid=self.unsaid, accounts=accounts)
        found = allocated(values, self.payments)
        texts = [(name, entries_text(entries)) for name, entries in found.entries.items()]
        paid = pl.DataFrame(texts, schema={"deal_id": pl.String(), "text": pl.String()}, orient="row")
        return self.deals._replace(frame=with_text(frame, paid, what="payments") if texts else frame), found

    def allocation_notes(self, found: Allocated) -> pl.DataFrame:
        """What is left of payments by account, and whose reference names nothing, by file and row (`REPORT`)."""
        said = pl.DataFrame(
            [
                *((one.payment.id, "left", "account", in_words(one)) for one in found.left),
                *((one.id, "remarked", "reference", unknown_in_words(one)) for one in found.unknown),
            ],
            schema={"id": pl.String(), "kind": pl.String(), "field": pl.String(), "reason": pl.String()},
            orient="row",
        )
        told = [
            part.ids.join(said, on="id")
            .filter(~pl.col(ROW).is_in(part.refused.implode()))
            .select(
                pl.lit(part.read.file).alias("file"),
                pl.col(ROW).alias("row"),
                "id",
                "kind",
                "field",
                "reason",
            )
            for part in self.parts
            if part.what == "payments" and "account" in part.frame.columns
        ]
        return pl.concat([REPORT.to_frame(), *told])

    @property
    def rejected(self) -> pl.DataFrame:
        """The rows that the mapping alone cannot use, by their own files."""
        told = [rejections(part.notes, part.ids, file=part.read.file) for part in self.parts]
        return pl.concat([REJECTED.to_frame(), *told])

    @property
    def refused_deals(self) -> int:
        """How many rows of deals the mapping alone cannot use."""
        return sum(part.refused.len() for part in self.parts if part.what == "deals")

    def notes(self) -> pl.DataFrame:
        """What else happened to rows: file, row, id, kind, field and reason."""
        told = [
            part.notes.filter(pl.col("kind") != "refused")
            .join(part.ids, on=ROW, how="left")
            .select(pl.lit(part.read.file).alias("file"), pl.col(ROW).alias("row"), "id", "kind", "field", "reason")
            for part in self.parts
        ]
        return pl.concat([REPORT.to_frame(), *told])

    def located(self, rejected: pl.DataFrame) -> pl.DataFrame:
        """A `REJECTED` table of deals and roster by the company's own files and their rows."""
        for part in self.parts:
            here = (pl.col("file") == part.what) & pl.col("row").is_between(part.first + 1, part.last)
            rejected = rejected.with_columns(
                file=pl.when(here).then(pl.lit(f"@{part.read.file}")).otherwise("file"),
                row=pl.when(here).then(pl.col("row") - part.first).otherwise("row"),
            )
        mended = pl.col("message")
        for what, mend in _MENDS.items():
            message = (
                pl.when(mended.str.contains(what)).then(pl.format("{}; {}", mended, pl.lit(mend))).otherwise(mended)
            )
            mended = message
        return rejected.with_columns(pl.col("file").str.strip_prefix("@"), message=mended)

    def counts(self, rejected: pl.DataFrame) -> list[Counts]:
        """What became of the rows of each file; `rejected` are the rows of deals and roster that no contract took. A
        file that is read twice, as of managers and of those that they manage, has its rows counted once.
        """
        parts: dict[tuple[str, str], list[TablePart]] = {}
        for part in self.parts:
            parts.setdefault((part.read.file, part.what), []).append(part)
        counts = []
        for (file, what), those in parts.items():
            refused = pl.concat([part.refused_with(rejected) for part in those]).unique()
            used = pl.concat([part.into for part in those]).filter(~pl.col(ROW).is_in(refused.implode()))
            read = max(part.read.read for part in those)
            taken, rows = used["into"].n_unique(), used[ROW].n_unique()
            counts.append(
                Counts(
                    file=file,
                    what=what,
                    read=read,
                    taken=taken,
                    merged=rows - taken,
                    left_out=read - rows - refused.len(),
                    refused=refused.len(),
                )
            )
        return counts


def read_company(mapping: MappingFile, folder: Path, *, plans: PlanSet, step: Callable[[str], None]) -> CompanyFiles:
    """Read a company's files.

    Args:
        mapping: how.
        folder: where they are.
        plans: whose columns are the company's own, and whose currency is that of deals that name none.
        step: is told what is being done.

    Raises:
        FileError: a file cannot be read, or lacks a column that the mapping names.
    """

    def of(table: Table, rules: Rules) -> TableRows:
        step(f"Reading {table.file}")
        return read_table(folder, table, fields=rules, outer=mapping.notation)

    unsaid = unsaid_of(plans)
    parts: list[TablePart] = []
    frames: list[pl.DataFrame] = []
    for table in mapping.deals:
        rules = deal_rules(table, plans.columns)
        _append(parts, frames, read=deals_part(table, of(table, rules), rules=rules))
    deals = _whole(frames, "deal_id")
    none = pl.lit(None, dtype=pl.String)
    times = deals.select(ROW, **{name: f"event.{name}" if f"event.{name}" in deals.columns else none for name in EVENT})
    deals = deals.drop((f"event.{name}" for name in EVENT), strict=False)
    payments: list[AccountPayment] = []
    for what in ("splits", "payments", "refunds"):
        for beside in getattr(mapping, what):
            if isinstance(beside, PaymentsTable) and beside.account is not None:
                part, paid = account_part(of(beside, beside_rules(beside)), unsaid.get("currency"))
                parts.append(part)
                payments += [payment._replace(order=mapping.allocate) for payment in paid]
                continue
            part, texts = beside_part(what, beside, read=of(beside, beside_rules(beside)), deals=deals)
            parts.append(part)
            deals = with_text(deals, texts, what=what)
    frames = []
    for roster in mapping.roster:
        _append(parts, frames, read=roster_part(of(roster, roster_rules(roster))))
    people = _whole(frames, "participant_id")
    remarks: list[str] = []
    if mapping.quotas is not None:
        people, remarks = with_quotas(people, deals, rule=mapping.quotas)
    return CompanyFiles(
        mapping=mapping,
        deals=Rows(deals, REJECTED.to_frame()),
        roster=Rows(people, REJECTED.to_frame()),
        times=times.cast(TIMES),
        parts=parts,
        payments=payments,
        unsaid=unsaid,
        remarks=remarks,
    )


def _append(parts: list[TablePart], frames: list[pl.DataFrame], *, read: tuple[TablePart, pl.DataFrame]) -> None:
    """Put a file behind those of its table: its rows count on where theirs end."""
    part, frame = read
    first = max((other.last for other in parts if other.what == part.what), default=0)
    parts.append(replace(part, first=first))
    frames.append(frame.with_columns(pl.col(ROW) + first))


def _whole(frames: list[pl.DataFrame], key: str) -> pl.DataFrame:
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame(schema={ROW: pl.Int64, key: pl.String})
