"""What a run keeps of its calculation: pay, statements' facts, who had a hand in it, what an approver should look at. One hash stands for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction

import polars as pl
from sqlalchemy import Connection

from services.payout.calculating import Calculated, World
from services.payout.people import Person
from services.payout.runs.entries import told
from services.payout.runs.exceptions import Finding, Seen, findings
from services.payout.runs.frozen import Frozen, Pay, Slip
from services.payout.runs.life import Run
from services.payout.runs.settlement import Settlement
from services.payout.runs.slips import full_name, slip
from services.payout.statements.facts import Company
from services.payout.store import closings, holds, policies_in_force, positions, years
from services.payout.store.people import people

HISTORY = 6
"""Pay of so many earlier runs is looked at for what stands out."""


def freeze(connection: Connection, found: Calculated, company: Company) -> Frozen:
    """What a run keeps of a calculation."""
    world = found.world
    pays = [
        Pay(
            each.participant_id,
            each.currency,
            each.paid,
            each.carried,
            world.entries.get(each.participant_id, 0),
            told(each),
        )
        for each in found.settlements
    ]
    slips = dict(_slips(connection, found, company))
    return Frozen(pays, slips, frozenset(_touches(connection, found)), list(_findings(connection, found)))


def _slips(connection: Connection, found: Calculated, company: Company) -> Iterator[tuple[str, Slip]]:
    world, run = found.world, found.world.run
    details: dict[str, dict[str, bytes]] = {}
    for who, month, detail in found.lines.select("participant_id", "period", "detail").iter_rows():
        details.setdefault(who, {})[month] = detail
    mine: dict[str, list[Settlement]] = {}
    for each in found.settlements:
        mine.setdefault(each.participant_id, []).append(each)
    year = years.sums(connection, mine, run.month)
    homes = {who: world.at(who) for who in mine}
    managers = people(connection, {home.manager for home in homes.values() if home.manager})
    names = {who: person.at(run.ends).name or "" for who, person in managers.items()}
    for who, settlements in mine.items():
        home = homes[who]
        before = {each.currency: _before(world, each) for each in settlements}
        sums = [years.with_run(year.get((who, each.currency)), each, run) for each in settlements]
        manager = names.get(home.manager or "", "")
        facts = slip(company, run, who, home, manager, settlements, details.get(who, {}), before, sums, {})
        yield who, Slip(full_name(home) or who, home.manager, facts, hashlib.sha256(facts).hexdigest())


def _before(world: World, settlement: Settlement) -> dict[str, int]:
    owed = (settlement.participant_id, settlement.currency)
    left = world.left.get(owed)
    return {
        "payable": left.carried if left else 0,
        "held": sum(each.held for each in world.held.get(owed, {}).values()),
        "draw": world.draw.get(owed, 0),
        "clawback": world.receivable.get(owed, 0),
    }


def _touches(connection: Connection, found: Calculated) -> Iterator[tuple[str, str]]:
    """Whoever set something that the pay rests on: facts of deals, quotas and plans, terms, holds, adjustments."""
    world = found.world
    for each in found.lines["touched_by"]:
        yield from ((row["who"], row["what"]) for row in each)
    yield from policies_in_force.authors(connection, world.run.ends)
    deals = (
        set(found.lines.explode("lines")["lines"].struct.field("deal_id").drop_nulls()) if found.lines.height else set()
    )
    since = closings.closed_at(connection, world.run.pay_group)
    for actor, what, subject, at in holds.hands(connection):
        scope, _, name = subject.partition(":")
        concerned = scope == "plan" or (name in deals if scope == "deal" else name in world.people)
        if concerned and (since is None or at > since):
            yield actor, what


def _findings(connection: Connection, found: Calculated) -> Iterable[Finding]:
    world, run = found.world, found.world.run
    for who, group in sorted(world.astray.items()):
        yield Finding("no_pay_group", who, f"the roster says pay group {group}, and no policy says how it is paid")
    history = positions.history(connection, run.pay_group, run.month, HISTORY)
    of_month = found.lines.filter(pl.col("period") == run.month)
    attainments: dict[str, list[Fraction]] = {}
    sales: set[str] = set()
    for who, earnings, lines in of_month.select("participant_id", "earnings", "lines").iter_rows():
        attainments[who] = [Fraction(each["measure"], each["quota"]) for each in earnings if each["quota"]]
        if any(line["deal_id"] for line in lines):
            sales.add(who)
    stops = holds.told(connection)
    for each in found.settlements:
        who = each.participant_id
        home = world.at(who)
        mine = [stop for stop in stops if stop.hold.released_on is None and stop.hold.subject in (who, home.plan)]
        seen = Seen(
            history=history.get((who, each.currency), ()),
            attainments=attainments.get(who, ()),
            sales=who in sales,
            plan_changed_on=_plan_changed(world.people[who], run),
            holds=[stop.hold.reason for stop in mine if not stop.dispute],
            disputes=[stop.hold.reason for stop in mine if stop.dispute],
            payroll_id=home.payroll_id,
            last_day=world.people[who].last_day(run.ends),
        )
        yield from findings(each, seen, run.ends)


def _plan_changed(person: Person, run: Run) -> date | None:
    """The day within the pay period from which the participant is on another plan."""
    days = [each.day for each in person.settings() if each.attribute == "plan" and run.starts < each.day <= run.ends]
    return max(days, default=None)
