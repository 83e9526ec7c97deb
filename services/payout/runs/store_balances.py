"""Where participants stand before a run: the sums of their accounts, what was corrected since, and what earlier runs
left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson
from sqlalchemy import Connection, text

from services.payout.ledger.journal import Posting
from services.payout.runs.journals import EntityBalance
from services.payout.runs.payslip import YearSums
from services.payout.runs.record import SettlementRecord
from services.payout.runs.tables import BOOKED
from shared.columns import arrays
from shared.pay.settlement import EarningLineKey, HeldAmount
from shared.pay.snapshot import (
    NOTHING_CARRIED,
    PAID_FOR,
    CarriedState,
    ManualAdjustment,
    PayKey,
    UnclearedRun,
    UnsettledEntry,
)
from shared.periods import Month


def payable(
    connection: Connection, participants: Iterable[str], *, month: Month, journals_seen: Mapping[str, int] | None = None
) -> dict[PayKey, int]:
    """What is payable for everything booked up to a month, in minor units; zeros are left out.

    With `journals_seen`, of what the stream booked only each participant's first so many journals.
    """
    known = dict(journals_seen or {})
    rows = connection.execute(
        _PAYABLE,
        {
            "participants": list(participants),
            "month": month,
            "whole": journals_seen is None,
            "known": list(known),
            "entries": list(known.values()),
        },
    )
    return {(who, currency): int(amount) for who, currency, amount in rows}


def owing(connection: Connection, participants: Iterable[str], *, account: str) -> dict[PayKey, int]:
    """What participants owe on `draw` or `clawback`, in minor units."""
    rows = connection.execute(_OWING, {"participants": list(participants), "account": account})
    return {(who, currency): int(amount) for who, currency, amount in rows}


def unsettled(
    connection: Connection, participants: Iterable[str], *, month: Month
) -> dict[PayKey, list[UnsettledEntry]]:
    """What was booked up to a month and no approved run has looked at."""
    entries: dict[PayKey, list[UnsettledEntry]] = {}
    for who, currency, *rest in connection.execute(_UNSETTLED, {"participants": list(participants), "month": month}):
        entries.setdefault((who, currency), []).append(UnsettledEntry(*rest))
    return entries


def carried(connection: Connection, participants: Iterable[str]) -> dict[PayKey, CarriedState]:
    """What approved runs left, folded over all of them in the order in which they were drafted."""
    states: dict[PayKey, CarriedState] = {}
    rows = connection.execute(_CARRIED, {"participants": list(participants)})
    for who, currency, amount, pay, paid, pay_period, journals_seen, run, month, ends in rows:
        before, settlement = states.get((who, currency), NOTHING_CARRIED), SettlementRecord(orjson.loads(pay))
        uncleared: tuple[UnclearedRun, ...] = ()
        cleared = (journals_seen, month)
        # Who set what this run paid on has a hand in the next run, too, as long as some of it is not settled between
        # the two.
        if amount or settlement.leaves_a_debt:
            corrected = {line.about for line in settlement.lines if line.step == "prior_period"}
            uncleared = (*before.uncleared, UnclearedRun(run, ends, tuple(sorted(corrected))))
            cleared = before.cleared
        states[who, currency] = CarriedState(
            carried=amount,
            settled={**before.settled, **settlement.settled},
            dismissed={**before.dismissed, **settlement.losses},
            run=run,
            month=month,
            uncleared=uncleared,
            cleared=cleared,
            paid=before.with_paid(pay_period, paid, lines=settlement.lines_of(*PAID_FOR)),
        )
    return states


def history(connection: Connection, *, pay_group: str, before: Month, runs: int) -> dict[PayKey, list[int]]:
    """What the last regular runs before a month paid, the latest first."""
    payments: dict[PayKey, list[int]] = {}
    for who, currency, paid in connection.execute(_HISTORY, {"pay_group": pay_group, "before": before, "runs": runs}):
        payments.setdefault((who, currency), []).append(paid)
    return payments


def held_lines(
    connection: Connection, participants: Iterable[str], *, released: Iterable[str] = ()
) -> dict[PayKey, dict[EarningLineKey, HeldAmount]]:
    """What is held of which line; of the deals `released` also lines of which nothing is held any more."""
    amounts: dict[PayKey, dict[EarningLineKey, HeldAmount]] = {}
    for row in connection.execute(_HELD, {"participants": list(participants), "released": list(released)}):
        who, currency, *earning, amount, held, forfeited = row
        amounts.setdefault((who, currency), {})[EarningLineKey(*earning)] = HeldAmount(amount, held, forfeited)
    return amounts


def held_participants(connection: Connection) -> list[str]:
    """Everybody of whom something is remembered as held."""
    return list(connection.execute(text("select distinct participant_id from held_line order by 1")).scalars())


def journal_counts(connection: Connection, participants: Iterable[str]) -> dict[str, int]:
    """How many journals each participant has."""
    rows = connection.execute(_JOURNAL_COUNTS, {"participants": list(participants)})
    return {row[0]: row[1] for row in rows}


def adjusted(
    connection: Connection, participants: Iterable[str], *, month: Month
) -> dict[tuple[PayKey, Month], list[ManualAdjustment]]:
    """The manual adjustments among what is `unsettled`, by participant, currency and the month that they are about."""
    adjustments: dict[tuple[PayKey, Month], list[ManualAdjustment]] = {}
    for who, currency, origin, *rest in connection.execute(
        _ADJUSTED, {"participants": list(participants), "month": month}
    ):
        adjustments.setdefault(((who, currency), origin), []).append(ManualAdjustment(*rest))
    return adjustments


def revisions(connection: Connection, participants: Iterable[str], *, period: Month) -> dict[str, int]:
    """The revision of the earnings of a month that is booked, by participant."""
    rows = connection.execute(_REVISIONS, {"period": period, "participants": list(participants)})
    return {row[0]: row[1] for row in rows}


def open_earners(
    connection: Connection, participants: Iterable[str], *, closed: Month | None, month: Month
) -> list[tuple[Month, str]]:
    """The months after the last closed one and up to another, and who of the participants has earnings in them."""
    parameters = {"participants": list(participants), "closed": closed or "", "month": month}
    return [(period, who) for period, who in connection.execute(_OPEN_EARNERS, parameters)]


def adjusters(
    connection: Connection, participants: Iterable[str], *, month: Month, before: Mapping[PayKey, CarriedState]
) -> list[str]:
    """Who booked adjustments up to a month that no approved run has looked at, or only such as left something to later
    ones.
    """
    cleared = arrays(
        ("participant_id", "currency", "entries", "month"), [(*key, *state.cleared) for key, state in before.items()]
    )
    wanted = {"participants": list(participants), "month": month}
    return list(connection.execute(_ADJUSTERS, wanted | cleared).scalars())


def balances_by_entity(connection: Connection, participants: Iterable[str], *, month: Month) -> list[EntityBalance]:
    """The balances up to a month of whoever has had journals with more than one entity."""
    wanted = {"participants": list(participants), "month": month}
    return [
        EntityBalance(who, entity, Posting.of_columns(columns))
        for who, entity, *columns in connection.execute(_BY_ENTITY, wanted)
    ]


def year_sums(connection: Connection, participants: Iterable[str], *, month: Month) -> Mapping[PayKey, YearSums]:
    """What was booked in the year of a month up to it, by participant and currency."""
    sums: dict[PayKey, dict[tuple[str, str], int]] = {}
    wanted = {"participants": list(participants), "first": f"{month[:4]}-01", "month": month}
    for who, currency, account, kind, amount in connection.execute(_YEAR_SUMS, wanted):
        sums.setdefault((who, currency), {})[account, kind] = int(amount)
    return sums


# What no run has looked at: journals after as many as the last booked run had looked at, and those booked in a later
# month than it was over. Runs before the last have looked at no more, so the largest of each is enough.
_SEEN = f"""
    with seen as (
        select participant_id, max(entries) as entries, max(month) as month
        from run_pay join run on run.id = run_pay.run
        where {BOOKED} and participant_id = any(cast(:participants as text[]))
        group by participant_id
    )"""

# The stream goes on in an open month, so of its journals only those count that a run had looked at. Journals of other
# kinds are what people and runs did: they count always, and where there are new ones the sum is another.
_PAYABLE = text("""
    select p.participant_id, p.currency, -sum(p.amount)
    from journal j join posting p on p.journal = j.id
    left join unnest(cast(:known as text[]), cast(:entries as integer[])) as seen (participant_id, entries)
        on seen.participant_id = j.participant_id
    where j.participant_id = any(cast(:participants as text[])) and j.period <= :month and p.account = 'payable'
      and (:whole or j.kind <> 'earning' or j.entry <= seen.entries)
    group by 1, 2 having sum(p.amount) <> 0""")

# Over all months: what somebody owes they owe whenever it was booked.
_OWING = text("""
    select participant_id, currency, sum(amount) from posting
    where participant_id = any(cast(:participants as text[])) and account = :account
    group by 1, 2 having sum(amount) <> 0""")

# Of the kinds that bring something new. Holding, terms and payments are what runs did themselves.
_UNSETTLED = text(f"""
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

_CARRIED = text(f"""
    select participant_id, currency, carried, pay, paid, run.pay_period, entries, run.id, run.month, run.ends
    from run_pay join run on run.id = run_pay.run
    where {BOOKED} and participant_id = any(cast(:participants as text[]))
    order by run.number""")

# Regular runs that closed a month: an off-cycle run or a part of a month is no measure for the next.
_HISTORY = text(f"""
    select participant_id, currency, paid from run_pay join (
        select id, number from run where pay_group = :pay_group and kind = 'regular' and closes < :before
          and {BOOKED} order by number desc limit :runs
    ) latest on latest.id = run_pay.run order by latest.number desc""")

# A deal of which all was released is looked at again where money for it may have gone: what was released may have to be
# held again.
_HELD = text("""
    select participant_id, currency, period, component, plan, version, deal_id, amount, held, forfeited from held_line
    where participant_id = any(cast(:participants as text[]))
      and (held <> 0 or forfeited <> 0 or deal_id = any(cast(:released as text[])))""")

_JOURNAL_COUNTS = text(
    "select participant_id, entries from book where participant_id = any(cast(:participants as text[]))"
)

_REVISIONS = text("""
    select participant_id, revision from booked_earning
    where period = :period and participant_id = any(cast(:participants as text[]))""")

_OPEN_EARNERS = text("""
    select period, participant_id from booked_earning
    where period > :closed and period <= :month and participant_id = any(cast(:participants as text[]))""")

# Adjustments up to `clear` are paid, and nothing of them is carried on: who made them has no hand in the next run.
_ADJUSTERS = text("""
    select distinct j.actor
    from journal j join posting p on p.journal = j.id
    left join unnest(
            cast(:all_participant_id as text[]), cast(:all_currency as text[]),
            cast(:all_entries as integer[]), cast(:all_month as text[]))
        as clear (participant_id, currency, entries, month)
        on clear.participant_id = j.participant_id and clear.currency = p.currency
    where j.participant_id = any(cast(:participants as text[])) and j.kind = 'adjustment' and j.period <= :month
      and (clear.entries is null or j.entry > clear.entries or j.period > clear.month)
    order by 1""")

# Who was never with more than one entity has nothing to move: only the few others are summed by account.
_BY_ENTITY = text("""
    select p.participant_id, j.entity,
        p.account, p.currency, cast(sum(p.amount) as bigint), p.component, p.plan, p.version, p.deal
    from journal j join posting p on p.journal = j.id
    where p.account in ('payable', 'held', 'draw', 'clawback') and j.period <= :month and j.participant_id in (
        select participant_id from journal
        where participant_id = any(cast(:participants as text[])) and period <= :month
        group by participant_id having count(distinct entity) > 1)
    group by 1, 2, 3, 4, 6, 7, 8, 9 having sum(p.amount) <> 0
    order by 1, 2, 3, 4, 6, 7, 8, 9""")

_YEAR_SUMS = text("""
    select p.participant_id, p.currency, p.account, j.kind, sum(p.amount)
    from journal j join posting p on p.journal = j.id
    where j.participant_id = any(cast(:participants as text[])) and j.period between :first and :month
      and p.account in ('earned', 'adjusted', 'guaranteed', 'draw', 'clawback', 'paid')
    group by 1, 2, 3, 4""")
