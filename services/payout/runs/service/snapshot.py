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
from services.payout.ledger.store_views import not_on_roster
from services.payout.policies import store as policies
from services.payout.policies.store import pay_groups
from services.payout.roster.store import people
from services.payout.runs import store_balances as balances
from services.payout.runs.decisions import store as decisions
from shared.pay.people import DEFAULT_PAY_GROUP, Person
from shared.pay.run import Run
from shared.pay.snapshot import RunSnapshot
from shared.pay.terms.policy import Member, PaymentTerms, for_nobody


def load(
    connection: Connection, run: Run, *, quarantined: Mapping[str, str], paid_less: Sequence[str] = ()
) -> RunSnapshot:
    """Where everybody in the run stands in the ledger.

    Args:
        connection: of the transaction.
        run: what is calculated.
        quarantined: whose plan version is set aside, and which: what they earned is not known, so the run leaves them
            out.
        paid_less: deals of which everything was released, perhaps, and money went since. Of their lines what is held is
            read even where it is nothing: it may have to be held again.
    """
    on_roster = people(connection)
    everybody = {**on_roster, **people(connection, not_on_roster(connection))}
    attributes = {who: person.at(run.ends) for who, person in everybody.items()}
    groups = pay_groups(connection)
    in_scope = {
        who: person
        for who, person in everybody.items()
        if attributes[who].pay_group == run.pay_group and (run.participants is None or who in run.participants)
    }
    paid = {who: person for who, person in in_scope.items() if who not in quarantined}
    terms = policies.over_time(connection, PaymentTerms)
    members = (Member(who, home.plan, home.pay_group) for who, home in attributes.items())
    return RunSnapshot(
        run=run,
        groups=groups[run.pay_group],
        in_unknown_groups={who: home.pay_group for who, home in attributes.items() if home.pay_group not in groups},
        closed=closings.closed_through(connection, run.pay_group),
        people=paid,
        # Released ones too: whether a hold stops pay depends on the day that is asked for.
        holds=[decision.hold for decision in decisions.hold_decisions(connection)],
        excused=decisions.dismissed_clawbacks(connection),
        terms=terms,
        terms_for_nobody=for_nobody(terms(run.ends), members),
        on_roster=frozenset(on_roster),
        moved_out={who: person for who, person in everybody.items() if who not in in_scope and _moved_out(person, run)},
        paid_less=paid_less,
        left_out={who: quarantined[who] for who in in_scope if who not in paid},
        **_balances(connection, run, who=list(paid), paid_less=paid_less),
    )


def _moved_out(person: Person, run: Run) -> bool:
    """Whether somebody who is not in the run was in its pay group when the pay period began, or within it."""
    moves = [
        setting
        for setting in person.settings()
        if setting.attribute == "pay_group" and run.starts <= setting.day <= run.ends
    ]
    if not moves or run.participants is not None:
        return False
    before = person.at(run.starts - timedelta(days=1)).pay_group
    return run.pay_group in (before, *(setting.value or DEFAULT_PAY_GROUP for setting in moves))


def _balances(connection: Connection, run: Run, *, who: Sequence[str], paid_less: Sequence[str]) -> dict[str, Any]:
    """The fields of a snapshot that the stream moves, of some participants."""
    return {
        # First, so that outside a snapshot, too, whatever is booked while the others are read shows as a journal that
        # was not counted.
        "journal_counts": balances.journal_counts(connection, who),
        "payable": balances.payable(connection, who, month=run.month),
        "unsettled": balances.unsettled(connection, who, month=run.month),
        "carried": balances.carried(connection, who),
        "draw": balances.owing(connection, who, account="draw"),
        "receivable": balances.owing(connection, who, account="clawback"),
        "held": balances.held_lines(connection, who, released=paid_less),
    }


def reload(connection: Connection, snapshot: RunSnapshot, *, who: Sequence[str]) -> RunSnapshot:
    """The snapshot with the balances of some participants read again; roster, policies and holds stay as they were."""
    moved = frozenset(who)
    fields: dict[str, Any] = {}
    for name, table in _balances(connection, snapshot.run, who=who, paid_less=snapshot.paid_less).items():
        before: Mapping[Any, Any] = getattr(snapshot, name)
        # Keys are participants, or participants with a currency. Who has nothing any more is not in the new table: so
        # out with the old.
        others = {key: value for key, value in before.items() if (key if isinstance(key, str) else key[0]) not in moved}
        fields[name] = others | table
    return replace(snapshot, **fields)


def inputs_sha256(connection: Connection, snapshot: RunSnapshot, *, journals_seen: Mapping[str, int]) -> str:
    """What stands for everything the run is calculated from that can change while people look at it.

    In it are: what is payable to whom; which run paid them last (another one may have paid, held or taken back since,
    and left the same sum); pay group, plan, entity, cost centre and last day of whoever is due anything; the payment
    terms of the day; holds that could stop something of the run; dismissed clawbacks. Not in it are names and payroll
    ids (compared on their own: `payees`), what scoring remarks, and lines: a line that changes is booked, and seen in
    what is payable.

    A run that closes its month takes everything that is booked in it. Another one is over an open month, in which the
    stream goes on: it stands by the journals that it looked at, so many of each participant; but nobody may have paid
    or adjusted anything since.
    """
    run, payable = snapshot.run, snapshot.payable
    if run.closes != run.month:
        payable = balances.payable(connection, snapshot.people, month=run.month, journals_seen=journals_seen)
    due = sorted((*key, amount) for key, amount in payable.items())
    last_runs = sorted((*key, state.run) for key, state in snapshot.carried.items())
    homes = sorted((who, *_roster_facts(snapshot, who)) for who in {who for who, _, _ in due})
    terms = sorted(
        orjson.dumps(document.body(), option=orjson.OPT_SORT_KEYS).decode() for document in snapshot.terms(run.ends)
    )
    # A hold of a deal or a plan may concern anybody; one of a participant who is not in the run does not.
    holds_in_force = sorted(
        repr(hold)
        for hold in snapshot.holds
        if hold.since <= run.month and (hold.scope != "participant" or hold.subject in snapshot.people)
    )
    excused = sorted(pair for pair in snapshot.excused if pair[0] in snapshot.people)
    # Everything in an order of its own: how rows were read must not be in the hash.
    return hashlib.sha256(orjson.dumps([due, last_runs, homes, terms, holds_in_force, excused])).hexdigest()


def _roster_facts(snapshot: RunSnapshot, who: str) -> tuple[Any, ...]:
    """What of the roster decides about somebody's pay and where it is booked."""
    home = snapshot.attributes_of(who)
    return home.pay_group, home.plan, home.entity, home.cost_center, snapshot.people[who].last_day(snapshot.run.ends)
