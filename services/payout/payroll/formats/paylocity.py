"""Paylocity, pay-entry import: a CSV of earnings and deductions per employee."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from services.payout.payroll.formats.base import Column, WithDeductions, blank, of
from services.payout.payroll.formats.cells import Code, Day, Fixed, Money

_BEHIND: Final = ("TempRate", "RateCode")


class Paylocity(WithDeductions):
    """Earnings as `E`, clawbacks as deductions `D`: the amount itself is never negative."""

    code_form: ClassVar[str] = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,19}"

    format: Literal["paylocity"] = "paylocity"
    """`paylocity`."""
    cost_center: bool = False
    """Whether the cost center is written as `CostCenter1`."""
    dates: bool = False
    """Whether the pay period is written as `BeginDate` and `EndDate`."""

    def layout(self) -> tuple[Column, ...]:
        """As documented, up to `WorkersCompCode`; hours and rate stay empty, for the amount decides."""
        cost_center = of("CostCenter1", "cost_center", Code())
        begin = of("BeginDate", "pay_period_start", Day(pattern="MM/DD/YYYY"))
        end = of("EndDate", "pay_period_end", Day(pattern="MM/DD/YYYY"))
        return (
            of("EmployeeId", "payroll_id", Code(longest=20)),
            Column("Det", "amount", lambda row: "D" if row.line.amount < 0 else "E", Fixed()),
            Column("DetCode", "pay_code", lambda row: self.code(row.line), Code()),
            blank("Hours"),
            Column("Amount", "amount", self.amount, Money()),
            *map(blank, _BEHIND),
            cost_center if self.cost_center else blank("CostCenter1"),
            *map(blank, ("CostCenter2", "CostCenter3", "JobCode", "Shift")),
            begin if self.dates else blank("BeginDate"),
            end if self.dates else blank("EndDate"),
            blank("WorkersCompCode"),
        )
