"""What every name in the formulas of a component comes to at some rows: no formula is told without its numbers."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from shared.kernel.components import Component
from shared.kernel.components.context import EvaluationContext
from shared.kernel.evaluation.pay import shown
from shared.kernel.language.formulas import Reference
from shared.kernel.plan.version import Plan


def named_values(
    component: Component,
    context: EvaluationContext,
    *,
    plan: Plan,
    at_deals: Callable[[], tuple[EvaluationContext, pl.Series]] | None = None,
) -> pl.Series:
    """The names as a JSON object per row, each with its value as text: a number without trailing zeros, a category, or
    null where that is blank. Null altogether where the component is told without names.

    `at_deals` gives where the participant stands at each deal that is paid in turn, and the place of each row there: by
    that deals are priced.

    Raises:
        Overflow: a number is beyond 10^28.
    """
    names = names_of(component, plan)
    if not names or not context.height:
        return pl.Series([None], dtype=pl.String).new_from_index(0, context.height)
    columns = pl.DataFrame({reference.text: _as_text(reference, context) for reference in names})
    if at_deals is not None:
        standing, places = at_deals()
        priced = {reference.name for reference in plan.followed(component.refers_to())}
        by_deal = [reference for reference in names if reference.is_measure and reference.name in priced]
        columns = columns.with_columns(_as_text(r, standing).gather(places).alias(r.text) for r in by_deal)
    return columns.select(pl.struct(pl.all()).struct.json_encode()).to_series()


def names_of(component: Component, plan: Plan) -> list[Reference]:
    """What its formulas and tables name, and what that is calculated from, each once, in order."""
    main = plan.measure(component.main_measure())
    due = [*component.named(), *([] if main is None else main.builds_on())]
    found: dict[Reference, None] = {}
    while due:
        reference = due.pop(0)
        if reference not in found:
            found[reference] = None
            due[:0] = made_of(reference, component, plan=plan)
    return list(found)


def made_of(reference: Reference, component: Component, *, plan: Plan) -> list[Reference]:
    """From what a name is calculated, beside what every line of the component tells: its measure and the quota of
    that."""
    measure = plan.measure(reference.name) if reference.is_measure else None
    if measure is None:
        return []
    if reference.kind == "attainment" and not measure.is_share and measure.measure != component.main_measure():
        return [Reference("measure", measure.measure), Reference("quota", measure.measure)]
    return measure.builds_on()


def _as_text(reference: Reference, context: EvaluationContext) -> pl.Series:
    found = context.look_up(reference.kind, reference.name)
    if isinstance(found, pl.Series):
        return found
    # `shown` has nine decimals always, so what is stripped is never a zero before the point.
    return shown(found, reference.text).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
