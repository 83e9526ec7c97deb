"""KPIs that watch for bunching at the edges of a plan's tiers: a file of KPIs made from the plan."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from earnest.files.rejections import FileError
from shared.formatting import percent
from shared.kernel.checks.assertions import by_attainment
from shared.kernel.language.axes import Axis
from shared.kernel.language.values import PlanPart
from shared.kernel.plan.version import Plan

NEAR: Final = Decimal("0.05")
"""How near an attainment is to an edge that is looked at, on both sides."""
_QUOTA: Final = Decimal(1)
"""At quota everybody is watched already, whatever the plan."""
_ROWS: Final = ("tiers", "steps", "points", "milestones")
_MOST_OF_NAME: Final = 40

_KPI: Final = """\
  - name: {name}
    title: Bunching above {edge} on {plan}
    unit: ratio
    of: earnings
    where: plan = '{plan}' and window_ends and attainment >= {below} and attainment < {above}
    numerator: attainment >= {at}
    observed: participants on {plan} within 5 points of {edge}
    grain: quarter
    bad: above
    drift: {{kind: shares}}
    minimum: 20
    meaning: Of the participants on {plan} whose attainment lies within 5 points of {edge}, those at or above it.
    action: Look at the dates of their last deals, and whether a deal that fell just short was closed in the next month.
"""


def edges_of(plan: Plan) -> list[Decimal]:
    """The attainments at which what a plan pays changes its course, in ascending order: ends of tiers and steps, points
    of curves, milestones, bounds of tables. 1 is quota; edges that are a participant's own are none of the plan's.
    """
    return sorted({edge for component in plan.components for edge in _edges(component)})


def kpis_of_edges(plans: Iterable[Plan]) -> str:
    """A file of KPIs, each of which watches one edge of a plan besides quota; of several versions those of all.

    Raises:
        FileError: no plan has such an edge, or one pays by the attainment of several measures, of which a month knows
            one attainment only.
    """
    edges: dict[str, set[Decimal]] = defaultdict(set)
    for plan in plans:
        found = {edge for edge in edges_of(plan) if edge > NEAR and edge != _QUOTA}
        if found and len(measures := by_attainment(plan)) > 1:
            raise FileError(
                f"{plan.plan} version {plan.version} pays by the attainment of {' and '.join(measures)}: an edge of one"
                " cannot be seen in the attainment of all of them together"
            )
        edges[plan.plan] |= found
    kpis = [_kpi(plan, edge) for plan, of_plan in sorted(edges.items()) for edge in sorted(of_plan)]
    if not kpis:
        raise FileError("there is no edge of a tier besides 100%, which is watched without this: bunching_at_quota")
    return "kpis:\n" + "\n".join(kpis)


def _kpi(plan: str, edge: Decimal) -> str:
    of_plan = re.sub("[^a-z0-9]+", "_", plan.lower())[:_MOST_OF_NAME]
    at = f"{(edge * 100).normalize():f}".replace(".", "_")
    return _KPI.format(
        name=f"bunching_{of_plan}_{at}",
        plan=plan,
        edge=percent(edge),
        below=_written(edge - NEAR),
        at=_written(edge),
        above=_written(edge + NEAR),
    )


def _written(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _edges(part: Any) -> Iterator[Decimal]:
    if isinstance(part, tuple | list):
        for each in part:
            yield from _edges(each)
    if not isinstance(part, PlanPart):
        return
    said: list[Any] = []
    if isinstance(part, Axis) and part.attainment is not None:
        said = [*part.up_to, *part.at]
    elif getattr(part, "on", None) == "attainment":
        rows = [row for name in _ROWS for row in getattr(part, name, ())]
        said = [getattr(row, "up_to", None) or getattr(row, "at", None) for row in rows]
    yield from (edge for edge in said if isinstance(edge, Decimal))
    for name in type(part).model_fields:
        yield from _edges(getattr(part, name))
