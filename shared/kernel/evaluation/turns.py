"""Deals in turn: what components pay for each deal that look at where the participant stands at it.

Every deal is priced by the sums before it and those with it, in the order of the plan. Each credit's pay is rounded,
and the sum of it is an ingredient like any other, so that gates, multipliers, windows and limits know nothing of turns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn, total, where
from shared.kernel.arithmetic.expressions import WHOLE_SHARE, narrow
from shared.kernel.arithmetic.running_sums import begins, growth
from shared.kernel.components import Component, Part
from shared.kernel.components.context import DealsInTurn, EvaluationContext
from shared.kernel.evaluation.figures import Figures
from shared.kernel.evaluation.group_sums import GroupSums, as_told
from shared.kernel.evaluation.pay import DEAL, ORDER, context_for, filled, of_credits_in_order, priced
from shared.kernel.evaluation.unpaid import first_reason, lacking_at_deals
from shared.kernel.evaluation.window_sums import sums_so_far
from shared.kernel.language.deal_facts import DealFacts, told_in
from shared.kernel.plan.kept_apart import KeptApart
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster

STEP_OF_DEAL = [*ORDER, *DEAL]
"""What the credits of a deal share that are one step: a deal that is credited on two dates takes two."""


def turns_of(
    events: pl.DataFrame, together: Sequence[Plan], *, roster: Roster, groups: Mapping[int, GroupSums]
) -> dict[int, Turns]:
    """By version its deals in turn, of versions whose sums go on and of those that pay any so."""
    return {
        plan.version: Turns(events, plan, roster=roster, together=together, groups=groups.get(plan.version))
        for plan in together
        if plan.in_turn
    }


def with_pay_in_turn(events: pl.DataFrame, turns: Mapping[int, Turns]) -> pl.DataFrame:
    """The rows of which deals come in turn, with a column `@component` of what each is paid so (minor units) by the
    component of its own version.

    Raises:
        Overflow: a sum or an amount is beyond 10^18 minor units.
    """
    for version, of_version in turns.items() if events.height else ():
        for component in of_version.components:
            name = f"@{component.component}"
            other = pl.col(name).fill_null(0) if name in events.columns else pl.lit(0, dtype=pl.Int64)
            pays = pl.when(pl.col("version") == version).then(of_version.pays(component)).otherwise(other)
            events = events.with_columns(pays.alias(name))
    return events


def by_size(plan: Plan) -> list[pl.Expr]:
    """The size of the deals by which they come in the order of a plan, if that is not the order of their dates: what
    they add to the measures that are paid in turn."""
    if plan.conventions.order == "date":
        return []
    paid = dict.fromkeys(name for component in plan.in_turn for name in _paid(component, plan))
    size = pl.sum_horizontal(pl.col(list(paid)).fill_null(0)).sum().over(STEP_OF_DEAL)
    return [size if plan.conventions.order == "smallest_first" else -size]


class Turns:
    """The deals of a plan version in turn.

    Args:
        events: what each credit adds to every ingredient of the version, a row for each, and rows without a deal that
            come before the deals of their segment.
        together: the versions whose sums go on from one to the next.
        groups: the sums of the version's group measures, if it has any.
    """

    def __init__(
        self,
        events: pl.DataFrame,
        plan: Plan,
        *,
        roster: Roster,
        together: Sequence[Plan],
        groups: GroupSums | None,
    ) -> None:
        self._plan, self._roster, self._together, self._groups = plan, roster, together, groups
        names = [name for name, _, _ in plan.ingredients()]
        self._rows = of_credits_in_order(filled(events.with_row_index("row"), names), *by_size(plan))
        self._names = names
        self._deals: dict[str, DealsInTurn] = {}
        self._known: dict[str | None, list[EvaluationContext]] = {}
        self._parts: dict[str, list[Part]] = {}
        self._unpriced: dict[str, tuple[pl.Series, pl.Series]] = {}

    @property
    def components(self) -> Sequence[Component]:
        """The components that pay so."""
        return self._plan.in_turn

    def _summed(self, anew: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows with all ingredients summed over their windows, before the deal of the row and with it; `anew` names
        the column of the deal for each value of which they begin anew."""
        rows, plan = self._rows.with_row_index("@@place"), self._plan
        if anew is not None:
            # Of each customer apart, in the same order.
            told = as_told(self._together, partial(KeptApart.place_of_fact, column=anew))
            rows = rows.with_columns(told.alias("@@anew")).sort("participant_id", "@@anew", "@@place", nulls_last=False)
        keys = [pl.col(name) for name in STEP_OF_DEAL]
        apart = begins(rows, [pl.col("participant_id"), *([pl.col("@@anew")] if anew is not None else [])])
        deal = (begins(rows, keys) | apart).cast(pl.Int64).cum_sum()
        sums, steps = [], []
        for so_far in sums_so_far(rows, self._names, plan=plan, apart=apart):
            name = so_far.name
            adds = rows[name].cast(pl.Int128)
            sums.append(so_far.to_frame(name).select(pl.col(name).last().over(deal)).to_series())
            steps.append(adds.to_frame(name).select(pl.col(name).sum().over(deal)).to_series())
        befores = [so_far - step for so_far, step in zip(sums, steps, strict=True)]
        before, after = (
            narrow(rows.with_columns(columns), *self._names, what="the sum of a measure")
            .sort("@@place")
            .drop("@@place", "@@anew", strict=False)
            for columns in (befores, sums)
        )
        if self._groups is None:
            return before, after
        with_groups = [self._groups.at_deals(self._rows, before=first, anew=anew) for first in (True, False)]
        names = [name for measure in plan.apart.groups for name in measure.ingredients]
        return (
            before.with_columns(with_groups[0][name] for name in names),
            after.with_columns(with_groups[1][name] for name in names),
        )

    def _contexts(self, anew: str | None) -> list[EvaluationContext]:
        """Before the deals and after them, worked out once."""
        if anew not in self._known:
            self._known[anew] = [self._context(rows) for rows in self._summed(anew)]
        return self._known[anew]

    def _context(self, rows: pl.DataFrame) -> EvaluationContext:
        """Rows of deals as places where the plan can be evaluated, with categories and terms of the day of each."""
        return context_for(rows.with_columns(as_of="credit_date"), self._plan, roster=self._roster)

    def deals(self, component: Component) -> DealsInTurn:
        """The deals as a component is paid for them."""
        if component.component not in self._deals:
            self._deals[component.component] = self._as_paid(component)
        return self._deals[component.component]

    def _as_paid(self, component: Component) -> DealsInTurn:
        rows, names = self._rows, _paid(component, self._plan)
        money = self._plan.money_in(names[0])
        takes_back = rows.select(pl.col(names).sum().over(STEP_OF_DEAL) < 0).to_series()
        before, after = self._contexts(getattr(component, "anew", None))
        picked = [before.rows[name].zip_with(takes_back, after.rows[name]) for name in self._names]
        credited = ExactColumn.of(rows[names[0]], 10**self._plan.digits if money else 1)
        # What another version has told of its deals is told in other columns.
        told = rows.select(pl.when(pl.col("version") == self._plan.version).then("bucket").fill_null("")).to_series()
        facts = DealFacts(told, self._plan.apart.facts, types=self._plan.custom_columns)
        share: ExactColumn | int = 1
        several = None
        if component.limits_deals:
            apart = begins(rows, [pl.col(name) for name in STEP_OF_DEAL])
            several = None if apart.all() else apart
            shares = pl.select(told_in(pl.lit(told), self._plan.apart.place_of_share)).to_series().cast(pl.Int64)
            measure = self._plan.measure(component.main_measure())
            counts = pl.col("rule").is_in(sorted(measure.rules if measure is not None else ()))
            of_rows = rows.with_columns(shares.fill_null(WHOLE_SHARE).alias("@@share"))
            of_deal = pl.when(counts).then("@@share").otherwise(0).max().over(STEP_OF_DEAL)
            share = ExactColumn.of(of_rows.select(of_deal).to_series(), WHOLE_SHARE)
        return DealsInTurn(
            credited=credited,
            share=share,
            begins=several,
            number=lambda text: facts.number(text, credited=credited),
            text=facts.text,
            before=before,
            after=after,
            standing=self._context(rows.with_columns(picked)),
        )

    def parts(self, component: Component) -> list[Part]:
        """What each credit pays by itself, not rounded, in the order of the rows that were given."""
        return [part.taken(self.places) for part in self._due(component)]

    def exact(self, component: Component) -> ExactColumn:
        """All parts together."""
        # Added up before they are taken: only parts of the same columns share a bottom.
        return total([part.pays for part in self._due(component)], self._rows.height).taken(self.places)

    def pays(self, component: Component) -> pl.Series:
        """The same rounded (Int64, minor units); of a deal with a least or a most what its rounded pay grows by, so
        that many credits do not round it beyond them."""
        deals, what = self.deals(component), "the pay of a deal"
        if deals.begins is None:
            return deals.after.rounded(self.exact(component)).minor(self._plan.digits, what)
        so_far = deals.so_far(total([part.pays for part in self._due(component)], self._rows.height))
        return growth(deals.after.rounded(so_far).minor(self._plan.digits, what), deals.begins).gather(self.places)

    @cached_property
    def places(self) -> pl.Series:
        """The place among the deals of each of the rows that were given."""
        return self._rows["row"].arg_sort()

    def _due(self, component: Component) -> list[Part]:
        """The parts in the order of the deals, worked out once."""
        if component.component not in self._parts:
            self._parts[component.component] = self._priced(component)
        return self._parts[component.component]

    def problems(self, component: Component) -> tuple[pl.Series, pl.Series]:
        """Why each credit cannot be priced and what that is about, null where it can be, in the order of the rows that
        were given."""
        return tuple(found.gather(self.places) for found in self._problems(component))  # type: ignore[return-value]

    def told_at(
        self, steps: pl.DataFrame, component: Component, *, problem: pl.Series, about: pl.Series
    ) -> tuple[pl.Series, pl.Series]:
        """Problem and about of steps, of those with a credit that cannot be priced the first of it, also where other
        deals of the step are paid."""
        of_deal, about_deal = self._problems(component)
        unpriced = self._rows.select(*ORDER, of_deal=of_deal, about_deal=about_deal).drop_nulls("of_deal")
        first = unpriced.unique(ORDER, keep="first", maintain_order=True)
        told = steps.select(ORDER).join(first, on=ORDER, how="left", maintain_order="left")
        there = told["of_deal"].is_not_null()
        return told["of_deal"].zip_with(there, problem), told["about_deal"].zip_with(there, about)

    def _problems(self, component: Component) -> tuple[pl.Series, pl.Series]:
        name = component.component
        if name not in self._unpriced:
            deals = self.deals(component)
            none = pl.Series([None], dtype=pl.String).new_from_index(0, deals.after.height)
            figures = Figures(self._plan, self._roster)
            missing = lacking_at_deals(component, deals.after, plan=self._plan, figures=figures)
            own = (self._rows["version"] == self._plan.version) & self._rows["deal_id"].is_not_null()
            nothing = deals.credited.equals(0)
            self._unpriced[name] = first_reason(missing, none, about=none, of=own & ~nothing)
        return self._unpriced[name]

    def _priced(self, component: Component) -> list[Part]:
        deals = self.deals(component)
        # What cannot be paid when the deal comes, since a quota is missing, is not paid by what comes later either.
        paid = self._problems(component)[0].is_null()
        return [Part(part.reach, where(paid, part.base, otherwise=0), part.rate) for part in priced(component, deals)]


def _paid(component: Component, plan: Plan) -> list[str]:
    """The ingredient of the measure that a component pays."""
    measure = plan.measure(component.main_measure())
    assert measure is not None
    return list(measure.ingredients)[:1]
