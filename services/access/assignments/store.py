"""The roster's facts, assignments and reporting lines in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import orjson
from sqlalchemy import Connection, text

from services.access.assignments.assignment import Assignment
from shared.facts import Facts

_LOCK: Final = text("""
    select participant_id, facts from participant where participant_id = any(:participants)
    order by participant_id for update""")
_SAVE: Final = text("""
    insert into participant (participant_id, facts) select * from unnest(cast(:ids as text[]), cast(:facts as text[]))
    on conflict (participant_id) do update set facts = excluded.facts""")
_UNASSIGNED: Final = text("""
    select who from unnest(cast(:participants as text[]) collate "C") who
    where not exists (select from assignment where participant_id = who)""")


def lock_facts(connection: Connection, participants: Iterable[str]) -> dict[str, Facts]:
    """The facts of those of the participants that are known, which stay so until the transaction ends."""
    # Reporting lines go through many people: two batches that move some of them at once would each miss the other's.
    connection.execute(text("select pg_advisory_xact_lock(hashtext('earnest.access.assignments'))"))
    rows = connection.execute(_LOCK, {"participants": sorted(participants)})
    return {participant: orjson.loads(facts) for participant, facts in rows}


def save_facts(connection: Connection, facts: Mapping[str, Facts]) -> None:
    """Write the facts of participants."""
    if facts:
        written = [orjson.dumps(of_one).decode() for of_one in facts.values()]
        connection.execute(_SAVE, {"ids": list(facts), "facts": written})


def unassigned(connection: Connection, participants: Iterable[str]) -> set[str]:
    """Those of the participants of whom it is not known yet where they are."""
    return set(connection.execute(_UNASSIGNED, {"participants": sorted(participants)}).scalars())


def replace(connection: Connection, participants: Iterable[str], *, found: Sequence[Assignment]) -> None:
    """Write where these participants are, and the lines of everybody who reports to one of them, as they are now."""
    moved = sorted(participants)
    connection.execute(text("delete from assignment where participant_id = any(:moved)"), {"moved": moved})
    connection.execute(
        text("insert into assignment values (:participant_id, :first_day, :last_day, :manager, :pay_group, :entity)"),
        [held._asdict() for held in found],
    )
    for statement in (_FORGET_LINES, _FIND_LINES):
        connection.execute(statement, {"moved": moved})


# Whose lines lead through somebody who moved: themselves, and whoever reported to them, which their own assignments do
# not change.
_CONCERNED: Final = """
    select unnest(cast(:moved as text[])) union select participant_id from reporting where manager = any(:moved)"""
_FORGET_LINES: Final = text(f"""
    with concerned as materialized ({_CONCERNED})
    delete from reporting where participant_id in (select * from concerned)""")
_FIND_LINES: Final = text("""
    with recursive concerned as (
        select unnest(cast(:moved as text[])) collate "C" as participant_id
        union
        select a.participant_id from assignment a join concerned c on a.manager = c.participant_id
    ),
    line as (
        select a.participant_id, a.manager, a.first_day, a.last_day, array[a.participant_id, a.manager] as through
        from assignment a where a.participant_id in (select participant_id from concerned) and a.manager is not null
        union all
        select l.participant_id, a.manager, greatest(l.first_day, a.first_day), least(l.last_day, a.last_day),
            l.through || a.manager
        from line l join assignment a on a.participant_id = l.manager
            and a.first_day <= l.last_day and a.last_day >= l.first_day
        where a.manager is not null and a.manager <> all(l.through)
    )
    insert into reporting (manager, participant_id, first_day, last_day)
    select manager, participant_id, first_day, last_day from line on conflict do nothing""")
