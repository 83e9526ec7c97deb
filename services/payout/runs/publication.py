"""What the topic `runs` says of a run: counts and sums over the people in it, and nobody's pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from services.payout.payroll.acknowledgement import Acknowledgement
from services.payout.payroll.batch import ReleasedBatch
from services.payout.runs.record import PayRecord, SettlementRecord
from shared.contracts.runs import RunAmounts, RunBatch, RunChanged
from shared.pay.run import Run, run_totals
from shared.pay.steps import STEPS
from shared.periods import Month

_EARNED: Final = ("earnings", "prior_period")
_BESIDE_PLANS: Final = (
    "adjustment",  # which people booked when they made it
    *(step.name for step in STEPS.values() if step.booking and step.booking.debit in ("adjusted", "guaranteed")),
)
"""The steps that are an expense and that no plan pays."""


class _Deviation(NamedTuple):
    """What is not simply earned in the month of the run: of one person, in one currency, about one month."""

    currency: str
    adjusted: int = 0
    corrected: int = 0
    clawed_back: int = 0


def run_changed(
    run: Run,
    pays: Iterable[PayRecord],
    *,
    revision: int,
    batches: Iterable[ReleasedBatch],
    acknowledged: Mapping[str, Acknowledgement],
) -> RunChanged:
    """The run as the topic has it.

    Args:
        run: as it stands.
        pays: what it was last calculated to pay.
        revision: how much happened to it.
        batches: those released of it.
        acknowledged: what payroll said of these, by batch.
    """
    everybody = list(pays)
    deviations = [deviation for pay in everybody for deviation in _deviations(pay)]
    return RunChanged(
        run_id=run.id,
        revision=revision,
        kind=run.kind,
        pay_group=run.pay_group,
        pay_period=run.pay_period,
        starts=run.starts,
        ends=run.ends,
        pay_date=run.pay_date,
        state=run.state,
        statements=len({pay.participant_id for pay in everybody}),
        adjustments=sum(deviation.adjusted != 0 for deviation in deviations),
        corrections=sum(deviation.corrected != 0 for deviation in deviations),
        clawbacks=sum(deviation.clawed_back != 0 for deviation in deviations),
        amounts=list(_amounts(everybody, deviations)),
        batches=[
            RunBatch(
                batch=batch.id,
                released_at=batch.released_at,
                acknowledged_at=acknowledged[batch.id].at if batch.id in acknowledged else None,
                acknowledge_by=batch.acknowledge_by,
            )
            for batch in sorted(batches, key=lambda batch: batch.number)
        ],
    )


def _deviations(pay: PayRecord) -> Iterator[_Deviation]:
    by_month: defaultdict[Month, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in pay.settlement.lines_of("adjustment", "prior_period", "dismissal"):
        by_month[line.about][line.step] += line.amount
    for steps in by_month.values():
        yield _Deviation(
            pay.currency,
            adjusted=abs(steps["adjustment"]),
            corrected=abs(steps["prior_period"]),
            clawed_back=max(0, -steps["prior_period"] - steps["dismissal"]),
        )


def _amounts(pays: Sequence[PayRecord], deviations: Iterable[_Deviation]) -> Iterator[RunAmounts]:
    of_currency: defaultdict[str, list[_Deviation]] = defaultdict(list)
    for deviation in deviations:
        of_currency[deviation.currency].append(deviation)
    for total in run_totals(pay.payment for pay in pays):
        in_currency = of_currency[total.currency]
        settlements = [pay.settlement for pay in pays if pay.currency == total.currency]
        earned = _sum_of(settlements, _EARNED)
        yield RunAmounts(
            currency=total.currency,
            participants=total.participants,
            paid=total.paid,
            adjusted=sum(deviation.adjusted for deviation in in_currency),
            corrected=sum(deviation.corrected for deviation in in_currency),
            clawed_back=sum(deviation.clawed_back for deviation in in_currency),
            earned=earned,
            cost=earned + _sum_of(settlements, _BESIDE_PLANS),
        )


def _sum_of(settlements: Iterable[SettlementRecord], steps: Sequence[str]) -> int:
    return sum(line.amount for settlement in settlements for line in settlement.lines_of(*steps))
