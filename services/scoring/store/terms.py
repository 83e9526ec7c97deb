"""Roster and plans: stored facts and versions, and their head, which crediting and earning hold while they use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson
import polars as pl
from sqlalchemy import Connection

from services.scoring.packed import pack, unpack
from services.scoring.store import quarantine
from services.scoring.store.statements import SPLIT, execute, fetch, lines
from shared.contracts.topics import PLANS
from shared.facts import Facts
from shared.kernel import Plan, PlanSet, Roster
from shared.log.sent_again import sent_again
from shared.metrics import PLANS_QUARANTINED


@dataclass(frozen=True)
class Terms:
    """Roster and plans at one version of their head."""

    version: int
    roster: Roster
    plans: PlanSet


class TermsInForce:
    """Remembers roster and plans from one transaction to the next, and reads what has changed; only what is committed."""

    def __init__(self) -> None:
        self._held: Terms | None = None

    def hold(self, connection: Connection) -> Terms:
        """Roster and plans, which stay in force until the transaction ends: a change of them has to wait."""
        return self._at(connection, fetch(connection, "select version from roster_head for share")[0][0])

    def read(self, connection: Connection) -> Terms:
        """Roster and plans as the connection's transaction sees them."""
        return self._at(connection, fetch(connection, "select version from roster_head")[0][0])

    def _at(self, connection: Connection, version: int) -> Terms:
        held = self._held
        if held is None or held.version > version:  # another's snapshot may be older
            held = Terms(-1, Roster.from_facts([]), PlanSet([]))
        if held.version < version:
            found = fetch(connection, "select participant_id, facts from participant where changed > %s", held.version)
            changed = {participant_id: unpack(facts) for participant_id, facts in found}
            held = Terms(version, with_changed(held.roster, changed), _plans(connection))
            self._held = held
        return held


def with_changed(roster: Roster, people: Mapping[str, Facts]) -> Roster:
    """The roster with these participants as their facts say."""
    new, others = Roster.from_facts(people.items()), ~pl.col("participant_id").is_in(list(people))
    return Roster.of(
        pl.concat([roster.assignments.filter(others), new.assignments]),
        pl.concat([roster.quotas.filter(others), new.quotas]),
        pl.concat([roster.terms.filter(others), new.terms]),
        pl.concat([roster.scores.filter(others), new.scores]),
    )


def participants(connection: Connection, participant_ids: Iterable[str]) -> dict[str, Facts]:
    """The facts of those of the participants that are on the roster."""
    query = f"select participant_id, facts from participant where participant_id = any({SPLIT})"
    return {participant_id: unpack(facts) for participant_id, facts in fetch(connection, query, lines(participant_ids))}


def authors(connection: Connection) -> pl.DataFrame:
    """plan, version, who: published it, of the versions of which that is known; or sent it again when it had not been taken."""
    rows = fetch(connection, "select plan, version, author from plan_version")
    again = {(letter.key, letter.by) for letter in sent_again(connection, PLANS)}
    found = pl.DataFrame(rows, schema={"plan": pl.String, "version": pl.Int64, "who": pl.String}, orient="row")
    sent = pl.DataFrame(sorted(again), schema={"key": pl.String, "by": pl.String}, orient="row")
    named = found.with_columns(key=pl.concat_str("plan", pl.lit("@"), "version"))
    return pl.concat([found.drop_nulls(), named.join(sent, on="key").select("plan", "version", who="by")])


def begin_change(connection: Connection) -> None:
    """Wait until nobody credits or earns, and keep them waiting until the transaction ends.

    The table is locked, not its row: whoever waits for a table is let in before those who came later.
    """
    execute(connection, "lock table roster_head in exclusive mode")


def end_change(
    connection: Connection, people: Mapping[str, Facts], versions: Iterable[Plan], authors: Mapping[str, str | None]
) -> None:
    """Write changed participants and new plan versions, as a new version of the whole; `authors` by the names of versions."""
    [(version,)] = fetch(connection, "update roster_head set version = version + 1 returning version")
    execute(connection, _SAVE_PARTICIPANTS, version, lines(people), lines(pack(facts) for facts in people.values()))
    for plan in versions:
        document = orjson.dumps(plan.document()).decode()
        execute(connection, _ADD_PLAN, plan.plan, plan.version, plan.effective_from, document, authors.get(plan.key))


def _plans(connection: Connection) -> PlanSet:
    aside = quarantine.names(connection)
    found: list[Plan] = []
    for plan, version, since, currency in fetch(connection, _VERSIONS):
        if (plan, version) in aside:
            found.append(Plan.quarantined(plan, version, since, currency))
        else:
            query = "select document from plan_version where plan = %s and version = %s"
            [(document,)] = fetch(connection, query, plan, version)
            found.append(Plan.model_validate(document))
    plans = PlanSet(found)
    PLANS_QUARANTINED.set(plans.quarantined.height)  # one that was corrected keeps nobody waiting
    return plans


_SAVE_PARTICIPANTS = f"""
    insert into participant (participant_id, changed, facts)
    select participant_id, %s, facts from unnest({SPLIT}, {SPLIT}) p(participant_id, facts)
    on conflict (participant_id) do update set changed = excluded.changed, facts = excluded.facts"""

_VERSIONS = "select plan, version, effective_from, document->>'currency' from plan_version"

_ADD_PLAN = """
    insert into plan_version (plan, version, effective_from, document, author) values (%s, %s, %s, %s::jsonb, %s)"""
