"""A plan version that hangs together: the file is the plan."""

from __future__ import annotations

from typing import Any, Final

from pydantic import model_validator

from shared.kernel.language.findings import Flaws
from shared.kernel.plan.consistency import flaws
from shared.kernel.plan.default_resets import with_resets
from shared.kernel.plan.model import PlanModel
from shared.limits import check_document
from shared.money import minor_digits

MOST_PARTS: Final = 30_000
"""Names and values in a plan without its exchange rates: what a deal costs grows with them."""
MOST_CHARACTERS: Final = 200_000
"""Of all its texts together."""


class Plan(PlanModel):
    """One version of an incentive plan, in force from `effective_from` until a later version of the same plan."""

    @model_validator(mode="before")
    @classmethod
    def _says_resets(cls, data: Any) -> Any:
        # Before anything is read: the time that pydantic takes grows with the document, and pay rests on it for ever.
        if isinstance(data, dict):
            check_document(data)
            check_document(
                {name: part for name, part in data.items() if name != "exchange"},
                parts=MOST_PARTS,
                characters=MOST_CHARACTERS,
            )
        return with_resets(data)

    @model_validator(mode="after")
    def _hangs_together(self) -> Plan:
        minor_digits(self.currency)
        if findings := list(flaws(self)):
            raise Flaws(findings)
        return self
