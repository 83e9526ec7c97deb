"""The walk over the months of one contract: its assets become expense, and events change what is left, never what was.

In each month: assets are capitalised, events of its first day, a month of expense, all other events in the order of their days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from shared.contract_costs.assets import Asset, Expense
from shared.contract_costs.events import Contract, Happening, happen
from shared.contract_costs.facts import RANK, CostEvent, Refused
from shared.contract_costs.live import Live, Source
from shared.contract_costs.months import number

YEAR = 12


class Row(NamedTuple):
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


class Closing(NamedTuple):
    """What is carried at the end of a month, and what of it will still be a year later."""

    asset: Asset
    month: int
    carrying: int
    in_a_year: int


@dataclass(slots=True)
class Walked:
    """Everything that happened to the assets of one contract."""

    rows: list[Row] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    expenses: list[Expense] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def walk(assets: Sequence[Asset], events: Sequence[CostEvent], contract: Contract) -> Walked:
    """The schedule of a contract's assets under its events, to the end of the last asset."""
    found = Walked()
    pending = sorted(events, key=lambda each: (number(each.on), each.on, RANK[each.kind]))
    lives = [Live(asset) for asset in sorted(assets, key=lambda asset: (asset.recognised, asset.id))]
    if not lives and not pending:
        return found
    waiting = [(live.asset.recognised, live) for live in lives]
    here: list[Live] = []
    for month in count(min([month for month, _ in waiting] + [number(each.on) for each in pending])):
        while waiting and waiting[0][0] <= month:
            here.append(waiting.pop(0)[1])
        today = [each for each in pending if number(each.on) == month]
        pending = pending[len(today) :]
        for event in (each for each in today if each.on.day == 1):
            _apply(event, here, contract, found)
        for live in here:
            _expense(live, month, found)
        for event in (each for each in today if each.on.day != 1):
            _apply(event, here, contract, found)
        for live in here:
            if live.carrying:
                found.closings.append(Closing(live.asset, month, live.carrying, live.ahead(month + YEAR)))
        if not pending and not waiting and all(map(_is_done, lives)):
            break
    return found


def _is_done(live: Live) -> bool:
    return live.over or live.now >= live.end or (not live.carrying and not live.without_impairment)


def _expense(live: Live, month: int, found: Walked) -> None:
    if live.over or (live.now >= live.end and not live.carrying):
        return
    started = live.gone(month) > 0
    if (amount := live.run(month)) or (started and live.carrying):
        found.rows.append(_row(live, month, live.source, amount, 0, False))


def _apply(event: CostEvent, here: Sequence[Live], contract: Contract, found: Walked) -> None:
    known = [live for live in here if live.asset.line.recognised <= event.on]
    happened = happen(event, known, contract)
    if isinstance(happened, Refused):
        found.refused.append(happened)
        return
    found.happenings.append(happened)
    found.expenses.extend(happened.expenses)
    claim = event.kind == "clawback" and not event.through_payroll
    for change in happened.changes:
        row = _row(change.live, number(event.on), change.source, change.amount, change.on_cost, claim)
        found.rows.append(row)


def _row(live: Live, month: int, source: Source, amount: int, on_cost: int, claim: bool) -> Row:
    carrying = live.carrying
    return Row(
        live.asset, month, source, amount, on_cost, live.asset.total - carrying, carrying, live.months, live.part, claim
    )


def rows_by_asset(walked: Walked) -> Iterator[tuple[Asset, list[Row]]]:
    """The rows of each asset, in order."""
    by: dict[str, tuple[Asset, list[Row]]] = {}
    for row in walked.rows:
        by.setdefault(row.asset.id, (row.asset, []))[1].append(row)
    yield from by.values()
