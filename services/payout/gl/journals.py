"""From the postings of a month to entries of the general ledger: what it earned, what it changed of earlier months,
what it paid.

The sum of the entries is the sum of the ledger, account by account; employer's on-costs and contract costs come on top.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from services.payout.gl import contract_costs
from services.payout.gl.contract_costs import CostPosting
from services.payout.gl.entry import Dimensions, EntryLine, JournalEntry, Kind
from services.payout.gl.errors import MissingAccount, SharedName, UnknownKind
from services.payout.gl.formats import FORMATS
from services.payout.gl.policy import Dimension, GlAccounts, OnCosts
from shared.money import largest_remainder
from shared.pay.accounts import EXPENSES
from shared.pay.identities import as_read
from shared.pay.steps import BOOKINGS
from shared.periods import Month, last_day


class PostingSum(NamedTuple):
    """Postings of the ledger of one month, summed: the amount in minor units, debits positive. What does not apply is
    empty.
    """

    account: str
    kind: str
    origin_period: Month
    period: Month
    entity: str
    cost_center: str
    component: str
    plan: str
    currency: str
    amount: int
    participant: str = ""


FACTS: Final = ("entity", "cost_center", "component", "plan")
"""What the rules of the policy look at beside the account of the ledger."""


class EntryKey(NamedTuple):
    """What makes one entry: whatever agrees in this goes into it."""

    entity: str
    period: Month
    origin: Month
    currency: str
    family: str


class LineKey(NamedTuple):
    """What makes one line of an entry: see `EntryLine`."""

    source: str
    account: str
    dimensions: Dimensions = ()


Sums = Counter[LineKey]
"""The lines of an entry, as amounts in minor units."""


def entries(
    rows: Iterable[PostingSum],
    policy_of: Callable[[str], GlAccounts],
    *,
    costs: Iterable[CostPosting] = (),
    entity: str | None = None,
) -> list[JournalEntry]:
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
    sums_of: dict[EntryKey, Sums] = defaultdict(Counter)
    over_entities: Counter[tuple[str, ...]] = Counter()
    people: dict[tuple[str, str, str], tuple[str, str]] = {}
    for row in rows:
        if (booking := BOOKINGS.get(row.kind)) is None:
            raise UnknownKind(row.kind)
        key = EntryKey(row.entity, row.period, row.origin_period, row.currency, family=booking.family)
        # Counted before the others are left out: only over all entities it shows whether one owes another.
        over_entities[_without_entity(key)] += row.amount
        if entity in (None, row.entity):
            policy = policy_of(row.entity)
            line = _line_of_pay(row, policy)
            _check_people(row, policy, dimensions=line.dimensions, people=people)
            sums_of[key][line] += row.amount
    for key, sums in sums_of.items():
        policy = policy_of(key.entity)
        _between_entities(key, sums, policy=policy, over_entities=over_entities[_without_entity(key)])
        # Contributions are due on what is earned, not on how and when it is paid: only the accrual carries them.
        if key.family == "pay" and policy.on_costs is not None:
            sums.update(_on_costs(sums, policy.on_costs))
    for cost in costs:
        if entity in (None, cost.entity):
            policy = policy_of(cost.entity)
            family = contract_costs.FAMILIES[cost.event]
            key = EntryKey(cost.entity, cost.period, cost.period, cost.currency, family=family)
            sums_of[key][_line_of_cost(cost, policy)] += cost.amount
    return [entry for key in sorted(sums_of) if (entry := _entry(key, sums_of[key]))]


def _without_entity(key: EntryKey) -> tuple[str, ...]:
    return key.period, key.origin, key.currency, key.family


def _line_of_pay(row: PostingSum, policy: GlAccounts) -> LineKey:
    facts = {name: getattr(row, name) for name in FACTS}
    account = policy.account(row.account, facts)
    if account is None:
        raise MissingAccount(policy.id, row.account, where=facts)
    shown = _shown(policy, row.account in EXPENSES)
    values = [(dimension, getattr(row, dimension.source)) for dimension in shown]
    named = [(dimension.name, dimension.values.get(value, value) or dimension.default) for dimension, value in values]
    return LineKey(row.account, account, tuple((name, value) for name, value in named if value))


def _line_of_cost(cost: CostPosting, policy: GlAccounts) -> LineKey:
    account = policy.contract_costs.account(cost.event, cost.account) if policy.contract_costs else None
    if account is None:
        raise MissingAccount(policy.id, f"{cost.account} of contract costs")
    # A capitalised cost is a sum over deals: of dimensions it has the defaults only.
    shown = _shown(policy, cost.account in contract_costs.EXPENSES)
    defaults = tuple((dimension.name, dimension.default) for dimension in shown if dimension.default)
    return LineKey("contract_cost", account, defaults)


def _shown(policy: GlAccounts, expense: bool) -> list[Dimension]:
    """The dimensions that a line has: most only make sense of an expense."""
    return [dimension for dimension in policy.dimensions if expense or dimension.lines == "all"]


def _check_people(
    row: PostingSum, policy: GlAccounts, *, dimensions: Dimensions, people: dict[tuple[str, str, str], tuple[str, str]]
) -> None:
    """Each name of a person in an entity's books is one participant's: otherwise one gets what is the other's."""
    reading = FORMATS[policy.format].reads_names
    if not row.participant:
        return
    persons = {dimension.name for dimension in policy.dimensions if dimension.source == "participant"}
    for name, value in dimensions:
        if name in persons:
            key = (row.entity, name, as_read(value, reading))
            if (first := people.setdefault(key, (row.participant, value)))[0] != row.participant:
                raise SharedName(name, dict([first, (row.participant, value)]))


def _between_entities(key: EntryKey, sums: Sums, *, policy: GlAccounts, over_entities: int) -> None:
    """What one entity owes the other. Each entity's books must balance alone, so where the postings of all entities sum
    to zero and those of this one do not, the rest is a claim on the others, and theirs together on this one.
    """
    if over_entities == 0 and (rest := sum(sums.values())):
        if policy.intercompany is None:
            between = f"what entity {key.entity!r} has with other entities; its field `intercompany` names one"
            raise MissingAccount(policy.id, between)
        sums[LineKey("between_entities", policy.intercompany)] -= rest


def _on_costs(sums: Sums, on_costs: OnCosts) -> Sums:
    """The lines that employer's contributions add to an entry: an expense for each combination of dimensions, and one
    liability.
    """
    bases: Counter[Dimensions] = Counter()
    for line, amount in sums.items():
        if line.source in on_costs.of:
            bases[line.dimensions] += amount
    shares = on_cost_shares(bases, on_costs.rate)
    added: Sums = Counter()
    for dimensions, amount in shares.items():
        added[LineKey("on_cost", on_costs.expense, dimensions)] += amount
    added[LineKey("on_cost", on_costs.liability)] -= sum(shares.values())
    return added


def on_cost_shares(bases: Mapping[Dimensions, int], rate: Decimal) -> dict[Dimensions, int]:
    """`rate` of the sum of the bases, rounded once to whole minor units, and shared out so that the shares sum to it.

    Rounded line by line it would differ from what payroll owes, which is worked out from the sum.
    """
    keys = sorted(bases)
    exact = [rate * bases[key] for key in keys]
    total = int(sum(exact, Decimal(0)).to_integral_value(ROUND_HALF_UP))
    return dict(zip(keys, largest_remainder(exact, total), strict=True))


def _entry(key: EntryKey, sums: Sums, *, again: bool = False) -> JournalEntry | None:
    """The entry of summed lines, debits first; None where nothing is left."""
    lines = [
        EntryLine(line.account, amount, source=line.source, dimensions=line.dimensions)
        for line, amount in sums.items()
        if amount
    ]
    # In an order of its own, not that of the database: the same postings give the same bytes.
    lines.sort(key=lambda line: (line.amount < 0, line.account, line.dimensions, line.source))
    if not lines:
        return None
    # Of the expenses, since all lines together are zero: it tells a reversal, which takes more back than it adds.
    net = sum(line.amount for line in lines if line.source in EXPENSES)
    return JournalEntry(
        id="",
        day=last_day(key.period),
        entity=key.entity,
        period=key.period,
        origin=key.origin,
        currency=key.currency,
        kind=_kind(key.family, earlier=key.origin < key.period, net=net),
        family=key.family,
        lines=tuple(lines),
        again=again,
    )


def _kind(family: str, *, earlier: bool, net: int) -> Kind:
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


def difference(now: Iterable[JournalEntry], issued: Iterable[JournalEntry]) -> list[JournalEntry]:
    """The entries that make what was issued what it is now: an entry of an earlier batch stays, and the rest is added
    to it.
    """
    # By source, account and dimensions: a line that moved to another account since is taken off the old one and put on
    # the new.
    sums_of: dict[EntryKey, Sums] = defaultdict(Counter)
    before: set[EntryKey] = set()
    for entries_of, sign in ((now, 1), (issued, -1)):
        for entry in entries_of:
            key = EntryKey(entry.entity, entry.period, entry.origin, entry.currency, family=entry.family)
            for line in entry.lines:
                sums_of[key][LineKey(line.source, line.account, line.dimensions)] += sign * line.amount
            if sign < 0:
                before.add(key)
    rest = (_entry(key, sums_of[key], again=key in before) for key in sorted(sums_of))
    return [entry for entry in rest if entry is not None]


def numbered(batch: int, made: Iterable[JournalEntry]) -> list[JournalEntry]:
    """The entries with ids that every target takes: `2606-1-03` is the third of the first batch of June 2026."""
    return [
        replace(entry, id=f"{entry.period[2:4]}{entry.period[5:7]}-{batch}-{number:02}")
        for number, entry in enumerate(made, 1)
    ]
