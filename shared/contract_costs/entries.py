"""What contract costs book: every capitalisation, amortisation, impairment, reversal, clawback and expense, as an entry
of its month.

The subledger, the roll-forward and the general ledger are sums of these entries, whether they were just calculated from
a file or booked months ago.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

from shared.contract_costs.asset_state import Source
from shared.contract_costs.assets import Asset
from shared.contract_costs.schedule import ContractCostBooks
from shared.periods import Month, first_day, month_number, month_of_number

EntryKind = Literal["capitalisation", "amortisation", "impairment", "reversal", "clawback", "expense"]

_KIND_OF_SOURCE: Final[Mapping[Source, EntryKind]] = {
    "run": "amortisation",
    "estimate_change": "amortisation",
    "impairment": "impairment",
    "reversal": "reversal",
    "clawback": "clawback",
}


class EntryKey(NamedTuple):
    """What an amount is about. Entries of one key are booked as differences and sum to what the facts say.

    Everything that postings, the roll-forward or a page group by is in it, so that a correction of one of them (another
    entity, say) takes the amount back under the old key and books it under the new one.
    """

    origin_period: Month
    line_id: str
    kind: EntryKind
    claim: bool
    """Of a clawback: a claim on the participant, rather than a deduction through payroll."""
    contract_id: str
    entity: str
    currency: str
    component: str


class EntryAmount(NamedTuple):
    """Minor units: what the asset moves by in the sense of its kind (a reversal is negative), and of it on-costs."""

    amount: int
    on_cost: int


class Entry(NamedTuple):
    """An amount, the month in which it is booked, and whether the accrual of pay has expensed it before."""

    period: Month
    key: EntryKey
    amount: EntryAmount
    expensed_before: bool = True


class CarryingAmount(NamedTuple):
    """What is carried at a month's end in an entity and currency, and what of it still is a year later, which is its
    non-current part.
    """

    entity: str
    currency: str
    carrying: int
    in_a_year: int


def entries(books: ContractCostBooks) -> Iterator[Entry]:
    """All that moves, as the facts say now, each in its own month."""

    def entry(asset: Asset, month: int, *, kind: EntryKind, amount: EntryAmount, claim: bool = False) -> Entry:
        line = asset.line
        key = EntryKey(
            origin_period=month_of_number(month),
            line_id=line.earning_line_id,
            kind=kind,
            claim=claim,
            contract_id=line.contract_id,
            entity=line.entity,
            currency=line.currency,
            component=line.component,
        )
        return Entry(month_of_number(month), key, amount, asset.policy.credit == "commission_expense")

    for asset in books.assets:
        capitalised = EntryAmount(asset.total, asset.on_cost)
        yield entry(asset, asset.recognised, kind="capitalisation", amount=capitalised)
    for row in books.schedule:
        left = EntryAmount(row.amount, row.on_cost)
        yield entry(row.asset, row.month, kind=_KIND_OF_SOURCE[row.source], amount=left, claim=row.claim)
    for spent in books.expenses:
        key = EntryKey(
            origin_period=month_of_number(spent.month),
            line_id=spent.line_id,
            kind="expense",
            claim=spent.claim,
            contract_id=spent.contract_id,
            entity=spent.entity,
            currency=spent.currency,
            component=spent.component,
        )
        yield Entry(month_of_number(spent.month), key, EntryAmount(spent.total, spent.on_cost), spent.booked)


def sums(moved: Iterable[Entry], through: Month) -> dict[EntryKey, EntryAmount]:
    """What entries up to and including a month come to, by key."""
    by_key: dict[EntryKey, EntryAmount] = {}
    for _, key, (amount, on_cost), _ in moved:
        if key.origin_period <= through:  # a schedule runs to its end, years ahead; books do not
            before = by_key.get(key, EntryAmount(0, 0))
            by_key[key] = EntryAmount(before.amount + amount, before.on_cost + on_cost)
    return by_key


def differences(
    now: Mapping[EntryKey, EntryAmount], booked: Mapping[EntryKey, EntryAmount]
) -> list[tuple[EntryKey, EntryAmount]]:
    """What has to be booked so that the books say what the facts say.

    A key that the facts do not know any more is booked back to zero: what is booked is never taken out.
    """
    changed = []
    for key in sorted(now.keys() | booked.keys()):
        wanted, there = now.get(key, EntryAmount(0, 0)), booked.get(key, EntryAmount(0, 0))
        if wanted != there:
            changed.append((key, EntryAmount(wanted.amount - there.amount, wanted.on_cost - there.on_cost)))
    return changed


def carrying_amounts(books: ContractCostBooks, period: Month) -> list[CarryingAmount]:
    """What is carried at the end of a month, by entity and currency."""
    month, balances = month_number(first_day(period)), dict[tuple[str, str], tuple[int, int]]()
    for closing in books.closings:
        if closing.month == month:
            key = (closing.asset.line.entity, closing.asset.line.currency)
            carrying, later = balances.get(key, (0, 0))
            balances[key] = (carrying + closing.carrying, later + closing.in_a_year)
    return [
        CarryingAmount(entity, currency, carrying, later)
        for (entity, currency), (carrying, later) in sorted(balances.items())
    ]
