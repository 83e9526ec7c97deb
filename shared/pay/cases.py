"""Settles everybody in a run: each participant's case is put together from where they stand, the lines of pay and the terms.

Whoever knows where people stand may call it: a run, from the ledger; `earnest pay`, from files. Nothing is decided here;
`runs.settlement` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from shared.pay.balances import CarriedState, PayKey, UnsettledEntry
from shared.pay.calendars.pay_periods import pay_period_at
from shared.pay.calendars.timeline import ruling
from shared.pay.lines import line_facts, summed
from shared.pay.people import Person
from shared.pay.settle import settle
from shared.pay.settlement import Case, Settlement
from shared.pay.terms.losses import LostLine
from shared.pay.terms.policy import PaymentTerms, terms_for
from shared.pay.terms.words import WORDS
from shared.pay.terms.words.base import PeriodTerms, Terms
from shared.periods import last_day

if TYPE_CHECKING:
    from shared.pay.snapshot import RunSnapshot


def settle_everybody(
    snapshot: RunSnapshot, rows: pl.DataFrame, *, lost: Mapping[PayKey, Sequence[LostLine]]
) -> list[Settlement]:
    """Settle everybody with anything to settle.

    Args:
        snapshot: where everybody stands.
        rows: the current lines of what the run looks at, one row each (`shared.contracts.lines.each_line`).
        lost: deals that earn less than when their month was paid.
    """
    later = rows.filter((pl.col("period") == snapshot.run.month) & (pl.col("credit_date") > snapshot.run.ends))
    not_due = summed(later)
    facts = line_facts(snapshot, rows.join(later.select("row"), on="row", how="anti"))
    ruled = _TermsByPeriod(snapshot)
    settlements = []
    for owed in sorted({*snapshot.pay_keys(), *lost}):
        who, currency = owed
        left, fresh = snapshot.carried.get(owed, CarriedState(0, {}, {})), snapshot.unsettled.get(owed, ())
        person = snapshot.people[who]
        months = {each.origin for each in fresh} | {whose.period for whose in snapshot.held.get(owed, {})}
        months |= {line.period for line in facts.get(owed, ())}
        closed_in = {month: ruled.closed_in(month) for month in months if ruled.is_closed(month)}
        settled = {
            name: left.settled[name] for name in {*closed_in.values(), snapshot.run.pay_period} if name in left.settled
        }
        periods = {snapshot.run.pay_period, *closed_in.values()}
        settlements.append(
            settle(
                Case(
                    participant_id=who,
                    currency=currency,
                    pay_period=snapshot.run.pay_period,
                    month=snapshot.run.month,
                    starts=snapshot.run.starts,
                    as_of=snapshot.run.ends,
                    payable=snapshot.payable.get(owed, 0),
                    terms={name: ruled.of(person, currency, pay_period=name) for name in periods},
                    carried_in=left.carried,
                    not_due=not_due.get(owed, 0),
                    corrections=_sums(each for each in fresh if each.kind != "return" and each.origin in closed_in),
                    adjusted=_sums(each for each in fresh if each.kind == "adjustment"),
                    returned=sum(each.amount for each in fresh if each.kind == "return"),
                    closed_in=closed_in,
                    settled=settled,
                    paid_before=snapshot.paid_before.get(owed, 0),
                    draw=snapshot.draw.get(owed, 0),
                    receivable=snapshot.receivable.get(owed, 0),
                    lines=facts.get(owed, ()),
                    held=snapshot.held.get(owed, {}),
                    holds=snapshot.holds,
                    lost=lost.get(owed, ()),
                    last_day=person.last_day(snapshot.run.ends),
                    settles=snapshot.run.kind == "regular",
                )
            )
        )
    return settlements


class _TermsByPeriod:
    """Terms by pay period, each read once."""

    def __init__(self, snapshot: RunSnapshot) -> None:
        self._snapshot = snapshot
        self._spans: dict[str, tuple[date, date]] = {snapshot.run.pay_period: (snapshot.run.starts, snapshot.run.ends)}
        self._documents: dict[date, list[PaymentTerms]] = {}
        self._closed_in: dict[str, str] = {}

    def is_closed(self, month: str) -> bool:
        """Whether the month is closed for the pay group."""
        return self._snapshot.closed is not None and month <= self._snapshot.closed

    def closed_in(self, month: str) -> str:
        """The pay period in which a month ended."""
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
        month = ends.strftime("%Y-%m")
        if not documents:
            return PeriodTerms(Terms(currency), month)
        home = person.at(ends)
        terms = terms_for(documents, person.participant_id, plan=home.plan, pay_group=home.pay_group, currency=currency)
        if not any(word.prorated and terms[word] for word in WORDS):
            return PeriodTerms(terms, month)
        return PeriodTerms(terms, month, Fraction(person.days_there(starts, ends), (ends - starts).days + 1))


def _sums(fresh: Iterable[UnsettledEntry]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for each in fresh:
        sums[each.origin] = sums.get(each.origin, 0) + each.amount
    return sums
