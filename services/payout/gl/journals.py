"""From the postings of a month to entries of the general ledger: what it earned, what it changed of earlier months, what it paid.

The sum of the entries is the sum of the ledger, account by account; employer's on-costs and contract costs come on top.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from services.payout.exports.identities import as_read
from services.payout.gl import contract_costs
from services.payout.gl.contract_costs import CostPosting
from services.payout.gl.entry import Dimensions, Entry, Kind, Line
from services.payout.gl.formats import FORMATS
from services.payout.gl.on_costs import on_cost_lines
from services.payout.gl.policy import GlAccounts
from shared.pay.accounts import EXPENSES
from shared.pay.steps import BOOKINGS
from shared.periods import last_day


class Row(NamedTuple):
    """Postings of the ledger, summed: the amount in minor units, debits positive. What does not apply is empty."""

    account: str
    kind: str
    origin_period: str
    period: str
    entity: str
    cost_center: str
    component: str
    plan: str
    currency: str
    amount: int
    participant: str = ""


class MissingAccount(ValueError):
    """The policy has no account of the books for something that was booked."""

    def __init__(self, policy: str, row: Row | None, what: str) -> None:
        where = [
            f"{name} {value!r}" for name, value in (row._asdict() if row else {}).items() if name in NAMED and value
        ]
        super().__init__(
            f"gl_accounts {policy!r} has no account for {what}{', with ' + ', '.join(where) if where else ''}"
        )
        self.policy, self.row, self.what = policy, row, what


NAMED: Final = ("entity", "cost_center", "component", "plan")


class SharedName(ValueError):
    """Two participants have one name in the books."""

    def __init__(self, dimension: str, names: Mapping[str, str]) -> None:
        (one, first), (other, second) = names.items()
        super().__init__(f"{dimension}: {one} ({first}) and {other} ({second}) are one to the books")
        self.dimension, self.names = dimension, dict(names)


class UnknownKind(ValueError):
    """A journal of the ledger of a kind that the general ledger does not know."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the general ledger does not know journals of kind {kind!r}")
        self.kind = kind


Key = tuple[str, str, str, str, str]
"""Entity, period, origin, currency, family."""
Sums = Counter[tuple[str, str, Dimensions]]
"""Amounts by source, account and dimensions."""


def entries(
    rows: Iterable[Row],
    policy_of: Callable[[str], GlAccounts],
    costs: Iterable[CostPosting] = (),
    entity: str | None = None,
) -> list[Entry]:
    """The entries of postings; each entity under its own policy. Ids are empty until `numbered`.

    Args:
        rows: postings of the ledger, of all entities, since one may balance another.
        policy_of: the policy of an entity.
        costs: what contract costs do in the same months.
        entity: only its entries; the policies of others are not asked for.

    Raises:
        MissingAccount: a policy lacks an account.
        UnknownKind: a kind of journal is new.
        SharedName: the books would take two participants for one.
        services.payout.gl.entry.Unbalanced: postings do not sum to zero.
    """
    found: dict[Key, Sums] = defaultdict(Counter)
    whole: Counter[tuple[str, ...]] = Counter()
    people: dict[tuple[str, str, str], tuple[str, str]] = {}
    for row in rows:
        if (booking := BOOKINGS.get(row.kind)) is None:
            raise UnknownKind(row.kind)
        whole[row.period, row.origin_period, row.currency, booking.family] += row.amount
        if entity not in (None, row.entity):
            continue
        policy = policy_of(row.entity)
        account = policy.account(row.account, {name: getattr(row, name) for name in NAMED})
        if account is None:
            raise MissingAccount(policy.id, row, row.account)
        key: Key = (row.entity, row.period, row.origin_period, row.currency, booking.family)
        dimensions = _dimensions(row, policy)
        _check_people(row, policy, dimensions, people)
        found[key][row.account, account, dimensions] += row.amount
    for key, sums in found.items():
        _between_entities(key, sums, policy_of(key[0]), whole[key[1:]])
        if key[4] == "pay":
            for source, account, dimensions, amount in on_cost_lines(sums, policy_of(key[0]).on_costs):
                sums[source, account, dimensions] += amount
    for cost in costs:
        if entity in (None, cost.entity):
            policy = policy_of(cost.entity)
            key = (cost.entity, cost.period, cost.period, cost.currency, contract_costs.FAMILIES[cost.event])
            found[key]["contract_cost", *_of_contract_cost(cost, policy)] += cost.amount
    return [entry for key in sorted(found) if (entry := _entry(key, found[key]))]


def _dimensions(row: Row, policy: GlAccounts) -> Dimensions:
    expense = row.account in EXPENSES
    told = ((each, getattr(row, each.source)) for each in policy.dimensions if expense or each.lines == "all")
    named = ((each.name, each.values.get(value, value) or each.default) for each, value in told)
    return tuple((name, value) for name, value in named if value)


def _check_people(
    row: Row, policy: GlAccounts, dimensions: Dimensions, people: dict[tuple[str, str, str], tuple[str, str]]
) -> None:
    """Each name of a person in an entity's books is one participant's: otherwise one gets what is the other's."""
    reading = FORMATS[policy.format].reads_names
    shown = {each.name for each in policy.dimensions if each.source == "participant"} if row.participant else set()
    for name, value in dimensions:
        if name in shown:
            key = (row.entity, name, as_read(value, reading))
            if (first := people.setdefault(key, (row.participant, value)))[0] != row.participant:
                raise SharedName(name, dict([first, (row.participant, value)]))


def _of_contract_cost(cost: CostPosting, policy: GlAccounts) -> tuple[str, Dimensions]:
    account = policy.contract_costs.account(cost.event, cost.account) if policy.contract_costs else None
    if account is None:
        raise MissingAccount(policy.id, None, f"{cost.account} of contract costs")
    expense = cost.account in contract_costs.EXPENSES
    shown = (each for each in policy.dimensions if each.default and (expense or each.lines == "all"))
    return account, tuple((each.name, each.default) for each in shown)


def _between_entities(key: Key, sums: Sums, policy: GlAccounts, whole: int) -> None:
    """What one entity owes the other, where the postings of all entities sum to zero and those of this one do not."""
    if whole == 0 and (rest := sum(sums.values())):
        if policy.intercompany is None:
            raise MissingAccount(policy.id, None, f"what entity {key[0]!r} has with other entities (intercompany)")
        sums["between_entities", policy.intercompany, ()] -= rest


def _entry(key: Key, sums: Sums, again: bool = False) -> Entry | None:
    """The entry of summed lines, debits first; None where nothing is left."""
    entity, period, origin, currency, family = key
    lines = [
        Line(account, amount, source, dimensions) for (source, account, dimensions), amount in sums.items() if amount
    ]
    lines.sort(key=lambda line: (line.amount < 0, line.account, line.dimensions, line.source))
    if not lines:
        return None
    net = sum(line.amount for line in lines if line.source in EXPENSES)
    kind = _kind(family, origin < period, net)
    return Entry("", last_day(period), entity, period, origin, currency, kind, family, tuple(lines), again)


def _kind(family: str, earlier: bool, net: int) -> Kind:
    match family:
        case "pay" if not earlier:
            return "accrual"
        case "pay":
            return "reversal" if net < 0 else "true_up"
        case "return":
            return "reversal"
        case "cost_clawback":
            return "clawback"
        case "cost_expense":
            return "accrual"
        case "payment" | "draw" | "clawback" | "transfer" | "capitalisation" | "amortisation" | "impairment":
            return family
    raise UnknownKind(family)


def difference(now: Iterable[Entry], issued: Iterable[Entry]) -> list[Entry]:
    """The entries that make what was issued what it is now: an entry of an earlier batch stays, and the rest is added to it."""
    found: dict[Key, Sums] = defaultdict(Counter)
    before: set[Key] = set()
    for each, sign in [(each, 1) for each in now] + [(each, -1) for each in issued]:
        key = (each.entity, each.period, each.origin, each.currency, each.family)
        for line in each.lines:
            found[key][line.source, line.account, line.dimensions] += sign * line.amount
        if sign < 0:
            before.add(key)
    return [entry for key in sorted(found) if (entry := _entry(key, found[key], key in before))]


def numbered(batch: int, made: Iterable[Entry]) -> list[Entry]:
    """The entries with their ids: `2606-1-03` is the third of the first batch of June 2026. Every target takes so short an id."""
    return [
        replace(entry, id=f"{entry.period[2:4]}{entry.period[5:7]}-{batch}-{number:02}")
        for number, entry in enumerate(made, 1)
    ]
