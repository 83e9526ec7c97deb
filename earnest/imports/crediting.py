"""Whom an import credits, before any pay: by its own roster, deals and plans, as `earnest calc` would."""

from __future__ import annotations

from dataclasses import dataclass

from earnest.files.kernel_inputs import KernelInputs
from earnest.files.remarks import of_slips
from shared.kernel import credit, measure
from shared.kernel.crediting.uncredited import UncreditedReason, uncredited_by_reason
from shared.kernel.idle_months import earn_every_month


@dataclass(frozen=True, kw_only=True)
class Crediting:
    """How many of the deals are won, how many of these credit somebody, and why the others do not, the most frequent
    reason first.
    """

    won: int
    credited: int
    missed: list[UncreditedReason]
    remarks: list[str]
    """What roster, plans and deals say that looks like a slip, as `earnest calc` says it."""

    @property
    def nobody(self) -> bool:
        """Whether not one deal credits anybody; a deal that only waits for the date of its credit is no miss."""
        return self.credited == 0 and bool(self.missed)


def crediting(inputs: KernelInputs) -> Crediting:
    """What the rows of an import come to."""
    plans = inputs.plans
    result = credit(inputs.deals, inputs.roster, plans=plans)
    won = inputs.deals.filter(stage="won").height
    credited = result.credits["deal_id"].n_unique()
    earned = earn_every_month(measure(result.credits, plans), inputs.roster, plans=plans)
    slips = of_slips(inputs.deals, inputs.roster, credits=result.credits, earned=earned, plans=plans)
    return Crediting(
        won=won, credited=credited, missed=uncredited_by_reason(result.uncredited.iter_rows()), remarks=slips
    )
