"""Earn: what each component of a plan pays for what participants have reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.arithmetic.expressions import WHOLE_SHARE, narrow, wide
from shared.kernel.arithmetic.running_sums import growth, running_sum
from shared.kernel.calendar import fiscal_of, last_of_window, month_of, month_of_end, window_of
from shared.kernel.components import Component
from shared.kernel.components.context import EvaluationContext
from shared.kernel.evaluation.budgets import carried, granted, in_proportion
from shared.kernel.evaluation.group_sums import GroupSums, sums_of_groups
from shared.kernel.evaluation.pay import (
    ORDER,
    component_pay,
    context_for,
    ends_fiscal_period,
    forfeited,
    shown,
    shown_measure,
    takes_part,
    without_leavers,
)
from shared.kernel.evaluation.turns import Turns, turns_of, with_pay_in_turn
from shared.kernel.evaluation.window_sums import accumulated, window_starts
from shared.kernel.language.values import Figure
from shared.kernel.measure import EVENT_KEYS, STEP
from shared.kernel.pay_of_others import PAY_CREDITS, pay_credits, with_pay
from shared.kernel.plan.model import MAXIMUM, MINIMUM
from shared.kernel.plan.plan_set import PlanSet
from shared.kernel.plan.version import Plan
from shared.kernel.reasons import PAYS_NOTHING
from shared.kernel.roster import Roster
from shared.kernel.segments import completed, last_segments
from shared.kernel.tables import EARNINGS, NUMBER, empty


def earn(measures: pl.DataFrame, roster: Roster, *, plans: PlanSet, kept: pl.DataFrame | None = None) -> pl.DataFrame:
    """Evaluate every component; rounds once, on what it has paid in its window so far, of which a segment pays the
    growth.

    A segment is what a fiscal period and a calendar month share. What is not paid deal by deal is paid in the segment
    in which its fiscal period ends: a fixed amount, what compares participants, what a minimum adds.

    Args:
        measures: `MEASURES`, with all of a window where a measure goes on over several.
        roster: quotas, terms and scores; those of a fiscal period are the ones in force on its last day.
        plans: the versions the measures name.
        kept: `EARNINGS` of versions with which nothing is calculated now, for whoever is paid on them.

    Returns:
        `EARNINGS`, one row per participant, plan version, component and segment.

    Raises:
        Overflow: a sum or an amount is beyond 10^18 minor units.
    """
    chains = plans.version_chains()
    by_chain = [_earned_together(together, measures, roster=roster, plans=plans) for together in chains]
    if plans.pays_on_others:
        others = empty(EARNINGS) if kept is None else kept.select(EARNINGS.names())
        credited = empty(PAY_CREDITS)
        # Whoever is paid on others' pay is earned again until that pay no longer moves: a director after the managers,
        # and those after the reps. It ends, since pay that turns in a circle is refused (`plan_set.check_together`).
        while not (pay := pay_credits(pl.concat([others, *by_chain]), roster, plans=plans)).equals(credited):
            credited, with_others = pay, with_pay(measures, pay, plans=plans)
            for place, together in enumerate(chains):
                if any(plan.of_others for plan in together):
                    by_chain[place] = _earned_together(together, with_others, roster=roster, plans=plans)
    return pl.concat([empty(EARNINGS), *by_chain])


def _earned_together(
    together: Sequence[Plan], measures: pl.DataFrame, *, roster: Roster, plans: PlanSet
) -> pl.DataFrame:
    """The `EARNINGS` of versions whose sums go on from one to the next."""
    apart = any(plan.apart.by_event for plan in together)
    contributed = pl.concat(
        [steps for plan in together for steps in _contributed(measures, roster, plan=plan, plans=plans, apart=apart)],
        how="diagonal",
    )
    groups = sums_of_groups(contributed, together, roster=roster)
    events, turns = None, dict[int, Turns]()
    if apart:
        turns = turns_of(contributed, together, roster=roster, groups=groups)
        events = with_pay_in_turn(contributed, turns)
        contributed = _steps(events)
    earned = [
        earning
        for plan in together
        for earning in _earned(
            completed(contributed, plan, together=together),
            roster,
            plan=plan,
            groups=groups.get(plan.version),
            events=events,
            turns=turns.get(plan.version),
        )
    ]
    return pl.concat([empty(EARNINGS), *earned])


def _contributed(
    measures: pl.DataFrame, roster: Roster, *, plan: Plan, plans: PlanSet, apart: bool
) -> Iterator[pl.DataFrame]:
    """What each step of a version adds to its ingredients, one row per participant and segment, or with `apart` also
    per credit; a day with a score makes its segment a step."""
    of_plan = measures.filter(plan.own_rows)
    # A column per ingredient: everything after works on columns, and a measure that somebody has none of is null here
    # and zero in `completed`.
    if apart:
        yield of_plan.unnest("event").pivot("measure", index=[*STEP, *EVENT_KEYS], values="amount")
    else:
        yield of_plan.pivot("measure", index=STEP, values="amount").sort(ORDER)
    if any(measure.score for measure in plan.measures):
        yield scored(roster, plan, plans=plans).join(of_plan.select(STEP).unique(), on=STEP, how="anti")


def _steps(events: pl.DataFrame) -> pl.DataFrame:
    """Steps of a participant in a segment, from rows of which some are of a credit each."""
    names = [name for name in events.columns if name not in (*STEP, *EVENT_KEYS)]
    steps = events.group_by(STEP).agg(wide(name).sum() for name in names)
    return narrow(steps, *names, what="the sum of a measure").sort(ORDER)


def scored(roster: Roster, plan: Plan, *, plans: PlanSet) -> pl.DataFrame:
    """The steps of participants for whom a score was entered on a day on which they are on the version."""
    names = [measure.measure for measure in plan.measures if measure.score]
    on = roster.scored_days(names).join_asof(
        roster.assignments, left_on="day", right_on="effective_from", by="participant_id", check_sortedness=False
    )
    of_plan = on.filter((pl.col("plan") == plan.plan) & pl.col("active")).drop("effective_from", strict=False)
    return (
        of_plan.join_asof(plans.in_force, left_on="day", right_on="effective_from", by="plan", check_sortedness=False)
        .filter(pl.col("version") == plan.version)
        .select(
            "participant_id",
            "plan",
            version=pl.lit(plan.version, dtype=pl.Int64),
            period=month_of(pl.col("day")),
            fiscal=fiscal_of(pl.col("day"), plan.calendar),
        )
        .unique()
    )


def _earned(
    steps: pl.DataFrame,
    roster: Roster,
    *,
    plan: Plan,
    groups: GroupSums | None = None,
    events: pl.DataFrame | None = None,
    turns: Turns | None = None,
) -> list[pl.DataFrame]:
    if steps.is_empty():
        return []

    def at(rows: pl.DataFrame) -> EvaluationContext:
        summed = accumulated(rows, plan)
        return context_for(summed if groups is None else groups.at_the_end(summed), plan, roster=roster)

    whole = at(steps)
    own = whole
    if steps["idle"].any():
        # Idle rows are for comparing only. A component that compares nobody must not see them: a fixed amount would be
        # paid for them.
        own = at(steps.filter(~pl.col("idle")))
    by_name: dict[str, pl.DataFrame] = {}
    for component in plan.in_order:
        compares = plan.compares(component)
        context = whole if compares else own
        paid = _paid(component, context, plan=plan, roster=roster, events=events, turns=turns)
        by_name[component.component] = paid
        if not compares and own is not whole:
            component_pay(component, whole, plan=plan, roster=roster)  # for those who compare what it pays
    earnings = [by_name[component.component] for component in plan.components]
    return [*earnings, *_limits(earnings, own, plan=plan, roster=roster)]


def _paid(
    component: Component,
    context: EvaluationContext,
    *,
    plan: Plan,
    roster: Roster,
    events: pl.DataFrame | None,
    turns: Turns | None,
) -> pl.DataFrame:
    pay = component_pay(component, context, plan=plan, roster=roster)
    value, quota, attained = shown_measure(context, component.main_measure())
    due = pay.due
    if component.first_come and events is not None:
        given = granted(component, events, plan=plan, roster=roster)
        by_step = context.rows.select(STEP).join(given, on=ORDER, how="left", maintain_order="left")["granted"]
        due = running_sum(by_step.fill_null(0), window_starts(context.rows, plan.window(component), plan=plan))
    elif component.budget is not None:
        due = in_proportion(component.budget, pay.due, context=context)
    problem, about = pay.problem, pay.about
    if component.in_turn and turns is not None:
        problem, about = turns.told_at(context.rows, component, problem=problem, about=about)
    rows = context.rows.select(*STEP, "added", "idle").with_columns(
        value.alias("measure"),
        quota.alias("quota"),
        attained.alias("attainment"),
        _share(component, context).alias("share"),
        problem.alias("problem"),
        about.alias("about"),
        due.alias("due"),
        pay.unlimited.alias("unlimited"),
    )
    if component.carry_over:
        assert component.maximum is not None
        rows = rows.with_columns(_limit(component.maximum, context).alias("most"))
    at_the_end = plan.calendar.weeks is not None and plan.pays_at_the_end(component)
    if at_the_end:
        rows = rows.filter(ends_fiscal_period(plan))
    begin = window_starts(rows, plan.window(component), plan=plan)
    # The pay of the window so far, less that of the segment before. It telescopes: a late deal or a correction changes
    # one segment's step and never the sum.
    rows = rows.with_columns(growth(rows["due"], begin).alias("amount"))
    if component.carry_over:
        rows = rows.with_columns(carried(rows, component, plan=plan))
    if component.maximum is not None or component.budget is not None:
        rows = _at_limit(rows, growth(rows["unlimited"], begin), component=component)
    rows = forfeited(rows, plan, roster=roster)
    # Who takes no part has no row, and is told of no reason either.
    rows = rows.filter((pl.col("amount") != 0) | takes_part(rows, plan.window(component), plan=plan, roster=roster))
    # Steps of other versions were there because sums go on from them; added ones are kept where something is paid at
    # the end.
    rows = rows.filter((pl.col("version") == plan.version) & (~pl.col("added") | at_the_end | (pl.col("amount") != 0)))
    if component.pays != "month":
        rows = _together(rows, component, plan=plan)
    return _as_earnings(rows, component.component, plan=plan)


def _share(component: Component, context: EvaluationContext) -> pl.Series:
    """Which share of a pool each has, in 10^-8."""
    share = component.share(context)
    if share is None:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, context.height)
    return share.shown(WHOLE_SHARE, "a share").cast(pl.Int64)


def _at_limit(rows: pl.DataFrame, unlimited: pl.Series, *, component: Component) -> pl.DataFrame:
    """Rows of which those that a limit leaves nothing of what they would add say so."""
    nothing = rows["amount"].eq(0) & unlimited.ne(0) & rows["problem"].is_null()
    limits = {"the maximum": component.maximum, "the budget of everyone together": component.budget}
    limit = " or ".join(name for name, figure in limits.items() if figure is not None)
    columns = {"problem": "limit_reached", "about": limit}
    return rows.with_columns(pl.Series(name, [value]).zip_with(nothing, rows[name]) for name, value in columns.items())


def _together(rows: pl.DataFrame, component: Component, *, plan: Plan) -> pl.DataFrame:
    """The steps of a quarter, half-year or year as one, in its last; and what earlier ones lacked, in each of them."""
    last = last_of_window(pl.col("fiscal"), component.pays)
    together = (
        rows.with_columns(fiscal=last)
        .with_columns(period=month_of_end(pl.col("fiscal"), plan.calendar))
        .group_by(STEP, maintain_order=True)
        .agg(pl.col("measure", "quota", "attainment", "share", "problem", "about").last(), pl.col("amount").sum())
    )
    # What a window lacks in a month and has in a later one is paid then; only a deal in turn is never paid later.
    whole, window = last.alias("paid_in"), window_of(pl.col("fiscal"), plan.window(component)).alias("window")
    final = pl.lit(component.in_turn) | pl.struct("participant_id", whole, window).is_last_distinct()
    before = ~pl.struct("participant_id", whole).is_last_distinct()
    missing = [name for name, reason in PAYS_NOTHING.items() if not reason.planned]
    unpaid = rows.filter(pl.col("problem").is_in(missing) & ~pl.col("idle") & final & before)
    unpaid = unpaid.with_columns(amount=pl.lit(0, dtype=pl.Int64)).select(together.columns)
    return pl.concat([together, unpaid.join(together, on=STEP, how="anti")])


def _as_earnings(rows: pl.DataFrame, name: str, *, plan: Plan) -> pl.DataFrame:
    return rows.with_columns(component=pl.lit(name), currency=pl.lit(plan.currency)).select(EARNINGS.names())


def _limits(
    earnings: Iterable[pl.DataFrame], context: EvaluationContext, *, plan: Plan, roster: Roster
) -> list[pl.DataFrame]:
    """What the plan's own minimum adds to pay of a fiscal period in which somebody has a step, and its maximum takes
    from that of any; also one in which a quarter is paid."""
    if plan.minimum is None and plan.maximum is None:
        return []
    # Who has left the plan still stands in a ranking, and a version that has ended still pays its part of a quarter:
    # neither is owed the minimum of a month that is another's.
    own = last_segments(context.rows.filter(pl.col("version") == plan.version), plan).with_columns(tops_up=pl.lit(True))
    paid_in = pl.concat(earnings).with_columns(period=month_of_end(pl.col("fiscal"), plan.calendar))
    total = paid_in.group_by(STEP).agg(pl.col("amount").sum())
    rows = own.join(total, on=STEP, how="full", coalesce=True).sort(ORDER)
    filled_in = rows.with_columns(pl.col("amount").fill_null(0), pl.col("tops_up").fill_null(value=False))
    months = context_for(filled_in, plan, roster=roster)
    limited: list[pl.DataFrame] = []
    for name, figure in ((MINIMUM, plan.minimum), (MAXIMUM, plan.maximum)):
        if figure is None:
            continue
        room = _limit(figure, months) - months.rows["amount"]
        if name == MINIMUM:
            added = room.clip(lower_bound=0) * months.rows["tops_up"]
            moved = without_leavers(added, months.rows, plan=plan, roster=roster)
        else:
            moved = room.clip(upper_bound=0)
        by = months.rows.with_columns(
            shown(ExactColumn.of(months.rows["amount"], 10**plan.digits), "a sum of pay").alias("measure"),
            quota=pl.lit(None, dtype=NUMBER),
            attainment=pl.lit(None, dtype=NUMBER),
            share=pl.lit(None, dtype=pl.Int64),
            problem=pl.lit(None, dtype=pl.String),
            about=pl.lit(None, dtype=pl.String),
            amount=moved,
        )
        limited.append(_as_earnings(by.filter(pl.col("amount") != 0), name, plan=plan))
    return limited


def _limit(figure: Figure, context: EvaluationContext) -> pl.Series:
    """A minimum or maximum row by row, in minor units."""
    return context.rounded(context.figure(figure)).minor(context.digits, "a limit")
