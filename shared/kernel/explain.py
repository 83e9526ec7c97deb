"""Explain: the lines of an earning, the same calculation walked along the running sum in deal order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import polars as pl

from shared.kernel.calendar import fiscal_of, window_of
from shared.kernel.components import Component
from shared.kernel.earn import earn, scored
from shared.kernel.evaluation.group_sums import sums_of_groups
from shared.kernel.evaluation.named_values import names_of
from shared.kernel.evaluation.results import NO_VALUES, values_at_the_end
from shared.kernel.evaluation.turns import Turns, by_size, turns_of, with_pay_in_turn
from shared.kernel.evaluation.walk import EARNING, LAST, OF_MONTH, OPENING, Walk, after_lines, without_deal
from shared.kernel.evaluation.window_sums import accumulated
from shared.kernel.measure import STEP, measure, paid_by_deal, with_increments
from shared.kernel.pay_of_others import on_last_days, pay_credits
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster
from shared.kernel.segments import compares_for_longer, in_others_segments, last_segments
from shared.kernel.tables import LINES, SLICES, empty


class Explained(NamedTuple):
    """The lines of some earnings (`LINES`), and the parts of each line (`SLICES`)."""

    lines: pl.DataFrame
    slices: pl.DataFrame


def explain(
    credits: pl.DataFrame,
    roster: Roster,
    *,
    plans: PlanSet,
    earnings: pl.DataFrame | None = None,
    pay: pl.DataFrame | None = None,
    everyone: pl.DataFrame | None = None,
) -> Explained:
    """The lines of every earning of the credits: deals by credit date, then deal id, then rule, unless the plan says
    otherwise.

    A line pays `round(F(after)) - round(F(before))`, so that lines sum to the earning to the cent. What a minimum, a
    maximum or a carry-over changes is a line of its own.

    Args:
        credits: all `CREDITS` of the participants to explain, of the whole of a window.
        roster: quotas, terms and scores.
        plans: the versions the credits name.
        earnings: their `EARNINGS`, for whoever knows them already; needed where a plan compares participants with
            others.
        pay: the `PAY_CREDITS` of the participants, for whoever has the earnings of some only and not of those on whose
            pay they are paid.
        everyone: all `CREDITS` of all whom measures of groups add up, where `credits` are those of some.

    Returns:
        lines numbered from 1 per participant, plan version, component and calendar month, and their slices.

    Raises:
        Overflow: a running sum is beyond 10^18 minor units.
    """
    earned = earn(measure(credits, plans), roster, plans=plans) if earnings is None else earnings
    pay = pay_credits(earned, roster, plans=plans) if pay is None else pay
    credits = pl.concat([credits, pay], how="diagonal")
    if everyone is not None:
        everyone = pl.concat([everyone, pay.clear()], how="diagonal")
    lines, slices, values = [empty(LINES)], [empty(SLICES)], [NO_VALUES]
    for together in plans.version_chains():
        for summed, plan, turns in _summed(
            together, credits, earned=earned, roster=roster, plans=plans, everyone=everyone
        ):
            # The same sums for every component of a version, walked once each. It is the calculation of `earn` with a
            # row per credit in place of a row per segment: the same functions of the same columns, which is why the
            # last line of an earning comes to its amount.
            for component in plan.in_order:
                if plan.walks(component):
                    walk = Walk(summed, plan, component=component, roster=roster, turns=turns)
                    lines.append(walk.lines())
                    slices += walk.slices()
                elif names_of(component, plan):
                    values.append(values_at_the_end(summed, plan, component=component, roster=roster))
    walked = pl.concat(lines)
    # Whatever the walk could not tell is the earning less its lines, so the sum holds by construction.
    rest = _rest(walked, earned, values=pl.concat(values), plans=plans)
    return _numbered(Explained(pl.concat([walked, rest]), pl.concat(slices)), plans)


def _summed(
    together: Sequence[Plan],
    credits: pl.DataFrame,
    *,
    earned: pl.DataFrame,
    roster: Roster,
    plans: PlanSet,
    everyone: pl.DataFrame | None,
) -> Iterator[tuple[pl.DataFrame, Plan, Turns | None]]:
    """The events of versions whose sums go on from one to the next, in order, with what all ingredients of a version
    have come to, and its deals in turn."""
    events = pl.concat(
        [
            _events(
                credits,
                _openings(credits, earned, roster=roster, plan=plan, together=together, plans=plans, everyone=everyone),
                plan=plan,
            )
            for plan in together
        ],
        how="diagonal",
    )
    events = with_increments(_sorted(events), together)
    others = events
    if any(plan.apart.groups for plan in together):
        others = events.filter(pl.col("first"))
        if everyone is not None:
            others = with_increments(_sorted(pl.concat([_credited(everyone, p) for p in together])), together)
    groups = sums_of_groups(others, together, roster=roster)
    turns = turns_of(events, together, roster=roster, groups=groups)
    if turns:
        events = with_pay_in_turn(events, turns).with_row_index("event")
    for plan in together:
        summed = accumulated(_in_order(events, plan), plan)
        if plan.version in groups:
            summed = groups[plan.version].at_the_end(summed)
        yield summed, plan, turns.get(plan.version)


def _events(credits: pl.DataFrame, opened: pl.DataFrame, *, plan: Plan) -> pl.DataFrame:
    """The credits of a version, with what components that pay by the deal pay for each, and the opening of every
    period."""
    of_plan = _credited(credits, plan)
    by_deal = (
        [
            due.alias(f"@{name}").zip_with(of_plan["rule"].is_in(sorted(rules)), pl.Series([0]))
            for name, rules, due in paid_by_deal(of_plan, plan)
        ]
        if plan.pays_by_deal
        else []
    )
    rows = of_plan.with_columns(by_deal)
    openings = opened.with_columns(
        rule=pl.lit(OPENING), exchange=pl.lit(""), amount=pl.lit(0, dtype=pl.Int64), deals=pl.lit(0, dtype=pl.Int64)
    )
    return pl.concat([rows, openings], how="diagonal").with_columns(first=pl.col("rule") != OPENING)


def _credited(credits: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The credits of a version with their fiscal periods, one deal each."""
    of_plan = credits.filter(plan.own_rows).with_columns(
        deals=pl.lit(1, dtype=pl.Int64), first=pl.lit(value=True), idle=pl.lit(value=False)
    )
    return of_plan.with_columns(fiscal=fiscal_of(pl.col("credit_date"), plan.calendar))


def _openings(
    credits: pl.DataFrame,
    earned: pl.DataFrame,
    *,
    roster: Roster,
    plan: Plan,
    together: Sequence[Plan],
    plans: PlanSet,
    everyone: pl.DataFrame | None,
) -> pl.DataFrame:
    """The steps of everyone on a version: segments with credits or scores, without either those that were paid
    nevertheless, and those in which a fiscal period ends.

    Steps in which only what the participant's group has brought moves pay are `idle`: all other components know nothing
    of them.
    """
    own = earned.filter(plan.own_rows)
    steps = _brought(credits, own, roster=roster, plan=plan, plans=plans)
    alone = [c for c in plan.components if not plan.compares(c)]
    steps = _with_paid(steps, own, components=alone)
    if plan.calendar.weeks is not None:
        steps = pl.concat([steps, last_segments(steps, plan)])
    steps = steps.unique().with_columns(idle=pl.lit(value=False))
    comparing = [c for c in plan.components if plan.compares(c)]
    known = steps.select(STEP)
    if compares_for_longer(plan) and any(c.pays != "month" for c in comparing):
        # What is paid by the quarter does not say in which of its months the others moved it.
        of_all = everyone if everyone is not None else credits
        chain = [_brought(credits, earned, roster=roster, plan=each, plans=plans) for each in together]
        segments = [_brought(of_all, None, roster=roster, plan=each, plans=plans) for each in together]
        if plan.calendar.weeks is not None:
            chain, segments = ([*s, *(last_segments(each, plan) for each in s)] for s in (chain, segments))
        others = in_others_segments(pl.concat(chain), pl.concat(segments), together=together)
        others = others.filter(pl.col("version") == plan.version)
        known = pl.concat([known, others])
    others = _with_paid(known, own, components=comparing).unique().join(steps, on=STEP, how="anti")
    return pl.concat([steps, others.with_columns(idle=pl.lit(value=True))])


def _brought(
    credits: pl.DataFrame, earned: pl.DataFrame | None, *, roster: Roster, plan: Plan, plans: PlanSet
) -> pl.DataFrame:
    """The steps of a version with credits or scores, the latter of those who have earnings, or of everyone."""
    dated = credits.filter(plan.own_rows)
    steps = [dated.with_columns(fiscal=fiscal_of(pl.col("credit_date"), plan.calendar)).select(STEP)]
    if any(measure.score for measure in plan.measures):
        entered = scored(roster, plan, plans=plans).select(STEP)
        steps.append(
            entered if earned is None else entered.join(earned.filter(plan.own_rows), on="participant_id", how="semi")
        )
    return pl.concat(steps).unique()


def _with_paid(steps: pl.DataFrame, own: pl.DataFrame, *, components: Sequence[Component]) -> pl.DataFrame:
    """The steps, and those in which one of the components was paid although there is nothing else."""
    by_month = [c.component for c in components if c.pays == "month"]
    steps = pl.concat([steps, own.filter(pl.col("component").is_in(by_month)).select(STEP)])
    for component in components:
        # A quarter that is paid as a whole has its lines in its last month, which is no step of its own unless nothing
        # else in the quarter is one.
        if component.pays != "month":
            paid = own.filter(pl.col("component") == component.component).select(STEP)
            window = window_of(pl.col("fiscal"), component.pays).alias("window")
            known = steps.select("participant_id", window)
            idle = paid.with_columns(window).join(known, on=["participant_id", "window"], how="anti")
            steps = pl.concat([steps, idle.select(STEP)])
    return steps


def _in_order(events: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The events in the order of the plan, each with what it adds to every ingredient by its date."""
    if plan.in_turn:
        events = _sorted(events, *by_size(plan))
    elif plan.conventions.order != "date":
        size = pl.col("amount") if plan.conventions.order == "smallest_first" else -pl.col("amount")
        events = _sorted(events, size)
    return events.with_columns(pl.col(plan.ingredient_names).fill_null(0))


def _sorted(events: pl.DataFrame, *size: pl.Expr) -> pl.DataFrame:
    """By participant and segment, the opening first, then by size where that counts, then by date."""
    # Participants and periods are few: as numbers in their order they sort several times faster than as texts.
    few = [pl.col(name).cast(pl.Enum(events[name].unique().sort())) for name in ("participant_id", "period")]
    who, month = few
    whose = [] if events["earned_by"].null_count() == events.height else ["earned_by"]
    return events.sort(
        who, "fiscal", "version", month, "first", *size, "credit_date", "deal_id", "rule", *whose, nulls_last=False
    )


def _rest(walked: pl.DataFrame, earned: pl.DataFrame, *, values: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """What earnings have beyond lines that tell them: the pay of kinds whose pay is one number, with the `values` that
    its names came to; carry-overs, limits of the plan."""
    in_lines = walked.group_by(EARNING).agg(in_lines=pl.col("amount").sum())
    names = {(plan.plan, plan.version, c.component): _rest_of(c, plan) for plan in plans for c in plan.components}
    rules = [names.get(key, "limit") for key in earned.select("plan", "version", "component").iter_rows()]
    # Of kinds whose pay is one number a zero has a line as well, where there is a reason to tell.
    unpaid = (pl.col("rule") == "result") & (pl.col("amount") == 0) & pl.col("problem").is_not_null()
    left = (
        earned.with_columns(pl.Series("rule", rules, dtype=pl.String), after="measure", attainment_after="attainment")
        .join(in_lines, on=EARNING, how="left")
        .join(values, on=EARNING, how="left")
        .with_columns(rest=pl.col("amount") - pl.col("in_lines").fill_null(0))
        .filter(((pl.col("rest") != 0) | unpaid) & pl.col("rule").is_not_null())
        .with_columns(problem=pl.when(unpaid).then("problem"))
    )
    return without_deal(on_last_days(left, plans), "rest", rule=pl.col("rule"), problem="problem", values="values")


def _rest_of(component: Component, plan: Plan) -> str | None:
    """What the pay of a component has beyond its lines, where it may have any."""
    if not plan.walks(component):
        return "result"
    return after_lines(component) if component.explained_by_earning else None


def _numbered(explained: Explained, plans: PlanSet) -> Explained:
    """The lines numbered by component and month, those that come last of their earning too."""
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(OF_MONTH)
    lines = explained.lines
    if not plans.in_weeks:
        return Explained(
            lines.with_columns(line=pl.when(pl.col("line") < LAST).then("line").otherwise(place)), explained.slices
        )
    # A month in which one fiscal period ends and another begins has the lines of both, each with those that come last.
    numbered = lines.sort(*EARNING, "line", maintain_order=True).with_columns(number=place)
    of_deals = numbered.filter(pl.col("line") < LAST).select(*OF_MONTH, "line", "number")
    slices = explained.slices.join(of_deals, on=[*OF_MONTH, "line"], how="left", maintain_order="left")
    return Explained(
        numbered.with_columns(line="number").select(LINES.names()),
        slices.with_columns(line="number").select(SLICES.names()),
    )
