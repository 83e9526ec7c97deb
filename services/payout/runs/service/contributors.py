"""Whoever had a hand in what a run pays: by a fact, a policy or a decision that an amount in it rests on. They do not
approve it.

Who approves money must not be able to move it (segregation of duties). Movers are not only those whose facts hold now:
who set what was replaced since moved the difference that is paid now. Each of the sources below says whom it counts,
and what they set, which is what the refusal says to the approver.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache, partial

import polars as pl
from sqlalchemy import Connection

from services.payout.ledger import store_closings as closings
from services.payout.policies import store as policies
from services.payout.runs import store_balances, store_record
from services.payout.runs.calculation import Calculation
from services.payout.runs.decisions import store as decisions
from services.payout.runs.record import PAYEE_ATTRIBUTES, Contributor
from shared.calendars.fiscal import DAY
from shared.contracts.topics import ROSTER
from shared.log import dead_letters
from shared.pay.approval import ApprovalPolicy
from shared.pay.calendars.pay_periods import PayPeriod, pay_period_on
from shared.pay.calendars.policy import PayGroup
from shared.pay.policy import in_force
from shared.pay.snapshot import RunSnapshot
from shared.pay.terms.policy import PaymentTerms
from shared.periods import Month, last_day

RULED = frozenset({"plan", "active"})
"""What of the roster decides whose payment terms are whose, and for which days."""


def contributors_of(connection: Connection, calculation: Calculation) -> Iterator[Contributor]:
    """Whoever set something that an amount in the run rests on, and what it is; some more than once."""
    snapshot = calculation.inputs.snapshot
    yield from _touched_by(calculation.inputs.lines)
    yield from _by_what_was_paid(connection, snapshot)
    periods = list(_pay_periods(snapshot))
    yield from _by_roster(connection, calculation, first=min(period.start for period in periods))
    left = {uncleared.ends for state in snapshot.carried.values() for uncleared in state.uncleared}
    yield from _by_policies(connection, calculation, ends={period.end for period in periods} | left)
    yield from _by_decisions(connection, calculation)


def _by_what_was_paid(connection: Connection, snapshot: RunSnapshot) -> Iterator[Contributor]:
    """Who had set what earlier runs calculated from, where this one pays the difference to them, or what they left to
    it.

    A fact that was replaced since moved what is paid now as much as the one in its place.
    """
    # Read once each, although many months may be corrected by the same runs: a run of a large company is megabytes.
    lines_of = cache(partial(store_record.earned_lines, connection, column="touched_by"))
    looked = cache(partial(store_record.runs_that_looked_at, connection))
    left: dict[str, set[str]] = {}
    # By month, and the run before which it was replaced: this one, or an earlier one.
    corrected: dict[tuple[Month, str], set[str]] = {}
    for (who, _), state in snapshot.carried.items():
        for uncleared in state.uncleared:
            left.setdefault(uncleared.run, set()).add(who)
            for month in uncleared.corrected:
                corrected.setdefault((month, uncleared.run), set()).add(who)
    for (who, _), entries in snapshot.unsettled.items():
        for entry in entries:
            if entry.kind == "earning":
                corrected.setdefault((entry.origin, snapshot.run.id), set()).add(who)
    for run, everybody in left.items():
        yield from _touched_by(lines_of(run).filter(pl.col("participant_id").is_in(list(everybody))))
    # Of each month only the run counts that looked at a participant last before it was corrected: what that one had
    # paid is the other side of the difference. Runs before it were corrected by it, and what they had moved is settled.
    for (month, before), everybody in corrected.items():
        runs = looked(month)
        earlier = runs[runs.index(before) + 1 :] if before in runs else runs
        for _, lines in store_record.last_looked_at(earlier, lines_of, month=month, participants=everybody):
            yield from _touched_by(lines)


def _touched_by(lines: pl.DataFrame) -> Iterator[Contributor]:
    """`who` and `what` of a table with the column `touched_by`, once each."""
    touched = lines.select(pl.col("touched_by").explode()).drop_nulls().unnest("touched_by")
    yield from touched.select("who", "what").unique().iter_rows()


def _pay_periods(snapshot: RunSnapshot) -> Iterator[PayPeriod]:
    """The pay period of the run, and those in which the closed months ended that it corrects."""
    yield pay_period_on(snapshot.groups, snapshot.run.ends)
    for month in {entry.origin for entries in snapshot.unsettled.values() for entry in entries}:
        if snapshot.closed is not None and month <= snapshot.closed:
            yield pay_period_on(snapshot.groups, last_day(month))


def _by_roster(connection: Connection, calculation: Calculation, *, first: date) -> Iterator[Contributor]:
    """Who said by which terms and to whom pay goes of whoever the run settles, or took somebody out of its pay group
    meanwhile.
    """
    snapshot, run = calculation.inputs.snapshot, calculation.inputs.snapshot.run
    settled = {
        who: snapshot.people[who] for who in {settlement.participant_id for settlement in calculation.settlements}
    }
    everybody = settled | dict(snapshot.moved_out)
    # An event that was set aside and sent again by somebody holds in their name, too: they decided that it counts.
    letters = dead_letters.read_replays(connection, ROSTER)
    replayed_by = dead_letters.replayed_by(letters, {who: person.facts for who, person in everybody.items()})
    for who, person in everybody.items():
        if who in settled:
            yield from ((by, "payee") for by in person.set_by(PAYEE_ATTRIBUTES, run.ends))
            # Whoever is not active any more from the day after has left with the run.
            said = [
                (setting, "roster")
                for setting in person.settings_in_force(RULED, first, last=run.ends + DAY)
                if setting.day <= run.ends or setting.attribute == "active"
            ]
            said += [
                (setting, "payee") for setting in person.settings_in_force(PAYEE_ATTRIBUTES, run.ends, last=run.ends)
            ]
        else:
            moves = person.settings_in_force({"pay_group"}, run.starts, last=run.ends)
            said = [(setting, "payee") for setting in moves if setting.day >= run.starts]
        for setting, what in said:
            yield setting.by, what
            yield from ((by, what) for by in replayed_by.get((who, f"{setting.day}/{setting.attribute}"), ()))


def _by_policies(connection: Connection, calculation: Calculation, *, ends: set[date]) -> Iterator[Contributor]:
    """Who wrote the versions that rule the run of policies that apply to it, or did before these versions.

    Who wrote that terms hold for others from now on took them from those whom they held for.
    """
    snapshot, run = calculation.inputs.snapshot, calculation.inputs.snapshot.run
    cases = {(settlement.participant_id, settlement.currency) for settlement in calculation.settlements}
    owed = [(who, snapshot.attributes_of(who).plan, currency) for who, currency in sorted(cases)]

    def pays(terms: PaymentTerms) -> bool:
        rank = terms.applies_to.rank
        return any(
            c == terms.currency and rank(who, plan, pay_group=run.pay_group) is not None for who, plan, c in owed
        )

    for terms in policies.by_id(connection, PaymentTerms).values():
        if any(pays(version.policy) for version in terms):
            held = (in_force(terms, day) for day in ends)
            yield from ((version.author, "terms") for version in held if version is not None)
    for rules in policies.by_id(connection, ApprovalPolicy).values():
        approves = any(run.pay_group in rule.policy.pay_groups or not rule.policy.pay_groups for rule in rules)
        if approves and (rule := in_force(rules, run.ends)) is not None:
            yield rule.author, "approval"
    calendars = policies.by_id(connection, PayGroup).get(run.pay_group, [])
    if (calendar := in_force(calendars, run.ends)) is not None:
        yield calendar.author, "calendar"


def _by_decisions(connection: Connection, calculation: Calculation) -> Iterator[Contributor]:
    """Who put on or released holds, dismissed clawbacks, or made adjustments."""
    snapshot = calculation.inputs.snapshot
    decided = decisions.contributions(connection)
    deals = _sold(calculation.inputs.lines, {decision.subject for decision in decided if decision.scope == "deal"})
    plans = {snapshot.attributes_of(who).plan for who in snapshot.people} | _plans(calculation.inputs.lines)
    subjects = {"participant": snapshot.people.keys(), "deal": deals, "plan": plans}
    lost = {
        (settlement.participant_id, deal)
        for settlement in calculation.settlements
        for deal, *_ in settlement.loss_records
    }
    since = closings.closed_at(connection, snapshot.run.pay_group)
    for decision in decided:
        if decision.deal is not None:
            works = (decision.subject, decision.deal) in lost
        else:
            works = decision.until is None or decision.until >= snapshot.run.starts
        # What has no effect any more still moved this run if it was decided since the books were last closed: pay was
        # held until then.
        if decision.subject in subjects[decision.scope] and (works or since is None or decision.at >= since):
            yield decision.actor, decision.what
    for actor in store_balances.adjusters(
        connection, snapshot.people, month=snapshot.run.month, before=snapshot.carried
    ):
        yield actor, "adjustment"


def _sold(lines: pl.DataFrame, deals: set[str]) -> set[str]:
    """Those of the deals that somebody earned by."""
    if not deals:
        return set()
    names = lines.select(pl.col("lines").explode()).drop_nulls().unnest("lines")["deal_id"]
    return set(names.filter(names.is_in(list(deals))))


def _plans(lines: pl.DataFrame) -> set[str]:
    """The plans that pay."""
    return set(
        lines.select(pl.col("earnings").list.eval(pl.element().struct.field("plan")).explode()).to_series().drop_nulls()
    )
