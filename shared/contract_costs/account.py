"""Everything that contract costs are at once: lines and events in, assets, schedules, expenses and refusals out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from shared.contract_costs.assets import Asset, Expense, NoPeriod, classify, expense, is_incremental, on_cost_of
from shared.contract_costs.events import Contract, Happening
from shared.contract_costs.facts import CostEvent, CostLine, Refused
from shared.contract_costs.policy import ContractCosts
from shared.contract_costs.walk import Closing, Row, walk

PolicyAt = Callable[[date], ContractCosts]
"""The policy in force on a date; an asset keeps the one of the day on which it is capitalised."""


@dataclass(slots=True)
class Accounted:
    """The books of contract costs: assets by contract, and everything that moves them, by month."""

    assets: list[Asset] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    expenses: list[Expense] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def account(lines: Iterable[CostLine], events: Iterable[CostEvent], policy_at: PolicyAt) -> Accounted:
    """Account for costs and events. The order in which they are given does not matter."""
    found = Accounted()
    by_contract: dict[str, list[CostLine]] = defaultdict(list)
    happens: dict[str, list[CostEvent]] = defaultdict(list)
    seen: set[str] = set()
    for line in lines:
        if line.earning_line_id in seen:
            found.refused.append(_refused(line, "duplicate", f"line {line.earning_line_id} is there already"))
        elif not line.amount:
            found.refused.append(_refused(line, "zero", "the amount is 0: there is nothing to account for"))
        else:
            seen.add(line.earning_line_id)
            by_contract[line.contract_id].append(line)
    for event in events:
        happens[event.contract_id].append(event)
    for contract in sorted(by_contract.keys() | happens.keys()):
        _account(contract, by_contract[contract], happens[contract], policy_at, found)
    return found


def _account(name: str, lines: list[CostLine], events: list[CostEvent], policy_at: PolicyAt, found: Accounted) -> None:
    if not lines:
        message = f"there is no cost of contract {name}"
        found.refused.extend(Refused(event.source, name, "no_contract", message) for event in events)
        return
    assets: list[Asset] = []
    used: list[CostLine] = []
    backwards: list[CostEvent] = []
    for line in sorted(lines, key=lambda line: (line.recognised, line.amount < 0, line.occasion, line.earning_line_id)):
        policy = policy_at(line.recognised)
        if line.amount < 0:
            if is_incremental(line, policy):
                backwards.append(_taken_back(line))
            else:
                pay = line.cost in policy.incremental.costs
                on_cost = -on_cost_of(-line.amount, line.entity, policy) if pay else 0
                found.expenses.append(expense(line, policy, on_cost, "not_incremental", "not incremental"))
            continue
        try:
            asset, expensed = classify(line, policy, assets)
        except NoPeriod as error:
            found.refused.append(_refused(line, "no_period", str(error)))
            continue
        used.append(line)
        assets.extend([asset] if asset else [])
        found.expenses.extend(expensed)
    walked = walk(assets, [*events, *backwards], Contract(used, policy_at))
    found.assets.extend(assets)
    found.rows.extend(walked.rows)
    found.closings.extend(walked.closings)
    found.expenses.extend(walked.expenses)
    found.happenings.extend(walked.happenings)
    found.refused.extend(walked.refused)


def _taken_back(line: CostLine) -> CostEvent:
    """A negative commission as what it does: it takes back what the contract cost."""
    return CostEvent(
        contract_id=line.contract_id,
        kind="clawback",
        on=line.recognised,
        earning_line_id=line.corrects,
        amount=-line.amount,
        currency=line.currency,
        through_payroll=True,
        component=line.component,
        entity=line.entity,
        source=line.source or line.earning_line_id,
    )


def _refused(line: CostLine, reason: str, message: str) -> Refused:
    return Refused(line.source, line.earning_line_id, reason, message)
