"""Quotas of a measure's window, and terms and scores of participants, for the rows of a plan version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from typing import Final

import polars as pl

from shared.contracts.roster import EVERYONE
from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.arithmetic.running_sums import begins
from shared.kernel.calendar import (
    PERIODS_IN,
    Fiscal,
    bounds,
    days_of,
    first_of_window,
    fiscal_of,
    periods_in,
    window_of,
)
from shared.kernel.components import Component
from shared.kernel.components.context import EvaluationContext, Moment
from shared.kernel.evaluation.role_days import RoleDays, days_between
from shared.kernel.language.conventions import Reset
from shared.kernel.language.measures import DAYS, Measure, QuotaTerms
from shared.kernel.language.values import Term
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster

FOR_EVERYONE: Final = "everyone"
_NANO = 10**9
"""What figures of participants are counted in: 10^-9."""


class Figures:
    """What the roster says of the participants of some rows (participant_id, fiscal), as columns for an
    `EvaluationContext`."""

    def __init__(self, plan: Plan, roster: Roster) -> None:
        self._plan, self._roster = plan, roster

    def quota(self, context: EvaluationContext, name: str) -> ExactColumn:
        """The quota of a measure for its window, in major units; zero where there is none."""
        measure = self._plan.measure(name)
        assert measure is not None
        quotas = self._roster.quotas_of(name, is_share=measure.is_share)
        terms = measure.quota
        default = terms.fixed or (1 if measure.is_share else 0)
        if terms.changes != "whole" and measure.reset != "never":
            return self._weights(context, measure, figure=self._changing(quotas, default, terms=terms))
        quotas = quotas.rename({"quota": "value"})
        figure = self._in_force(context, quotas, default=default)
        if isinstance(terms.default, Term):
            # Of the last day, as the quota that it stands for, whatever day a deal is looked at.
            own = self._entered(context, self._terms_of(terms.default))
            standing_in = _nano(own, Fraction(terms.default.default or 0)) * Fraction(terms.default.times)
            if terms.default.default is None:
                standing_in = where(own.is_not_null(), standing_in, otherwise=Fraction(default))
            figure = where(self._entered(context, quotas).is_not_null(), figure, otherwise=standing_in)
        if terms == QuotaTerms(default=terms.default) or measure.reset == "never":
            return figure
        return figure * self._weights(context, measure)

    def _changing(
        self, quotas: pl.DataFrame, default: Decimal | int, *, terms: QuotaTerms
    ) -> Callable[[str, Fiscal], Fraction]:
        """The figure of a participant's fiscal period: the one in force at its end, or each for its days."""
        changes: dict[str, list[tuple[date, Decimal | None]]] = defaultdict(list)
        for participant, day, value in quotas.select("participant_id", "effective_from", "quota").iter_rows():
            changes[participant].append((day, value))

        @cache
        def days(fiscal: Fiscal) -> tuple[date, date]:
            return days_of(fiscal, self._plan.calendar)

        own: dict[str, list[tuple[date, Decimal | None]]] = defaultdict(list)
        standing_in = terms.default
        if isinstance(standing_in, Term):
            for participant, day, value in self._terms_of(standing_in).iter_rows():
                own[participant].append((day, value))

        def of_day(figures: dict[str, list[tuple[date, Decimal | None]]], who: str, *, day: date) -> Decimal | None:
            held = [value for since, value in figures[who] if since <= day]
            found = held[-1] if held else None
            return of_day(figures, EVERYONE, day=day) if found is None and who != EVERYONE else found

        def on(participant: str, day: date) -> Fraction:
            quota = of_day(changes, participant, day=day)
            if quota is None and isinstance(standing_in, Term):
                figure = of_day(own, participant, day=day)
                figure = standing_in.default if figure is None else figure
                return Fraction(default) if figure is None else Fraction(figure) * Fraction(standing_in.times)
            return Fraction(default if quota is None else quota)

        def by_period(participant: str, fiscal: Fiscal) -> Fraction:
            return on(participant, days(fiscal)[1])

        def by_day(participant: str, fiscal: Fiscal) -> Fraction:
            assert terms.changes in DAYS
            return self._days.average(
                participant,
                days(fiscal),
                unit=terms.changes,
                figure=lambda day: on(participant, day),
                changes=sorted({day for who in (participant, EVERYONE) for day, _ in [*changes[who], *own[who]]}),
                in_role_only=terms.prorate != "no",
            )

        return by_period if terms.changes == "by_period" else by_day

    def _from_to(self, window: list[Fiscal]) -> tuple[date, date]:
        """The first and the last day of some fiscal periods in order."""
        return days_of(window[0], self._plan.calendar)[0], days_of(window[-1], self._plan.calendar)[1]

    def _terms_of(self, term: Term) -> pl.DataFrame:
        """participant_id, effective_from and value of a figure of participants' own, in the order of days."""
        terms = self._roster.terms.filter(pl.col("name") == term.term)
        return terms.select("participant_id", "effective_from", "value").sort("effective_from")

    def term(self, context: EvaluationContext, name: str, default: Fraction | None) -> ExactColumn:
        """A figure of each participant's own."""
        return _nano(self._term(context, name), Fraction(default or 0))

    def has_term(self, context: EvaluationContext, name: str) -> pl.Series:
        """Who has the figure."""
        return self._term(context, name).is_not_null()

    def _term(self, context: EvaluationContext, name: str) -> pl.Series:
        return self._entered(context, self._roster.terms.filter(pl.col("name") == name), as_of=True)

    def score(self, context: EvaluationContext, name: str) -> ExactColumn:
        """The score entered for a measure in the window of each row: the latest of the window so far."""
        measure = self._plan.measure(name)
        assert measure is not None
        scores = self._roster.scores.filter(pl.col("name") == name)
        return _nano(self._entered(context, scores, within=measure.reset), Fraction(0))

    def entered_for(self, context: EvaluationContext, kind: str, name: str) -> pl.Series | None:
        """For whom the figure behind a name, a term, a quota or a score, was entered, in words; None where none of that
        name was entered for everyone."""
        measure = self._plan.measure(name) if kind != "term" else None
        within: Reset | None = None
        if kind == "term":
            table = self._roster.terms.filter(pl.col("name") == name)
        elif kind == "quota" and measure is not None:
            table = self._roster.quotas_of(name, is_share=measure.is_share).rename({"quota": "value"})
        elif measure is not None and measure.score is not None:
            table, within = self._roster.scores.filter(pl.col("name") == name), measure.reset
        else:
            return None
        if EVERYONE not in table["participant_id"]:
            return None
        own = self._own(context.rows, table, as_of=kind == "term", within=within)
        entered = self._entered(context, table, as_of=kind == "term", within=within)
        words = pl.Series([FOR_EVERYONE]).zip_with(entered.is_not_null(), pl.Series(["nobody"]))
        return pl.Series(["the participant"]).zip_with(own.is_not_null(), words)

    def moments(self, context: EvaluationContext, component: Component) -> Iterator[Moment]:
        """The window of a component in the times in role between which something changes, a context for the first time
        of everyone, for the second, and so on."""
        assert component.prorate != "no"
        over = self._plan.prorated_over(component)
        length = PERIODS_IN[over] if over != "never" else PERIODS_IN["year"]
        pairs = context.rows.select("participant_id", "fiscal").unique(maintain_order=True).with_row_index("pair")
        found: list[list[tuple[date, Fraction]]] = []
        lengths: list[int] = []
        unit = component.prorate.replace("_", " ")
        for _, who, fiscal in pairs.iter_rows():
            begins_with = Fiscal(fiscal - fiscal % length)
            window = [begins_with, Fiscal(begins_with + length - 1)]
            first, last = self._from_to(window)
            found.append(self._days.moments(who, first, last, unit=component.prorate))
            lengths.append(days_between(first, last, unit=component.prorate))
        on = ["participant_id", "fiscal"]
        places = context.rows.select(on).join(pairs, on=on, how="left", maintain_order="left")["pair"]
        for number in range(max((len(moments) for moments in found), default=0) or 1):
            there = [moments[number] if number < len(moments) else (date.max, Fraction(0)) for moments in found]
            days = pl.Series([day for day, _ in there], dtype=pl.Date)
            # Who is never in role is told so by the first time; a later one that others have is none of theirs.
            words = [
                f"{part * all_days} of {all_days} {unit}" if number < max(len(own), 1) else None
                for (_, part), all_days, own in zip(there, lengths, found, strict=True)
            ]
            yield Moment(
                context.at(days[places]),
                ExactColumn.fractions([part for _, part in there]).taken(places),
                pl.Series(words, dtype=pl.String)[places],
            )

    def left_within(self, rows: pl.DataFrame) -> pl.Series:
        """Who is no longer active at the end of the fiscal period."""
        active = self._joined(rows, self._roster.assignments.select("participant_id", "effective_from", value="active"))
        return ~active["value"].fill_null(value=False)

    def category(self, context: EvaluationContext, name: str) -> pl.Series:
        """A category of each participant at the end of the fiscal period; null where it is blank."""
        if name == "participant_id":
            return context.rows[name]
        return self._own(context.rows, self._roster.of_category(name), as_of=True)

    def _in_force(
        self, context: EvaluationContext, table: pl.DataFrame, *, default: Decimal | Fraction | int
    ) -> ExactColumn:
        return _nano(self._entered(context, table), Fraction(default))

    def _entered(
        self, context: EvaluationContext, table: pl.DataFrame, *, as_of: bool = False, within: Reset | None = None
    ) -> pl.Series:
        """What was entered for each participant, or else for everyone; with `within` in the window of the row only."""
        own = self._own(context.rows, table, as_of=as_of, within=within)
        if not self._roster.has_everyones or own.null_count() == 0:
            return own
        for_everyone = context.rows.with_columns(participant_id=pl.lit(EVERYONE))
        return own.zip_with(own.is_not_null(), self._own(for_everyone, table, as_of=as_of, within=within))

    def _own(self, rows: pl.DataFrame, table: pl.DataFrame, *, as_of: bool, within: Reset | None = None) -> pl.Series:
        found = self._joined(rows, table.select("participant_id", "effective_from", "value"), as_of=as_of)
        if within is None:
            return found["value"]
        entered = fiscal_of(pl.col("effective_from"), self._plan.calendar)
        window, here = (window_of(fiscal, within) for fiscal in (entered, pl.col("fiscal")))
        return found.select(pl.when(window == here).then("value")).to_series()

    def _joined(self, rows: pl.DataFrame, table: pl.DataFrame, *, as_of: bool = False) -> pl.DataFrame:
        """What is in force at the end of each row's fiscal period, or with `as_of` on a day that the row names, in the
        order of the rows."""
        day = ["as_of"] if as_of and "as_of" in rows.columns else []
        names = ["participant_id", "fiscal", *day]
        pairs = rows.select(names)
        begin = begins(pairs, [pl.col(name) for name in names])
        # As-of joins cost per row, and what they find depends on participant and fiscal period only.
        once = pairs.filter(begin)  # for the many deals of a participant's period together
        in_force = (
            once.with_row_index("row")
            .join(bounds(once["fiscal"], self._plan.calendar), on="fiscal", how="left")
            .with_columns(last=pl.coalesce(*day, "last"))
            .sort("last")
            .join_asof(
                table,
                left_on="last",
                right_on="effective_from",
                by="participant_id",
                check_sortedness=False,
                coalesce=False,
            )
            .sort("row")
        )
        return in_force[begin.cast(pl.Int64).cum_sum() - 1]

    def _weights(
        self, context: EvaluationContext, measure: Measure, *, figure: Callable[[str, Fiscal], Fraction] | None = None
    ) -> ExactColumn:
        """The window's share of the figure of each period (1 where none is given), with ramp, days in role and relief.

        Worked out once for all who are alike in what it depends on.
        """
        terms = measure.quota
        # Then the weight follows from the fiscal period alone, and one fraction serves everyone.
        same = figure is None and not terms.ramp and terms.prorate == "no"
        on = ["fiscal"] if same else ["participant_id", "fiscal"]
        pairs = context.rows.select(on).unique(maintain_order=True).with_row_index("pair")
        known: dict[tuple[object, ...], Fraction] = {}
        weights: list[Fraction] = []
        for _, *who, fiscal in pairs.iter_rows():
            participant = who[0] if who else ""
            # Everything about the participant on which a weight depends: of two with the same start and the same days
            # in role it is the same. Thousands who were there all year are one case.
            own = self._started.get(participant), tuple(self._days.timeline.get(participant, ()))
            alike = (fiscal, own if figure is None else participant)
            if alike not in known:
                known[alike] = self._weight(measure, participant, fiscal=fiscal, figure=figure or _one)
            weights.append(known[alike])
        places = context.rows.select(on).join(pairs, on=on, how="left", maintain_order="left")["pair"]
        return ExactColumn.fractions(weights).taken(places)

    def _weight(
        self, measure: Measure, participant: str, *, fiscal: Fiscal, figure: Callable[[str, Fiscal], Fraction]
    ) -> Fraction:
        terms = measure.quota
        window = measure.window if measure.window != "never" else "year"
        per = periods_in(terms.per if terms.per is not None and terms.per != "never" else window)
        first = first_of_window(int(fiscal), window)
        periods = [Fiscal(period) for period in range(first, first + periods_in(window))]
        if terms.to_date:
            periods = [period for period in periods if period <= fiscal]
        whole = Fraction(0)
        for period in periods:
            # Each period has its share of a year, so that quotas of any window are sums of the same twelve numbers and
            # a year is exactly its periods.
            share = Fraction(terms.spread[period % 12]) if terms.spread else Fraction(1, 12)
            ramped = self._ramped(terms, period, started=self._started.get(participant))
            whole += share * ramped * figure(participant, period)
        # The figure is for `per` periods, a share of `spread` for one of twelve: a figure per quarter is worth 12/3 of
        # a year's share.
        weight = whole * Fraction(12, per)
        if terms.prorate != "no" and terms.changes not in DAYS:
            weight *= self._days.share(participant, *self._from_to(periods), unit=terms.prorate)
        return weight

    @staticmethod
    def _ramped(terms: QuotaTerms, fiscal: Fiscal, *, started: Fiscal | None) -> Fraction:
        if not terms.ramp or started is None:
            return Fraction(1)
        since = fiscal - started
        return Fraction(terms.ramp[since]) if 0 <= since < len(terms.ramp) else Fraction(1)

    @cached_property
    def _started(self) -> dict[str, Fiscal]:
        """The first fiscal period of everyone on the plan."""
        rows = self._roster.assignments.filter(pl.col("plan") == self._plan.plan)
        first = rows.group_by("participant_id").agg(pl.col("effective_from").min())
        return dict(
            first.select("participant_id", fiscal_of(pl.col("effective_from"), self._plan.calendar)).iter_rows()
        )

    @cached_property
    def _days(self) -> RoleDays:
        return RoleDays(self._plan, self._roster)


def _one(_: str, __: Fiscal) -> Fraction:
    return Fraction(1)


def _nano(values: pl.Series, default: Fraction) -> ExactColumn:
    # Nine decimals are all that a figure may have, in a roster and in a plan, so this is exact.
    nano = (values.cast(pl.Decimal(38, 9)) * pl.Series([_NANO]).cast(pl.Decimal(38, 0))).cast(pl.Int128)
    return ExactColumn.of(nano.fill_null(int(default * _NANO)), _NANO)
