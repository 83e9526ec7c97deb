"""What a run that closes months would leave behind: pay periods before its own that no run was over, and runs over them
that are not approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from shared.pay.calendars.pay_periods import PayPeriod, pay_periods_between
from shared.pay.review_rules import ReviewFinding
from shared.pay.run import DONE_STATES, UNFINISHED, Run
from shared.pay.snapshot import RunSnapshot
from shared.pay.terms.words import pays_unearned
from shared.periods import BEFORE_ALL, first_day, next_period, period_of


def earlier_months(snapshot: RunSnapshot, *, runs: Iterable[Run]) -> Iterator[ReviewFinding]:
    """Months before the pay period that no run has closed and that this one closes too, what it pays of them and what
    it does not.
    """
    run, closed = snapshot.run, snapshot.closed
    if run.closes is None:
        return
    over = [each for each in runs if each.kind == "regular" and each.pay_group == run.pay_group and each.id != run.id]
    due = {entry.origin for entries in snapshot.unsettled.values() for entry in entries if entry.kind == "earning"}
    months = sorted(month for month in due if (closed or BEFORE_ALL) < month < period_of(run.starts))
    if months:
        why = f"no run has closed {_in_words(months)}: this one pays what is due of it and closes it, too"
        yield ReviewFinding("earlier_months", "", why)
    # Of a group that has closed nothing it is not known since when it is paid here: from the first month with anything.
    since = next_period(closed) if closed else months[0] if months else period_of(run.starts)
    done = {each.pay_period for each in over if each.state in DONE_STATES and each.participants is None}
    skipped = [
        period.name
        for period in pay_periods_between(snapshot.groups, first_day(since), last=run.starts)
        if period.end < run.starts and period.name not in done and _pays_unearned(snapshot, period)
    ]
    if skipped:
        why = (
            f"no run was over {_in_words(skipped)}: guarantees, minimums and draws of it are paid by a run over it "
            "alone, which is not possible any more once this one is approved; "
            f"cancel this one and run {skipped[0]} first"
        )
        yield ReviewFinding("earlier_months", "", why)
    for each in sorted(over, key=lambda each: each.ends):
        if each.state in UNFINISHED and each.ends < run.starts:
            why = (
                f"{each.id} is {each.state}, and cannot be approved any more once this run over a later pay period is: "
                "go on with it first"
            )
            yield ReviewFinding("earlier_months", "", why)


def _pays_unearned(snapshot: RunSnapshot, period: PayPeriod) -> bool:
    return any(pays_unearned(terms) for terms in snapshot.terms(period.end))


def _in_words(names: Sequence[str]) -> str:
    """Months or pay periods, by the first and the last of them."""
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
