"""The schedule of one contract, month after month: its assets become expense, and events change what is left, never
what was.

In each month: assets are capitalised, events of its first day, a month of expense, all other events in the order of
their days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from shared.contract_costs.asset_state import AssetState, Source
from shared.contract_costs.assets import Asset, Expense
from shared.contract_costs.events import AppliedEvent, Contract, apply_event
from shared.contract_costs.facts import RANK, CostEvent, Refused
from shared.periods import month_number

YEAR = 12


class ScheduleRow(NamedTuple):
    """What leaves an asset in a month, by one cause; negative where an impairment is reversed."""

    asset: Asset
    month: int
    source: Source
    amount: int
    on_cost: int
    """Of `amount`, what of a clawback is employer's contributions."""
    cum_amount: int
    carrying: int
    months: int
    part: tuple[int, int]
    """The part of the straight line that has gone by, as numerator and denominator."""
    claim: bool


class MonthEnd(NamedTuple):
    """What is carried at the end of a month, and what of it will still be a year later."""

    asset: Asset
    month: int
    carrying: int
    in_a_year: int


@dataclass(slots=True)
class ContractCostBooks:
    """The books of contract costs: assets, everything that moves them by month, and what never became one."""

    assets: list[Asset] = field(default_factory=list)
    schedule: list[ScheduleRow] = field(default_factory=list)
    closings: list[MonthEnd] = field(default_factory=list)
    expenses: list[Expense] = field(default_factory=list)
    applied: list[AppliedEvent] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def schedule(
    assets: Sequence[Asset], events: Sequence[CostEvent], *, contract: Contract, books: ContractCostBooks
) -> None:
    """Add to the books the schedule of a contract's assets under its events, to the end of the last asset."""
    pending = sorted(events, key=lambda event: (month_number(event.on), event.on, RANK[event.kind]))
    # By month and then by id, so that the parts of an amount shared over assets, the odd cent included, do not hang on
    # the order in which costs were read.
    states = [AssetState(asset) for asset in sorted(assets, key=lambda asset: (asset.recognised, asset.id))]
    if not states and not pending:
        return
    waiting = [(state.asset.recognised, state) for state in states]
    here: list[AssetState] = []
    for month in count(min([month for month, _ in waiting] + [month_number(event.on) for event in pending])):
        while waiting and waiting[0][0] <= month:
            here.append(waiting.pop(0)[1])
        due = [event for event in pending if month_number(event.on) == month]
        pending = pending[len(due) :]
        # An estimate or a termination of the first day changes what that month expenses; of a later day, what the
        # months after expense: who leaves on the 15th was served in that month, who leaves on the 1st was not.
        for event in (event for event in due if event.on.day == 1):
            _apply(event, here, contract=contract, books=books)
        for state in here:
            _expense(state, month, books=books)
        for event in (event for event in due if event.on.day != 1):
            _apply(event, here, contract=contract, books=books)
        for state in here:
            if state.carrying:
                # The year ahead is kept with the month, since what is known later must not change what was non-current
                # then.
                books.closings.append(MonthEnd(state.asset, month, state.carrying, state.ahead(month + YEAR)))
        if not pending and not waiting and all(map(_is_done, states)):
            break


def _is_done(state: AssetState) -> bool:
    # An impaired asset that carries nothing may be written up again, up to what it would carry without the impairment.
    return state.over or state.now >= state.end or (not state.carrying and not state.without_impairment)


def _expense(state: AssetState, month: int, *, books: ContractCostBooks) -> None:
    if state.over or (state.now >= state.end and not state.carrying):
        return
    # A month of 0 is a row once the period has begun (a cent over 36 months), and none before the service starts.
    started = state.gone(month) > 0
    if (amount := state.run(month)) or (started and state.carrying):
        books.schedule.append(_row(state, month, source=state.source, amount=amount, on_cost=0, claim=False))


def _apply(event: CostEvent, here: Sequence[AssetState], *, contract: Contract, books: ContractCostBooks) -> None:
    # By days, while `here` goes by months: a cost of the 20th is not there for an event of the 10th.
    known = [state for state in here if state.asset.line.recognised <= event.on]
    applied = apply_event(event, known, contract=contract)
    if isinstance(applied, Refused):
        books.refused.append(applied)
        return
    books.applied.append(applied)
    books.expenses.extend(applied.expenses)
    claim = event.kind == "clawback" and not event.through_payroll
    for change in applied.changes:
        books.schedule.append(
            _row(
                change.state,
                month_number(event.on),
                source=change.source,
                amount=change.amount,
                on_cost=change.on_cost,
                claim=claim,
            )
        )


def _row(state: AssetState, month: int, *, source: Source, amount: int, on_cost: int, claim: bool) -> ScheduleRow:
    return ScheduleRow(
        asset=state.asset,
        month=month,
        source=source,
        amount=amount,
        on_cost=on_cost,
        cum_amount=state.asset.total - state.carrying,
        carrying=state.carrying,
        months=state.months,
        part=state.part,
        claim=claim,
    )
