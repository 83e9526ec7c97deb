"""What an event does to the assets of its contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from shared.contract_costs.assets import Expense, commensurate, on_cost_of
from shared.contract_costs.facts import CostEvent, CostLine, Refused
from shared.contract_costs.live import Live, Source
from shared.contract_costs.months import last_day, length, number, plus, until
from shared.contract_costs.policy import ContractCosts


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

    live: Live
    source: Source
    amount: int
    on_cost: int


@dataclass(slots=True)
class Happening:
    """An event and what it did."""

    event: CostEvent
    before: int
    """What was carried in all assets that it could touch."""
    changes: list[Change] = field(default_factory=list)
    expenses: list[Expense] = field(default_factory=list)


def happen(event: CostEvent, known: Sequence[Live], contract: Contract) -> Happening | Refused:
    """Apply an event to the assets of its contract that are capitalised by then."""
    line = contract.line_of(event)
    if line is None and not event.through_payroll:
        what = f"line {event.earning_line_id}" if event.earning_line_id else "cost"
        return _refused(event, "no_cost", f"the contract has no {what} by {event.on}")
    lives = _touched(event, known)
    if isinstance(lives, Refused):
        return lives
    found = Happening(event, sum(live.carrying for live in lives))
    match event.kind:
        case "estimate" | "extension":
            _reestimate(event, lives, found)
        case "clawback":
            _clawback(event, lives, line, contract.policy_at(event.on), found)
        case "termination":
            for live in lives:
                _take(live, live.carrying, "impairment", found)
                live.over, live.without_impairment = True, 0
        case "impairment":
            loss = max(0, found.before - max(0, event.amount or 0))
            for live, part in _shared(loss, lives, [live.carrying for live in lives]):
                _take(live, part, "impairment", found)
        case "reversal":
            if any(live.asset.policy.framework == "us_gaap" for live in lives):
                return _refused(event, "framework", "US GAAP does not reverse an impairment (ASC 340-40-35-6)")
            _reverse(event, lives, found)
    return found


def _touched(event: CostEvent, known: Sequence[Live]) -> list[Live] | Refused:
    """The assets that an event is about: that of its line, else those of its currency, component and entity as far as named."""
    found = [live for live in known if not live.over]
    if event.earning_line_id:
        return [live for live in found if live.asset.line.earning_line_id == event.earning_line_id]
    if event.currency:
        found = [live for live in found if live.asset.line.currency == event.currency]
    for what in ("component", "entity"):
        if named := getattr(event, what):
            found = [live for live in found if getattr(live.asset.line, what) == named] or found
    currencies = sorted({live.asset.line.currency for live in found})
    if event.amount is not None and len(currencies) > 1:
        return _refused(event, "currency", f"the contract has assets in {' and '.join(currencies)}: name the currency")
    return found


def _refused(event: CostEvent, reason: str, message: str) -> Refused:
    return Refused(event.source, event.contract_id, reason, message)


def _take(live: Live, amount: int, source: Source, found: Happening, on_cost: int = 0) -> None:
    if amount:
        live.reduce(amount, unimpaired_too=source == "clawback")
        live.on_cost -= on_cost
        found.changes.append(Change(live, source, amount, on_cost))


def _shared(amount: int, lives: Sequence[Live], weights: Sequence[int]) -> list[tuple[Live, int]]:
    """An amount over assets in proportion to weights, by largest remainder: the parts sum to it and none exceeds its weight."""
    total = sum(weights)
    if not total:
        return []
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-(amount * weights[place] % total), place))
    for place in order[: amount - sum(parts)]:
        parts[place] += 1
    return list(zip(lives, parts, strict=True))


def _reestimate(event: CostEvent, lives: Sequence[Live], found: Happening) -> None:
    first = min((live.asset.start for live in lives), default=event.on)
    for live in lives:
        if not live.carrying and not live.without_impairment:
            continue
        if event.kind == "extension":
            live.committed += event.months or 0
            end = length(live.convention, live.asset.start, live.committed)
            if commensurate(live.asset.line, live.asset.policy) or live.asset.line.occasion != "new" or end <= live.end:
                continue
        else:
            end = _new_end(event, live, first)
        if at_once := live.reestimate(end):
            found.changes.append(Change(live, "estimate_change", at_once, 0))


def _new_end(event: CostEvent, live: Live, first: date) -> int:
    """Where the period ends after a change of estimate, in the units of the asset's convention."""
    start = live.asset.start
    if event.ends is not None:
        return until(live.convention, start, event.ends)
    if event.remaining_months is not None:
        if live.convention != "days":
            return live.now + 2 * event.remaining_months
        here = max(last_day(number(event.on) - (event.on.day == 1)) + timedelta(days=1), start)
        return (plus(here, event.remaining_months) - start).days
    months = event.months or 0
    if start == first:
        return length(live.convention, start, months)
    return until(live.convention, start, plus(first, months) - timedelta(days=1))


def _clawback(
    event: CostEvent, lives: Sequence[Live], line: CostLine | None, policy: ContractCosts, found: Happening
) -> None:
    """Take back pay: from the asset as far as it goes, from expense beyond it."""
    amount = event.amount or 0
    asset = lives[0].asset if lives else None
    known = asset.line if asset else line
    policy = asset.policy if asset else policy
    entity = event.entity or (known.entity if known else "")
    recovered = event.through_payroll or policy.on_cost.recovered_on_clawback
    on_cost = on_cost_of(amount, entity, policy) if recovered else 0
    capitalised = on_cost if policy.on_cost.treatment == "capitalise" else 0
    off = min(found.before, _unexpensed(amount + capitalised, lives, policy))
    rest = off_on_cost = max(0, off - amount)
    for live, part in _shared(off, lives, [live.carrying for live in lives]):
        share = min(rest, part)
        rest -= share
        _take(live, part, "clawback", found, share)
    beyond, beyond_on_cost = amount - (off - off_on_cost), on_cost - off_on_cost
    if beyond or beyond_on_cost:
        back = Expense(
            event.earning_line_id or (known.earning_line_id if known else event.source),
            event.contract_id,
            number(event.on),
            -beyond,
            -beyond_on_cost,
            event.currency or (known.currency if known else ""),
            entity,
            event.component or (known.component if known else ""),
            "after_the_asset",
            "more was taken back than is carried",
            claim=not event.through_payroll,
            booked=policy.credit == "commission_expense",
        )
        found.expenses.append(back)


def _unexpensed(amount: int, lives: Sequence[Live], policy: ContractCosts) -> int:
    """What of a clawback concerns the asset, in minor units."""
    carried, total = sum(live.carrying for live in lives), sum(live.asset.total for live in lives)
    if policy.clawback == "asset_first" or not total:
        return amount
    return (2 * amount * carried + total) // (2 * total)


def _reverse(event: CostEvent, lives: Sequence[Live], found: Happening) -> None:
    """IFRS 15.104: at most to what would be carried without the impairment."""
    rooms = [live.without_impairment - live.carrying for live in lives]
    gain = max(0, min(sum(rooms), (event.amount or 0) - found.before))
    for live, part in _shared(gain, lives, rooms):
        _take(live, -part, "reversal", found)
