"""Why a run is not handed to payroll, and why what payroll says is not taken."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from services.payout.errors import Refusal
from services.payout.payroll.formats.base import RefusedLine


class LinesRefused(Refusal):
    """The target would refuse lines of the batch: nothing is written until they are mended. `rejected` names every
    one.
    """

    type = "payroll-refuses"
    title = "Payroll would refuse lines of this batch"

    def __init__(self, lines: Sequence[RefusedLine]) -> None:
        first = lines[0]
        more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
        super().__init__(f"row {first.row}: {first.message}{more}")
        self.rejected = [line._asdict() for line in lines]


class LinesReleased(Refusal):
    """A line is in a released batch and was not returned by payroll: it is never handed over twice."""

    type = "lines-released"
    title = "Lines are released already"

    def __init__(self, lines: Sequence[str]) -> None:
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        super().__init__(f"the line {lines[0]}{more} is in a released batch already")
        self.lines = list(lines[:100])  # an answer over HTTP, not a dump of the run


class NoSuchBatch(Refusal):
    """There is no released batch of this id, or it is of a pay group or legal entity that the caller may not see."""

    type = "no-such-batch"
    title = "There is no such batch"
    status = HTTPStatus.NOT_FOUND

    def __init__(self, batch: str) -> None:
        super().__init__(f"there is no batch {batch}")
        self.batch = batch


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
        super().__init__(
            f"line {line} of batch {batch} was not returned by payroll, or is resolved already; `earnest payroll"
            " returned` lists the lines that wait, each by its name and not by its row"
        )
        self.batch, self.line = batch, line
