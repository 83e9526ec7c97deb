"""Explain: the lines of an earning, the same calculation walked along the running sum in deal order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from shared.kernel.calendar import last_of_window
from shared.kernel.columns import Exact
from shared.kernel.components import Component, Part
from shared.kernel.earn import earn
from shared.kernel.exact import AMOUNT_SCALE, RATE_SCALE, whole
from shared.kernel.measure import ORDER, STEP, added, measure, paid_by_deal
from shared.kernel.plan import Plan
from shared.kernel.plan_set import PlanSet
from shared.kernel.roster import Roster
from shared.kernel.standing import accumulated, paid, place, shown, within
from shared.kernel.tables import LINES, SLICES, empty

_OPENING = "opening"
_LAST = 10**9
_EARNING = ["participant_id", "plan", "version", "component", "period"]


class Explained(NamedTuple):
    """The lines of some earnings (`LINES`), and the parts of each line (`SLICES`)."""

    lines: pl.DataFrame
    slices: pl.DataFrame


def explain(credits: pl.DataFrame, roster: Roster, plans: PlanSet, earnings: pl.DataFrame | None = None) -> Explained:
    """The lines of every earning of the credits: deals by credit date, then deal id, then rule, unless the plan says otherwise.

    A line pays `round(F(after)) - round(F(before))`, so that lines sum to the earning to the cent. What a minimum, a maximum or a
    carry-over changes is a line of its own.

    Args:
        credits: all `CREDITS` of the participants to explain, of all periods of a window.
        roster: quotas, terms and scores.
        plans: the versions the credits name.
        earnings: their `EARNINGS`, for whoever knows them already; needed where a plan compares participants with others.

    Returns:
        lines numbered from 1 per participant, plan version, component and period, and their slices.

    Raises:
        Overflow: a running sum is beyond 10^18 minor units.
    """
    earned = earn(measure(credits, plans), roster, plans) if earnings is None else earnings
    lines, slices = [empty(LINES)], [empty(SLICES)]
    for together in plans.together():
        events = [_events(credits, earned, plan) for plan in together]
        for plan in together:
            for component in plan.in_order:
                found = _Walk(pl.concat(events, how="diagonal"), plan, component, roster)
                lines.append(found.lines())
                slices += found.slices()
    walked = pl.concat(lines)
    rest = _rest(walked, earned, plans)
    return Explained(_numbered(pl.concat([walked, rest])), pl.concat(slices))


def _events(credits: pl.DataFrame, earned: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The credits of a version in order with what each adds to the ingredients; before those of a period stands its opening."""
    of_plan = credits.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version))
    by_deal = (
        [
            due.alias(f"@{name}").zip_with(of_plan["rule"].is_in(sorted(rules)), pl.Series([0]))
            for name, rules, due in paid_by_deal(of_plan, plan)
        ]
        if plan.pays_by_deal
        else []
    )
    rows = of_plan.with_columns(*by_deal, deals=pl.lit(1, dtype=pl.Int64))
    openings = (
        pl.concat([of_plan.select(STEP), _of(earned, plan).select(STEP)])
        .unique()
        .with_columns(rule=pl.lit(_OPENING), amount=pl.lit(0, dtype=pl.Int64), deals=pl.lit(0, dtype=pl.Int64))
    )
    every = pl.concat([rows, openings], how="diagonal").with_columns(first=pl.col("rule") != _OPENING)
    size = {"date": [], "smallest_first": ["amount"], "largest_first": ["-amount"]}[plan.conventions.order]
    order = [-pl.col("amount") if name == "-amount" else pl.col(name) for name in size]
    ordered = every.sort(*ORDER, "first", *order, "credit_date", "deal_id", "rule", nulls_last=False)
    return added(ordered, plan).with_columns(pl.col(name).fill_null(0) for name in plan.ingredient_names)


def _of(table: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    return table.filter((pl.col("plan") == plan.plan) & (pl.col("version") == plan.version))


class _Walk:
    """A component along the events that can move its pay."""

    def __init__(self, events: pl.DataFrame, plan: Plan, component: Component, roster: Roster) -> None:
        self._plan, self._component = plan, component
        names = [name for name in plan.ingredient_names if name not in events.columns]
        events = events.with_columns(pl.lit(0, dtype=pl.Int64).alias(name) for name in names)
        summed = accumulated(
            events.with_columns(pl.col(plan.ingredient_names).fill_null(0)).sort(ORDER, maintain_order=True), plan
        )
        measures = [m for m in plan.measures if m.measure in plan.measures_of(component)]
        rules = {rule for each in measures for rule in each.rules}
        self._rows = summed.filter(pl.col("rule").is_in([*sorted(rules), _OPENING]))
        self._at = place(self._rows, plan, roster)
        for linked in plan.in_order:
            pay = paid(linked, self._at, plan, roster)
            if linked is component:
                break
        # The window is that of the month in which a deal was credited, not of the month in which it is paid.
        key = self._at.rows.select(key=pl.struct(within(plan.window(component), plan))).to_series()
        main = component.main_measure()
        value, quota = shown(self._at, main, plan)
        fed = plan.measure(main)
        counts = pl.col("rule").is_in(sorted(fed.rules if fed is not None else set()))
        self._walked = (
            self._at.rows.with_columns(
                value.alias("after"),
                quota.alias("quota"),
                pay.unlimited.alias("due"),
                pay.due.alias("limited"),
                problem=pay.problem,
            )
            .with_columns(
                component=pl.lit(component.component),
                before=pl.col("after").shift(1, fill_value=0).over(*within(plan.window(component), plan)),
                credited=pl.when(counts).then("amount").otherwise(0),
                currency=pl.lit(plan.currency),
                period=last_of_window(pl.col("period"), component.pays, plan.calendar),
            )
            .with_columns(key)
            .with_columns(amount=pl.col("due") - pl.col("due").shift(1, fill_value=0).over("key"))
        )
        kept = (pl.col("version") == plan.version) & ((pl.col("rule") != _OPENING) | (pl.col("amount") != 0))
        self._kept = self._walked.select(kept).to_series()
        self._walked = self._walked.with_columns(
            line=kept.cast(pl.Int64).cum_sum().over("participant_id", "version", "period")
        )

    def lines(self) -> pl.DataFrame:
        """`LINES`, for components that can be told deal by deal."""
        if not type(self._component).walks:
            return empty(LINES)
        told = self._walked.filter(self._kept).select(LINES.names()).cast(LINES)
        return pl.concat([told, self._limits()])

    def _limits(self) -> pl.DataFrame:
        """What minimum and maximum change of the pay of a period, as a line after the others."""
        if self._component.carry_over or (self._component.minimum is None and self._component.maximum is None):
            return empty(LINES)
        grown = self._walked.with_columns(
            limited=pl.col("limited") - pl.col("limited").shift(1, fill_value=0).over("key") - pl.col("amount")
        ).filter(pl.col("version") == self._plan.version)
        by_period = grown.group_by(_EARNING, maintain_order=True).agg(
            pl.col("limited").sum(), pl.col("after", "quota", "currency").last()
        )
        return _without_deal(by_period.filter(pl.col("limited") != 0), "limited", pl.lit(_name(self._component)))

    def slices(self) -> Iterator[pl.DataFrame]:
        """`SLICES` of the lines."""
        if not type(self._component).walks:
            return
        factor = self._component.factor(self._at)
        payable = self._walked["problem"].is_null() & self._kept
        for number, part in enumerate(self._component.parts(self._at), start=1):
            yield from self._slices(number, part, factor, payable)

    def _slices(self, number: int, part: Part, factor: Exact | None, payable: pl.Series) -> Iterator[pl.DataFrame]:
        """What a line changes in one part: the growth of the base at the rate, or where the rate moves, after and before."""
        base = _scaled(part.base, AMOUNT_SCALE * 10**self._plan.digits).cast(pl.Int128)
        rate = _scaled(
            part.rate if isinstance(part.rate, Exact) else Exact.constant(part.rate, self._at.height), RATE_SCALE
        )
        times = _scaled(factor if factor is not None else Exact.constant(1, self._at.height), RATE_SCALE)
        frame = self._walked.select(*_EARNING, "line", "key").with_columns(
            base.alias("base"),
            rate.cast(pl.Int64).alias("rate"),
            times.cast(pl.Int64).alias("factor"),
            payable.alias("payable"),
            tier=pl.lit(number, dtype=pl.Int64),
            reach=pl.lit(part.reach),
        )
        before = frame.with_columns(
            pl.col("base").shift(1).over("key").fill_null(whole(0)).alias("base_before"),
            pl.col("rate").shift(1).over("key").fill_null(pl.col("rate")).alias("rate_before"),
            pl.col("factor").shift(1).over("key").fill_null(pl.col("factor")).alias("factor_before"),
        )
        steady = (pl.col("rate") == pl.col("rate_before")) & (pl.col("factor") == pl.col("factor_before"))
        moved = before.filter("payable").with_columns(steady=steady)
        grown = moved.with_columns(
            credited=pl.when("steady").then(pl.col("base") - pl.col("base_before")).otherwise("base")
        )
        taken = moved.filter(~pl.col("steady")).with_columns(
            credited=whole(0) - pl.col("base_before"), rate="rate_before", factor="factor_before"
        )
        for found in (grown, taken):
            yield found.filter((pl.col("credited") != whole(0)) & (pl.col("factor") != 0)).select(SLICES.names())


def _scaled(number: Exact, scale: int) -> pl.Series:
    """Whole numbers of `1/scale` for people to read, cut off where there is more."""
    size = (abs(number) * scale).floor()
    signed = size * Exact.of((number < 0).cast(pl.Int64) * -2 + 1)
    return signed.minor(0, "a number on a statement") if signed.most < 2**62 else _wide(signed)


def _wide(number: Exact) -> pl.Series:
    return pl.Series([int(each) for each in number.to_fractions()], dtype=pl.Int128)


def _rest(walked: pl.DataFrame, earned: pl.DataFrame, plans: PlanSet) -> pl.DataFrame:
    """What earnings have beyond lines that tell them: the pay of kinds whose pay is one number, carry-overs, limits of the plan."""
    told = walked.group_by(_EARNING).agg(told=pl.col("amount").sum())
    names = {
        (plan.plan, plan.version, c.component): _name(c) if c.carry_over or not type(c).walks else None
        for plan in plans
        for c in plan.components
    }
    rules = [names.get(key, "limit") for key in earned.select("plan", "version", "component").iter_rows()]
    left = (
        earned.with_columns(pl.Series("rule", rules, dtype=pl.String), after="measure")
        .join(told, on=_EARNING, how="left")
        .with_columns(rest=pl.col("amount") - pl.col("told").fill_null(0))
        .filter((pl.col("rest") != 0) & pl.col("rule").is_not_null())
    )
    return _without_deal(left, "rest", pl.col("rule"))


def _without_deal(rows: pl.DataFrame, amount: str, rule: pl.Expr) -> pl.DataFrame:
    """Lines that no deal has caused, after all others: they are numbered later."""
    return (
        rows.with_columns(
            rule=rule,
            line=pl.lit(_LAST, dtype=pl.Int64),
            deal_id=pl.lit(None, dtype=pl.String),
            share=pl.lit(None, dtype=pl.Int64),
            credit_date=pl.lit(None, dtype=pl.Date),
            credited=pl.lit(0, dtype=pl.Int64),
            before="after",
            amount=amount,
        )
        .select(LINES.names())
        .cast(LINES)
    )


def _name(component: Component) -> str:
    """What changes the pay of a component after its lines."""
    if not type(component).walks:
        return "result"
    if component.carry_over:
        return "carry_over"
    if (component.minimum is None) == (component.maximum is None):
        return "limit"
    return "minimum" if component.minimum is not None else "maximum"


def _numbered(lines: pl.DataFrame) -> pl.DataFrame:
    last = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(_EARNING)
    return lines.with_columns(line=pl.when(pl.col("line") < _LAST).then("line").otherwise(last))
