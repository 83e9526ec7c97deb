"""Pay that multiplies one thing that grows without end by another: a good year then pays its square."""

from __future__ import annotations

from collections.abc import Iterator

from shared.kernel.language.findings import Finding
from shared.kernel.language.formula_growth import grows
from shared.kernel.plan.version import Plan


def uncapped(plan: Plan) -> Iterator[Finding]:
    """Multipliers without bound on components without a maximum; formulas say it themselves."""
    for place, component in enumerate(plan.components):
        if component.maximum is not None or plan.maximum is not None:
            continue
        for number, multiplier in enumerate(component.multiply):
            if multiplier.by is not None and grows(multiplier.by, plan.units.bounded):
                yield Finding.warning(
                    "P403",
                    ("components", place, "multiply", number, "by"),
                    message=(
                        f"the pay of {component.component} is multiplied by {multiplier.by}, which has no bound,"
                        " and has no maximum"
                    ),
                    mend="give the component a maximum, or bound the factor: least(…, 1.5)",
                )
