"""Settles everybody in a run: each participant's case is put together from where they stand, the lines of pay and the
terms.

Whoever knows where people stand may call it: a run, from the ledger; `earnest pay`, from files. Nothing is decided
here; `settle` decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from shared.pay.lines import line_facts, summed
from shared.pay.settle import settle
from shared.pay.settlement import Case, Settlement
from shared.pay.snapshot import NOTHING_CARRIED, PayKey, RunSnapshot, UnsettledEntry
from shared.pay.terms.losses import LostLine
from shared.pay.terms.words.release import LineFacts
from shared.pay.terms_by_period import TermsByPeriod
from shared.periods import Month


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
    terms = TermsByPeriod(snapshot)
    cases = (
        _case(snapshot, key, terms=terms, lines=lines.get(key, ()), not_due=not_due.get(key, 0), lost=lost.get(key, ()))
        for key in sorted({*snapshot.pay_keys(), *lost})
    )
    return [settle(case) for case in cases]


def _case(
    snapshot: RunSnapshot,
    key: PayKey,
    *,
    terms: TermsByPeriod,
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
    ruled = {name: terms.of(person, currency, pay_period=name) for name in pay_periods}
    spans = terms.spans(person, currency, ruled=ruled, settled=carried.settled)
    ruled |= {name: spanned.ruled for name, spanned in spans.items()}
    of_run = {run.pay_period: [run.pay_period], **{name: spanned.pay_periods for name, spanned in spans.items()}}
    return Case(
        participant_id=participant_id,
        currency=currency,
        pay_period=run.pay_period,
        month=run.month,
        as_of=run.ends,
        payable=snapshot.payable.get(key, 0),
        terms=ruled,
        carried_in=carried.carried,
        not_due=not_due,
        # What payroll gave back is no correction of its month: it is paid again as it was.
        corrections=_sums(entry for entry in unsettled if entry.kind != "return" and entry.origin in closed_in),
        adjusted=_sums(entry for entry in unsettled if entry.kind == "adjustment"),
        returned=sum(entry.amount for entry in unsettled if entry.kind == "return"),
        closed_in=closed_in,
        settled={name: carried.settled[name] for name in ruled if name in carried.settled},
        spans={name: spanned.brought for name, spanned in spans.items()},
        paid_over={name: carried.paid_over(names) for name, names in of_run.items()},
        draw=snapshot.draw.get(key, 0),
        receivable=snapshot.receivable.get(key, 0),
        lines=lines,
        held=held,
        holds=snapshot.holds,
        lost=lost,
        last_day=person.last_day(run.ends),
        settles=run.kind == "regular",
    )


def _sums(entries: Iterable[UnsettledEntry]) -> dict[Month, int]:
    """By the month they are about. Months whose entries cancel out stay: a run looked at them."""
    sums: dict[Month, int] = {}
    for entry in entries:
        sums[entry.origin] = sums.get(entry.origin, 0) + entry.amount
    return sums
