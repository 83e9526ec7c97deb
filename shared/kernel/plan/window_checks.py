"""Windows that do not fit what is paid over them (`windows` says why that matters), and settings of windows that do
nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from shared.kernel.calendar import fiscal_of, window_of
from shared.kernel.language.conventions import RESETS, Reset
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formulas import Reference
from shared.kernel.language.measures import Measure
from shared.kernel.plan.model import PlanModel
from shared.kernel.plan.windows import is_longer


def paid_again(plan: PlanModel) -> Iterator[Finding]:
    """Components whose window is shorter than that of what they pay a part of."""
    for place, component in enumerate(plan.components):
        # What a deal paid is rounded and summed as it is, whatever the window: nothing is paid again.
        if component.component in plan.pays_by_deal:
            continue
        window = plan.window(component)
        sums = plan.windows.sums_of(component.pays_of())
        figures = plan.windows.sums_of([Reference("measure", figure.measure) for figure in component.paid_figures()])
        longer = [(name, reset) for name, reset in (*sums, *figures) if is_longer(reset, window)]
        for name, reset in sorted(set(longer))[:1]:
            path: Path = ("components", place)
            first = f"say window: {reset}"
            if component.window is not None:
                path = (*path, "window")
                # Of what it pays a part of its window follows; of a fixed amount it has to be said.
                first = "take out the window" if (name, reset) in sums else first
            yield Finding.error(
                "P214",
                path,
                message=f"{component.component} pays by the {_said(window)}, but {name} {_anew(reset)}:"
                " what it has come to would be paid again in each window",
                mend=f"{first}, or let {name} begin anew after each {_said(window)} (reset: {window})",
            )


def paid_while_it_rolls(plan: PlanModel) -> Iterator[Finding]:
    """Components that pay a part of a rolling sum, and so each credit in every period of its window."""
    rolling = {measure.measure: measure.rolling for measure in plan.measures if measure.rolling is not None}
    for place, component in enumerate(plan.components):
        paid = {name for name, _ in plan.windows.sums_of(component.pays_of())}
        for name in sorted(paid & set(rolling))[:1]:
            yield Finding.error(
                "P223",
                ("components", place),
                message=f"{component.component} pays a part of {name}, which adds up the last {rolling[name]} months:"
                f" each deal would be paid {rolling[name]} times",
                mend=f"pay a measure of the same credits that begins anew each month, and look at {name}: tiers"
                f" `by: {name}`, a rate, a table, a gate, a multiplier",
            )


def lost(plan: PlanModel) -> Iterator[Finding]:
    """Components that pay a part of what begins anew within the time over which their measure, or another thing they
    pay, adds up."""
    for place, component in enumerate(plan.components):
        over = plan.windows.of_measure(component)
        sums = plan.windows.sums_of(component.pays_of())
        shorter = [(name, reset) for name, reset in sums if is_longer(over, reset)]
        again = any(is_longer(of, plan.window(component)) for _, of in sums)
        if not shorter or again or component.component in plan.pays_by_deal:
            continue
        name, reset = sorted(shorter)[0]
        other = next(
            (f"{another}, which adds up {_how_long(of)}" for another, of in sums if of == over),
            f"a sum {_how_long(over)}",
        )
        yield Finding.error(
            "P217",
            ("components", place),
            message=f"{component.component} pays a part of {name}, which {_anew(reset)}, in one sum with"
            f" {other}: what each {_said(reset)} before had would be lost",
            mend="let both begin anew together, pay each by a component of its own, or look at one only in a"
            " condition, a rate or `multiply`",
        )


def nothing_to_prorate(plan: PlanModel) -> Iterator[Finding]:
    """Components that are prorated and pay nothing that is for a time: what deals came to is no part of a month."""
    for place, component in enumerate(plan.components):
        if component.prorate == "no":
            continue
        compares = type(component).needs_group
        paid = [name for name, _ in plan.windows.sums_of(component.pays_of())]
        if not compares and (not paid if component.is_fixed else component.minimum is not None):
            continue
        of = "what it divides or gives by rank" if compares else f"a part of {(paid or ['a measure'])[0]}"
        yield Finding.error(
            "P221",
            ("components", place, "prorate"),
            message=f"{component.component} pays {of}, and only what is paid for a time has a part of its days",
            mend="take it out; a quota is prorated in `quota`, a fixed amount, a target and a minimum here",
        )


def prorated_in_part(plan: PlanModel) -> Iterator[Finding]:
    """Components that are prorated beside others that pay whole amounts."""
    whole = [c.component for c in plan.components if plan.may_pay_alone(c) and c.prorate == "no"]
    whole += ["the minimum of the plan"] if plan.minimum is not None else []
    for place, component in enumerate(plan.components):
        if component.prorate != "no" and plan.may_pay_alone(component) and whole:
            yield Finding.warning(
                "P311",
                ("components", place, "prorate"),
                message=f"{component.component} is prorated and {whole[0]} is not: who leaves the plan within a month"
                " in which nothing is credited is paid neither, since the whole amount would be paid too",
                mend="prorate both, or none",
            )
            return


def shared_by_versions(plan: PlanModel) -> Iterator[Finding]:
    """Components that compare people over a window in which the version begins, while sums go on: two versions would
    rank each of them."""
    if plan.version == 1 or plan.conventions.versions != "continue":
        return
    for place, component in enumerate(plan.components):
        window = plan.window(component)
        if plan.compares(component) and not _begins_with(plan, window):
            yield Finding.error(
                "P218",
                ("components", place),
                message=f"versions: continue cannot hold for {component.component}: version {plan.version} begins on"
                f" {plan.effective_from}, within a window over which it compares people, who would be counted under"
                " both versions",
                mend="let the version begin with the window, or leave versions at restart",
            )


def _begins_with(plan: PlanModel, window: Reset) -> bool:
    """Whether the version begins with a window."""
    days = pl.Series([plan.effective_from - timedelta(days=1), plan.effective_from])
    fiscal = fiscal_of(pl.lit(days), plan.calendar)
    return window != "never" and pl.select(window_of(fiscal, window)).to_series().n_unique() == 2


def gated_by_shorter(plan: PlanModel) -> Iterator[Finding]:
    """Components that reprice a long sum by what begins anew before it, and so take back what they have paid."""
    for place, component in enumerate(plan.components):
        sums = plan.windows.sums_of(component.pays_of())
        if not sums or component.component in plan.pays_by_deal or plan.window(component) == "month":
            continue
        over = max((reset for _, reset in sums), key=RESETS.index)
        for reference in dict.fromkeys(component.uses()):
            measure = plan.measure(reference.name) if reference.kind in ("measure", "amount", "attainment") else None
            if measure is not None and measure.begins_anew and is_longer(over, measure.reset):
                yield Finding.warning(
                    "P215",
                    ("components", place),
                    message=f"{component.component} pays a sum that {_anew(over)}, by {measure.measure},"
                    f" which {_over(measure)}: each time that changes, all that was paid before is"
                    " priced again",
                    mend=("let both begin anew together, or " if measure.rolling is None else "")
                    + f"pay each {_said(measure.reset)} by itself and say window: {over}",
                )
                break


def without_effect(plan: PlanModel) -> Iterator[Finding]:
    """Settings of windows on what never begins anew."""
    for place, measure in enumerate(plan.measures):
        terms = measure.quota
        for name in ("per", "changes", "to_date", "spread", "ramp", "prorate"):
            if getattr(terms, name) == type(terms).model_fields[name].default:
                continue
            if measure.rolling is not None and name == "to_date":
                message = f"{measure.measure} only ever has months so far: to_date has no effect on its quota"
                mend = "take it out; for who joined within them there is `prorate`"
                yield Finding.warning("P308", ("measures", place, "quota", name), message=message, mend=mend)
            if measure.reset == "never":
                message = f"{measure.measure} never begins anew, so that its quota is one figure: {name} has no effect"
                mend = "say after which time it begins anew (reset), or take it out"
                yield Finding.warning("P308", ("measures", place, "quota", name), message=message, mend=mend)
    for place, component in enumerate(plan.components):
        if component.carry_over and plan.window(component) == "never":
            message = f"the window of {component.component} never ends, so that nothing is carried over"
            mend = "say its window, or take out carry_over"
            yield Finding.warning("P308", ("components", place, "carry_over"), message=message, mend=mend)


def _said(reset: Reset) -> str:
    return reset.replace("_", "-")


def _how_long(reset: Reset) -> str:
    return "for ever" if reset == "never" else f"over a {_said(reset)}"


def _over(measure: Measure) -> str:
    return _anew(measure.reset) if measure.rolling is None else f"rolls on over {measure.rolling} months"


def _anew(reset: Reset) -> str:
    return "never begins anew" if reset == "never" else f"begins anew each {_said(reset)}"
