"""Pay period after pay period from facts alone: what each run would pay if nothing were kept but what the runs before
it left.

It stands where the ledger and the store stand in a running installation, and hands what it knows to the same code that
runs use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import polars as pl

from shared.contracts.lines import COLLECTION
from shared.pay.calendars.pay_periods import (
    PayPeriod,
    off_cycle_pay_date,
    pay_period_on,
    pay_periods_between,
    ruling,
)
from shared.pay.cases import settle_everybody
from shared.pay.deal_facts import DealHistory
from shared.pay.deals_changed import by_deal, compared
from shared.pay.deals_lost import deals_of, dismisses, lost_deals, worth_remembering
from shared.pay.facts import Deal, Entry, PayFacts
from shared.pay.lines import months_wanted
from shared.pay.reported_refunds import DatedDeal, dated
from shared.pay.run import Run
from shared.pay.settlement import EarningLineKey, HeldAmount, Settlement
from shared.pay.snapshot import NOTHING_CARRIED, CarriedState, PayKey, RunSnapshot, UnsettledEntry
from shared.pay.steps import BESIDE, STEPS
from shared.pay.terms.losses import LostLine, LostLineKey
from shared.periods import BEFORE_ALL, Month, next_period, period_of


class ProjectedRun(NamedTuple):
    """A run and what it does for everybody."""

    run: Run
    snapshot: RunSnapshot
    settlements: Sequence[Settlement]


def project(facts: PayFacts, first: date, *, last: date) -> Iterator[ProjectedRun]:
    """Run every pay period that ends from one day to another, and what was asked for in between, each as of its last
    day.

    What is about months before the first pay period counts with it, as in a group whose months were never closed.
    """
    ledger = _ProjectedLedger(facts)
    regular = [_Planned(ends=span.end, span=span) for span in pay_periods_between(facts.groups, first, last=last)]
    between = [
        _Planned(
            ends=run.day,
            span=pay_period_on(facts.groups, run.day),
            off_cycle=True,
            participants=run.participants,
        )
        for run in facts.off_cycle
        if first <= run.day <= last
    ]
    # On the last day of a pay period the off-cycle run comes before the regular one, which settles what that paid in
    # advance.
    for planned in sorted([*regular, *between], key=lambda run: (run.ends, not run.off_cycle)):
        yield ledger.run(planned)


class _Planned(NamedTuple):
    """A run to come, in the pay period `span`; of some participants, or of all."""

    ends: date
    span: PayPeriod
    off_cycle: bool = False
    participants: tuple[str, ...] | None = None


class _ProjectedLedger:
    """What a ledger and the records of runs would say between one run and the next."""

    def __init__(self, facts: PayFacts) -> None:
        self._facts = facts
        self._booked: Counter[PayKey] = Counter(facts.carried)
        self._draw, self._receivable = dict(facts.draw), dict(facts.receivable)
        self._carried = {key: NOTHING_CARRIED._replace(carried=amount) for key, amount in facts.carried.items()}
        self._held: dict[PayKey, Mapping[EarningLineKey, HeldAmount]] = {}
        self._settled: set[int] = set()
        """The entries that a run has looked at, by their number."""
        self._looked_at: dict[str, date] = {}
        """As of which day a run last looked at a participant."""
        self._deals = _dated_deals(facts)
        self._taken_back = {
            name for name, deal in facts.deals.items() if any(payment.amount < 0 for payment in deal.payments)
        }
        """Deals whose customers took money back: of these lines are remembered when all of them is released."""
        self._closed: Month | None = None
        self._number = 0

    def run(self, planned: _Planned) -> ProjectedRun:
        """Settle a run, and remember what it leaves."""
        entries, run = self._facts.entries, self._run(planned)
        known = [
            number
            for number, entry in enumerate(entries)
            if entry.period <= run.month
            and (entry.known_from is None or entry.known_from <= run.ends)
            and (run.participants is None or entry.participant_id in run.participants)
        ]
        snapshot = self._snapshot(run, known)
        earners = {
            (entries[number].period, entries[number].participant_id)
            for number in known
            if entries[number].kind == "earning" and entries[number].period > (self._closed or BEFORE_ALL)
        }
        wanted = months_wanted(snapshot, frozenset(snapshot.people), open_earners=earners)
        looked_at = (n for n in known if entries[n].participant_id in wanted.get(entries[n].period, ()))
        rows = self._rows(looked_at, run.ends)
        settlements = settle_everybody(snapshot, rows, lost=self._lost(snapshot, known))
        for settlement in settlements:
            self._keep(run, settlement)
        self._settled |= set(known)
        self._closed = run.closes or self._closed
        return ProjectedRun(run, snapshot, settlements)

    def _run(self, planned: _Planned) -> Run:
        span, closes = planned.span, None if planned.off_cycle else next(reversed(planned.span.months), None)
        self._number += 1
        month = period_of(planned.ends)
        # Nothing is booked in a closed month: a run that closes none, and ends in a month that is closed already, is
        # booked in the next.
        if self._closed is not None and month <= self._closed and closes is None:
            month = next_period(self._closed)
        return Run(
            id=f"run-{span.name}-{self._number}",
            kind="off_cycle" if planned.off_cycle else "regular",
            pay_group=self._facts.groups[0].id,
            pay_period=span.name,
            month=month,
            starts=span.start,
            ends=planned.ends,
            pay_date=_pay_date(self._facts, planned),
            closes=closes,
            participants=planned.participants,
            state="calculated",
            author="",
            created_at=datetime.combine(planned.ends, time.min, UTC),
        )

    def _snapshot(self, run: Run, known: Sequence[int]) -> RunSnapshot:
        facts = self._facts
        unsettled: dict[PayKey, list[UnsettledEntry]] = {}
        payable = Counter({key: amount for key, amount in self._booked.items() if self._is_in(run, key)})
        for number in known:
            entry = facts.entries[number]
            key = (entry.participant_id, entry.currency)
            payable[key] += entry.amount
            if number not in self._settled:
                unsettled.setdefault(key, []).append(UnsettledEntry(entry.period, entry.kind, entry.amount))
        return RunSnapshot(
            run=run,
            groups=facts.groups,
            in_unknown_groups={},
            closed=self._closed,
            people={who: person for who, person in facts.people.items() if self._is_in(run, (who, ""))},
            payable={key: amount for key, amount in payable.items() if amount},
            unsettled=unsettled,
            carried=self._carried,
            draw={key: amount for key, amount in self._draw.items() if amount and self._is_in(run, key)},
            receivable={key: amount for key, amount in self._receivable.items() if amount and self._is_in(run, key)},
            held={key: lines for key, lines in self._held.items() if lines and self._is_in(run, key)},
            journal_counts={},
            holds=[hold for day, hold in facts.holds if day <= run.ends],
            excused=frozenset((who, deal) for day, who, deal in facts.excused if day <= run.ends),
            terms=facts.terms,
        )

    @staticmethod
    def _is_in(run: Run, key: PayKey) -> bool:
        return run.participants is None or key[0] in run.participants

    def _rows(self, numbers: Iterable[int], day: date, *, as_looked_at: bool = False) -> pl.DataFrame:
        """Entries that were earned, as lines with what is known of their deals by a day, or was known when a run last
        looked.
        """
        rows = []
        for number in numbers:
            entry = self._facts.entries[number]
            if entry.kind == "earning":
                deal = self._deals.get(entry.deal_id or "", _UNKNOWN)
                until = self._looked_at.get(entry.participant_id, date.min) if as_looked_at else date.max
                # A payment counts from its own day, also in runs to come; a refund lowers the deal from the day on
                # which it is known.
                payments = [payment._asdict() for payment in deal.deal.payments if payment.day <= until]
                refunds = [refund._asdict() for refund in deal.refunds_by(min(day, until))]
                own = (number, *(getattr(entry, name) for name in _OWN), None, None, entry.day)
                rows.append((*own, deal.deal.amount, payments, refunds, deal.deal.started_on))
        return pl.DataFrame(rows, schema=_ROW, orient="row")

    def _lost(self, snapshot: RunSnapshot, known: Iterable[int]) -> dict[PayKey, list[LostLine]]:
        """Lines of closed months that earn something else than when they were paid.

        They are looked at as of every day on which anything of them became known, one after the other, as the runs of a
        ledger would have looked at them: what was corrected before a deal was cancelled is no matter of the
        cancellation.
        """
        entries, ends = self._facts.entries, snapshot.run.ends
        if not dismisses(snapshot):
            return {}
        new = [number for number in known if number not in self._settled and self._corrects(entries[number])]
        theirs = {_deal_of(entries[number]) for number in new}
        before = [number for number in sorted(self._settled) if _deal_of(entries[number]) in theirs]
        paid = by_deal(self._rows(before, ends, as_looked_at=True))
        remembered = {
            key: dict(state.dismissed) for key, state in self._carried.items() if self._is_in(snapshot.run, key)
        }
        lost: dict[PayKey, dict[LostLineKey, LostLine]] = {}
        states = {key: dict(lines) for key, lines in remembered.items()}
        for day in sorted({entries[number].known_from or ends for number in new} | {ends}):
            numbers = [*before, *(number for number in new if (entries[number].known_from or day) <= day)]
            now = by_deal(self._rows(numbers, day)).join(paid, on=["participant_id", "period"], how="semi")
            changed = compared(paid, now)
            lost = lost_deals(changed, self._known(deals_of(changed, states), day), remembered=states)
            for key, lines in lost.items():
                states.setdefault(key, {}).update({place: line.record for place, line in lines.items()})
        return worth_remembering(snapshot, lost, remembered=remembered)

    def _known(self, deals: Iterable[str], day: date) -> dict[str, DealHistory]:
        """What has become of deals by a day, of those that say when they were closed."""
        known = {name: self._deals.get(name, _UNKNOWN).as_of(day) for name in deals}
        return {name: fact for name, fact in known.items() if fact is not None}

    def _corrects(self, entry: Entry) -> bool:
        """Whether it is about the earnings of a closed month."""
        return entry.kind == "earning" and self._closed is not None and entry.period <= self._closed

    def _keep(self, run: Run, settlement: Settlement) -> None:
        """What approving the run would book and remember."""
        key = (settlement.participant_id, settlement.currency)
        booked = (line.amount for line in settlement.lines if STEPS[line.step].booking and line.step not in BESIDE)
        self._booked[key] += sum(booked) - settlement.paid
        self._draw[key], self._receivable[key] = settlement.draw, settlement.receivable
        before = self._held.get(key, {})
        # What a run did not look at stays as it is. A line of which nothing is held any more is remembered for one run,
        # which may still correct it, and for good where its money may go again.
        self._held[key] = {
            line: held
            for line, held in {**before, **settlement.held}.items()
            if held.held or held.forfeited or line.deal_id in self._taken_back or (line in before and before[line].held)
        }
        self._looked_at[settlement.participant_id] = run.ends
        carried = self._carried.get(key, NOTHING_CARRIED)
        self._carried[key] = CarriedState(
            carried=settlement.carried,
            settled={**carried.settled, **settlement.settled},
            dismissed={**carried.dismissed, **settlement.loss_records},
            run=run.id,
            month=run.month,
            paid=carried.with_paid(run.pay_period, settlement.paid, lines=settlement.lines),
        )


def _pay_date(facts: PayFacts, planned: _Planned) -> date:
    if not planned.off_cycle:
        return planned.span.pay_date
    return off_cycle_pay_date(ruling(facts.groups, planned.ends), planned.ends)


def _dated_deals(facts: PayFacts) -> dict[str, DatedDeal]:
    earned: dict[str, list[Entry]] = {}
    for entry in facts.entries:
        if entry.kind == "earning" and entry.deal_id is not None:
            earned.setdefault(entry.deal_id, []).append(entry)
    return {name: dated(deal, earned.get(name, ())) for name, deal in facts.deals.items()}


def _deal_of(entry: Entry) -> tuple[str, Month, str | None]:
    return entry.participant_id, entry.period, entry.deal_id


_UNKNOWN = DatedDeal(Deal(), (), None)
_OWN = ("participant_id", "currency", "period", "component", "plan", "version", "deal_id", "amount")
_ROW = {
    "row": pl.UInt32(),
    **dict.fromkeys(_OWN, pl.String()),
    "version": pl.Int64(),
    "amount": pl.Int64(),
    "rule": pl.String(),
    "share": pl.Int64(),
    "credit_date": pl.Date(),
    "deal_amount": pl.Int64(),
    "payments": pl.List(COLLECTION),
    "refunds": pl.List(COLLECTION),
    "start_date": pl.Date(),
}
