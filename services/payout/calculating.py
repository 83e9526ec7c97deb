"""Calculates a run: gathers where everybody stands and what they earned by which deal, and settles each.

Nothing is decided here; `runs.settlement` decides. What is gathered is of one moment: the ledger's, with the lines that scoring gives for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import polars as pl
from sqlalchemy import Connection

from services.payout.calendars.pay_periods import pay_period_at
from services.payout.calendars.policy import PayGroup
from services.payout.calendars.timeline import ruling
from services.payout.deal_facts import DealSource
from services.payout.deals_lost import lost_deals
from services.payout.lines import LineSource
from services.payout.people import Attributes, Person
from services.payout.refusals import NotSettled
from services.payout.runs.life import Run
from services.payout.runs.settlement import Case, Held, Settlement, Whose, settle
from services.payout.store import closings, holds, policies_in_force, positions
from services.payout.store.pay_groups import pay_groups
from services.payout.store.people import people
from services.payout.store.positions import Fresh, Left, Owed
from services.payout.terms.pay import Ruled
from services.payout.terms.policy import PaymentTerms, Terms, terms_for
from services.payout.terms.release import Collection, Hold, LineFacts
from shared.contracts.lines import each_line, empty
from shared.periods import last_day

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class World:
    """What a run is calculated from, besides the lines: everybody in it by id, and where they stand; `astray` are people in pay groups
    that no policy describes, whom no run pays.
    """

    run: Run
    groups: Sequence[PayGroup]
    astray: Mapping[str, str]
    closed: str | None
    people: Mapping[str, Person]
    payable: Mapping[Owed, int]
    fresh: Mapping[Owed, Sequence[Fresh]]
    left: Mapping[Owed, Left]
    paid_before: Mapping[Owed, int]
    draw: Mapping[Owed, int]
    receivable: Mapping[Owed, int]
    held: Mapping[Owed, Mapping[Whose, Held]]
    entries: Mapping[str, int]
    holds: Sequence[Hold]
    excused: frozenset[tuple[str, str]]
    terms: Callable[[date], list[PaymentTerms]]

    def at(self, participant_id: str) -> Attributes:
        """What the roster says of somebody at the end of the pay period."""
        return self.people[participant_id].at(self.run.ends)

    def owed(self) -> list[Owed]:
        """Every participant and currency with anything to settle."""
        tables: list[Mapping[Owed, Any]] = [self.payable, self.fresh, self.draw, self.receivable, self.held]
        return sorted(set().union(*tables) | self._with_floors())

    def _with_floors(self) -> set[Owed]:
        """Whoever is paid by their terms although nothing was earned."""
        found = set()
        documents = self.terms(self.run.ends)
        currencies = {each.currency for each in documents if each.guarantee or each.draw or each.minimum}
        for participant_id in self.people if currencies else ():
            home = self.at(participant_id)
            if home.active:
                for currency in currencies:
                    mine = terms_for(documents, participant_id, home.plan, home.pay_group, currency)
                    if mine.guarantee or mine.draw or (mine.minimum and mine.minimum.below == "top_up"):
                        found.add((participant_id, currency))
        return found


@dataclass(frozen=True, slots=True)
class Calculated:
    """What a run would do for everybody, and the lines it rests on (`shared.contracts.lines.SCHEMA`, all months together)."""

    world: World
    settlements: Sequence[Settlement]
    lines: pl.DataFrame


def gather(connection: Connection, run: Run) -> World:
    """Where everybody in the run stands in the ledger."""
    known = people(connection)
    everybody = {**known, **people(connection, positions.strangers(connection))}
    homes = {who: person.at(run.ends) for who, person in everybody.items()}
    known_groups = pay_groups(connection)
    mine = {
        who: person
        for who, person in everybody.items()
        if homes[who].pay_group == run.pay_group and (run.participants is None or who in run.participants)
    }
    return World(
        run,
        known_groups[run.pay_group],
        {who: home.pay_group for who, home in homes.items() if home.pay_group not in known_groups},
        closings.closed_through(connection, run.pay_group),
        mine,
        positions.payable(connection, mine, run.month),
        positions.fresh(connection, mine, run.month),
        positions.left(connection, mine),
        positions.paid_in(connection, run.pay_group, run.pay_period, run.id),
        positions.owing(connection, mine, "draw"),
        positions.owing(connection, mine, "clawback"),
        positions.held_lines(connection, mine),
        positions.entries(connection, mine),
        holds.holds(connection),
        holds.excused(connection),
        policies_in_force.terms(connection),
    )


def inputs_sha256(world: World) -> str:
    """What stands for everything the run is calculated from that can change while it is looked at: what is due, policies, holds."""
    due = sorted((*owed, amount) for owed, amount in world.payable.items())
    rules = sorted(
        orjson.dumps(each.body(), option=orjson.OPT_SORT_KEYS).decode() for each in world.terms(world.run.ends)
    )
    stops = sorted(repr(hold) for hold in world.holds)
    return hashlib.sha256(orjson.dumps([due, rules, stops, sorted(world.excused)])).hexdigest()


def calculate(connection: Connection, world: World, source: LineSource, deals: DealSource) -> Calculated:
    """Settle everybody in the run.

    Raises:
        NotSettled: what scoring says is earned is not what is booked, because it is still on its way.
        Unavailable: scoring does not answer.
    """
    lines = _lines(connection, world, source)
    rows = each_line(lines)
    later = rows.filter((pl.col("period") == world.run.month) & (pl.col("credit_date") > world.run.ends))
    not_due = _summed(later)
    facts = _line_facts(world, rows.join(later.select("row"), on="row", how="anti"))
    lost = lost_deals(connection, world, rows, deals)
    ruled = _Ruled(world)
    settlements = []
    for owed in world.owed():
        who, currency = owed
        left, fresh = world.left.get(owed, Left(0, {}, {})), world.fresh.get(owed, ())
        person = world.people[who]
        months = {each.origin for each in fresh} | {whose.period for whose in world.held.get(owed, {})}
        months |= {line.period for line in facts.get(owed, ())}
        closed_in = {month: ruled.closed_in(month) for month in months if ruled.is_closed(month)}
        settled = {
            name: left.settled[name] for name in {*closed_in.values(), world.run.pay_period} if name in left.settled
        }
        periods = {world.run.pay_period, *closed_in.values()}
        settlements.append(
            settle(
                Case(
                    who,
                    currency,
                    world.run.pay_period,
                    world.run.month,
                    world.run.starts,
                    world.run.ends,
                    world.payable.get(owed, 0),
                    {name: ruled.of(person, currency, name) for name in periods},
                    carried_in=left.carried,
                    not_due=not_due.get(owed, 0),
                    corrections=_sums(each for each in fresh if each.kind != "return" and each.origin in closed_in),
                    adjusted=_sums(each for each in fresh if each.kind == "adjustment"),
                    returned=sum(each.amount for each in fresh if each.kind == "return"),
                    closed_in=closed_in,
                    settled=settled,
                    paid_before=world.paid_before.get(owed, 0),
                    draw=world.draw.get(owed, 0),
                    receivable=world.receivable.get(owed, 0),
                    lines=facts.get(owed, ()),
                    held=world.held.get(owed, {}),
                    holds=world.holds,
                    lost=lost.get(owed, ()),
                    last_day=person.last_day(world.run.ends),
                    settles=world.run.kind == "regular",
                )
            )
        )
    return Calculated(world, settlements, lines)


class _Ruled:
    """Terms by pay period, each read once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ends: dict[str, date] = {world.run.pay_period: world.run.ends}
        self._documents: dict[date, list[PaymentTerms]] = {}
        self._closed_in: dict[str, str] = {}

    def is_closed(self, month: str) -> bool:
        """Whether the month is closed for the pay group."""
        return self._world.closed is not None and month <= self._world.closed

    def closed_in(self, month: str) -> str:
        """The pay period in which a month ended."""
        if month not in self._closed_in:
            period = pay_period_at(ruling(self._world.groups, last_day(month)), last_day(month))
            self._closed_in[month] = period.name
            self._ends[period.name] = period.end
        return self._closed_in[month]

    def of(self, person: Person, currency: str, pay_period: str) -> Ruled:
        """The terms of a participant's pay in a pay period."""
        ends = self._ends[pay_period]
        if ends not in self._documents:
            self._documents[ends] = self._world.terms(ends)
        documents = self._documents[ends]
        month = ends.strftime("%Y-%m")
        if not documents:
            return Ruled(Terms(currency), month)
        home = person.at(ends)
        return Ruled(terms_for(documents, person.participant_id, home.plan, home.pay_group, currency), month)


def _lines(connection: Connection, world: World, source: LineSource) -> pl.DataFrame:
    """The lines of everything in the run's scope: what no run has looked at, and what is still held."""
    wanted: dict[str, set[str]] = {}
    for (who, _), fresh in world.fresh.items():
        for each in fresh:
            if each.kind == "earning":
                wanted.setdefault(each.origin, set()).add(who)
    for (who, _), held in world.held.items():
        for whose in held:
            wanted.setdefault(whose.period, set()).add(who)
    found = [empty()]
    for month, earners in sorted(wanted.items()):
        found.append(_settled(connection, source, month, sorted(earners)))
    return pl.concat(found)


def _settled(connection: Connection, source: LineSource, month: str, participants: Sequence[str]) -> pl.DataFrame:
    """The lines of a month, of the revision that is booked for each participant."""
    kept: list[pl.DataFrame] = [empty()]
    waiting = list(participants)
    for _ in range(ATTEMPTS):
        table = source.of(month, waiting)
        booked = positions.revisions(connection, month, waiting)
        fits = pl.Series(
            [
                bool(settled) and booked.get(who) == revision
                for who, revision, settled in table.select("participant_id", "revision", "settled").iter_rows()
            ],
            dtype=pl.Boolean,
        )
        kept.append(table.filter(fits))
        answered = set(table.filter(fits)["participant_id"])
        waiting = [who for who in waiting if who not in answered]
        if not waiting:
            return pl.concat(kept)
    raise NotSettled(len(waiting), month)


def _summed(lines: pl.DataFrame) -> dict[Owed, int]:
    sums = lines.group_by("participant_id", "currency").agg(pl.col("amount").sum())
    return {(who, currency): amount for who, currency, amount in sums.iter_rows()}


def _line_facts(world: World, lines: pl.DataFrame) -> dict[Owed, list[LineFacts]]:
    """The lines of whoever's pay may be held: by their terms, by a hold, or because some of it is."""
    documents = world.terms(world.run.ends)
    everybody = any(each.release for each in documents) or any(hold.scope != "participant" for hold in world.holds)
    who = set(world.people) if everybody else {hold.subject for hold in world.holds} | {who for who, _ in world.held}
    found: dict[Owed, list[LineFacts]] = {}
    if not who:
        return found
    mine = lines.filter(pl.col("participant_id").is_in(list(who)))
    of_one = mine.group_by(*_ONE_LINE, maintain_order=True).agg(pl.col("amount").sum(), pl.col(_DEAL_FACTS).first())
    for *key, amount, booked_on, deal_amount, collected, collected_on, started_on in of_one.iter_rows():
        participant_id, currency, period, component, plan, version, deal_id = key
        came_in = [Collection(collected_on, collected)] if collected_on is not None else ()
        line = (participant_id, period, component, plan, version, deal_id, currency, amount)
        found.setdefault((participant_id, currency), []).append(
            LineFacts(*line, booked_on, deal_amount, came_in, started_on)
        )
    return found


_ONE_LINE = ["participant_id", "currency", "period", "component", "plan", "version", "deal_id"]
_DEAL_FACTS = ["credit_date", "deal_amount", "collected", "collected_on", "start_date"]


def _sums(fresh: Iterable[Fresh]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for each in fresh:
        sums[each.origin] = sums.get(each.origin, 0) + each.amount
    return sums
