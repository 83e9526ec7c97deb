"""ADP Workforce Now, paydata import: a CSV with a header, one row per line, one company code per file."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from services.payout.payroll.formats.base import Column, PayrollFormat, fixed, of_line
from services.payout.payroll.formats.cells import Code, Money
from services.payout.payroll.line import BatchHeader
from shared.contracts.base import ExactDecimal


class Adp(PayrollFormat):
    """Earnings as `Earnings 3 Code` and `Earnings 3 Amount`. What differs between installations of ADP is a setting."""

    takes_negatives: ClassVar[bool] = True
    numbered_by: ClassVar[tuple[str, ...] | None] = ("company_code",)
    # Two characters in some specifications, three in others; 40, 50, 60 and 61 are ADP's own earnings.
    code_form: ClassVar[str] = r"(?!(?:40|50|60|61)$)(?:[A-Z][A-Z0-9]{0,2}|[0-7]?[0-9])"

    format: Literal["adp-workforce-now"] = "adp-workforce-now"
    """`adp-workforce-now`."""
    company_code: str = Field(pattern=r"^[A-Z0-9]{2,3}$", examples=["ABC"])
    """ADP's code of the company; one of two characters is padded with an underscore."""
    batch_id_length: int = Field(default=25, ge=2, le=25)
    """How long a batch id may be, by installation. Of a longer reference of Earnest the last characters are taken."""
    file_number_from: int = Field(default=1, ge=1)
    """The lowest file number that payroll gives, for example 51."""
    earnings_slot: Literal[3, 4, 5] = 3
    """Which of the free earnings columns is used."""
    department: bool = False
    """Whether the cost center is written as `Temp Dept`."""
    department_length: int = Field(default=6, ge=1, le=10)
    """How long a department may be."""
    least: ExactDecimal = Decimal("-40500.00")
    """The lowest amount that the installation takes; specifications differ."""
    most: ExactDecimal = Decimal("99999.99")
    """The highest amount that the installation takes."""

    def layout(self) -> tuple[Column, ...]:
        """The first three in their order, then each code directly before its amount."""
        # The import refuses other headings, and reads an amount with the code in the column directly before it. The
        # free slots are 3 to 5: 1 and 2 are regular and overtime earnings.
        slot = self.earnings_slot
        cost_center = of_line("Temp Dept", "cost_center", cell=Code(longest=self.department_length))
        # The last characters, because those are what differs from batch to batch.
        batch = Column(
            heading="Batch ID",
            field="batch_id",
            value=lambda row: f"B{row.head.number}"[-self.batch_id_length :],
            cell=Code(),
        )
        file_number = Code(pattern="[0-9]{1,6}", least=self.file_number_from, most=999_999, width=6)
        return (
            fixed("Co Code", self.company_code.ljust(3, "_")),  # always three characters
            batch,
            of_line("File #", "payroll_id", cell=file_number),
            *([cost_center] if self.department else []),
            self.code_column(f"Earnings {slot} Code"),
            self.amount_column(f"Earnings {slot} Amount", cell=Money(least=self.least, most=self.most)),
        )

    def file_name(self, _: BatchHeader) -> str:
        """As ADP's import finds it."""
        return f"PR{self.company_code.ljust(3, '_')}EPI.csv"
