"""What payroll says of a batch it took: that it has these very bytes and totals, and which rows it did not take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from services.payout.payroll.batch import BatchLine, ReleasedBatch
from services.payout.payroll.errors import BadRejections

Status = Literal["accepted", "rejected", "partial"]


class Rejection(NamedTuple):
    """A row that payroll did not take, and why, in payroll's own words."""

    row: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What payroll says it received: the hash of the file to import, its rows, their sums in major units by
    currency.
    """

    status: Status
    sha256: str
    record_count: int
    control_totals: Mapping[str, Decimal]
    rejected: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """An acknowledgement as it is kept."""

    status: Status
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReturn:
    """A line that payroll returned and that nobody has dealt with. The amount is in minor units."""

    batch: str
    run: str
    pay_group: str
    line: str
    row: int
    participant_id: str
    currency: str
    amount: int
    code: str
    message: str
    rejected_by: str
    rejected_at: datetime


def mismatches(batch: ReleasedBatch, receipt: Receipt) -> list[str]:
    """What payroll received and was not released."""
    # As numbers: "2696.5" and "2696.50" are the same total.
    released = {currency: Decimal(total) for currency, total in batch.control_totals.items()}
    differ = {
        # Some systems write hex in capitals.
        "sha256": receipt.sha256.lower() != batch.sha256,
        "record_count": receipt.record_count != batch.record_count,
        "control_totals": released != dict(receipt.control_totals),
    }
    return [field for field, wrong in differ.items() if wrong]


def returned_lines(batch: str, receipt: Receipt, *, lines: Sequence[BatchLine]) -> list[tuple[BatchLine, Rejection]]:
    """The lines that payroll returns: none, all, or those of the rejected rows, of which one may pay several lines.

    Raises:
        BadRejections: status and rows do not fit each other, or a row is not in the batch.
    """
    by_row = {rejection.row: rejection for rejection in receipt.rejected}
    if len(by_row) != len(receipt.rejected):
        raise BadRejections(batch, "a row is rejected twice")
    rows = {line.row for line in lines}
    # What is refused below is what would say two things at once: which of them payroll meant, nobody here can know.
    if unknown := sorted(by_row.keys() - rows):
        raise BadRejections(batch, f"it has no row {unknown[0]}")
    everything = len(by_row) == len(rows)
    if receipt.status == "accepted" and by_row:
        raise BadRejections(batch, "it is accepted, and rows are rejected: say partial")
    if receipt.status == "partial" and (not by_row or everything):
        raise BadRejections(batch, "partial means that some rows are rejected, and not all")
    if receipt.status == "rejected":
        if by_row and not everything:
            raise BadRejections(batch, "it is rejected, and only some rows are: say partial, or leave out the rows")
        by_row = by_row or {row: Rejection(row, "batch_rejected", "the whole batch was rejected") for row in rows}
    return [(line, by_row[line.row]) for line in lines if line.row in by_row]
