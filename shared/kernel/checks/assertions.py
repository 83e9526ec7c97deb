"""Assertions that name what the plan does not have."""

from __future__ import annotations

from collections.abc import Iterator

from shared.kernel.assertions import point_of
from shared.kernel.earn import MAXIMUM, MINIMUM
from shared.kernel.findings import Finding
from shared.kernel.nearest import did_you_mean
from shared.kernel.plan import Plan
from shared.kernel.points import PointError, check_points


def wrong_assertions(plan: Plan) -> Iterator[Finding]:
    """Points that are none, and components that are not there."""
    components = {component.component for component in plan.components} | {MINIMUM, MAXIMUM}
    for place, assertion in enumerate(plan.assertions):
        try:
            check_points(plan, point_of(plan, assertion))
        except PointError as error:
            yield Finding(
                "P210", "error", ("assertions", place, "at"), str(error), "see `assertions` in the plan language"
            )
        if isinstance(assertion.pays, dict):
            for name in assertion.pays:
                if name not in components:
                    said = f"the assertion expects pay of an unknown component {name}"
                    mend = did_you_mean(name, components, "components")
                    yield Finding("P210", "error", ("assertions", place, "pays", name), said, mend)
