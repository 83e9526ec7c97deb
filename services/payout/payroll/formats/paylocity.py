"""Paylocity, pay-entry import: a CSV of earnings and deductions per employee."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from services.payout.payroll.formats.base import Column, WithDeductions, blank, of_line
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
        cost_center = of_line("CostCenter1", "cost_center", cell=Code())
        begin = of_line("BeginDate", "pay_period_start", cell=Day(pattern="MM/DD/YYYY"))
        end = of_line("EndDate", "pay_period_end", cell=Day(pattern="MM/DD/YYYY"))
        return (
            of_line("EmployeeId", "payroll_id", cell=Code(longest=20)),
            # E is an earning, D a deduction; the sign is in this letter, and the amount has none.
            Column(heading="Det", field="amount", value=lambda row: "D" if row.line.amount < 0 else "E", cell=Fixed()),
            self.code_column("DetCode"),
            blank("Hours"),  # with an amount, hours and rates are not looked at
            self.amount_column("Amount", cell=Money()),
            *map(blank, _BEHIND),
            cost_center if self.cost_center else blank("CostCenter1"),
            *map(blank, ("CostCenter2", "CostCenter3", "JobCode", "Shift")),
            begin if self.dates else blank("BeginDate"),
            end if self.dates else blank("EndDate"),
            blank("WorkersCompCode"),
        )
