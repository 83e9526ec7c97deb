"""Where everybody in a run stands before it: in the ledger, the roster, the policies and what people decided."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Connection

from services.payout.ledger import store_closings as closings
from services.payout.policies import store_in_force as policies_in_force
from services.payout.policies.store_pay_groups import pay_groups
from services.payout.roster.store import not_on_roster, people
from services.payout.runs import store_balances as positions
from services.payout.runs.decisions import store as holds
from shared.pay.people import DEFAULT_PAY_GROUP, Person
from shared.pay.run import Run
from shared.pay.snapshot import RunSnapshot
from shared.pay.terms.policy import Member, for_nobody


def load(
    connection: Connection, run: Run, *, quarantined: Mapping[str, str], paid_less: Sequence[str] = ()
) -> RunSnapshot:
    """Where everybody in the run stands in the ledger.

    Args:
        connection: of the transaction.
        run: what is calculated.
        quarantined: whose plan version is set aside, and which: what they earned is not known, so the run leaves them out.
        paid_less: deals of which everything was released, perhaps, and money went since.
    """
    known = people(connection)
    everybody = {**known, **people(connection, not_on_roster(connection))}
    homes = {who: person.at(run.ends) for who, person in everybody.items()}
    known_groups = pay_groups(connection)
    everyone = {
        who: person
        for who, person in everybody.items()
        if homes[who].pay_group == run.pay_group and (run.participants is None or who in run.participants)
    }
    mine = {who: person for who, person in everyone.items() if who not in quarantined}
    terms = policies_in_force.terms(connection)
    members = (Member(who, home.plan, home.pay_group) for who, home in homes.items())
    return RunSnapshot(
        run=run,
        groups=known_groups[run.pay_group],
        in_unknown_groups={who: home.pay_group for who, home in homes.items() if home.pay_group not in known_groups},
        closed=closings.closed_through(connection, run.pay_group),
        people=mine,
        holds=holds.holds(connection),
        excused=holds.excused(connection),
        terms=terms,
        terms_for_nobody=for_nobody(terms(run.ends), members),
        on_roster=frozenset(known),
        moved_out={who: each for who, each in everybody.items() if who not in everyone and _left(each, run)},
        paid_less=paid_less,
        left_out={who: quarantined[who] for who in everyone if who not in mine},
        **_standing(connection, run, who=list(mine), paid_less=paid_less),
    )


def _left(person: Person, run: Run) -> bool:
    """Whether somebody who is not in the run was in its pay group when the pay period began, or within it."""
    moves = [each for each in person.settings() if each.attribute == "pay_group" and run.starts <= each.day <= run.ends]
    if not moves or run.participants is not None:
        return False
    before = person.at(run.starts - timedelta(days=1)).pay_group
    return run.pay_group in (before, *(each.value or DEFAULT_PAY_GROUP for each in moves))


def _standing(connection: Connection, run: Run, *, who: Sequence[str], paid_less: Sequence[str]) -> dict[str, Any]:
    """Where participants stand in the ledger: the fields of a snapshot that the stream moves."""
    return {
        "journal_counts": positions.entries(connection, who),
        "payable": positions.payable(connection, who, month=run.month),
        "unsettled": positions.fresh(connection, who, month=run.month),
        "carried": positions.left(connection, who),
        "paid_before": positions.paid_in(connection, run.pay_group, pay_period=run.pay_period, but=run.id),
        "draw": positions.owing(connection, who, account="draw"),
        "receivable": positions.owing(connection, who, account="clawback"),
        "held": positions.held_lines(connection, who, released=paid_less),
    }


def reload(connection: Connection, snapshot: RunSnapshot, *, who: Sequence[str]) -> RunSnapshot:
    """The snapshot with some participants looked at again."""
    gone = frozenset(who)
    fields: dict[str, Any] = {}
    for name, table in _standing(connection, snapshot.run, who=who, paid_less=snapshot.paid_less).items():
        before: Mapping[Any, Any] = getattr(snapshot, name)
        kept = {key: value for key, value in before.items() if (key if isinstance(key, str) else key[0]) not in gone}
        fields[name] = kept | table
    return replace(snapshot, **fields)


def inputs_sha256(connection: Connection, snapshot: RunSnapshot, *, entries: Mapping[str, int]) -> str:
    """What stands for everything the run is calculated from that can change while it is looked at: what is due, what other runs did,
    where people belong and whether they are still there, policies, holds.

    A run that closes its month takes everything that is booked in it. Another one is over an open month, in which the stream goes on: it
    stands by the journals that it looked at, `entries` of each participant; but nobody may have paid or adjusted anything since.
    """
    payable = snapshot.payable
    if snapshot.run.closes != snapshot.run.month:
        payable = positions.payable(connection, snapshot.people, month=snapshot.run.month, entries=entries)
    due = sorted((*owed, amount) for owed, amount in payable.items())
    looked = sorted((*owed, left.run) for owed, left in snapshot.carried.items())
    homes = sorted((who, *_place(snapshot, who)) for who in {each[0] for each in due})
    rules = sorted(
        orjson.dumps(each.body(), option=orjson.OPT_SORT_KEYS).decode() for each in snapshot.terms(snapshot.run.ends)
    )
    stops = sorted(
        repr(hold)
        for hold in snapshot.holds
        if hold.since <= snapshot.run.month and (hold.scope != "participant" or hold.subject in snapshot.people)
    )
    excused = sorted(each for each in snapshot.excused if each[0] in snapshot.people)
    return hashlib.sha256(orjson.dumps([due, looked, homes, rules, stops, excused])).hexdigest()


def _place(snapshot: RunSnapshot, who: str) -> tuple[Any, ...]:
    """What of the roster decides about somebody's pay and where it is booked."""
    home = snapshot.attributes_of(who)
    return home.pay_group, home.plan, home.entity, home.cost_center, snapshot.people[who].last_day(snapshot.run.ends)
