"""Frappe HR and ERPNext: Data Import of the doctype Additional Salary."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from services.payout.exports.files import Dialect
from services.payout.payroll.formats.base import Column, WithDeductions, fixed, of_line
from services.payout.payroll.formats.cells import Code, Day, Money
from shared.spreadsheets import PLAIN


class Frappe(WithDeductions):
    """One Additional Salary per line. Frappe refuses negative amounts; a clawback goes to a component that deducts."""

    dialect: ClassVar[Dialect] = Dialect(encoding="utf-8")
    # Employees of all companies of a Frappe site are numbered together.
    numbered_by: ClassVar[tuple[str, ...] | None] = ()

    format: Literal["frappe"] = "frappe"
    """`frappe`."""
    company: str = Field(min_length=1, max_length=140, pattern=f"^{PLAIN}$", examples=["Acme Ltd"])
    """The company as Frappe names it."""
    series: str = Field(default="HR-ADS-.YY.-.MM.-", pattern=r"^[A-Za-z0-9.#-]+$")
    """The naming series of Additional Salary."""

    def layout(self) -> tuple[Column, ...]:
        """By label. `Overwrite Salary Structure Amount` is 1 where nothing is said, which would replace base pay."""
        return (
            fixed("Series", self.series),
            of_line("Employee", "payroll_id", cell=Code(longest=140)),
            self.code_column("Salary Component", cell=Code(pattern=self.code_form)),
            self.amount_column("Amount", cell=Money(digits=None)),
            fixed("Company", self.company),
            of_line("Currency", "currency", cell=Code()),
            of_line("Payroll Date", "pay_date", cell=Day()),
            # The doctype's default is 1 (frappe/hrms, additional_salary.json). With 0 nothing blocks a second import of
            # the file: what guards against it is the batch that is acknowledged once.
            fixed("Overwrite Salary Structure Amount", "0"),
        )
