"""Accounting for contract costs at once: lines and events in; assets, schedules, expenses and refusals out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from shared.contract_costs.assets import Asset, NoPeriod, classify, expense, is_incremental, on_cost_of_line
from shared.contract_costs.events import Contract
from shared.contract_costs.facts import CostEvent, CostLine
from shared.contract_costs.policy import ContractCosts
from shared.contract_costs.schedule import ContractCostBooks, schedule

PolicyAt = Callable[[date], ContractCosts]
"""The policy in force on a date; an asset keeps the one of the day on which it is capitalised."""


def account_for(lines: Iterable[CostLine], events: Iterable[CostEvent], *, policy_at: PolicyAt) -> ContractCostBooks:
    """Account for costs and events. The order in which they are given does not matter."""
    books = ContractCostBooks()
    by_contract: dict[str, list[CostLine]] = defaultdict(list)
    events_of: dict[str, list[CostEvent]] = defaultdict(list)
    seen: set[str] = set()
    for line in lines:
        if line.earning_line_id in seen:
            books.refused.append(line.refused("duplicate", message=f"line {line.earning_line_id} is there already"))
        elif not line.amount:
            books.refused.append(line.refused("zero", message="the amount is 0: there is nothing to account for"))
        else:
            seen.add(line.earning_line_id)
            by_contract[line.contract_id].append(line)
    for event in events:
        events_of[event.contract_id].append(event)
    for contract in sorted(by_contract.keys() | events_of.keys()):
        _account_for_contract(
            contract, by_contract[contract], events=events_of[contract], policy_at=policy_at, books=books
        )
    return books


def _account_for_contract(
    name: str, lines: list[CostLine], *, events: list[CostEvent], policy_at: PolicyAt, books: ContractCostBooks
) -> None:
    if not lines:
        message = f"there is no cost of contract {name}"
        books.refused.extend(event.refused("no_contract", message=message) for event in events)
        return
    assets: list[Asset] = []
    used: list[CostLine] = []
    backwards: list[CostEvent] = []
    # In the order in which costs are incurred, so that a renewal finds the assets before it; what is taken back on a
    # day comes after what was paid on it; the id makes the order total, so that it does not hang on the order of the
    # file.
    for line in sorted(lines, key=lambda line: (line.recognised, line.amount < 0, line.occasion, line.earning_line_id)):
        policy = policy_at(line.recognised)
        if line.amount < 0:
            # What was capitalised comes off the asset as a clawback does; what never was one is negative expense.
            if is_incremental(line, policy):
                backwards.append(_taken_back(line))
            else:
                on_cost, why = on_cost_of_line(line, policy), "not incremental"
                books.expenses.append(expense(line, policy, on_cost=on_cost, reason="not_incremental", why=why))
            continue
        try:
            asset, expensed = classify(line, policy, earlier=assets)
        except NoPeriod as error:
            books.refused.append(line.refused("no_period", message=str(error)))
            continue
        used.append(line)
        assets.extend([asset] if asset else [])
        books.expenses.extend(expensed)
    books.assets.extend(assets)
    schedule(assets, [*events, *backwards], contract=Contract(used, policy_at), books=books)


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
