"""People: the roster's facts about each participant, merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson
from sqlalchemy import Connection, text

from services.payout.columns import columns, json_lines
from shared.facts import Facts
from shared.pay.people import Person


def people(connection: Connection, participants: Iterable[str] | None = None) -> dict[str, Person]:
    """These participants, also those that the roster does not know; or, without a list, all that it knows."""
    if participants is None:
        rows = connection.execute(_ALL)
        return {participant: Person(participant, orjson.loads(facts)) for participant, facts in rows}
    wanted = list(dict.fromkeys(participants))
    found = {
        participant: orjson.loads(facts) for participant, facts in connection.execute(_SOME, {"participants": wanted})
    }
    return {participant: Person(participant, found.get(participant, {})) for participant in wanted}


def not_on_roster(connection: Connection) -> list[str]:
    """Participants with journals that the roster does not know: something was earned by them before anybody said who they are."""
    return list(connection.execute(_NOT_ON_ROSTER).scalars())


def hold(connection: Connection, participants: Iterable[str]) -> dict[str, Facts]:
    """The facts of those of the participants that are known, which stay so until the transaction ends."""
    rows = connection.execute(_HELD, {"participants": sorted(participants)})
    return {participant: orjson.loads(facts) for participant, facts in rows}


def save(connection: Connection, facts: Mapping[str, Facts]) -> None:
    """Write the facts of participants."""
    if facts:
        rows = [(participant,) for participant in facts]
        connection.execute(_SAVE, {**columns(rows), "facts": json_lines(facts.values())})


_ALL = text("select participant_id, facts from person order by participant_id")

_SOME = text("select participant_id, facts from person where participant_id = any(cast(:participants as text[]))")

_NOT_ON_ROSTER = text("""
    select participant_id from book where participant_id not in (select participant_id from person) order by 1""")

_HELD = text("""
    select participant_id, facts from person where participant_id = any(cast(:participants as text[]))
    order by participant_id for update""")

_SAVE = text("""
    insert into person (participant_id, facts)
    select * from unnest(cast(:c0 as text[]), string_to_array(:facts, chr(10)))
    on conflict (participant_id) do update set facts = excluded.facts""")
