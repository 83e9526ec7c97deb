"""What payroll says of a batch it took: that it has these very bytes and totals, and which lines it did not take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Literal, NamedTuple

from services.payout.errors import Refusal
from services.payout.payroll.batch import Batch
from services.payout.payroll.release import Released, Share

Status = Literal["accepted", "rejected", "partial"]


class BatchLine(NamedTuple):
    """A line as its batch has it: `person` and `target_code` are payroll's own words, the amount is in minor units."""

    line: str
    row: int
    participant_id: str
    person: str
    pay_code: str
    target_code: str
    currency: str
    amount: int


class Returned(NamedTuple):
    """A row that payroll did not take, and why."""

    row: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Said:
    """What payroll says it received."""

    status: Status
    sha256: str
    record_count: int
    control_totals: Mapping[str, Decimal]
    rejected: tuple[Returned, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An acknowledgement as it is kept."""

    status: Status
    by: str
    at: datetime


class Mismatch(Refusal):
    """What payroll received is not what was released."""

    type = "acknowledgement-mismatch"
    title = "The acknowledgement does not match the batch"

    def __init__(self, batch: str, fields: Sequence[str]) -> None:
        super().__init__(
            f"what was received is not what batch {batch} is: {', '.join(fields)} differ; fetch the file again"
        )
        self.batch, self.fields = batch, list(fields)


class AlreadyAcknowledged(Refusal):
    """A batch is acknowledged once."""

    type = "already-acknowledged"
    title = "The batch is acknowledged already"

    def __init__(self, batch: str, status: str) -> None:
        super().__init__(f"batch {batch} is acknowledged already, as {status}")
        self.batch, self.status_said = batch, status


class KeyReused(Refusal):
    """One idempotency key, one request."""

    type = "idempotency-key-reused"
    title = "The idempotency key belongs to another request"

    def __init__(self) -> None:
        super().__init__("this idempotency key was sent with another request; use a new one")


class BadRejections(Refusal):
    """The rejected rows do not fit the status, or are not in the batch."""

    type = "bad-rejections"
    title = "The rejected rows do not fit"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, batch: str, why: str) -> None:
        super().__init__(f"batch {batch}: {why}")
        self.batch = batch


class NotReturned(Refusal):
    """The line was not returned by payroll, or somebody has dealt with it already."""

    type = "not-returned"
    title = "The line is not waiting for anybody"

    def __init__(self, batch: str, line: str) -> None:
        super().__init__(f"line {line} of batch {batch} was not returned by payroll, or is resolved already")
        self.batch, self.line = batch, line


@dataclass(frozen=True, slots=True)
class Open:
    """A line that payroll returned and that nobody has dealt with."""

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


def batch_lines(batch: Batch, share: Share) -> list[BatchLine]:
    """The lines of a share as its batch has them."""
    rows = {line: row for row, line in batch.rows}
    return [
        BatchLine(
            line=line.id,
            row=rows[line.id],
            participant_id=line.participant_id,
            person=share.target.person(line) or "",
            pay_code=line.pay_code,
            target_code=share.target.code(line) or "",
            currency=line.currency,
            amount=line.amount,
        )
        for line in share.lines
    ]


def mismatches(batch: Released, said: Said) -> list[str]:
    """What payroll received and was not released."""
    differ = {
        "sha256": said.sha256.lower() != batch.sha256,
        "record_count": said.record_count != batch.record_count,
        "control_totals": {currency: Decimal(total) for currency, total in batch.control_totals.items()}
        != dict(said.control_totals),
    }
    return [field for field, wrong in differ.items() if wrong]


def returned_lines(batch: str, said: Said, lines: Sequence[BatchLine]) -> list[tuple[BatchLine, Returned]]:
    """The lines that payroll returns: none, those of the rejected rows, or all.

    Raises:
        BadRejections: status and rows do not fit each other, or a row is not in the batch.
    """
    by_row = {each.row: each for each in said.rejected}
    if len(by_row) != len(said.rejected):
        raise BadRejections(batch, "a row is rejected twice")
    if unknown := sorted(set(by_row) - {line.row for line in lines}):
        raise BadRejections(batch, f"it has no row {unknown[0]}")
    everything = len(by_row) == len({line.row for line in lines})
    if said.status == "accepted" and by_row:
        raise BadRejections(batch, "it is accepted, and rows are rejected: say partial")
    if said.status == "partial" and (not by_row or everything):
        raise BadRejections(batch, "partial means that some rows are rejected, and not all")
    if said.status == "rejected":
        if by_row and not everything:
            raise BadRejections(batch, "it is rejected, and only some rows are: say partial, or leave out the rows")
        whole = {line.row: Returned(line.row, "batch_rejected", "the whole batch was rejected") for line in lines}
        by_row = by_row or whole
    return [(line, by_row[line.row]) for line in lines if line.row in by_row]
