"""Journals: entries of the ledger, whose postings sum to zero. A journal records the difference that an event makes,
never a total.

Debits are positive. What pay costs debits `earned`, `adjusted` or `guaranteed`, expenses; what the company owes for it
is credited to `held`, not released yet, or `payable`. A payment debits `payable` and credits `paid`, the clearing
account that payroll settles. What a participant owes the company debits `draw` or `clawback`. So, with the signs turned
as people read them, earned + adjusted + guaranteed = paid + held + payable - draw - clawback, for everybody and at any
time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.contracts.earnings import EarningsChanged
from shared.pay.accounts import LedgerAccount
from shared.pay.people import Person
from shared.pay.steps import EARNING, JournalKind
from shared.periods import Month, last_day

NAMES: Final = uuid5(NAMESPACE_URL, "urn:earnest:journal")
"""The ids of journals follow from their causes within this namespace: a step that is repeated books nothing twice."""


class CostAssignment(NamedTuple):
    """Where a journal is booked: the month, and whom it costs. Of the participant as the roster says on the month's
    last day.
    """

    period: Month
    pay_group: str
    entity: str
    cost_center: str


class ComponentKey(NamedTuple):
    """What an earned amount is for: a component of a plan version, in one currency."""

    component: str
    plan: str
    version: int
    currency: str


Earned = Mapping[ComponentKey, int]
"""Amounts in minor units; what is not there is zero."""


POSTING_COLUMNS: Final = ("account", "currency", "amount", "component", "plan", "version", "deal")


class Posting(NamedTuple):
    """An amount in minor units on an account of a participant.

    `key` is there on `earned` and `held`, and on no other account: only these are sums by component. `deal` may be
    there on `held`: the deal whose payment, date or dispute the amount waits for.
    """

    account: LedgerAccount
    currency: str
    amount: int
    key: ComponentKey | None = None
    deal: str | None = None

    def columns(self) -> tuple[Any, ...]:
        """The posting spread out as `POSTING_COLUMNS`: so it lies in the table, and so it is hashed."""
        key = self.key
        of_component = (key.component, key.plan, key.version) if key else (None, None, None)
        return (self.account, self.currency, self.amount, *of_component, self.deal)

    @staticmethod
    def of_columns(columns: Iterable[Any]) -> Posting:
        """The posting of what `columns` gives."""
        account, currency, amount, component, plan, version, deal = columns
        key = None if component is None else ComponentKey(component, plan, version, currency)
        return Posting(account=account, currency=currency, amount=amount, key=key, deal=deal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One entry of the ledger: its postings sum to zero in every currency.

    The id follows from the cause, so the same cause cannot be booked twice. It is booked in `assignment.period`, which
    was open then, and about `origin_period`, the same month or an earlier one.
    """

    id: UUID
    kind: JournalKind
    participant_id: str
    assignment: CostAssignment
    origin_period: Month
    cause: Mapping[str, Any]
    actor: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedJournal:
    """A journal as it is in the ledger; `number` counts the participant's from 1."""

    number: int
    id: UUID
    kind: JournalKind
    period: Month
    origin_period: Month
    pay_group: str
    entity: str
    cost_center: str
    cause: dict[str, Any]
    actor: str
    recorded_at: datetime
    previous_sha256: str
    sha256: str
    postings: tuple[Posting, ...]


def cost_assignment(person: Person, origin_period: Month, *, open_from: Mapping[str, Month]) -> CostAssignment:
    """Where something about a month is booked: in that month, or in the earliest one after it that is open.

    A month is open or closed for a pay group, and people change pay groups: what an old group has closed may be open in
    the next one. So the group is looked up for the month that is booked in, not for the month it is about, and one run
    pays everything a participant has in its month. This ends, since each turn goes to a later month and a group closes
    no month that has not come.

    Args:
        person: the participant.
        origin_period: the month it is about.
        open_from: the first month that may be booked in, by pay group; a group that closed nothing is not in it.
    """
    period = origin_period
    while True:
        home = person.at(last_day(period))
        first_open = open_from.get(home.pay_group, period)
        if first_open <= period:
            return CostAssignment(period, home.pay_group, home.entity, home.cost_center)
        period = first_open


def earned(changed: EarningsChanged) -> dict[ComponentKey, int]:
    """The absolute amounts of an event, per component, plan version and currency; zeros are left out."""
    amounts: Counter[ComponentKey] = Counter()
    for earning in changed.earnings:
        amounts[ComponentKey(earning.component, earning.plan, earning.version, earning.currency)] += earning.amount
    return {key: amount for key, amount in amounts.items() if amount}


def difference(before: Earned, after: Earned) -> dict[ComponentKey, int]:
    """What has to be booked so that what was `before` becomes `after`; empty when nothing changed.

    Differences telescope: what is booked of a month always sums to the newest earning, however many events there were,
    in whichever order they came and whatever was left out between.
    """
    # An order of its own: the hash of a journal covers its postings in their order.
    keys = sorted(before.keys() | after.keys())
    changes = {key: after.get(key, 0) - before.get(key, 0) for key in keys}
    return {key: change for key, change in changes.items() if change}


def earning_journal(
    participant_id: str,
    origin_period: Month,
    *,
    assignment: CostAssignment,
    revision: int,
    changes: Earned,
    record: str,
    corrects: UUID | None,
    actor: str,
) -> Journal:
    """Book the change of what a participant earned in `origin_period`.

    Args:
        participant_id: who earned.
        origin_period: in which month.
        assignment: the open month it is booked in, and whom it costs.
        revision: of the earnings event, unique for the participant and origin period.
        changes: a `difference` that is not empty.
        record: where the event lies in the log.
        corrects: the journal before, of the same participant and origin period; it names the one before it in turn.
        actor: who books.
    """
    cause = {"revision": revision, "record": record} | ({"corrects": str(corrects)} if corrects else {})
    owed: Counter[str] = Counter()
    for key, change in changes.items():
        owed[key.currency] += change
    postings = [Posting(EARNING.debit, key.currency, change, key) for key, change in changes.items()]
    # Components may change against each other: then nothing more or less is owed, and a posting of zero would say
    # nothing.
    postings += [Posting(EARNING.credit, currency, -change) for currency, change in sorted(owed.items()) if change]
    return Journal(
        id=uuid5(NAMES, f"earning/{participant_id}/{origin_period}/{revision}"),
        kind=EARNING.kind,
        participant_id=participant_id,
        assignment=assignment,
        origin_period=origin_period,
        cause=cause,
        actor=actor,
        postings=tuple(postings),
    )
