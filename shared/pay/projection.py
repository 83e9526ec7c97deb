"""Pay period after pay period from facts alone: what each run would pay if nothing were kept but what the runs before it left.

It stands where the ledger and the store stand in a running installation, and hands what it knows to the same code that runs use.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import polars as pl

from shared.contracts.lines import COLLECTION
from shared.pay.balances import CarriedState, PayKey, UnsettledEntry
from shared.pay.calendars.pay_periods import PayPeriod, pay_period_at
from shared.pay.calendars.timeline import pay_periods_between, ruling
from shared.pay.cases import settle_everybody
from shared.pay.deal_facts import DealFact
from shared.pay.deals_changed import by_deal, compared
from shared.pay.deals_lost import deals_of, dismisses, lost_deals, worth_remembering
from shared.pay.facts import Deal, Entry, PayFacts
from shared.pay.lines import months_wanted
from shared.pay.reported_refunds import DatedDeal, dated
from shared.pay.run import Run
from shared.pay.settlement import EarningLineKey, HeldAmount, Settlement
from shared.pay.snapshot import RunSnapshot
from shared.pay.steps import BESIDE, STEPS
from shared.pay.terms.losses import LossRecord, LostLine, LostLineKey
from shared.periods import next_period, period_of


class ProjectedRun(NamedTuple):
    """A run and what it does for everybody."""

    run: Run
    snapshot: RunSnapshot
    settlements: Sequence[Settlement]


def project(facts: PayFacts, first: date, *, last: date) -> Iterator[ProjectedRun]:
    """Run every pay period that ends from one day to another, and what was asked for in between, each as of its last day.

    What is about months before the first pay period counts with it, as in a group whose months were never closed.
    """
    standing = _ProjectedLedger(facts)
    runs: list[tuple[date, bool, PayPeriod, tuple[str, ...] | None]] = [
        (span.end, True, span, None) for span in pay_periods_between(facts.groups, first, last=last)
    ]
    for each in facts.off_cycle:
        if first <= each.day <= last:
            span = pay_period_at(ruling(facts.groups, each.day), each.day)
            runs.append((each.day, False, span, each.participants))
    for ends, regular, span, participants in sorted(runs, key=lambda run: run[:2]):
        yield standing.run(ends, regular, span=span, participants=participants)


class _ProjectedLedger:
    """Where everybody stands between runs."""

    def __init__(self, facts: PayFacts) -> None:
        self._facts = facts
        self._booked: Counter[PayKey] = Counter(facts.carried)
        self._draw, self._receivable = dict(facts.draw), dict(facts.receivable)
        self._left = {owed: CarriedState(amount, {}, {}) for owed, amount in facts.carried.items()}
        self._held: dict[PayKey, Mapping[EarningLineKey, HeldAmount]] = {}
        self._paid: Counter[tuple[PayKey, str]] = Counter()
        self._seen: set[int] = set()
        self._looked: dict[str, date] = {}
        self._deals = _dated_deals(facts)
        self._taken_back = {
            name for name, deal in facts.deals.items() if any(each.amount < 0 for each in deal.payments)
        }
        self._closed: str | None = None
        self._number = 0

    def run(self, ends: date, regular: bool, *, span: PayPeriod, participants: tuple[str, ...] | None) -> ProjectedRun:
        """Settle a run, and remember what it leaves."""
        facts = self._facts
        self._number += 1
        month = period_of(ends)
        if self._closed is not None and month <= self._closed and not (regular and span.months):
            month = next_period(self._closed)
        run = Run(
            id=f"run-{span.name}-{self._number}",
            kind="regular" if regular else "off_cycle",
            pay_group=facts.groups[0].id,
            pay_period=span.name,
            month=month,
            starts=span.start,
            ends=ends,
            pay_date=span.pay_date,
            closes=span.months[-1] if regular and span.months else None,
            participants=participants,
            state="calculated",
            author="",
            created_at=datetime.combine(ends, time.min, UTC),
        )
        known = [
            number
            for number, each in enumerate(facts.entries)
            if each.period <= month
            and (each.known_from is None or each.known_from <= ends)
            and (participants is None or each.participant_id in participants)
        ]
        snapshot = self._snapshot(run, known)
        earners = {
            (each.period, each.participant_id)
            for each in map(facts.entries.__getitem__, known)
            if each.kind == "earning" and each.period > (self._closed or "")
        }
        wanted = months_wanted(snapshot, frozenset(snapshot.people), open_earners=earners)
        of_those = (n for n in known if facts.entries[n].participant_id in wanted.get(facts.entries[n].period, ()))
        rows = self._rows(of_those, ends)
        settlements = settle_everybody(snapshot, rows, lost=self._lost(snapshot, known))
        for each in settlements:
            self._keep(run, each)
        self._seen |= set(known)
        self._closed = run.closes or self._closed
        return ProjectedRun(run, snapshot, settlements)

    def _snapshot(self, run: Run, known: Sequence[int]) -> RunSnapshot:
        facts = self._facts
        fresh: dict[PayKey, list[UnsettledEntry]] = {}
        payable = Counter({owed: amount for owed, amount in self._booked.items() if self._is_in(run, owed)})
        for number in known:
            each = facts.entries[number]
            owed = (each.participant_id, each.currency)
            payable[owed] += each.amount
            if number not in self._seen:
                fresh.setdefault(owed, []).append(UnsettledEntry(each.period, each.kind, each.amount))
        return RunSnapshot(
            run=run,
            groups=facts.groups,
            in_unknown_groups={},
            closed=self._closed,
            people={who: person for who, person in facts.people.items() if self._is_in(run, (who, ""))},
            payable={owed: amount for owed, amount in payable.items() if amount},
            unsettled=fresh,
            carried=self._left,
            paid_before={owed: paid for (owed, name), paid in self._paid.items() if name == run.pay_period},
            draw={owed: amount for owed, amount in self._draw.items() if amount and self._is_in(run, owed)},
            receivable={owed: amount for owed, amount in self._receivable.items() if amount and self._is_in(run, owed)},
            held={owed: lines for owed, lines in self._held.items() if lines and self._is_in(run, owed)},
            journal_counts={},
            holds=[hold for day, hold in facts.holds if day <= run.ends],
            excused=frozenset((who, deal) for day, who, deal in facts.excused if day <= run.ends),
            terms=facts.terms,
        )

    @staticmethod
    def _is_in(run: Run, owed: PayKey) -> bool:
        return run.participants is None or owed[0] in run.participants

    def _rows(self, numbers: Iterable[int], day: date, *, as_looked_at: bool = False) -> pl.DataFrame:
        """Entries that were earned, as lines with what is known of their deals by a day, or was known when a run last looked."""
        rows = []
        for number in numbers:
            each = self._facts.entries[number]
            if each.kind == "earning":
                deal = self._deals.get(each.deal_id or "", _UNKNOWN)
                own = (number, *(getattr(each, name) for name in _OWN), None, None, each.day)
                until = self._looked.get(each.participant_id, date.min) if as_looked_at else date.max
                paid = [payment for payment in deal.deal.payments if payment.day <= until]
                money = ([entry._asdict() for entry in of] for of in (paid, deal.refunds_by(min(day, until))))
                rows.append((*own, deal.deal.amount, *money, deal.deal.started_on))
        return pl.DataFrame(rows, schema=_ROW, orient="row")

    def _lost(self, snapshot: RunSnapshot, known: Iterable[int]) -> dict[PayKey, list[LostLine]]:
        """Lines of closed months that earn something else than when they were paid.

        They are looked at as of every day on which anything of them became known: what was corrected before a deal was cancelled is no
        matter of the cancellation.
        """
        entries, ends = self._facts.entries, snapshot.run.ends
        if not dismisses(snapshot):
            return {}
        fresh = [number for number in known if number not in self._seen and self._corrects(entries[number])]
        theirs = {_deal_of(entries[number]) for number in fresh}
        before = [number for number in sorted(self._seen) if _deal_of(entries[number]) in theirs]
        paid = by_deal(self._rows(before, ends, as_looked_at=True))
        remembered = {
            owed: dict(left.dismissed) for owed, left in self._left.items() if self._is_in(snapshot.run, owed)
        }
        found: dict[PayKey, dict[LostLineKey, LostLine]] = {}
        states = {owed: dict(lines) for owed, lines in remembered.items()}
        for day in sorted({entries[number].known_from or ends for number in fresh} | {ends}):
            numbers = [*before, *(number for number in fresh if (entries[number].known_from or day) <= day)]
            now = by_deal(self._rows(numbers, day)).join(paid, on=["participant_id", "period"], how="semi")
            changed = compared(paid, now)
            found = lost_deals(changed, self._known(deals_of(changed, states), day), remembered=states)
            for owed, lines in found.items():
                states.setdefault(owed, {}).update(
                    {line: LossRecord(each.paid, each.lost, each.dismissed, each.ruled) for line, each in lines.items()}
                )
        return worth_remembering(snapshot, found, remembered=remembered)

    def _known(self, deals: Iterable[str], day: date) -> dict[str, DealFact]:
        """What has become of deals by a day, of those that say when they were closed."""
        known = {name: self._deals.get(name, _UNKNOWN).as_of(day) for name in deals}
        return {name: fact for name, fact in known.items() if fact is not None}

    def _corrects(self, entry: Entry) -> bool:
        """Whether it is about the earnings of a closed month."""
        return entry.kind == "earning" and self._closed is not None and entry.period <= self._closed

    def _keep(self, run: Run, found: Settlement) -> None:
        """What approving the run would book and remember."""
        owed = (found.participant_id, found.currency)
        moved = (line.amount for line in found.lines if STEPS[line.step].booking and line.step not in BESIDE)
        self._booked[owed] += sum(moved) - found.paid
        self._draw[owed], self._receivable[owed] = found.draw, found.receivable
        was = self._held.get(owed, {})
        self._held[owed] = {
            whose: held
            for whose, held in {**was, **found.held}.items()
            if held.held or held.forfeited or whose.deal_id in self._taken_back or (whose in was and was[whose].held)
        }
        self._paid[owed, run.pay_period] += found.paid
        self._looked[found.participant_id] = run.ends
        before = self._left.get(owed, CarriedState(0, {}, {}))
        self._left[owed] = CarriedState(
            carried=found.carried,
            settled={**before.settled, **found.settled},
            dismissed={**before.dismissed, **found.loss_records},
            run=run.id,
            month=run.month,
        )


def _dated_deals(facts: PayFacts) -> dict[str, DatedDeal]:
    earned: dict[str, list[Entry]] = {}
    for each in facts.entries:
        if each.kind == "earning" and each.deal_id is not None:
            earned.setdefault(each.deal_id, []).append(each)
    return {name: dated(deal, earned.get(name, ())) for name, deal in facts.deals.items()}


def _deal_of(entry: Entry) -> tuple[str, str, str | None]:
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
