"""The terms of a participant's pay in each pay period, and in each span over which they look."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from shared.calendars.fiscal import DAY
from shared.pay.calendars.pay_periods import NoSuchPayPeriod, pay_period_named, pay_period_on
from shared.pay.people import Person
from shared.pay.settlement import SettledPeriod
from shared.pay.snapshot import RunSnapshot
from shared.pay.spans import Span, span_named
from shared.pay.terms.policy import PaymentTerms, terms_for
from shared.pay.terms.words import WORDS, pays_unearned
from shared.pay.terms.words.base import PeriodTerms, Terms, levels
from shared.pay.terms.words.leaver import LEAVER
from shared.periods import Month, last_day, period_of


class SpanTerms(NamedTuple):
    """The terms of a span, and by pay period and shorter span in it what that brought by now."""

    ruled: PeriodTerms
    brought: Mapping[str, int]
    pay_periods: Sequence[str]


class TermsByPeriod:
    """Terms by pay period, each read once: documents are the same for everybody, and a run has thousands of people."""

    def __init__(self, snapshot: RunSnapshot) -> None:
        self._snapshot = snapshot
        self._spans: dict[str, tuple[date, date]] = {snapshot.run.pay_period: (snapshot.run.starts, snapshot.run.ends)}
        self._documents: dict[date, list[PaymentTerms]] = {}
        self._closed_in: dict[Month, str] = {}
        self._following: dict[date, Month] = {}
        self._months: dict[str, Month | None] = {}

    def is_closed(self, month: Month) -> bool:
        """Whether the month is closed for the pay group."""
        return self._snapshot.closed is not None and month <= self._snapshot.closed

    def closed_in(self, month: Month) -> str:
        """The pay period in which a month ended, by the calendar that ruled then."""
        if month not in self._closed_in:
            period = pay_period_on(self._snapshot.groups, last_day(month))
            self._closed_in[month] = period.name
            self._spans[period.name] = (period.start, period.end)
        return self._closed_in[month]

    def of(self, person: Person, currency: str, *, pay_period: str) -> PeriodTerms:
        """The terms of a participant's pay in a pay period."""
        starts, ends = self._spans[pay_period]
        if ends not in self._documents:
            self._documents[ends] = self._snapshot.terms(ends)
        documents = self._documents[ends]
        month = period_of(ends)
        if not documents:
            return PeriodTerms(Terms(currency), month)
        # Whose terms these are is asked on the last day of the pay period, for an earlier one too: a correction is paid
        # as the pay was.
        home = person.at(ends)
        terms = terms_for(documents, person.participant_id, plan=home.plan, pay_group=home.pay_group, currency=currency)
        # Most terms secure nothing, and counting days walks through the roster day by day.
        if not pays_unearned(terms):
            return PeriodTerms(terms, month)
        joined = person.first_day
        # What floors end with is the pay period of the last day, or the one before.
        ends_before = terms[LEAVER].guarantee == "ends" and person.last_day(ends) is not None
        there = Fraction(0) if ends_before else _there(person, starts, ends=ends)
        return PeriodTerms(
            terms,
            month,
            there,
            joined=None if joined is None else period_of(joined),
            ends_month=self._ends_month(ends),
        )

    def _ends_month(self, day: date) -> bool:
        """Whether no pay period that ends after a day ends in its month."""
        if day not in self._following:
            self._following[day] = period_of(pay_period_on(self._snapshot.groups, day + DAY).end)
        return self._following[day] != period_of(day)

    def spans(
        self,
        person: Person,
        currency: str,
        *,
        ruled: Mapping[str, PeriodTerms],
        settled: Mapping[str, SettledPeriod],
    ) -> dict[str, SpanTerms]:
        """The spans that hold one of some pay periods: those over which the terms of the run's pay period look, and
        earlier ones that runs have settled.

        Args:
            person: whose pay it is.
            currency: in which.
            ruled: the terms of the pay periods.
            settled: what runs left of pay periods and spans.
        """
        own = ruled[self._snapshot.run.pay_period]
        of_own = {
            span
            for word in WORDS
            for level in levels(own.terms[word])
            if level.holds_in(own.month) and (span := level.over(own.month)) is not None
        }
        earlier = {
            span
            for name in settled
            if (span := span_named(name)) is not None
            and not span.holds(own.month)
            and any(span.holds(each.month) for each in ruled.values())
        }
        return {
            span.name: self._span(person, currency, span=span, own=own, of_own=of_own, settled=settled)
            for span in of_own | earlier
        }

    def _span(
        self,
        person: Person,
        currency: str,
        *,
        span: Span,
        own: PeriodTerms,
        of_own: Collection[Span],
        settled: Mapping[str, SettledPeriod],
    ) -> SpanTerms:
        """A span is judged by the terms of its last pay period so far."""
        of_last = own if span.holds(own.month) else self.of(person, currency, pay_period=self._last_of(span))
        pay_periods = [name for name in settled if (month := self._month_of(name)) and span.holds(month)]
        brought = {name: settled[name].base + settled[name].changed for name in pay_periods}
        for name in settled:
            shorter = span_named(name)
            if shorter is not None and shorter.months < span.months and span.holds(shorter.first):
                brought[name] = settled[name].changed
        if span.holds(own.month):
            for name in (self._snapshot.run.pay_period, *(each.name for each in of_own if each.months < span.months)):
                brought.setdefault(name, 0)
        of_span = of_last._replace(over=span)
        if pays_unearned(of_last.terms):
            of_span = self._as_ended(person, of_span, span=span, brought=brought, is_own=of_last is own)
        return SpanTerms(of_span, brought, pay_periods)

    def _as_ended(
        self, person: Person, of_span: PeriodTerms, *, span: Span, brought: Collection[str], is_own: bool
    ) -> PeriodTerms:
        """What of a span has ended: for whoever has left with the month of their last day, or with the one before, and
        what comes after that does not count.
        """
        run = self._snapshot.run
        months, uncounted = span.months, frozenset[str]()
        left = person.last_day(min(run.ends, span.days[1]))
        if left is not None:
            counted = span.place(period_of(left))
            if of_span.terms[LEAVER].guarantee == "ends":
                months = counted = max(0, counted - 1)
            uncounted = frozenset(name for name in brought if self._place(span, name) > counted)
        elif is_own:
            months = span.place(of_span.month) - (not of_span.ends_month)
        first, _ = span.days
        there = _there(person, first, ends=last_day(span.month(months))) if months else Fraction(0)
        has_ended = left is not None or months == span.months
        return of_span._replace(
            there=there, ended=Fraction(months, span.months), has_ended=has_ended, uncounted=uncounted
        )

    def _place(self, span: Span, name: str) -> int:
        """Which month of a span a pay period ends in, or a shorter span begins with."""
        shorter = span_named(name)
        month = shorter.first if shorter is not None else self._month_of(name)
        return 0 if month is None else span.place(month)

    def _last_of(self, span: Span) -> str:
        """The last pay period that ends in a span."""
        day = span.days[1]
        period = pay_period_on(self._snapshot.groups, day)
        if period.end > day:
            period = pay_period_on(self._snapshot.groups, period.start - DAY)
        self._spans[period.name] = (period.start, period.end)
        return period.name

    def _month_of(self, name: str) -> Month | None:
        """The month in which a pay period ends; None of a span, and of a pay period of another group's calendar whose
        name does not say it.
        """
        if name not in self._months:
            self._months[name] = self._found_month_of(name)
        return self._months[name]

    def _found_month_of(self, name: str) -> Month | None:
        if span_named(name) is not None:
            return None
        if name == self._snapshot.run.pay_period:
            return period_of(self._spans[name][1])
        try:
            return period_of(pay_period_named(self._snapshot.groups, name)[1].end)
        except NoSuchPayPeriod:
            found = _OF_A_MONTH.fullmatch(name)
            return Month(found[1]) if found else None


_OF_A_MONTH: Final = re.compile(r"([0-9]{4}-(?:0[1-9]|1[0-2]))(?:-[AB])?")
"""The names of months and of their halves."""


def _there(person: Person, starts: date, *, ends: date) -> Fraction:
    return Fraction(person.days_there(starts, ends), (ends - starts).days + 1)
