"""A component along the events of its participants in order: what each of them adds to its pay, and in which parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import reduce
from operator import or_

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn, Number, total, where
from shared.kernel.arithmetic.expressions import AMOUNT_SCALE, RATE_SCALE, REPRICED, ROUNDING
from shared.kernel.arithmetic.running_sums import begins, growth, previous, running_sum
from shared.kernel.calendar import end_of_segment, last_of_window, month_of_end
from shared.kernel.components import Component, Part
from shared.kernel.components.context import DealsInTurn
from shared.kernel.evaluation.named_values import named_values
from shared.kernel.evaluation.pay import (
    bounded_deal_pay,
    component_pay,
    context_for,
    forfeited,
    shown,
    shown_measure,
    without_leavers,
)
from shared.kernel.evaluation.turns import Turns
from shared.kernel.evaluation.unpaid import AT_ZERO
from shared.kernel.evaluation.window_sums import window_starts
from shared.kernel.language.measures import PAY_OF
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster
from shared.kernel.tables import LINES, NUMBER, SLICES, empty

OPENING = "opening"
"""The rule of the event that opens a period: what the period brings by itself, without a deal."""
LAST = 10**9
"""The number of a line that comes after all others of an earning, until they are numbered."""
EARNING = ["participant_id", "plan", "version", "component", "period", "fiscal"]

OF_MONTH = ["participant_id", "plan", "version", "component", "period"]
"""Within which lines are numbered: all earnings of a component in a calendar month."""


class Walk:
    """A component along the events that can move its pay.

    Args:
        events: in order, with what all ingredients have come to.
        turns: the deals of the version in turn, if it pays any so; then rows have their place in it as `event`.
    """

    def __init__(
        self, events: pl.DataFrame, plan: Plan, *, component: Component, roster: Roster, turns: Turns | None = None
    ) -> None:
        self._turns = turns
        self._plan, self._component, self._roster = plan, component, roster
        rules = sorted(plan.rules_of(component))
        # What another version credited went by its own rules into the sums that go on here: without those rows, what
        # they added would look like the doing of the next deal.
        moving = (pl.col("version") != plan.version) | pl.col("rule").is_in([*rules, OPENING])
        if not plan.compares(component):
            moving &= ~pl.col("idle")
        self._context = context_for(events.filter(moving), plan, roster=roster)
        # First those to whose pay it refers, which is then in the context; the last is the component itself.
        for needed in plan.leading_to(component):
            self._pay = component_pay(needed, self._context, plan=plan, roster=roster)
        # The window is that of the month in which a deal was credited, not of the month in which it is paid.
        self._begins = window_starts(self._context.rows, plan.window(component), plan=plan)
        self._measured_from = self._begins | window_starts(
            self._context.rows, plan.windows.of_measure(component), plan=plan
        )
        fed = plan.measure(component.main_measure())
        self._counts = self._context.rows["rule"].is_in(sorted(fed.rules if fed is not None else set()))
        self._walked = self._amounts()
        # Rows of earlier versions were walked because sums go on from them; their lines are told by the walk of their
        # own version. An opening that moves nothing is no line.
        kept = (pl.col("version") == plan.version) & ((pl.col("rule") != OPENING) | (pl.col("amount") != 0))
        self._kept = self._walked.select(kept).to_series()
        of_earning = begins(self._walked, [pl.col("participant_id"), pl.col("period")])
        self._walked = self._walked.with_columns(line=running_sum(self._kept.cast(pl.Int64), of_earning))

    def _amounts(self) -> pl.DataFrame:
        main = self._component.main_measure()
        value, quota, attained = shown_measure(self._context, main)
        # What others are paid is an amount also where the component looks at it in a formula only.
        tells_amount = self._counts | self._context.rows["rule"].str.starts_with(PAY_OF)
        walked = self._context.rows.with_columns(
            previous(value, self._measured_from, first=pl.Series([0], dtype=NUMBER)).alias("before"),
            value.alias("after"),
            quota.alias("quota"),
            self._attained_before(main, quota, attained=attained).alias("attainment_before"),
            attained.alias("attainment_after"),
            growth(self._pay.unlimited, self._begins).alias("amount"),
            self._exact().alias("exact"),
            component=pl.lit(self._component.component),
            credited=pl.when(tells_amount).then("amount").otherwise(0),
            currency=pl.lit(self._plan.currency),
            problem=self._problem(),
            values=named_values(
                self._component,
                self._context,
                plan=self._plan,
                at_deals=self._at_deals if self._component.in_turn else None,
            ),
        )
        walked = forfeited(walked, self._plan, roster=self._roster)
        return walked.with_columns(**paid_in(self._component, self._plan))

    def _problem(self) -> pl.Series:
        """Why nothing is paid in a row; also of a deal that cannot be priced among others that are."""
        if not self._component.in_turn:
            return self._pay.problem
        assert self._turns is not None
        of_deal = self._turns.problems(self._component)[0].gather(self._context.rows["event"])
        return self._pay.problem.zip_with(of_deal.is_null(), of_deal)

    def _at_deals(self) -> tuple[DealsInTurn, pl.Series]:
        """The deals in turn, and the place of each row among them."""
        assert self._turns is not None
        return self._turns.deals(self._component), self._turns.places.gather(self._context.rows["event"])

    def _exact(self) -> pl.Series:
        """The pay of the window so far, not rounded, beside what of it was rounded before."""
        component, context = self._component, self._context
        here = component.exact(context)
        if self._plan.sums_rounded(component):
            # Of a window that sums rounded months only the last month is unrounded: its exact pay takes the place of
            # its rounded one.
            here = ExactColumn.of(self._pay.unlimited, 10**self._plan.digits) + here - component.unlimited(context)
        return shown(where(self._pay.payable, here, otherwise=0), "the pay so far")

    def _attained_before(self, main: str | None, quota: pl.Series, *, attained: pl.Series) -> pl.Series:
        """What was reached before each row of the quota after it: the attainment of the row before, unless the quota
        has changed since."""
        reached = previous(attained, self._measured_from, first=pl.Series([0], dtype=NUMBER))
        # A quota that changes between two deals moves the attainment without a deal. Told against the new quota, the
        # deal's step is the deal's alone.
        changed = quota.ne_missing(previous(quota, self._measured_from, first=quota)) & quota.is_not_null()
        if main is not None and changed.any():
            share = self._before(self._context.value(main)) / self._context.quota(main)
            reached = shown(share, f"the attainment of {main}").zip_with(changed, reached)
        return reached.zip_with(quota.is_not_null(), pl.Series([None], dtype=NUMBER))

    def _before(self, exact: ExactColumn) -> ExactColumn:
        """The numbers of the row before, zero where the measure begins."""
        # The row before, by its place; the first row takes itself, and `_measured_from` is true there.
        row_before = pl.Series([0, *range(self._context.height - 1)][: self._context.height], dtype=pl.Int64)
        return where(self._measured_from, 0, otherwise=exact.taken(row_before))

    def _grown(self, due: pl.Series) -> pl.Series:
        return without_leavers(growth(due, self._begins), self._context.rows, plan=self._plan, roster=self._roster)

    def lines(self) -> pl.DataFrame:
        """`LINES`, one per event, and one for what a limit changes."""
        lines = _dated(self._walked.filter(self._kept), self._plan).select(LINES.names()).cast(LINES)
        return pl.concat([lines, self._limits()])

    def _limits(self) -> pl.DataFrame:
        """What minimum and maximum change of the pay of a period, as a line after the others."""
        component = self._component
        # The walk knows one participant at a time, in order of deals. A budget, a carry-over or a contest needs
        # everyone, or months to come; what those change is told by the earning itself (`explain._rest`).
        if component.explained_by_earning or (component.minimum is None and component.maximum is None):
            return empty(LINES)
        limited = self._grown(self._pay.due) - self._walked["amount"]
        grown = self._walked.with_columns(limited.alias("limited")).filter(pl.col("version") == self._plan.version)
        by_period = grown.group_by(EARNING, maintain_order=True).agg(
            pl.col("limited").sum(), pl.col("after", "quota", "attainment_after", "currency").last()
        )
        none = {"credit_date": pl.lit(None, dtype=pl.Date), "share": pl.lit(None, dtype=pl.Int64)}
        limits = by_period.filter(pl.col("limited") != 0).with_columns(**none)
        return without_deal(_dated(limits, self._plan), "limited", rule=pl.lit(after_lines(self._component)))

    def slices(self) -> Iterator[pl.DataFrame]:
        """`SLICES` of the lines."""
        factor = self._component.factor(self._context)
        payable = self._pay.payable & self._kept
        if self._component.in_turn:
            for number, (part, times) in enumerate(self._in_turn(factor), start=1):
                yield from self._slices(number, part, factor=times, payable=payable, alone=True)
            return
        for number, part in enumerate(self._parts(), start=1):
            yield from self._slices(number, part, factor=1 if factor is None else factor, payable=payable)

    def _parts(self) -> Sequence[Part]:
        by_deal = self._component.component in self._plan.pays_by_deal
        return list(self._of_deals()) if by_deal else self._component.parts_in_role(self._context)

    def _of_deals(self) -> Iterator[Part]:
        """The parts in which each deal is paid by itself, summed over the deals of the window; and what rounding each
        deal makes of them."""
        unit = AMOUNT_SCALE * 10**self._plan.digits
        credited = ExactColumn.of(self._walked["credited"], 10**self._plan.digits)
        # What each deal pays by itself is rounded deal by deal, and the line's parts are not. The difference is a part
        # of its own, so that the slices of a line sum to what it pays.
        rest = total([part.pays for part in self._component.parts(self._context)], self._context.height)
        for part in self._component.deal_parts(credited, self._context):
            bases = (part.base * unit).cut_off("a number on a statement")
            bases = bases.zip_with(self._counts, pl.Series([0], dtype=bases.dtype))
            base = bounded_deal_pay(
                self._component,
                ExactColumn.of(running_sum(bases, self._measured_from), unit),
                context=self._context,
                plan=self._plan,
            )
            rest = rest - base * part.rate
            yield Part(part.reach, base, part.rate)
        yield Part(ROUNDING, rest, Fraction(1))

    def _in_turn(self, factor: ExactColumn | None) -> Iterator[tuple[Part, ExactColumn | Number]]:
        """The parts of each line's own deal, each with its factor; what rounding makes of them; and what the line
        changes of the deals before it, where what multiplies them has moved."""
        assert self._turns is not None
        times = 1 if factor is None else factor
        here = self._context.rows["event"]
        yield from ((part.taken(here), times) for part in self._turns.parts(self._component))
        paid = ExactColumn.of(self._turns.pays(self._component).gather(here), 10**self._plan.digits)
        yield Part(ROUNDING, paid - self._turns.exact(self._component).taken(here), Fraction(1)), times
        so_far = where(self._pay.payable, self._component.exact(self._context), otherwise=0)
        yield Part(REPRICED, so_far - self._before(so_far) - paid * times, Fraction(1)), 1

    def _slices(
        self, number: int, part: Part, *, factor: ExactColumn | Number, payable: pl.Series, alone: bool = False
    ) -> Iterator[pl.DataFrame]:
        """What a line changes in one part: the growth of the base at the rate, or where the rate moves, after and
        before. A part that is `alone` has nothing before it."""
        minor = AMOUNT_SCALE * 10**self._plan.digits
        numbers = ((part.base, minor), (part.rate, RATE_SCALE), (factor, RATE_SCALE))
        (base, rate, times), inexact = zip(*(self._row_by_row(*number) for number in numbers), strict=True)
        nothing = pl.Series([0], dtype=base.dtype)
        # A part at a rate of zero is shown where nothing else says why it pays nothing: it is then the whole reason.
        unexplained = self._pay.problem.fill_null(AT_ZERO) == AT_ZERO
        begin = self._context.everywhere if alone else self._measured_from
        base_before = previous(base, begin, first=nothing)
        rate_before, times_before = (previous(column, begin, first=column) for column in (rate, times))
        # While the rate stands still, the growth of the base at the rate is all there is. Where it moves (whole tiers,
        # curves, a gate that opens) everything before is priced again: the new product less the old one, as two slices,
        # each of which a calculator can check.
        moves = (rate != rate_before) | (times != times_before)
        after, earlier = self._paying(
            part.pays * factor, [column for column in inexact if column is not None], moves=moves, alone=alone
        )
        days = None if part.days is None else part.days()
        days_before = None if days is None else previous(days, begin, first=days)
        for credited, at, by, pays, there, of_days in (
            (base - nothing.zip_with(moves, base_before), rate, times, after, payable, days),
            (nothing - base_before, rate_before, times_before, earlier, payable & moves, days_before),
        ):
            is_slice = there & (credited != 0) & (by != 0) & ((at != 0) | ~moves & unexplained)
            if of_days is not None:
                # Explained together with others, a participant has no part in a time that only they have.
                is_slice &= of_days.is_not_null()
            yield (
                self._walked.select(*OF_MONTH, "line")
                .filter(is_slice)
                .with_columns(
                    credited.filter(is_slice).alias("credited"),
                    at.filter(is_slice).cast(pl.Int64).alias("rate"),
                    by.filter(is_slice).cast(pl.Int64).alias("factor"),
                    pays.filter(is_slice).alias("pays"),
                    tier=pl.lit(number, dtype=pl.Int64),
                    reach=pl.lit(part.reach)
                    if of_days is None
                    else pl.lit(f"{part.reach}, ") + of_days.filter(is_slice),
                )
                .select(SLICES.names())
            )

    def _paying(
        self, pays: ExactColumn, inexact: list[pl.Series], *, moves: pl.Series, alone: bool
    ) -> tuple[pl.Series, pl.Series]:
        """What a line changes in a part that pays so much, after and before, in rows where that is of numbers that are
        cut; else null."""
        none = pl.Series([None], dtype=NUMBER).new_from_index(0, self._context.height)
        if not inexact:
            return none, none
        cut, what = reduce(or_, inexact), "what a part of a line pays"
        if alone:
            return shown(pays, what).zip_with(cut, none), none
        # Cut in the row before is cut in the difference, too.
        cut |= previous(cut, self._measured_from, first=pl.Series([False]))
        if not cut.any():
            return none, none
        earlier = self._before(pays)
        after = shown(pays - where(moves, 0, otherwise=earlier), what)
        return after.zip_with(cut, none), shown(-earlier, what).zip_with(cut, none)

    def _row_by_row(self, number: ExactColumn | Number, scale: int) -> tuple[pl.Series, pl.Series | None]:
        """A number in whole `1/scale` in every row, and where it is cut."""
        column = number if isinstance(number, ExactColumn) else ExactColumn.constant(number, self._context.height)
        return (column * scale).cut("a number on a statement")


def paid_in(component: Component, plan: Plan) -> dict[str, pl.Expr]:
    """Of rows that are paid later than in their own segment, the one in which they are."""
    if component.pays == "month" and (plan.calendar.weeks is None or not plan.pays_at_the_end(component)):
        return {}
    fiscal = last_of_window(pl.col("fiscal"), component.pays)
    return {"fiscal": fiscal, "period": month_of_end(fiscal, plan.calendar)}


def _dated(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The rows with a date where no deal gives one: the last day of their segment."""
    without = rows["credit_date"].is_null()
    if not without.any():
        return rows
    ends = rows.filter(without).select(day=end_of_segment(pl.col("period"), pl.col("fiscal"), calendar=plan.calendar))
    return rows.with_columns(rows["credit_date"].clone().scatter(without.arg_true(), ends["day"]))


def without_deal(
    rows: pl.DataFrame, amount: str, *, rule: pl.Expr, problem: str | None = None, values: str | None = None
) -> pl.DataFrame:
    """Lines that no deal has caused, after all others of their earning: they are numbered later. `rows` have their
    `credit_date` and `share`, and perhaps a `problem`, why the line pays nothing, and `values`."""
    return (
        rows.with_columns(
            rule=rule,
            line=pl.lit(LAST, dtype=pl.Int64),
            deal_id=pl.lit(None, dtype=pl.String),
            earned_by=pl.lit(None, dtype=pl.String),
            exchange=pl.lit(""),
            credited=pl.lit(0, dtype=pl.Int64),
            exact=pl.lit(None, dtype=NUMBER),
            problem=pl.lit(None, dtype=pl.String) if problem is None else problem,
            values=pl.lit(None, dtype=pl.String) if values is None else values,
            before="after",
            attainment_before="attainment_after",
            amount=amount,
        )
        .select(LINES.names())
        .cast(LINES)
    )


def after_lines(component: Component) -> str:
    """What changes the pay of a component after its lines."""
    if not type(component).walks:
        return "result"
    if component.budget is not None:
        return "budget"
    if component.carry_over:
        return "carry_over"
    if (component.minimum is None) == (component.maximum is None):
        return "limit"
    return "minimum" if component.minimum is not None else "maximum"
