"""Workday, Enterprise Interface Builder (EIB) for Submit Payroll Input: a spreadsheet, or the same as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from services.payout.exports.files import SIGNIFICANT, File
from services.payout.payroll.formats.base import Column, PayrollFormat, fixed, of_line
from services.payout.payroll.formats.cells import Code, Day, Money
from services.payout.payroll.line import BatchHeader, PayrollLine


class Workday(PayrollFormat):
    """One payroll input per line, in one request. The batch must exist in Workday and be usable."""

    takes_negatives: ClassVar[bool] = True
    numbered_by: ClassVar[tuple[str, ...] | None] = ()
    code_form: ClassVar[str] = r"[A-Za-z0-9_][A-Za-z0-9_-]*"

    format: Literal["workday-eib"] = "workday-eib"
    """`workday-eib`."""
    file: Literal["xlsx", "csv"] = "xlsx"
    """A spreadsheet or a CSV."""
    batch_id: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=60, examples=["COMMISSIONS"])
    """The id of the payroll input batch in Workday that takes commissions."""
    adjustment: bool = True
    """True adds to what Workday calculates for the earning; false takes its place."""
    cost_center: bool = False
    """Whether the cost center is written as a worktag."""
    run_category: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")
    """The run category, for off-cycle and bonus runs."""

    def layout(self) -> tuple[Column, ...]:
        """Key and row first; ids are text, so that leading zeros stay."""
        return (
            # All rows of one key are one request.
            fixed("Spreadsheet Key", "1"),
            Column(heading="Row ID", field="row", value=lambda row: str(row.number), cell=Code(pattern="[0-9]+")),
            fixed("Batch ID", self.batch_id),
            of_line("Start Date", "pay_period_start", cell=Day()),
            of_line("End Date", "pay_period_end", cell=Day()),
            *([fixed("Run Category", self.run_category)] if self.run_category else []),
            of_line("Worker", "payroll_id", cell=Code(longest=60)),
            self.code_column("Earning"),
            # Also in a CSV, because an EIB is a spreadsheet.
            self.amount_column("Amount", cell=Money(digits=None, significant=SIGNIFICANT)),
            of_line("Currency", "currency", cell=Code()),
            fixed("Adjustment", "Y" if self.adjustment else "N"),
            *([of_line("Cost Center", "cost_center", cell=Code())] if self.cost_center else []),
        )

    def files(self, lines: Sequence[PayrollLine], head: BatchHeader) -> tuple[File, ...]:
        """A spreadsheet or a CSV."""
        return (self.sheet_file(lines, head) if self.file == "xlsx" else self.text_file(lines, head),)

    def file_name(self, head: BatchHeader) -> str:
        """By the batch."""
        return f"{head.batch}.{self.file}"
