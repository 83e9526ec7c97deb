"""The SQL of the sums. Rows are written in the order of their keys, so that two writers never wait in a circle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Column, Connection, MetaData, Table, Text, bindparam, cast, collate, delete, func, select, text
from sqlalchemy.dialects.postgresql import Insert, insert

from services.alerts.rollups.contributions import Cell, Moved
from services.alerts.rollups.people import Person, Roles, names_of, person_of, who_is
from services.alerts.rollups.tables import (
    COUNTED_SUM,
    DEAL,
    EARNING,
    LETTERS,
    ROLLUP,
    ROSTER,
    ROSTER_NAME,
    RUN,
    SEEN,
)
from shared.columns import arrays, insert_rows, is_any, rows_of
from shared.facts import Facts
from shared.log.dead_letters import NEVER_TAKEN
from shared.log.port import Partition
from shared.log.tables import dead_letter, position
from shared.periods import Month

_COUNTS = (DEAL, EARNING, RUN, ROSTER, ROSTER_NAME, ROLLUP)

Earner: TypeAlias = tuple[str, Month]
"""A participant and a month."""

Sums: TypeAlias = Mapping[str, int]
"""Of one cell, by the keys of the sums; what is not there is zero."""


@dataclass(slots=True, kw_only=True)
class KnownDeal:
    """What is known of a deal, whose it is, and the roles of the owner by which it is counted."""

    facts: Facts
    owner: str
    roles: Roles


@dataclass(slots=True, kw_only=True)
class KnownEarnings:
    """The latest revision of a participant's month: what it says, and the roles by which it is counted."""

    revision: int
    observed: list[Any]
    roles: Roles


def lock_roster(connection: Connection, *, changes: bool) -> None:
    """Keep the roster from changing until the transaction ends; or with `changes` keep others from looking at it.

    A deal and a change of its owner may be counted by two processes at once, and neither would see the other's: so the
    one waits for the other. It is the first lock that a step takes.
    """
    kind = "pg_advisory_xact_lock" if changes else "pg_advisory_xact_lock_shared"
    connection.execute(text(f"select {kind}(hashtext('earnest.alerts.roster'))"))


def deals(connection: Connection, deal_ids: Sequence[str]) -> dict[str, KnownDeal]:
    """What is known of these deals; a deal that is not known is absent."""
    return _deals(connection, DEAL.c.deal_id, wanted=deal_ids)


def deals_of(connection: Connection, owners: Sequence[str]) -> dict[str, KnownDeal]:
    """The deals of some owners, by their names as names are compared."""
    return _deals(connection, DEAL.c.owner, wanted=owners)


def save_deals(connection: Connection, known: Mapping[str, KnownDeal]) -> None:
    """Write what is known of deals now."""
    if known:
        ids = sorted(known)
        rows = [(deal_id, known[deal_id].owner) for deal_id in ids]
        facts, roles = ([getattr(known[deal_id], name) for deal_id in ids] for name in ("facts", "roles"))
        connection.execute(_SAVE_DEALS, arrays(("deal_id", "owner"), rows, facts=facts, roles=roles))


def earnings(connection: Connection, earners: Sequence[Earner]) -> dict[Earner, KnownEarnings]:
    """The latest earnings of some participants and months."""
    return _earnings(connection.execute(_EARNED_BY, arrays(_EARNER, sorted(earners))))


def earnings_of(connection: Connection, participants: Sequence[str]) -> dict[Earner, KnownEarnings]:
    """The latest earnings of some participants, of all their months."""
    wanted = select(EARNING).where(is_any(EARNING.c.participant_id, "ids"))
    return _earnings(connection.execute(wanted, {"ids": list(participants)}))


def save_earnings(connection: Connection, known: Mapping[Earner, KnownEarnings]) -> None:
    """Write the latest earnings of participants and months."""
    if known:
        in_order = sorted(known.items())
        rows = [(*earner, month.revision) for earner, month in in_order]
        observed, roles = ([getattr(month, name) for _, month in in_order] for name in ("observed", "roles"))
        connection.execute(_SAVE_EARNED, arrays((*_EARNER, "revision"), rows, observed=observed, roles=roles))


def runs(connection: Connection, run_ids: Sequence[str]) -> dict[str, Any]:
    """The latest state of some runs, as they were published."""
    rows = connection.execute(select(RUN).where(is_any(RUN.c.run_id, "ids")), {"ids": list(run_ids)})
    return {run_id: orjson.loads(observed) for run_id, _, observed in rows.all()}


def save_runs(connection: Connection, known: Mapping[str, Any]) -> None:
    """Write the latest state of runs."""
    if known:
        ids = sorted(known)
        rows = [(run_id, known[run_id]["revision"]) for run_id in ids]
        connection.execute(_SAVE_RUNS, arrays(("run_id", "revision"), rows, observed=[known[one] for one in ids]))


def all_runs(connection: Connection) -> list[Any]:
    """What is said of every run."""
    return [orjson.loads(observed) for observed in connection.execute(select(RUN.c.observed)).scalars()]


def roster(connection: Connection, participants: Sequence[str]) -> dict[str, Facts]:
    """The roster facts of some participants; one who is not known is absent."""
    return {participant: orjson.loads(facts) for participant, facts in _roster(connection, participants)}


def people(connection: Connection, participants: Sequence[str]) -> dict[str, Person]:
    """What the roster says of some participants; one who is not known is absent."""
    return {participant: person_of(facts) for participant, facts in _roster(connection, participants)}


def people_named(connection: Connection, names: Sequence[str]) -> dict[str, Person]:
    """What the roster says of whom some names mean; a name that means nobody is absent."""
    rows = connection.execute(_NAMED, {"names": list(names)}).all()
    said = {participant: facts for _, participant, _, facts in rows}
    whom = who_is((name, participant, is_id) for name, participant, is_id, _ in rows)
    return {name: person_of(said[participant]) for name, participant in whom.items()}


def save_roster(connection: Connection, people: Mapping[str, Facts]) -> None:
    """Write roster facts of participants, and the names that follow from them."""
    if not people:
        return
    ids = sorted(people)
    connection.execute(_SAVE_ROSTER, arrays(["participant_id"], zip(ids), facts=[people[one] for one in ids]))
    connection.execute(delete(ROSTER_NAME).where(is_any(ROSTER_NAME.c.participant_id, "ids")), {"ids": ids})
    rows = [(name, one, is_id) for one in ids for name, is_id in names_of(one, people[one]).items()]
    connection.execute(insert_rows(ROSTER_NAME, ROSTER_NAME.c.keys()), arrays(ROSTER_NAME.c.keys(), sorted(rows)))


def add(connection: Connection, moved: Moved) -> None:
    """Move sums by these differences."""
    cells = [(cell, kept) for cell in sorted(moved) if (kept := {key: by for key, by in moved[cell].items() if by})]
    if cells:
        sums = [sums for _, sums in cells]
        connection.execute(_ADD_SUMS, arrays(_CELL, [cell for cell, _ in cells], sums=_exact(sums)))


def cells(connection: Connection, first: date, *, last: date) -> Iterator[tuple[Cell, Sums]]:
    """The cells of the days from first to last, with their sums that are not zero, by day."""
    wanted = select(*(ROLLUP.c[name] for name in _CELL), cast(ROLLUP.c.sums, Text))
    for *cell, sums in connection.execute(wanted.where(ROLLUP.c.day.between(first, last)).order_by(ROLLUP.c.day)):
        # What everything has left is zero where it was counted step by step, and absent where it was counted again.
        yield Cell(*cell), {key: value for key, value in _loaded(sums).items() if value}


def move_latest(connection: Connection, instant: str) -> None:
    """Move the latest instant at which something happened to a deal forward to this one (UTC text of the road)."""
    connection.execute(_MOVE_LATEST, {"instant": instant})


def add_letters(connection: Connection, counted: Mapping[str, tuple[int, int]]) -> None:
    """Count dead letters by topic: how many were written, how many were sent again."""
    if counted:
        rows = [(topic, *numbers) for topic, numbers in sorted(counted.items())]
        connection.execute(_ADD_LETTERS, arrays(LETTERS.c.keys(), rows))


def letters(connection: Connection) -> tuple[int, int]:
    """How many dead letters are open, and how many there ever were."""
    ever, replayed = connection.execute(select(func.sum(LETTERS.c.ever), func.sum(LETTERS.c.replayed))).one()
    return int((ever or 0) - (replayed or 0)), int(ever or 0)


def positions(connection: Connection, worker: str, *, lock: bool = False) -> dict[Partition, int]:
    """Where a worker is, the next position of every partition it has begun; with `lock` until the transaction ends."""
    # In the order in which the worker itself moves its positions, which it does first of all: so a lock waits for what
    # is being counted, and nothing is counted meanwhile.
    query = select(position.c.topic, position.c.partition, position.c.next_position).where(position.c.worker == worker)
    query = query.order_by(position.c.topic, position.c.partition)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {Partition(topic, number): following for topic, number, following in rows}


def set_aside(connection: Connection, worker: str) -> set[tuple[Partition, int]]:
    """The places of records that a worker has set aside as dead letters, and that have no effect."""
    rows = connection.execute(
        select(dead_letter.c.topic, dead_letter.c.partition, dead_letter.c.position).where(
            dead_letter.c.worker == worker, NEVER_TAKEN
        )
    )
    return {(Partition(topic, number), place) for topic, number, place in rows}


def latest(connection: Connection) -> str | None:
    """The latest instant at which something happened to a deal (UTC text of the road); None before the first."""
    return connection.execute(select(SEEN.c.latest)).scalar()


def counted_sums(connection: Connection) -> frozenset[str]:
    """The definitions of the sums that everything up to the worker's positions is counted in; none in a new schema."""
    return frozenset(connection.execute(select(COUNTED_SUM.c.name)).scalars())


def save_counted_sums(connection: Connection, definitions: Iterable[str]) -> None:
    """Note that these sums are counted."""
    connection.execute(delete(COUNTED_SUM))
    connection.execute(insert(COUNTED_SUM), [{"name": definition} for definition in sorted(definitions)])


def forget_counts(connection: Connection) -> None:
    """Empty the tables that counting fills."""
    for table in (*_COUNTS, SEEN, LETTERS):
        connection.execute(delete(table))


def take_over(connection: Connection, schema: str) -> None:
    """Put what is counted in another schema in the place of what is counted here."""
    # Not `seen` and `letters`, which no KPI's sums are in: they stay as they are.
    for table in _COUNTS:
        there = table.to_metadata(MetaData(), schema=schema)
        connection.execute(delete(table))
        connection.execute(insert(table).from_select(list(table.c.keys()), select(there)))


def _roster(connection: Connection, participants: Sequence[str]) -> Iterable[Any]:
    wanted = select(ROSTER).where(is_any(ROSTER.c.participant_id, "ids"))
    return connection.execute(wanted, {"ids": list(participants)}).all()


def _deals(connection: Connection, of: Column[Any], *, wanted: Sequence[str]) -> dict[str, KnownDeal]:
    rows = connection.execute(select(DEAL).where(is_any(of, "wanted")), {"wanted": list(wanted)})
    return {
        deal_id: KnownDeal(facts=orjson.loads(facts), owner=owner, roles=orjson.loads(roles))
        for deal_id, owner, facts, roles in rows.all()
    }


def _earnings(rows: Iterable[Any]) -> dict[Earner, KnownEarnings]:
    return {
        (participant, period): KnownEarnings(
            revision=revision, observed=orjson.loads(observed), roles=orjson.loads(roles)
        )
        for participant, period, revision, observed, roles in rows
    }


def _loaded(written: str) -> Any:
    # By the reader that keeps whole numbers of any size: sums of amounts in millionths may have more than 64 bits.
    return json.loads(written)


def _exact(values: Iterable[Any]) -> list[orjson.Fragment]:
    return [orjson.Fragment(json.dumps(value, separators=(",", ":"))) for value in values]


def _replacing(table: Table, key: Sequence[str], *, columns: Sequence[str], texts: Sequence[str]) -> Insert:
    """Puts rows in the place of those that are there by their keys; JSON comes as lines and not as an array, in which
    the driver would escape every quote.
    """
    rows = insert_rows(table, (*key, *columns), json=texts)
    set_ = {name: rows.excluded[name] for name in (*columns, *texts)}
    return rows.on_conflict_do_update(index_elements=[table.c[name] for name in key], set_=set_)


_SAVE_DEALS = _replacing(DEAL, ["deal_id"], columns=["owner"], texts=["facts", "roles"])
_SAVE_ROSTER = _replacing(ROSTER, ["participant_id"], columns=[], texts=["facts"])
_EARNER = ("participant_id", "period")
_SAVE_EARNED = _replacing(EARNING, _EARNER, columns=["revision"], texts=["observed", "roles"])
_SAVE_RUNS = _replacing(RUN, ["run_id"], columns=["revision"], texts=["observed"])
_OF_EARNERS = rows_of(EARNING, _EARNER)
_EARNED_BY = select(EARNING).where(
    EARNING.c.participant_id == _OF_EARNERS.c.participant_id, EARNING.c.period == _OF_EARNERS.c.period
)

_NAMED = (
    select(ROSTER_NAME, ROSTER.c.facts)
    .join_from(ROSTER_NAME, ROSTER, ROSTER_NAME.c.participant_id == ROSTER.c.participant_id)
    .where(is_any(ROSTER_NAME.c.name, "names"))
)

_CELL = ("day", "currency", "dimension", "segment")
_NEW_CELLS = insert_rows(ROLLUP, _CELL, json=["sums"])
_ADD_SUMS = _NEW_CELLS.on_conflict_do_update(
    index_elements=ROLLUP.primary_key.columns, set_={"sums": func.sums_added(ROLLUP.c.sums, _NEW_CELLS.excluded.sums)}
)
_NEW_LETTERS = insert_rows(LETTERS, LETTERS.c.keys())
_ADD_LETTERS = _NEW_LETTERS.on_conflict_do_update(
    index_elements=LETTERS.primary_key.columns,
    set_={name: LETTERS.c[name] + _NEW_LETTERS.excluded[name] for name in ("ever", "replayed")},
)

_SEEN = insert(SEEN).values(one=1, latest=bindparam("instant", type_=Text))
# Texts of the road sort as instants, byte by byte: other collations pass over the signs in them.
_MOVE_LATEST = _SEEN.on_conflict_do_update(
    index_elements=[SEEN.c.one],
    set_={"latest": _SEEN.excluded.latest},
    where=SEEN.c.latest < collate(_SEEN.excluded.latest, "C"),
)
