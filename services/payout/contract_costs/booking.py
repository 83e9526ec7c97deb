"""Booking contract costs month by month: what the facts say by now, less what is booked; a month that is passed is never touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from services.payout.errors import Refusal
from shared.contract_costs.account import Accounted
from shared.contract_costs.months import month_of, name

Kind = Literal["capitalisation", "amortisation", "impairment", "reversal", "clawback", "expense"]

_KINDS: Mapping[str, Kind] = {
    "run": "amortisation",
    "estimate_change": "amortisation",
    "impairment": "impairment",
    "reversal": "reversal",
    "clawback": "clawback",
}


class MonthPassed(Refusal):
    """A later month is booked: what changes is booked there, with its origin."""

    slug = "contract-costs-month-passed"
    title = "The month has passed"

    def __init__(self, period: str, last: str) -> None:
        super().__init__(
            f"contract costs are booked through {last}: what changed about {period} is booked with {last} or later"
        )
        self.period, self.last = period, last


class MonthsSkipped(Refusal):
    """Months before this one are not booked; a catch-up is said on purpose."""

    slug = "contract-costs-months-skipped"
    title = "Earlier months are not booked"

    def __init__(self, period: str, skipped: Sequence[str], entries: int) -> None:
        which = skipped[0] if len(skipped) == 1 else f"{skipped[0]} to {skipped[-1]}, {len(skipped)} months"
        super().__init__(
            f"earlier months are not booked yet ({which}): what moved in them, entries: {entries:,}, would be booked in {period}, with its roll-forward "
            f"and journals; book {skipped[0]} first and then month by month, or catch up (--catch-up, catch_up=true over HTTP) to book all of it in {period} on purpose"
        )
        self.period, self.skipped, self.entries = period, list(skipped), entries


class EventExists(Refusal):
    """An event of this id says something else."""

    slug = "contract-costs-event-exists"
    title = "There is an event of this id"

    def __init__(self, event: str) -> None:
        super().__init__(f"there is an event {event} already that says something else; an event is never changed")
        self.event = event


class LineExists(Refusal):
    """A cost of this id says something else."""

    slug = "contract-costs-line-exists"
    title = "There is a cost of this id"

    def __init__(self, line: str) -> None:
        super().__init__(
            f"there is a cost {line} already that says something else; take it back with a negative one that corrects it"
        )
        self.line = line


class Key(NamedTuple):
    """What an amount is about."""

    origin_period: str
    line_id: str
    kind: Kind
    claim: bool
    contract_id: str
    entity: str
    currency: str
    component: str


class Amount(NamedTuple):
    """Minor units: what the asset moves by in the sense of its kind (a reversal is negative), and of it the on-costs."""

    amount: int
    on_cost: int


class Balance(NamedTuple):
    """What is carried at a month's end in an entity and currency, and what of it still is a year later."""

    entity: str
    currency: str
    carrying: int
    in_a_year: int


def amounts(found: Accounted, through: str) -> dict[Key, Amount]:
    """All that moves up to and including a month, as the facts say now."""
    last = month_of(through)
    sums: dict[Key, Amount] = {}

    def add(key: Key, amount: int, on_cost: int) -> None:
        before = sums.get(key, Amount(0, 0))
        sums[key] = Amount(before.amount + amount, before.on_cost + on_cost)

    for asset in found.assets:
        if asset.recognised <= last:
            line = asset.line
            where = (line.contract_id, line.entity, line.currency, line.component)
            key = Key(name(asset.recognised), line.earning_line_id, "capitalisation", False, *where)
            add(key, asset.total, asset.on_cost)
    for row in found.rows:
        if row.month <= last:
            line = row.asset.line
            where = (line.contract_id, line.entity, line.currency, line.component)
            key = Key(name(row.month), line.earning_line_id, _KINDS[row.source], row.claim, *where)
            add(key, row.amount, row.on_cost)
    for spent in found.expenses:
        if spent.month <= last:
            where = (spent.contract_id, spent.entity, spent.currency, spent.component)
            add(Key(name(spent.month), spent.line_id, "expense", spent.claim, *where), spent.total, spent.on_cost)
    return sums


def differences(now: Mapping[Key, Amount], booked: Mapping[Key, Amount]) -> list[tuple[Key, Amount]]:
    """What has to be booked so that the books say what the facts say."""
    found = []
    for key in sorted(now.keys() | booked.keys()):
        wanted, there = now.get(key, Amount(0, 0)), booked.get(key, Amount(0, 0))
        if wanted != there:
            found.append((key, Amount(wanted.amount - there.amount, wanted.on_cost - there.on_cost)))
    return found


def balances(found: Accounted, period: str) -> list[Balance]:
    """What is carried at the end of a month, by entity and currency."""
    month, sums = month_of(period), dict[tuple[str, str], tuple[int, int]]()
    for closing in found.closings:
        if closing.month == month:
            key = (closing.asset.line.entity, closing.asset.line.currency)
            carrying, later = sums.get(key, (0, 0))
            sums[key] = (carrying + closing.carrying, later + closing.in_a_year)
    return [Balance(*key, *amounts) for key, amounts in sorted(sums.items())]


def checked(period: str, last: str | None) -> str:
    """A month that may be booked: the last booked one again, or a later one.

    Raises:
        MonthPassed: a later month is booked.
    """
    if last is not None and period < last:
        raise MonthPassed(period, last)
    return period


def refuse_to_skip(period: str, last: str | None, changed: Iterable[tuple[Key, Amount]]) -> None:
    """Months between the last booked one and this one, with something to book in them, are booked before it.

    Raises:
        MonthsSkipped: there are such.
    """
    about = [key.origin_period for key, _ in changed if (last or "") < key.origin_period < period]
    if about:
        raise MonthsSkipped(period, sorted(set(about)), len(about))


def carried(entries: Iterable[tuple[Kind, int]]) -> int:
    """What entries leave on the asset: what is capitalised, less all that leaves it; expense never was on it."""
    signs = {"capitalisation": 1, "expense": 0}
    return sum(signs.get(kind, -1) * amount for kind, amount in entries)
