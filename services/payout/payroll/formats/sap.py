"""SAP HR, one-time payments as infotype records: 0015 (additional payments) and 0267 (additional off-cycle
payments).
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from services.payout.exports.files import Dialect
from services.payout.payroll.formats.base import Column, FileRow, PayrollFormat, fixed, of_line
from services.payout.payroll.formats.cells import Code, Day, Fixed, Money, number
from services.payout.payroll.line import BatchHeader

_MOST = Decimal("99999999999.99")  # BETRG is CURR13 of table PA0015: 13 digits, two of them decimals


class Sap(PayrollFormat):
    """Tab-separated rows under the technical field names. By `ZUORD`, batch and row, a payment is found again."""

    takes_negatives: ClassVar[bool] = True
    numbered_by: ClassVar[tuple[str, ...] | None] = ()
    code_form: ClassVar[str] = r"[A-Z0-9/]{4}"
    dialect: ClassVar[Dialect] = Dialect(delimiter="\t", quoting="none")
    extension: ClassVar[str] = "txt"

    decimal_sign: Literal[".", ","] = "."
    """The sign before the decimals."""
    minus_behind: bool = False
    """Whether a minus stands behind the amount, as SAP's own lists have it."""

    def layout(self) -> tuple[Column, ...]:
        """The fields of the infotype that an entry needs; the wage type is the subtype."""
        money = Money(digits=None, least=-_MOST, most=_MOST, decimal=self.decimal_sign, minus_behind=self.minus_behind)
        day = Day(pattern="YYYYMMDD")
        return (
            of_line("PERNR", "payroll_id", cell=number(8, width=8)),  # NUMC8: digits with zeros before them
            # The subtype of these infotypes is the wage type, so both have the same four characters.
            self.code_column("SUBTY", cell=Code(pattern=self.code_form)),
            # A one-time payment is a record of one day.
            Column(heading="ENDDA", field="pay_date", value=self._date, cell=day),
            Column(heading="BEGDA", field="pay_date", value=self._date, cell=day),
            self.code_column("LGART", cell=Fixed()),
            self.amount_column("BETRG", cell=money),
            of_line("WAERS", "currency", cell=Code(longest=5)),
            Column(heading="ZUORD", field="row", value=lambda row: row.reference, cell=Code(longest=20)),
            *self._more(),
        )

    @abstractmethod
    def _date(self, row: FileRow) -> date:
        """The day of the payment, which is the record's beginning and end."""

    def _more(self) -> tuple[Column, ...]:
        """What only one of the infotypes has."""
        return ()

    def file_name(self, head: BatchHeader) -> str:
        """By infotype and batch."""
        return f"{self.format}-{head.batch}.{self.extension}"


class SapAdditionalPayment(Sap):
    """Infotype 0015, paid with the regular run that the date lies in."""

    format: Literal["sap-0015"] = "sap-0015"
    """`sap-0015`."""
    on: Literal["pay_period_end", "pay_date"] = "pay_period_end"
    """Which day the payment is dated."""

    def _date(self, row: FileRow) -> date:
        return row.line.pay_date if self.on == "pay_date" else row.line.pay_period_end


class SapOffCycle(Sap):
    """Infotype 0267, paid by an off-cycle run on the pay date."""

    format: Literal["sap-0267"] = "sap-0267"
    """`sap-0267`."""
    reason: str | None = Field(default=None, pattern=r"^[A-Z0-9]{2}$")
    """`PREAS`, the reason of the off-cycle run."""

    def _date(self, row: FileRow) -> date:
        return row.line.pay_date

    def _more(self) -> tuple[Column, ...]:
        return (fixed("PREAS", self.reason),) if self.reason else ()
