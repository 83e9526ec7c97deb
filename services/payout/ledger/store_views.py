"""What people and other programs read of the ledger: balances, journals, sums, periods. Amounts are in minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, Row, TextClause, text

from services.payout.ledger.journal import Part, Posting
from shared.contracts.topics import EARNINGS, Topic
from shared.pay.accounts import LedgerAccount

SIGNS: Final[Mapping[LedgerAccount, str]] = {
    "earned": "",
    "adjusted": "",
    "guaranteed": "",
    "held": "-",
    "payable": "-",
    "draw": "",
    "clawback": "",
    "paid": "-",
}
"""The chart of accounts in its order, with the sign by which people read the sum of an account: costs and what is owed back are
debits, what the company owes and has paid are credits."""
ACCOUNTS: Final = tuple(SIGNS)

By = Literal["participant", "cost_center", "entity", "pay_group"]


@dataclass(frozen=True, slots=True)
class Balance:
    """The sums of the accounts in one currency, signed as people read them.

    earned + adjusted + guaranteed = paid + held + payable - draw - clawback.
    """

    currency: str
    earned: int
    adjusted: int
    guaranteed: int
    held: int
    payable: int
    draw: int
    clawback: int
    paid: int

    def accounts(self) -> dict[LedgerAccount, int]:
        """The sums by account."""
        return {account: getattr(self, account) for account in ACCOUNTS}


@dataclass(frozen=True, slots=True)
class Trial:
    """An account in one currency: what stood on it before a month, what the month debited and credited, what stands after."""

    account: LedgerAccount
    currency: str
    opening: int
    debits: int
    credits: int

    @property
    def closing(self) -> int:
        """What stands on it after the month."""
        return self.opening + self.debits - self.credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A journal as it is in the ledger; `number` counts the participant's from 1."""

    number: int
    id: UUID
    kind: str
    period: str
    origin_period: str
    pay_group: str
    entity: str
    cost_center: str
    cause: dict[str, Any]
    actor: str
    recorded_at: datetime
    previous_sha256: str
    sha256: str
    postings: tuple[Posting, ...]


def balances(connection: Connection, participant_id: str) -> list[Balance]:
    """What a participant has earned, was paid and is owed, per currency."""
    return [Balance(*row) for row in connection.execute(_BALANCES, {"participant": participant_id})]


def sums(connection: Connection) -> list[Balance]:
    """What all participants together have earned, were paid and are owed, per currency."""
    return [Balance(*row) for row in connection.execute(_SUMS)]


def sums_by(connection: Connection, by: By, *, after: str | None, limit: int) -> list[tuple[str, Balance]]:
    """The sums of the accounts by participant, or by what the journals were booked for, per currency, in the order of keys.

    Takes `limit` keys: the first, or those after `after`.
    """
    rows = connection.execute(_SUMS_BY[by], {"after": after, "limit": limit})
    return [(key, Balance(*row)) for key, *row in rows]


def trial_balance(connection: Connection, period: str, *, entity: str | None) -> list[Trial]:
    """Every account that was ever booked on up to a month, of all entities or of one, in the order of the chart."""
    rows = connection.execute(_TRIAL, {"period": period, "entity": entity, "accounts": list(ACCOUNTS)})
    return [Trial(*row) for row in rows]


def journals(connection: Connection, participant_id: str, *, before: int, limit: int) -> list[Booked]:
    """A participant's journals numbered below `before`, the latest first, `limit` at most."""
    rows = connection.execute(_JOURNALS, {"participant": participant_id, "before": before, "limit": limit}).all()
    return [_booked(list(postings)) for _, postings in groupby(rows, key=attrgetter("number"))]


def periods(connection: Connection) -> list[tuple[str, str, str, str | None]]:
    """Every month in which something is booked, by pay group: pay group, month, state, and the run that closed it, the latest first."""
    return [tuple(row) for row in connection.execute(_PERIODS)]


def positions(connection: Connection, worker: str, *, topic: Topic = EARNINGS) -> dict[int, int]:
    """Where the worker is on a topic: the next position per partition."""
    rows: Sequence[Row[Any]] = connection.execute(_POSITIONS, {"worker": worker, "topic": topic.name}).all()
    return {row.partition: row.next_position for row in rows}


def _booked(rows: Sequence[Row[Any]]) -> Booked:
    parts = [Part(r.component, r.plan, r.version, r.currency) if r.component is not None else None for r in rows]
    postings = [
        Posting(account=r.account, currency=r.currency, amount=r.amount, part=part, deal=r.deal)
        for r, part in zip(rows, parts, strict=True)
    ]
    head = {field.name: getattr(rows[0], field.name) for field in fields(Booked) if field.name != "postings"}
    return Booked(**head, postings=tuple(postings))


_SUM_COLUMNS = ", ".join(
    f"cast(coalesce({sign}sum(amount) filter (where account = '{account}'), 0) as bigint)"
    for account, sign in SIGNS.items()
)

_BALANCES = text(f"""
    select currency, {_SUM_COLUMNS} from posting where participant_id = :participant group by currency order by currency""")

_SUMS = text(f"select currency, {_SUM_COLUMNS} from posting group by currency order by currency")


def _by(source: str, key: str) -> TextClause:
    """Sums by a column of a table, for the first keys after one."""
    return text(f"""
        select key, currency, {_SUM_COLUMNS} from (
            select {key} as key, currency, account, amount, dense_rank() over (order by {key}) as rank
            from {source} where cast(:after as text) is null or {key} > :after
        ) ranked where rank <= :limit group by key, currency order by key, currency""")


_BOOKED_FOR = "posting join journal on journal.id = posting.journal"
_SUMS_BY: Mapping[By, TextClause] = {
    "participant": _by("posting", "participant_id"),
    "cost_center": _by(_BOOKED_FOR, "cost_center"),
    "entity": _by(_BOOKED_FOR, "entity"),
    "pay_group": _by(_BOOKED_FOR, "pay_group"),
}

_TRIAL = text("""
    select account, currency,
        cast(coalesce(sum(amount) filter (where period < :period), 0) as bigint),
        cast(coalesce(sum(amount) filter (where period = :period and amount > 0), 0) as bigint),
        cast(coalesce(-sum(amount) filter (where period = :period and amount < 0), 0) as bigint)
    from posting join journal on journal.id = posting.journal
    where period <= :period and (cast(:entity as text) is null or entity = :entity)
    group by account, currency order by currency, array_position(cast(:accounts as text[]), account)""")

_JOURNALS = text("""
    select j.entry as number, j.id, j.kind, j.period, j.origin_period, j.pay_group, j.entity, j.cost_center, j.cause, j.actor,
        j.recorded_at, j.previous_sha256, j.sha256,
        p.account, p.currency, p.amount, p.component, p.plan, p.version, p.deal
    from (select * from journal where participant_id = :participant and entry < :before order by entry desc limit :limit) j
    join posting p on p.journal = j.id
    order by j.entry desc, p.line""")

_PERIODS = text("""
    with known as (select distinct pay_group, period from journal union select pay_group, period from closing),
    soft as (
        select pay_group, max(period) as period from soft_closing
        where number not in (select closing from soft_opening) group by pay_group)
    select known.pay_group, known.period,
        case when closed.run is not null then 'closed' when known.period <= soft.period then 'soft-closed' else 'open' end,
        closed.run
    from known left join soft on soft.pay_group = known.pay_group left join lateral (
        select run from closing c where c.pay_group = known.pay_group and c.period >= known.period order by c.period limit 1
    ) closed on true
    order by known.period desc, known.pay_group""")

_POSITIONS = text("""
    select partition, next_position from position where worker = :worker and topic = :topic order by partition""")
