"""What every name in the formulas of a component comes to at some rows: no formula is told without its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components import Component
from shared.kernel.components.context import DealsInTurn, EvaluationContext
from shared.kernel.evaluation.pay import shown
from shared.kernel.language.formulas import Reference
from shared.kernel.plan.version import Plan

ENTERED_FOR: Final = "entered for"
"""Behind a name: for whom its figure was entered, where one was for everyone."""


def named_values(
    component: Component,
    context: EvaluationContext,
    *,
    plan: Plan,
    at_deals: Callable[[], tuple[DealsInTurn, pl.Series]] | None = None,
) -> pl.Series:
    """The names as a JSON object per row, each with its value as text: a number without trailing zeros, a category, or
    null where that is blank. Null altogether where the component is told without names.

    `at_deals` gives the deals that are paid in turn, and the place of each row among them: by where the participant
    stands there they are priced. Without it nothing is known of deals.

    Raises:
        Overflow: a number is beyond 10^28.
    """
    names = names_of(component, plan)
    if not names or not context.height:
        return pl.Series([None], dtype=pl.String).new_from_index(0, context.height)
    columns: dict[str, pl.Series] = {}

    def known(r: Reference, at: EvaluationContext, places: pl.Series | None = None) -> None:
        found = {r.text: _as_text(at.look_up(r.kind, r.name), r)}
        if at.entered_for is not None and (whom := at.entered_for(at, r.kind, r.name)) is not None:
            found[f"{r.text} {ENTERED_FOR}"] = whom
        columns.update({name: said if places is None else said.gather(places) for name, said in found.items()})

    if at_deals is None:
        for r in names:
            if not r.of_deal:
                known(r, context)
    else:
        deals, places = at_deals()
        standing = component.priced_at(deals)
        priced = {reference.name for reference in plan.followed(component.prices_by())}
        for r in names:
            if r.of_deal:
                columns[r.text] = _as_text(_of_deal(r, component, deals=deals), r).gather(places)
            elif r.kind == "formula" or r.name in priced:
                known(r, standing, places)
            else:
                known(r, context)
    if not columns:
        return pl.Series([None], dtype=pl.String).new_from_index(0, context.height)
    return pl.DataFrame(columns).select(pl.struct(pl.all()).struct.json_encode()).to_series()


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
    measure = plan.measure(reference.name) if reference.is_measure and not reference.of_deal else None
    if measure is None:
        return []
    if reference.kind == "attainment" and not measure.is_share and measure.measure != component.main_measure():
        return [Reference("measure", measure.measure), Reference("quota", measure.measure)]
    return measure.builds_on()


def _of_deal(reference: Reference, component: Component, *, deals: DealsInTurn) -> ExactColumn | pl.Series:
    match reference.kind:
        case "before":
            return deals.before.value(reference.name)
        case "attainment_before":
            return deals.before.attainment(reference.name)
    return deals.text(reference.name) if reference.name in told_as_text(component) else deals.number(reference.name)


def told_as_text(component: Component) -> set[str]:
    """The columns of deals at which a component looks as at a category."""
    return {name for _, name, category in component.looks_at_deal() if category}


def _as_text(found: ExactColumn | pl.Series, reference: Reference) -> pl.Series:
    if isinstance(found, pl.Series):
        return found
    # `shown` has nine decimals always, so what is stripped is never a zero before the point.
    return shown(found, reference.text).cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
