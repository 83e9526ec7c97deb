"""What an event does to the assets of its contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from shared.contract_costs.asset_state import AssetState, Source
from shared.contract_costs.assets import Expense, commensurate, on_cost_of
from shared.contract_costs.facts import CostEvent, CostLine, Refused
from shared.contract_costs.months import length, month_end, plus, until
from shared.contract_costs.policy import ContractCosts
from shared.money import largest_remainder
from shared.periods import month_number


class Contract(NamedTuple):
    """All costs of a contract, capitalised or not, and the policy in force at a date."""

    lines: Sequence[CostLine]
    policy_at: Callable[[date], ContractCosts]

    def line_of(self, event: CostEvent) -> CostLine | None:
        """The line that an event names, else the first; None where none is incurred by then."""
        known = sorted((line for line in self.lines if line.recognised <= event.on), key=lambda line: line.recognised)
        named = [line for line in known if event.earning_line_id in {None, line.earning_line_id}]
        return next(iter(named), None)


class Change(NamedTuple):
    """What leaves one asset by an event; 0 where only its months change."""

    state: AssetState
    source: Source
    amount: int
    on_cost: int


@dataclass(slots=True)
class AppliedEvent:
    """An event and what it did."""

    event: CostEvent
    before: int
    """What was carried in all assets that it could touch."""
    changes: list[Change] = field(default_factory=list)
    expenses: list[Expense] = field(default_factory=list)


def apply_event(event: CostEvent, known: Sequence[AssetState], *, contract: Contract) -> AppliedEvent | Refused:
    """Apply an event to the assets of its contract that are capitalised by then."""
    line = contract.line_of(event)
    if line is None and not event.through_payroll:
        what = f"line {event.earning_line_id}" if event.earning_line_id else "cost"
        return event.refused("no_cost", message=f"the contract has no {what} by {event.on}")
    states = _touched(event, known)
    if isinstance(states, Refused):
        return states
    applied = AppliedEvent(event, sum(state.carrying for state in states))
    match event.kind:
        case "estimate" | "extension":
            _reestimate(event, states, applied=applied)
        case "clawback":
            _clawback(event, states, line=line, policy=contract.policy_at(event.on), applied=applied)
        case "termination":
            # No consideration is to come, so all of it is impaired (ASC 340-40-35-3, IFRS 15.101), and for good: a
            # ceiling of 0 leaves nothing that a reversal could bring back.
            for state in states:
                _take(state, state.carrying, source="impairment", applied=applied)
                state.over, state.without_impairment = True, 0
        case "impairment":
            # Of all assets of the contract together: the standards compare what is carried with what the contract
            # brings.
            loss = max(0, applied.before - max(0, event.amount or 0))
            for state, part in _shared(loss, states, weights=[state.carrying for state in states]):
                _take(state, part, source="impairment", applied=applied)
        case "reversal":
            if any(state.asset.policy.framework == "us_gaap" for state in states):
                return event.refused("framework", message="US GAAP does not reverse an impairment (ASC 340-40-35-6)")
            _reverse(event, states, applied=applied)
    return applied


def _touched(event: CostEvent, known: Sequence[AssetState]) -> list[AssetState] | Refused:
    """The assets that an event is about: that of its line, else those of its currency, component and entity as far as
    named.
    """
    touched = [state for state in known if not state.over]
    if event.earning_line_id:
        return [state for state in touched if state.asset.line.earning_line_id == event.earning_line_id]
    if event.currency:
        touched = [state for state in touched if state.asset.line.currency == event.currency]
    for what in ("component", "entity"):
        if named := getattr(event, what):
            # A narrowing that leaves nothing is let go: pay of a component that was expensed still comes off the
            # contract.
            touched = [state for state in touched if getattr(state.asset.line, what) == named] or touched
    currencies = sorted({state.asset.line.currency for state in touched})
    if event.amount is not None and len(currencies) > 1:
        return event.refused(
            "currency", message=f"the contract has assets in {' and '.join(currencies)}: name the currency"
        )
    return touched


def _take(state: AssetState, amount: int, *, source: Source, applied: AppliedEvent, on_cost: int = 0) -> None:
    if amount:
        state.reduce(amount, unimpaired_too=source == "clawback")
        state.on_cost -= on_cost
        applied.changes.append(Change(state, source, amount, on_cost))


def _shared(amount: int, states: Sequence[AssetState], *, weights: Sequence[int]) -> list[tuple[AssetState, int]]:
    """An amount over assets in proportion to weights: the parts sum to it and none exceeds its weight.

    By largest remainders: rounding each part by itself could leave a cent over, or take more than an asset carries.
    """
    total = sum(weights)
    parts = largest_remainder([Fraction(amount * weight, total) for weight in weights], amount) if total else []
    return list(zip(states, parts, strict=False))


def _reestimate(event: CostEvent, states: Sequence[AssetState], *, applied: AppliedEvent) -> None:
    first = min((state.asset.start for state in states), default=event.on)
    for state in states:
        if not state.carrying and not state.without_impairment:
            continue
        if event.kind == "extension":
            # It counts only for a first commission that also obtains the renewals (TRG, November 2016), and only beyond
            # what was anticipated: an extension that was expected is in the period already.
            state.committed += event.months or 0
            end = length(state.convention, state.asset.start, months=state.committed)
            if (
                commensurate(state.asset.line, state.asset.policy)
                or state.asset.line.occasion != "new"
                or end <= state.end
            ):
                continue
        else:
            end = _new_end(event, state, first=first)
        if at_once := state.reestimate(end):
            applied.changes.append(Change(state, "estimate_change", at_once, 0))


def _new_end(event: CostEvent, state: AssetState, *, first: date) -> int:
    """Where the period ends after a change of estimate, in the units of the asset's convention."""
    start = state.asset.start
    if event.ends is not None:
        return until(state.convention, start, end=event.ends)
    if event.remaining_months is not None:
        if state.convention != "days":
            return state.now + 2 * event.remaining_months
        # From the first day that is not expensed yet: an event of the 1st comes before its month's expense, so that is
        # this month's; for any other it is the next month's.
        here = max(month_end(month_number(event.on) - (event.on.day == 1)) + timedelta(days=1), start)
        return (plus(here, event.remaining_months) - start).days
    months = event.months or 0
    # `months` is told of the contract, from its first asset on; an asset that began later ends on the same day.
    if start == first:
        return length(state.convention, start, months=months)
    return until(state.convention, start, end=plus(first, months) - timedelta(days=1))


def _clawback(
    event: CostEvent,
    states: Sequence[AssetState],
    *,
    line: CostLine | None,
    policy: ContractCosts,
    applied: AppliedEvent,
) -> None:
    """Take back pay: from the asset as far as it goes, from expense beyond it."""
    amount = event.amount or 0
    asset = states[0].asset if states else None
    known = asset.line if asset else line
    policy = asset.policy if asset else policy
    entity = event.entity or (known.entity if known else "")
    # A negative commission lowers the pay on which contributions are due; a claim does not, unless the policy says so.
    recovered = event.through_payroll or policy.on_cost.recovered_on_clawback
    on_cost = on_cost_of(amount, entity, policy=policy) if recovered else 0
    capitalised = on_cost if policy.on_cost.treatment == "capitalise" else 0
    off = min(applied.before, _unexpensed(amount + capitalised, states, policy=policy))
    # Commission comes off first, then on-cost: of what leaves the assets, `off_on_cost` is contributions.
    rest = off_on_cost = max(0, off - amount)
    for state, part in _shared(off, states, weights=[state.carrying for state in states]):
        share = min(rest, part)
        rest -= share
        _take(state, part, source="clawback", applied=applied, on_cost=share)
    beyond, beyond_on_cost = amount - (off - off_on_cost), on_cost - off_on_cost
    if beyond or beyond_on_cost:
        back = Expense(
            line_id=event.earning_line_id or (known.earning_line_id if known else event.source),
            contract_id=event.contract_id,
            month=month_number(event.on),
            amount=-beyond,
            on_cost=-beyond_on_cost,
            currency=event.currency or (known.currency if known else ""),
            entity=entity,
            component=event.component or (known.component if known else ""),
            reason="after_the_asset",
            why="more was taken back than is carried",
            claim=not event.through_payroll,
            booked=policy.credit == "commission_expense",
        )
        applied.expenses.append(back)


def _unexpensed(amount: int, states: Sequence[AssetState], *, policy: ContractCosts) -> int:
    """What of a clawback concerns the asset, in minor units."""
    carried, total = sum(state.carrying for state in states), sum(state.asset.total for state in states)
    if policy.clawback == "asset_first" or not total:
        return amount
    # carried / total of it, rounded half up in whole numbers
    return (2 * amount * carried + total) // (2 * total)


def _reverse(event: CostEvent, states: Sequence[AssetState], *, applied: AppliedEvent) -> None:
    """IFRS 15.104: to what is recoverable now, at most to what would be carried without the impairment."""
    rooms = [state.without_impairment - state.carrying for state in states]
    gain = max(0, min(sum(rooms), (event.amount or 0) - applied.before))
    for state, part in _shared(gain, states, weights=rooms):
        _take(state, -part, source="reversal", applied=applied)
