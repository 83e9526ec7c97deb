"""Where participants stand before a run: the sums of their accounts, what was corrected since, and what earlier runs left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.payout.runs.journals import lines_of, remembered
from shared.pay.balances import CarriedState, ManualAdjustment, PayKey, UnclearedRun, UnsettledEntry
from shared.pay.settlement import EarningLineKey, HeldAmount, SettledPeriod


def payable(
    connection: Connection, participants: Iterable[str], *, month: str, entries: Mapping[str, int] | None = None
) -> dict[PayKey, int]:
    """What is payable for everything booked up to a month, in minor units; zeros are left out.

    With `entries`, of what the stream booked only each participant's first so many journals.
    """
    known = dict(entries or {})
    rows = connection.execute(
        _PAYABLE,
        {
            "participants": list(participants),
            "month": month,
            "whole": entries is None,
            "known": list(known),
            "entries": list(known.values()),
        },
    )
    return {(who, currency): int(amount) for who, currency, amount in rows}


def owing(connection: Connection, participants: Iterable[str], *, account: str) -> dict[PayKey, int]:
    """What participants owe on `draw` or `clawback`, in minor units."""
    rows = connection.execute(_OWING, {"participants": list(participants), "account": account})
    return {(who, currency): int(amount) for who, currency, amount in rows}


def fresh(connection: Connection, participants: Iterable[str], *, month: str) -> dict[PayKey, list[UnsettledEntry]]:
    """What was booked up to a month and no approved run has looked at."""
    found: dict[PayKey, list[UnsettledEntry]] = {}
    for who, currency, *rest in connection.execute(_FRESH, {"participants": list(participants), "month": month}):
        found.setdefault((who, currency), []).append(UnsettledEntry(*rest))
    return found


def left(connection: Connection, participants: Iterable[str]) -> dict[PayKey, CarriedState]:
    """What approved runs left, folded over all of them."""
    found: dict[PayKey, CarriedState] = {}
    for who, currency, carried, told, entries, run, month, ends in connection.execute(
        _LEFT, {"participants": list(participants)}
    ):
        before = found.get((who, currency), CarriedState(0, {}, {}))
        pay: dict[str, Any] = orjson.loads(told)
        uncleared: tuple[UnclearedRun, ...] = ()
        clear = (entries, month)
        if carried or pay.get("draw") or pay.get("receivable"):
            corrected = {line.about for line in lines_of(pay) if line.step == "prior_period"}
            uncleared = (*before.uncleared, UnclearedRun(run, ends, tuple(sorted(corrected))))
            clear = before.cleared
        settled = {name: SettledPeriod(*figures) for name, figures in pay.get("settled", {}).items()}
        known = {**before.settled, **settled}, {**before.dismissed, **remembered(pay)}
        found[who, currency] = CarriedState(carried, *known, run, month, uncleared, clear)
    return found


def paid_in(connection: Connection, pay_group: str, *, pay_period: str, but: str) -> dict[PayKey, int]:
    """What approved runs other than `but` paid for a pay period."""
    rows = connection.execute(_PAID_IN, {"pay_group": pay_group, "pay_period": pay_period, "but": but})
    return {(who, currency): int(amount) for who, currency, amount in rows}


def history(connection: Connection, pay_group: str, *, before: str, runs: int) -> dict[PayKey, list[int]]:
    """What the last regular runs before a month paid, the latest first."""
    found: dict[PayKey, list[int]] = {}
    for who, currency, paid in connection.execute(_HISTORY, {"pay_group": pay_group, "before": before, "runs": runs}):
        found.setdefault((who, currency), []).append(paid)
    return found


def held_lines(
    connection: Connection, participants: Iterable[str], *, released: Iterable[str] = ()
) -> dict[PayKey, dict[EarningLineKey, HeldAmount]]:
    """What is held of which line; of the deals `released` also lines of which nothing is held any more."""
    found: dict[PayKey, dict[EarningLineKey, HeldAmount]] = {}
    for row in connection.execute(_HELD, {"participants": list(participants), "released": list(released)}):
        who, currency, *whose, amount, held, forfeited = row
        found.setdefault((who, currency), {})[EarningLineKey(*whose)] = HeldAmount(amount, held, forfeited)
    return found


def entries(connection: Connection, participants: Iterable[str]) -> dict[str, int]:
    """How many journals each participant has."""
    rows = connection.execute(_ENTRIES, {"participants": list(participants)})
    return {row[0]: row[1] for row in rows}


def adjusted(
    connection: Connection, participants: Iterable[str], *, month: str
) -> dict[tuple[PayKey, str], list[ManualAdjustment]]:
    """The manual adjustments among what is `fresh`, by participant and currency and the month that they are about."""
    found: dict[tuple[PayKey, str], list[ManualAdjustment]] = {}
    for who, currency, origin, *rest in connection.execute(
        _ADJUSTED, {"participants": list(participants), "month": month}
    ):
        found.setdefault(((who, currency), origin), []).append(ManualAdjustment(*rest))
    return found


def revisions(connection: Connection, period: str, *, participants: Iterable[str]) -> dict[str, int]:
    """The revision of the earnings of a month that is booked, by participant."""
    rows = connection.execute(_REVISIONS, {"period": period, "participants": list(participants)})
    return {row[0]: row[1] for row in rows}


def open_earners(
    connection: Connection, participants: Iterable[str], *, closed: str, month: str
) -> list[tuple[str, str]]:
    """The months after the last closed one and up to another, and who of the participants has earnings in them."""
    parameters = {"participants": list(participants), "closed": closed, "month": month}
    return [(period, who) for period, who in connection.execute(_OPEN_EARNERS, parameters)]


def adjusters(
    connection: Connection, participants: Iterable[str], *, month: str, before: Mapping[PayKey, CarriedState]
) -> list[str]:
    """Who booked adjustments up to a month that no approved run has looked at, or only such as left something to later ones."""
    clear = [(*owed, *state.cleared) for owed, state in before.items()]
    who, currencies, entries, months = (list(each) for each in zip(*clear, strict=True)) if clear else ([], [], [], [])
    wanted = {"participants": list(participants), "month": month}
    clear_of = {"who": who, "currencies": currencies, "entries": entries, "months": months}
    return list(connection.execute(_ADJUSTERS, wanted | clear_of).scalars())


def balances_in_other_entities(
    connection: Connection, participants: Iterable[str], *, month: str
) -> list[tuple[Any, ...]]:
    """Balances up to a month by participant, entity and account: (participant, entity, account, component, plan, version, deal,
    currency, amount).
    """
    wanted = {"participants": list(participants), "month": month}
    return [tuple(row) for row in connection.execute(_BY_ENTITY, wanted)]


_SEEN = """
    with seen as (
        select participant_id, max(entries) as entries, max(month) as month
        from run_pay join run on run.id = run_pay.run
        where state in ('approved', 'exported', 'acknowledged', 'paid') and participant_id = any(cast(:participants as text[]))
        group by participant_id
    )"""

_PAYABLE = text("""
    select p.participant_id, p.currency, -sum(p.amount)
    from journal j join posting p on p.journal = j.id
    left join unnest(cast(:known as text[]), cast(:entries as integer[])) as seen (participant_id, entries)
        on seen.participant_id = j.participant_id
    where j.participant_id = any(cast(:participants as text[])) and j.period <= :month and p.account = 'payable'
      and (:whole or j.kind <> 'earning' or j.entry <= seen.entries)
    group by 1, 2 having sum(p.amount) <> 0""")

_OWING = text("""
    select participant_id, currency, sum(amount) from posting
    where participant_id = any(cast(:participants as text[])) and account = :account
    group by 1, 2 having sum(amount) <> 0""")

_FRESH = text(f"""
    {_SEEN}
    select p.participant_id, p.currency, j.origin_period, j.kind, cast(-sum(p.amount) as bigint)
    from journal j join posting p on p.journal = j.id left join seen on seen.participant_id = j.participant_id
    where j.participant_id = any(cast(:participants as text[])) and j.period <= :month and p.account = 'payable'
      and j.kind in ('earning', 'adjustment', 'return')
      and (seen.entries is null or j.entry > seen.entries or j.period > seen.month)
    group by 1, 2, 3, 4 having sum(p.amount) <> 0""")

_ADJUSTED = text(f"""
    {_SEEN}
    select a.participant_id, a.currency, a.month, cast(a.id as text), a.amount, a.reason
    from journal j join adjustment a on cast(a.id as text) = j.cause ->> 'adjustment'
    left join seen on seen.participant_id = j.participant_id
    where j.participant_id = any(cast(:participants as text[])) and j.kind = 'adjustment' and j.period <= :month
      and (seen.entries is null or j.entry > seen.entries or j.period > seen.month)
    order by a.number""")

_LEFT = text("""
    select participant_id, currency, carried, pay, entries, run.id, run.month, run.ends from run_pay join run on run.id = run_pay.run
    where state in ('approved', 'exported', 'acknowledged', 'paid') and participant_id = any(cast(:participants as text[]))
    order by run.number""")

_PAID_IN = text("""
    select participant_id, currency, sum(paid) from run_pay join run on run.id = run_pay.run
    where pay_group = :pay_group and pay_period = :pay_period and run.id <> :but
      and state in ('approved', 'exported', 'acknowledged', 'paid')
    group by 1, 2""")

_HISTORY = text("""
    select participant_id, currency, paid from run_pay join (
        select id, number from run where pay_group = :pay_group and kind = 'regular' and closes < :before
          and state in ('approved', 'exported', 'acknowledged', 'paid') order by number desc limit :runs
    ) latest on latest.id = run_pay.run order by latest.number desc""")

_HELD = text("""
    select participant_id, currency, period, component, plan, version, deal_id, amount, held, forfeited from held_line
    where participant_id = any(cast(:participants as text[]))
      and (held <> 0 or forfeited <> 0 or deal_id = any(cast(:released as text[])))""")

_ENTRIES = text("select participant_id, entries from book where participant_id = any(cast(:participants as text[]))")

_REVISIONS = text("""
    select participant_id, revision from held_earning
    where period = :period and participant_id = any(cast(:participants as text[]))""")

_OPEN_EARNERS = text("""
    select period, participant_id from held_earning
    where period > :closed and period <= :month and participant_id = any(cast(:participants as text[]))""")

_ADJUSTERS = text("""
    select distinct j.actor
    from journal j join posting p on p.journal = j.id
    left join unnest(cast(:who as text[]), cast(:currencies as text[]), cast(:entries as integer[]), cast(:months as text[]))
        as clear (participant_id, currency, entries, month)
        on clear.participant_id = j.participant_id and clear.currency = p.currency
    where j.participant_id = any(cast(:participants as text[])) and j.kind = 'adjustment' and j.period <= :month
      and (clear.entries is null or j.entry > clear.entries or j.period > clear.month)
    order by 1""")

_BY_ENTITY = text("""
    select p.participant_id, j.entity, p.account, p.component, p.plan, p.version, p.deal, p.currency, cast(sum(p.amount) as bigint)
    from journal j join posting p on p.journal = j.id
    where p.account in ('payable', 'held', 'draw', 'clawback') and j.period <= :month and j.participant_id in (
        select participant_id from journal where participant_id = any(cast(:participants as text[])) and period <= :month
        group by participant_id having count(distinct entity) > 1)
    group by 1, 2, 3, 4, 5, 6, 7, 8 having sum(p.amount) <> 0
    order by 1, 2, 3""")
