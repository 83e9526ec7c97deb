"""People: the roster's facts about each participant, merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized

import orjson
from sqlalchemy import Connection, select

from services.payout.roster.tables import person
from shared.columns import arrays, insert_rows, is_any
from shared.facts import Facts
from shared.pay.people import Person
from shared.problems import NotFound

_FACTS = select(person.c.participant_id, person.c.facts).order_by(person.c.participant_id)
_FACTS_OF_SOME = _FACTS.where(is_any(person.c.participant_id, "participants"))


def people(connection: Connection, participants: Iterable[str] | None = None) -> dict[str, Person]:
    """These participants, also those that the roster does not know; or, without a list, all that it knows."""
    if participants is None:
        return {
            participant: Person(participant, orjson.loads(facts)) for participant, facts in connection.execute(_FACTS)
        }
    wanted = list(dict.fromkeys(participants))
    known = {who: orjson.loads(facts) for who, facts in connection.execute(_FACTS_OF_SOME, {"participants": wanted})}
    return {participant: Person(participant, known.get(participant, {})) for participant in wanted}


def check_known(connection: Connection, participant_id: str, *, found: Sized) -> None:
    """Of a listing of a participant's: that somebody of that name is there, where nothing was found.

    Raises:
        NotFound: the roster knows nobody of that name.
    """
    if not found and not connection.execute(_FACTS_OF_SOME, {"participants": [participant_id]}).first():
        raise NotFound(f"there is no participant {participant_id}")


_LOCK_FACTS = _FACTS_OF_SOME.with_for_update()


def lock_facts(connection: Connection, participants: Iterable[str]) -> dict[str, Facts]:
    """The facts of those of the participants that are known, which stay so until the transaction ends.

    In the order of their ids, so that two that merge facts of the same people never wait each for the other.
    """
    rows = connection.execute(_LOCK_FACTS, {"participants": sorted(participants)})
    return {participant: orjson.loads(facts) for participant, facts in rows}


_INSERT = insert_rows(person, ("participant_id",), json=("facts",))
_SAVE = _INSERT.on_conflict_do_update(index_elements=["participant_id"], set_={"facts": _INSERT.excluded.facts})


def save(connection: Connection, facts: Mapping[str, Facts]) -> None:
    """Write the facts of participants."""
    if facts:
        connection.execute(_SAVE, arrays(["participant_id"], zip(facts, strict=True), facts=facts.values()))
