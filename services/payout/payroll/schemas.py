"""What the API says of batches: the shapes of its questions and answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.payout.exports.files import File
from services.payout.payroll.acknowledgement import Acknowledgement, OpenReturn, Receipt, Rejection, Status
from services.payout.payroll.batch import ReleasedBatch
from shared.contracts.base import CurrencyCode, ExactDecimal
from shared.money import major_text, to_minor
from shared.pay.reconciliation import BatchReconciliation, Discrepancy, DiscrepancyKind, PaidRow

Short = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
SHA256 = r"^[0-9a-fA-F]{64}$"


class Body(BaseModel):
    """A request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class FileView(BaseModel):
    """A file of a batch."""

    name: str
    media_type: str
    bytes: int
    sha256: str


class BatchView(BaseModel):
    """A released batch. `pulled_at` is when its file was fetched first."""

    id: str = Field(examples=["run-2026-06-1"])
    number: int
    run: str
    pay_group: str
    entity: str | None
    period: str
    pay_date: date
    acknowledge_by: date | None
    format: str = Field(examples=["adp-workforce-now"])
    sha256: str
    record_count: int
    control_totals: dict[str, str] = Field(examples=[{"USD": "3696.56"}])
    corrects: str | None
    released_by: str
    released_at: datetime
    state: Literal["released", "pulled", "accepted", "rejected", "partial"]
    pulled_at: datetime | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None

    @classmethod
    def of(cls, batch: ReleasedBatch, *, pulled_at: datetime | None, acknowledged: Acknowledgement | None) -> Self:
        """The state follows from what payroll did last: acknowledge, fetch, or nothing yet."""
        return cls(
            **{field: getattr(batch, field) for field in batch.__dataclass_fields__},
            state=acknowledged.status if acknowledged else "pulled" if pulled_at else "released",
            pulled_at=pulled_at,
            acknowledged_by=acknowledged.by if acknowledged else None,
            acknowledged_at=acknowledged.at if acknowledged else None,
        )


class BatchDetail(BatchView):
    """A batch with its files, the one to import first."""

    files: list[FileView] = []

    @classmethod
    def with_files(cls, view: BatchView, files: Sequence[File]) -> Self:
        """A batch and its files."""
        views = [
            FileView(name=file.name, media_type=file.media_type, bytes=len(file.content), sha256=file.sha256)
            for file in files
        ]
        return cls(**view.model_dump(), files=views)


class Batches(BaseModel):
    """Batches, the latest first; `next` is what to send as `before` for more."""

    batches: list[BatchView]
    next: int | None


class RejectedRow(Body):
    """A row that payroll does not take."""

    row: int = Field(ge=1, examples=[3])
    code: Short = Field(examples=["no-such-employee"])
    message: Short = Field(examples=["File # 000052 is not active"])


class AckBody(Body):
    """What payroll received. Totals are text: a JSON number is not exact."""

    status: Status
    sha256: str = Field(pattern=SHA256, examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    record_count: int = Field(ge=0, examples=[4])
    control_totals: dict[CurrencyCode, ExactDecimal] = Field(examples=[{"USD": "2696.56"}])
    # More rows than a file of payroll has; a body without end is no acknowledgement.
    rejected: list[RejectedRow] = Field(default=[], max_length=100_000)

    def receipt(self) -> Receipt:
        """As the domain knows it."""
        return Receipt(
            status=self.status,
            sha256=self.sha256,
            record_count=self.record_count,
            control_totals=self.control_totals,
            rejected=tuple(Rejection(row.row, row.code, row.message) for row in self.rejected),
        )


class ReturnedLine(BaseModel):
    """A line that payroll returned and that waits for a person."""

    batch: str
    run: str
    pay_group: str
    line: str
    row: int
    participant_id: str
    currency: str
    amount: str
    code: str
    message: str
    rejected_by: str
    rejected_at: datetime

    @classmethod
    def of(cls, line: OpenReturn) -> Self:
        """The amount goes out in major units, as text: a JSON number is not exact."""
        fields = {field: getattr(line, field) for field in line.__dataclass_fields__}
        return cls(**fields | {"amount": major_text(line.amount, line.currency)})


class ReturnedLines(BaseModel):
    """The longest waiting first."""

    lines: list[ReturnedLine]


class Resolution(Body):
    """What somebody did about a returned line."""

    batch: Short = Field(examples=["run-2026-06-1"])
    line: Short = Field(examples=["run-2026-06-1/ada.brandt/commission/USD"])
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")] = (
        Field(examples=["payroll id corrected in the HR system; paid with the next run"])
    )


class PaidBody(Body):
    """One payment as payroll says it made it."""

    person: Short = Field(examples=["000417"])
    amount: ExactDecimal = Field(examples=["1234.56"])
    currency: CurrencyCode = Field(examples=["USD"])
    code: Short | None = Field(default=None, examples=["C"])


class ReconcileBody(Body):
    """What payroll says it paid, from the source named."""

    source: Short = Field(examples=["paid-2026-07.csv"])
    paid: list[PaidBody] = Field(
        max_length=200_000, examples=[[{"person": "000051", "amount": "1250.00", "currency": "USD"}]]
    )

    def rows(self) -> list[PaidRow]:
        """As the domain knows them.

        Raises:
            shared.money.MoneyError: an amount has more decimals than its currency.
        """
        return [
            PaidRow(
                person=payment.person,
                currency=payment.currency,
                amount=to_minor(Decimal(payment.amount), payment.currency),
                code=payment.code,
            )
            for payment in self.paid
        ]


class FindingView(BaseModel):
    """A difference between what was released and what was paid."""

    kind: DiscrepancyKind
    person: str
    code: str | None
    currency: str
    released: str
    paid: str
    lines: list[str]

    @classmethod
    def of(cls, finding: Discrepancy) -> Self:
        """In major units, as text."""
        amounts = {name: major_text(getattr(finding, name), finding.currency) for name in ("released", "paid")}
        return cls(**finding._asdict() | amounts)


class ReconciliationView(BaseModel):
    """What a reconciliation found. Without findings, everything was paid to the cent."""

    batch: str
    number: int
    source: str
    matched: int
    released: dict[str, str]
    paid: dict[str, str]
    findings: list[FindingView]

    @classmethod
    def of(cls, batch: str, *, number: int, source: str, result: BatchReconciliation) -> Self:
        """What is answered is what is kept, with amounts in major units as text."""
        return cls(
            batch=batch,
            number=number,
            source=source,
            matched=result.matched,
            released=_totals(result.released),
            paid=_totals(result.paid),
            findings=[FindingView.of(finding) for finding in result.findings],
        )


def _totals(sums: dict[str, int]) -> dict[str, str]:
    return {currency: major_text(total, currency) for currency, total in sorted(sums.items())}
