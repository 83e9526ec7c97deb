"""Settles everybody in a run: each participant's case is put together from where they stand, the lines of pay and the
terms.

Whoever knows where people stand may call it: a run, from the ledger; `earnest pay`, from files. Nothing is decided
here; `settle` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

import polars as pl

from shared.pay.calendars.pay_periods import pay_period_at, ruling
from shared.pay.lines import line_facts, summed
from shared.pay.people import Person
from shared.pay.settle import settle
from shared.pay.settlement import Case, Settlement
from shared.pay.snapshot import NOTHING_CARRIED, PayKey, RunSnapshot, UnsettledEntry
from shared.pay.terms.losses import LostLine
from shared.pay.terms.policy import PaymentTerms, terms_for
from shared.pay.terms.words import WORDS
from shared.pay.terms.words.base import PeriodTerms, Terms
from shared.pay.terms.words.release import LineFacts
from shared.periods import Month, last_day, period_of


def settle_everybody(
    snapshot: RunSnapshot, rows: pl.DataFrame, *, lost: Mapping[PayKey, Sequence[LostLine]]
) -> list[Settlement]:
    """Settle everybody with anything to settle.

    Args:
        snapshot: where everybody stands.
        rows: the current lines of what the run looks at, one row each (`shared.contracts.lines.each_line`).
        lost: deals that earn less than when their month was paid.
    """
    # A pay period may end within its month: what counts from a later day is booked in the same month and payable, but
    # not due yet.
    later = rows.filter((pl.col("period") == snapshot.run.month) & (pl.col("credit_date") > snapshot.run.ends))
    not_due = summed(later)
    lines = line_facts(snapshot, rows.join(later.select("row"), on="row", how="anti"))
    terms = _TermsByPeriod(snapshot)
    cases = (
        _case(snapshot, key, terms=terms, lines=lines.get(key, ()), not_due=not_due.get(key, 0), lost=lost.get(key, ()))
        for key in sorted({*snapshot.pay_keys(), *lost})
    )
    return [settle(case) for case in cases]


def _case(
    snapshot: RunSnapshot,
    key: PayKey,
    *,
    terms: _TermsByPeriod,
    lines: Sequence[LineFacts],
    not_due: int,
    lost: Sequence[LostLine],
) -> Case:
    """Everything that the pay of a participant in a currency depends on."""
    participant_id, currency = key
    run, person = snapshot.run, snapshot.people[participant_id]
    unsettled, held = snapshot.unsettled.get(key, ()), snapshot.held.get(key, {})
    carried = snapshot.carried.get(key, NOTHING_CARRIED)
    months = {entry.origin for entry in unsettled} | {line.period for line in held} | {line.period for line in lines}
    # A month of the open pay period counts with it; a closed one with the pay period that closed it, under the terms of
    # that.
    closed_in = {month: terms.closed_in(month) for month in months if terms.is_closed(month)}
    pay_periods = {run.pay_period, *closed_in.values()}
    return Case(
        participant_id=participant_id,
        currency=currency,
        pay_period=run.pay_period,
        month=run.month,
        starts=run.starts,
        as_of=run.ends,
        payable=snapshot.payable.get(key, 0),
        terms={name: terms.of(person, currency, pay_period=name) for name in pay_periods},
        carried_in=carried.carried,
        not_due=not_due,
        # What payroll gave back is no correction of its month: it is paid again as it was.
        corrections=_sums(entry for entry in unsettled if entry.kind != "return" and entry.origin in closed_in),
        adjusted=_sums(entry for entry in unsettled if entry.kind == "adjustment"),
        returned=sum(entry.amount for entry in unsettled if entry.kind == "return"),
        closed_in=closed_in,
        settled={name: carried.settled[name] for name in pay_periods if name in carried.settled},
        paid_before=snapshot.paid_before.get(key, 0),
        draw=snapshot.draw.get(key, 0),
        receivable=snapshot.receivable.get(key, 0),
        lines=lines,
        held=held,
        holds=snapshot.holds,
        lost=lost,
        last_day=person.last_day(run.ends),
        settles=run.kind == "regular",
    )


class _TermsByPeriod:
    """Terms by pay period, each read once: documents are the same for everybody, and a run has thousands of people."""

    def __init__(self, snapshot: RunSnapshot) -> None:
        self._snapshot = snapshot
        self._spans: dict[str, tuple[date, date]] = {snapshot.run.pay_period: (snapshot.run.starts, snapshot.run.ends)}
        self._documents: dict[date, list[PaymentTerms]] = {}
        self._closed_in: dict[Month, str] = {}

    def is_closed(self, month: Month) -> bool:
        """Whether the month is closed for the pay group."""
        return self._snapshot.closed is not None and month <= self._snapshot.closed

    def closed_in(self, month: Month) -> str:
        """The pay period in which a month ended, by the calendar that ruled then."""
        if month not in self._closed_in:
            period = pay_period_at(ruling(self._snapshot.groups, last_day(month)), last_day(month))
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
        # Counting days walks through the roster day by day; most terms do not ask.
        if not any(word.prorated and terms[word] for word in WORDS):
            return PeriodTerms(terms, month)
        return PeriodTerms(terms, month, Fraction(person.days_there(starts, ends), (ends - starts).days + 1))


def _sums(entries: Iterable[UnsettledEntry]) -> dict[Month, int]:
    """By the month they are about. Months whose entries cancel out stay: a run looked at them."""
    sums: dict[Month, int] = {}
    for entry in entries:
        sums[entry.origin] = sums.get(entry.origin, 0) + entry.amount
    return sums
