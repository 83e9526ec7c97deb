"""Components that pay deals in turn, and what cannot be known of a deal when its turn comes."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from shared.kernel.components import Component
from shared.kernel.language.deal_facts import CREDITED
from shared.kernel.language.deal_fields import meant_column
from shared.kernel.language.filters import filter_schema
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formulas import Reference, references
from shared.kernel.plan.model import PlanModel


def not_in_turn(plan: PlanModel) -> Iterator[Finding]:
    """What components that pay deals in turn look at, and is no sum of the deals before."""
    for place, component in enumerate(plan.components):
        if component.in_turn:
            wrong = [*_paid(component, plan), *_looked_at(component, plan), *_of_deal(component, plan)]
            yield from (
                Finding.error("P219", ("components", place, *path), message=f"{component.component} {said}", mend=mend)
                for path, said, mend in wrong
            )


def first_come(plan: PlanModel) -> Iterator[Finding]:
    """Components whose budget is first come, and of which it is not known what each deal is paid when it comes."""
    groups = {measure.measure for measure in plan.apart.groups}
    for place, component in enumerate(plan.components):
        if not component.first_come:
            continue
        names = {(reference.kind, reference.name) for reference in plan.followed(component.uses())}
        wrong = [f"looks at {name}, which is of a group" for _, name in sorted(names) if name in groups]
        wrong += [f"looks at what {name} pays" for kind, name in sorted(names) if kind == "pay"]
        if component.component in plan.pays_by_deal and not component.in_turn:
            wrong.append("pays each deal by itself, rounded, of which only the sum is kept")
        for said in wrong[:1]:
            yield Finding.error(
                "P222",
                ("components", place, "first_come"),
                message=f"{component.component} {said}: what a deal takes of the budget is not known when it comes",
                mend="leave out first_come, so that everyone has the same part of it, or pay a rate or tiers of a sum",
            )


def paid_to_each(plan: PlanModel) -> Iterator[Finding]:
    """Components that pay a part of what a group has brought, which each member would be paid again."""
    groups = {measure.measure: measure for measure in plan.apart.groups}
    for place, component in enumerate(plan.components):
        paid = plan.followed(found for found in component.pays_of() if isinstance(found, Reference))
        names = {reference.name for reference in paid} | {name for name, _ in plan.windows.sums_of(component.pays_of())}
        for name in sorted(names & set(groups)):
            among = groups[name].among
            yield Finding.error(
                "P220",
                ("components", place),
                message=f"{component.component} pays a part of {name}, which is what all of a {among} have brought:"
                " each of them would be paid for all of it, and again whoever joins them",
                mend=f"pay the participant's own sum and look at {name}: tiers by: {name}, a gate, a multiplier; or"
                " credit everyone with the deals by a rule `to: team` or `to: territory`",
            )


def _paid(component: Component, plan: PlanModel) -> Iterator[tuple[Path, str, str]]:
    measure = plan.measure(component.main_measure())
    if measure is not None and not measure.adds_up:
        said = f"pays each deal in turn, and {measure.measure} is no sum or count of them"
        yield ("measure",), said, "name a measure that is a sum_of, a count_of or a distinct count"
    elif measure is not None and component.kind == "slab" and measure.sum_of is None:
        said = f"looks at the size of each deal when its turn comes, and {measure.measure} is no sum of credits"
        yield ("measure",), said, "name a measure that is a sum_of"


def _looked_at(component: Component, plan: PlanModel) -> Iterator[tuple[Path, str, str]]:
    looked_at = plan.followed(component.prices_by())
    names = {reference.name for reference in looked_at}
    if others := [measure.measure for measure in plan.measures if measure.pay_of and measure.measure in names]:
        said = f"pays each deal in turn, and {others[0]} is pay of others, which is known at the end of the month only"
        yield (), said, "look at a measure of credits, or let a gate or a multiplier look at that pay"
    if paid := sorted(reference.name for reference in looked_at if reference.kind == "pay"):
        said = f"pays each deal in turn, and what {paid[0]} pays is known at the end of the month only"
        yield (), said, "look at a measure, or let a gate or a multiplier look at the pay: those are of the window"
    if plan.conventions.order == "date":
        return
    for measure in plan.measures:
        if measure.measure in names and (measure.latest_of or measure.distinct or measure.among):
            said = (
                f"pays deals in turn, {plan.conventions.order.replace('_', ' ')}, and {measure.measure} goes by their"
                " dates"
            )
            yield (), said, "leave the convention `order` at date, or look at a sum or a count of deals"


def _of_deal(component: Component, plan: PlanModel) -> Iterator[tuple[Path, str, str]]:
    """Columns that a deal does not have, or of another type."""
    known = filter_schema(plan.custom_columns)
    numbers = {name for name, kind in known.items() if kind.is_numeric()} | {CREDITED}
    for path, text, category in component.looks_at_deal():
        columns = {name for name, kind in known.items() if kind in (pl.String, pl.Boolean)} if category else numbers
        what = "names" if category else "numbers"
        for reference in references(text) if not category else ():
            if reference.kind != "measure":
                said = f"looks at {reference.kind}({reference.name}) of a deal"
                yield (
                    path,
                    said,
                    "look at what the participant has reached by an axis of its own: attainment, amount, formula",
                )
        names = [text] if category else [r.name for r in references(text) if r.kind == "measure"]
        for name in dict.fromkeys(names):
            if name not in columns:
                said = f"looks at {name} of each deal, which is " + (
                    f"no column of {what}" if name in known else "no column of the deal"
                )
                yield path, said, meant_column(name, columns, what="columns")
