"""Roster and plan versions as stored, and their head: who uses them locks it for share, who changes them locks it
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import orjson
import polars as pl
import structlog
from sqlalchemy import Connection

from services.scoring.facts_codec import pack, unpack
from services.scoring.reference.blame import Causes
from services.scoring.reference.data import NONE, ReferenceData, with_people
from services.scoring.store import SPLIT, execute, fetch, fetch_table, joined
from shared.contracts.plans import PlanPublished
from shared.contracts.topics import PLANS
from shared.facts import Facts
from shared.kernel import Plan, PlanSet
from shared.log.dead_letters import read_replays
from shared.metrics import PLANS_QUARANTINED

BY_SCORING: Final = "scoring"
"""Who quarantines a version that fails its trial, or with people's deals."""
LONGEST_CAUSE: Final = 1000

_logger = structlog.get_logger(__name__)


class ReferenceDataCache:
    """Remembers roster and plans from one transaction to the next, and reads what has changed; only what is
    committed.
    """

    def __init__(self) -> None:
        self._remembered: ReferenceData | None = None

    def lock(self, connection: Connection) -> ReferenceData:
        """Roster and plans, which stay in force until the transaction ends: a change of them has to wait.

        This comes before any deal or participant is locked, in every step, so that no step waits for the head while it
        keeps rows that another one needs.
        """
        return self._at(connection, fetch(connection, "select version from roster_head for share")[0][0])

    def read(self, connection: Connection) -> ReferenceData:
        """Roster and plans as the connection's transaction sees them."""
        return self._at(connection, fetch(connection, "select version from roster_head")[0][0])

    def _at(self, connection: Connection, version: int) -> ReferenceData:
        known = self._remembered
        # A request's snapshot may be older than what another one has read meanwhile: then all is read anew.
        if known is None or known.version > version:
            known = NONE
        if known.version < version:
            rows = fetch(connection, "select participant_id, facts from participant where changed > %s", known.version)
            changed = {participant_id: unpack(facts) for participant_id, facts in rows}
            known = ReferenceData(version=version, roster=with_people(known.roster, changed), plans=_plans(connection))
            self._remembered = known
        return known


def participants(connection: Connection, participant_ids: Iterable[str]) -> dict[str, Facts]:
    """The facts of those of the participants that are on the roster."""
    query = f"select participant_id, facts from participant where participant_id = any({SPLIT})"
    rows = fetch(connection, query, joined(participant_ids))
    return {participant_id: unpack(facts) for participant_id, facts in rows}


def authors(connection: Connection) -> pl.DataFrame:
    """plan, version, who: published it, of the versions of which that is known; or sent it again when it had not been
    taken.
    """
    schema = {"plan": pl.String, "version": pl.Int64, "who": pl.String}
    versions = fetch_table(connection, "select plan, version, author from plan_version", schema=schema)
    again = {(letter.key, letter.by) for letter in read_replays(connection, PLANS)}
    sent = pl.DataFrame(sorted(again), schema={"key": pl.String, "by": pl.String}, orient="row")
    named = versions.with_columns(key=pl.concat_str("plan", pl.lit("@"), "version"))
    return pl.concat([versions.drop_nulls(), named.join(sent, on="key").select("plan", "version", who="by")])


def plan_ids(connection: Connection) -> list[str]:
    """The plans that are published, by id."""
    return [plan for (plan,) in fetch(connection, "select distinct plan from plan_version order by 1")]


def lock_for_change(connection: Connection) -> None:
    """Wait until nobody credits or earns, and keep them waiting until the transaction ends."""
    # The table and not its row: whoever waits for a table is let in before those who came later, while a row that is
    # locked for share by ever new steps would never be free.
    execute(connection, "lock table roster_head in exclusive mode")


def save_change(
    connection: Connection, people: Mapping[str, Facts], *, versions: Iterable[Plan], authors: Mapping[str, str | None]
) -> None:
    """Write changed participants and new plan versions, as a new version of the whole; `authors` by the keys of
    versions.
    """
    version = _next_version(connection)
    execute(connection, _SAVE_PARTICIPANTS, version, joined(people), joined(pack(facts) for facts in people.values()))
    for plan in versions:
        document = orjson.dumps(plan.document()).decode()
        execute(connection, _ADD_PLAN, plan.plan, plan.version, plan.effective_from, document, authors.get(plan.key))


def add_quarantined(connection: Connection, published: PlanPublished, *, cause: str) -> None:
    """Take a version and quarantine it at once; its document is kept as it was published, for it may be no plan."""
    document = orjson.dumps(published.document).decode()
    name = (published.plan_id, published.version)
    execute(connection, _ADD_PLAN, *name, published.effective_from, document, published.author)
    quarantine(connection, {name: cause}, by=BY_SCORING)


def quarantine(connection: Connection, harmful: Causes, *, by: str) -> None:
    """Calculate nothing with these versions, for whoever reads roster and plans from now on.

    A step calls this in its own transaction, in which it has the head for share already; whoever comes from elsewhere
    locks it for change before.
    """
    for (plan, version), cause in harmful.items():
        new = fetch(connection, _QUARANTINE, plan, version, cause[:LONGEST_CAUSE], by)
        _next_version(connection)
        if new:
            _logger.error("plan.quarantined", plan=plan, version=version, by=by)


def lift(connection: Connection, plan: str, *, version: int) -> bool:
    """Let a version be calculated with again; whether it was quarantined."""
    gone = fetch(connection, "delete from quarantine where plan = %s and version = %s returning version", plan, version)
    _next_version(connection)
    return bool(gone)


def quarantined_names(connection: Connection) -> set[tuple[str, int]]:
    """The versions that are quarantined."""
    return {(plan, version) for plan, version in fetch(connection, "select plan, version from quarantine")}


def untried(connection: Connection, trial: int) -> list[tuple[str, int, dict[str, object]]]:
    """The versions that have not passed this trial and are not quarantined, with their documents."""
    return [(plan, version, document) for plan, version, document in fetch(connection, _UNTRIED, trial)]


def is_published(connection: Connection, plan: str, *, version: int) -> bool:
    """Whether there is such a version."""
    return bool(fetch(connection, "select 1 from plan_version where plan = %s and version = %s", plan, version))


def save_trial(connection: Connection, plan: str, *, version: int, trial: int) -> None:
    """Remember that a version passed the trial, or that somebody says it may be calculated with."""
    execute(connection, "update plan_version set tried = %s where plan = %s and version = %s", trial, plan, version)


def _next_version(connection: Connection) -> int:
    [(version,)] = fetch(connection, "update roster_head set version = version + 1 returning version")
    return int(version)


def _plans(connection: Connection) -> PlanSet:
    plans = PlanSet(
        Plan.quarantined(plan, version, effective_from=since, currency=currency)
        if document is None
        else Plan.model_validate(document)
        for plan, version, since, currency, document in fetch(connection, _VERSIONS)
    )
    PLANS_QUARANTINED.set(plans.quarantined.height)  # one that was corrected keeps nobody waiting
    return plans


_SAVE_PARTICIPANTS = f"""
    insert into participant (participant_id, changed, facts)
    select participant_id, %s, facts from unnest({SPLIT}, {SPLIT}) p(participant_id, facts)
    on conflict (participant_id) do update set changed = excluded.changed, facts = excluded.facts"""

# The document of a version that is quarantined is not even read: that may be what does the harm.
_VERSIONS = """
    select plan, version, effective_from, document->>'currency', case when q.plan is null then document end
    from plan_version left join quarantine q using (plan, version)"""

_UNTRIED = """
    select plan, version, document from plan_version left join quarantine q using (plan, version)
    where q.plan is null and coalesce(tried, 0) < %s"""

_ADD_PLAN = """
    insert into plan_version (plan, version, effective_from, document, author) values (%s, %s, %s, %s::jsonb, %s)"""

_QUARANTINE = """
    insert into quarantine (plan, version, cause, by) values (%s, %s, %s, %s)
    on conflict do nothing returning version"""
