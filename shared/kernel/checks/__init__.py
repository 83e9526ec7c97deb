"""What a sound plan may still get wrong: looked for by `earnest plan check`, in small modules, one per idea.

Codes are stable: P0 the file, P1 its words, P2 how its parts fit together, P21 units, P3 rows that do nothing, P4 what
it pays, P5 what it leaves unsaid, P6 what nobody uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from shared.kernel.checks.assertions import wrong_assertions
from shared.kernel.checks.category_slips import category_slips
from shared.kernel.checks.cliffs import cliffs, places
from shared.kernel.checks.multiplication import uncapped
from shared.kernel.checks.never_holds import never_holds
from shared.kernel.checks.rows import credited_twice, rows_without_effect
from shared.kernel.checks.units import mixed_units
from shared.kernel.checks.unsaid import left_unsaid
from shared.kernel.checks.unused import unused
from shared.kernel.components import Component
from shared.kernel.language.findings import UNIT_CODES, Finding, Path
from shared.kernel.language.formulas import references
from shared.kernel.plan.deal_rounding import conventions_without_effect
from shared.kernel.plan.version import Plan
from shared.kernel.plan.window_checks import gated_by_shorter, prorated_in_part, without_effect


def findings(plan: Plan, others: Sequence[Plan] = (), *, most_walked: int | None = None) -> list[Finding]:
    """Everything worth saying about a plan version that can be computed with.

    Args:
        plan: the version.
        others: other versions of the same plan, as far as they are known.
        most_walked: where cliffs are looked for; in a plan with more `places`, which takes long, they are not.
    """
    return [
        *_at_a_glance(plan),
        *(cliffs(plan) if most_walked is None or places(plan) <= most_walked else ()),
        *conventions_without_effect(plan),
        *left_unsaid(plan, others),
        *unused(plan),
        *never_holds(plan, others),
        *wrong_assertions(plan),
    ]


def slips(plan: Plan, document: Any) -> list[Finding]:
    """The warnings that can be told at once and mean that the plan pays otherwise than it looks: a rate of 8 where 8%
    was meant.

    Args:
        plan: the version.
        document: what it was read from, which says whether a percent sign was written.
    """
    return [
        finding
        for finding in _at_a_glance(plan)
        if finding.severity == "warning"
        and not (finding.code in UNIT_CODES and _written_at(document, finding.path).endswith("%"))
    ]


def _written_at(document: Any, path: Path) -> str:
    for key in path:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return ""
    return document if isinstance(document, str) else ""


def _times_a_rate(component: Component, plan: Plan) -> bool:
    """Whether it is multiplied by what a formula makes of figures, such as a rate of target pay by quota: then its own
    rates are how many times that is paid."""
    named = [reference for by in component.multiply if by.by is not None for reference in references(by.by)]
    measures = {reference.name: plan.measure(reference.name) for reference in named if reference.kind == "measure"}
    return any(reference.kind == "term" for reference in named) or any(
        measure is not None and measure.formula is not None for measure in measures.values()
    )


def _at_a_glance(plan: Plan) -> Iterator[Finding]:
    units = plan.units
    for place, component in enumerate(plan.components):
        times_rate = _times_a_rate(component, plan)
        for finding in component.lint(units):
            if not (times_rate and finding.code == "P213"):
                yield finding.under("components", place)
    yield from mixed_units(plan)
    yield from rows_without_effect(plan)
    yield from credited_twice(plan)
    yield from gated_by_shorter(plan)
    yield from without_effect(plan)
    yield from prorated_in_part(plan)
    yield from uncapped(plan)
    yield from category_slips(plan)


__all__ = ["findings", "slips"]
