"""What DATEV's two payroll programs share: consultant and client number, Windows-1252, decimal comma, no quoting,
euro.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar, Final, Literal

from pydantic import Field

from services.payout.exports.files import Dialect
from services.payout.payroll.formats.base import PayrollFormat
from services.payout.payroll.formats.cells import Code, Money
from services.payout.payroll.line import BatchHeader
from shared.contracts.base import CurrencyCode

# Bounds and lengths of the ASCII import, for both programs (DATEV, "Schnittstellenbeschreibung", 2022).
_MOST: Final = Decimal("9999999.99")
AMOUNT: Final = Money(least=-_MOST, most=_MOST, decimal=",")
PERSON: Final = Code(pattern="[0-9]{1,5}", longest=5, least=1, most=99_999)
COST_CENTER: Final = Code(pattern="[A-Za-z0-9_-]+", longest=8, needed=False)


class Datev(PayrollFormat):
    """A DATEV format. Wage types (Lohnarten) come from the tax adviser, by `pay_codes`."""

    takes_negatives: ClassVar[bool] = True
    numbered_by: ClassVar[tuple[str, ...] | None] = ("consultant", "client")
    # As the ASCII import reads it: no byte order mark, no quotes. So text with `;` cannot be written and is refused.
    dialect: ClassVar[Dialect] = Dialect(delimiter=";", encoding="cp1252", quoting="none")
    extension: ClassVar[str] = "txt"

    currency: CurrencyCode | None = "EUR"
    """The only currency that the file may hold."""
    consultant: int = Field(ge=1000, le=9_999_999, examples=[1234567])
    """Beraternummer, the tax adviser's."""
    client: int = Field(ge=1, le=99_999, examples=[12345])
    """Mandantennummer, the company's at the tax adviser."""
    month: Literal["pay_date", "period"] = "pay_date"
    """Which month's payroll takes the payments: that of the pay date, or that in which the pay period ends."""
    cost_center: bool = True
    """Whether the cost center (Kostenstelle) is written."""

    def payroll_month(self, head: BatchHeader) -> date:
        """The first day of the month whose payroll takes the payments."""
        return head.run.pay_date.replace(day=1) if self.month == "pay_date" else head.run.period_end.replace(day=1)
