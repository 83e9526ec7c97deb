"""What people and other programs read of the ledger: balances, journals, sums, periods. Amounts are in minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, Row, TextClause, select, text

from services.payout.ledger.balances import ACCOUNTS, SIGNS, Balance, BookedPeriod, By, TrialBalanceRow
from services.payout.ledger.journal import POSTING_COLUMNS, BookedJournal, Posting
from services.payout.ledger.tables import book
from services.payout.roster.tables import person
from shared.contracts.topics import EARNINGS, Topic
from shared.log.tables import position
from shared.periods import Month

# A column per account, in the order of `Balance`. Sums of bigint are numeric in PostgreSQL; an overflow of what is
# shown is an error.
_SUM_COLUMNS: Final = ", ".join(
    f"cast(coalesce({sign}sum(amount) filter (where account = '{account}'), 0) as bigint)"
    for account, sign in SIGNS.items()
)

_BALANCES = text(f"""
    select currency, {_SUM_COLUMNS} from posting
    where participant_id = :participant group by currency order by currency""")


def balances(connection: Connection, participant_id: str) -> list[Balance]:
    """What a participant has earned, was paid and is owed, per currency."""
    return [Balance(*row) for row in connection.execute(_BALANCES, {"participant": participant_id})]


_TOTALS = text(f"select currency, {_SUM_COLUMNS} from posting group by currency order by currency")


def totals(connection: Connection) -> list[Balance]:
    """What all participants together have earned, were paid and are owed, per currency."""
    return [Balance(*row) for row in connection.execute(_TOTALS)]


def _totals_by(source: str, key: str) -> TextClause:
    # A page counts keys and not rows: a key has a row for each of its currencies, and none of them may be left to the
    # next page.
    return text(f"""
        select key, currency, {_SUM_COLUMNS} from (
            select {key} as key, currency, account, amount, dense_rank() over (order by {key}) as rank
            from {source} where cast(:after as text) is null or {key} > :after
        ) ranked where rank <= :limit group by key, currency order by key, currency""")


_WITH_JOURNAL: Final = "posting join journal on journal.id = posting.journal"
_TOTALS_BY: Final[Mapping[By, TextClause]] = {
    "participant": _totals_by("posting", "participant_id"),
    "cost_center": _totals_by(_WITH_JOURNAL, "cost_center"),
    "entity": _totals_by(_WITH_JOURNAL, "entity"),
    "pay_group": _totals_by(_WITH_JOURNAL, "pay_group"),
}


def totals_by(connection: Connection, by: By, *, after: str | None, limit: int) -> list[tuple[str, Balance]]:
    """The sums of the accounts by participant, or by what the journals were booked for, per currency, in the order of
    keys.

    Takes `limit` keys: the first, or those after `after`.
    """
    rows = connection.execute(_TOTALS_BY[by], {"after": after, "limit": limit})
    return [(key, Balance(*row)) for key, *row in rows]


_TRIAL_BALANCE = text("""
    select account, currency,
        cast(coalesce(sum(amount) filter (where period < :period), 0) as bigint),
        cast(coalesce(sum(amount) filter (where period = :period and amount > 0), 0) as bigint),
        cast(coalesce(-sum(amount) filter (where period = :period and amount < 0), 0) as bigint)
    from posting join journal on journal.id = posting.journal
    where period <= :period and (cast(:entity as text) is null or entity = :entity)
    group by account, currency order by currency, array_position(cast(:accounts as text[]), account)""")


def trial_balance(connection: Connection, period: Month, *, entity: str | None) -> list[TrialBalanceRow]:
    """Every account that was ever booked on up to a month, of all entities or of one, in the order of the chart."""
    rows = connection.execute(_TRIAL_BALANCE, {"period": period, "entity": entity, "accounts": list(ACCOUNTS)})
    return [TrialBalanceRow(*row) for row in rows]


_JOURNALS = text("""
    select j.entry as number, j.id, j.kind, j.period, j.origin_period, j.pay_group, j.entity, j.cost_center, j.cause,
        j.actor, j.recorded_at, j.previous_sha256, j.sha256,
        p.account, p.currency, p.amount, p.component, p.plan, p.version, p.deal
    from (
        select * from journal where participant_id = :participant and entry < :before
        order by entry desc limit :limit
    ) j join posting p on p.journal = j.id
    order by j.entry desc, p.line""")


def journals(connection: Connection, participant_id: str, *, before: int, limit: int) -> list[BookedJournal]:
    """A participant's journals numbered below `before`, the latest first, `limit` at most."""
    rows = connection.execute(_JOURNALS, {"participant": participant_id, "before": before, "limit": limit}).all()
    return [_booked_journal(list(lines)) for _, lines in groupby(rows, key=attrgetter("number"))]


_posting_columns = attrgetter(*POSTING_COLUMNS)


def _booked_journal(rows: Sequence[Row[Any]]) -> BookedJournal:
    """The journal of its rows, one for each posting: every row has the whole head."""
    head = {field.name: getattr(rows[0], field.name) for field in fields(BookedJournal) if field.name != "postings"}
    return BookedJournal(**head, postings=tuple(Posting.of_columns(_posting_columns(row)) for row in rows))


_PERIODS = text("""
    with known as (select distinct pay_group, period from journal union select pay_group, period from closing),
    soft as (
        select pay_group, max(period) as period from soft_closing
        where number not in (select closing from soft_opening) group by pay_group)
    select known.pay_group, known.period,
        case when closed.run is not null then 'closed'
            when known.period <= soft.period then 'soft-closed'
            else 'open' end,
        closed.run
    from known left join soft on soft.pay_group = known.pay_group left join lateral (
        -- A closing closes every earlier month too: the first at or after a month is the one that closed it.
        select run from closing c where c.pay_group = known.pay_group and c.period >= known.period
        order by c.period limit 1
    ) closed on true
    order by known.period desc, known.pay_group""")


def periods(connection: Connection) -> list[BookedPeriod]:
    """Every month in which something is booked or closed, by pay group, the latest first."""
    return [BookedPeriod(*row) for row in connection.execute(_PERIODS)]


def not_on_roster(connection: Connection) -> list[str]:
    """Participants with journals that the roster does not know: something was earned by them before anybody said who
    they are.
    """
    unknown = select(book.c.participant_id).where(book.c.participant_id.not_in(select(person.c.participant_id)))
    return list(connection.execute(unknown.order_by(book.c.participant_id)).scalars())


def positions(connection: Connection, worker: str, *, topic: Topic = EARNINGS) -> dict[int, int]:
    """Where the worker is on a topic: the next position per partition."""
    stored = position.c
    wanted = select(stored.partition, stored.next_position).where(stored.worker == worker, stored.topic == topic.name)
    return {row.partition: row.next_position for row in connection.execute(wanted.order_by(stored.partition))}
