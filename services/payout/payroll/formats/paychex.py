"""Paychex Flex, Standard Payroll Import (SPI): every column of a fixed order is there, most of them empty."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field

from services.payout.exports.files import DatePattern
from services.payout.payroll.formats.base import Column, PayrollFormat, blank, fixed, of_line
from services.payout.payroll.formats.cells import Code, Day, Money

# The order of the SPI specification sheet (myapps.paychex.com): columns are read by place, so none may be left out.
_BETWEEN: Final = ("Rate", "Rate Number", "Hours", "Units")
_BEHIND: Final = (
    "Check Seq Number",
    "Override State",
    "Override Local",
    "Override Local Jurisdiction",
    "Labor Override",
    "Check Template",
    "Output Type",
    "Net Pay",
    "Check Number",
    "FIT Amt",
    "SS Amt",
    "Medicare Amt",
    "Fed Backup Withholding Amt",
    "State Tax Jurisdiction",
    "SIT Amount",
    "SDI Amt",
    "Fam Leave",
    "Med Leave",
    "SUI Amt",
    "State Misc Amt",
    "State Surcharge Amt",
    "State WC Amt",
    "State Backup Withholding Amt",
    "State Allocation %",
    "Local Tax Jurisdiction",
    "Local Tax Name",
    "Local Amt",
    "Local Allocation %",
)


class Paychex(PayrollFormat):
    """Earnings by the company's own earning names. An import only adds: no later file changes what was saved."""

    # One refused row fails the whole file, so everything that Paychex would refuse is refused here.
    numbered_by: ClassVar[tuple[str, ...] | None] = ("client_id",)

    format: Literal["paychex-spi"] = "paychex-spi"
    """`paychex-spi`."""
    client_id: str = Field(pattern=r"^[A-Za-z0-9]{1,8}$", examples=["0012A345"])
    """Paychex's id of the company."""
    org: bool = False
    """Whether the cost center is written as `Org`, for example `1000|1100|1110`."""
    line_date: Literal["pay_period_end", "pay_date"] | None = None
    """What is written as `Line Date`, where payroll wants one."""
    date_pattern: DatePattern = "MM/DD/YYYY"
    """How the line date is written."""

    def layout(self) -> tuple[Column, ...]:
        """All of the layout, in its order."""
        cost_center = of_line("Org", "cost_center", cell=Code(pattern=r"[A-Za-z0-9_|-]+", longest=60))
        day = (
            of_line("Line Date", self.line_date, cell=Day(pattern=self.date_pattern))
            if self.line_date
            else blank("Line Date")
        )
        return (
            fixed("Client ID", self.client_id),
            of_line("Worker ID", "payroll_id", cell=Code(longest=10)),
            cost_center if self.org else blank("Org"),
            blank("Job Number"),
            self.code_column("Pay Component", cell=Code(pattern=self.code_form, longest=20)),
            *map(blank, _BETWEEN),
            day,
            self.amount_column("Amount", cell=Money()),
            *map(blank, _BEHIND),
        )
