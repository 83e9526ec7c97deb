"""Plan versions that are set aside: which, since when, why, by whom; whose they are, and what waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

import orjson
from sqlalchemy import Connection

from services.scoring.store.statements import execute, fetch
from shared.contracts.plans import PlanPublished

BY_SCORING: Final = "scoring"
"""Who sets a version aside that fails its trial, or with people's deals."""


class Quarantined(NamedTuple):
    """A version that is set aside; `participants` are on it or have earnings of it, `waiting` so many deals wait for it."""

    plan: str
    version: int
    since: datetime
    cause: str
    by: str
    participants: list[str]
    waiting: int


def names(connection: Connection) -> set[tuple[str, int]]:
    """The versions that are set aside."""
    return {(plan, version) for plan, version in fetch(connection, "select plan, version from quarantine")}


def untried(connection: Connection, trial: int) -> list[tuple[str, int]]:
    """The versions that have not passed this trial and are not set aside."""
    rows = fetch(
        connection,
        """select plan, version from plan_version left join quarantine q using (plan, version)
           where q.plan is null and coalesce(tried, 0) < %s""",
        trial,
    )
    return [(plan, version) for plan, version in rows]


def is_published(connection: Connection, plan: str, version: int) -> bool:
    """Whether there is such a version."""
    return bool(fetch(connection, "select 1 from plan_version where plan = %s and version = %s", plan, version))


def document_of(connection: Connection, plan: str, version: int) -> dict[str, object]:
    """A version's document."""
    [(found,)] = fetch(connection, "select document from plan_version where plan = %s and version = %s", plan, version)
    return dict(found)


def passed(connection: Connection, plan: str, version: int, trial: int) -> None:
    """Remember that a version passed the trial, or that somebody says it may be calculated with."""
    execute(connection, "update plan_version set tried = %s where plan = %s and version = %s", trial, plan, version)


def put(connection: Connection, plan: str, version: int, cause: str, by: str) -> bool:
    """Set a version aside for whoever reads roster and plans from now on; whether it was not before."""
    new = fetch(
        connection,
        """insert into quarantine (plan, version, cause, by) values (%s, %s, %s, %s)
           on conflict do nothing returning version""",
        plan,
        version,
        cause[:1000],
        by,
    )
    execute(connection, "update roster_head set version = version + 1")
    return bool(new)


def lift(connection: Connection, plan: str, version: int) -> bool:
    """Let a version be calculated with again; whether it was set aside."""
    gone = fetch(connection, "delete from quarantine where plan = %s and version = %s returning version", plan, version)
    execute(connection, "update roster_head set version = version + 1")
    return bool(gone)


def keep(connection: Connection, published: PlanPublished, cause: str) -> None:
    """Take a version and set it aside at once; its document is kept as it was published."""
    execute(
        connection,
        "insert into plan_version (plan, version, effective_from, document, author) values (%s, %s, %s, %s::jsonb, %s)",
        published.plan_id,
        published.version,
        published.effective_from,
        orjson.dumps(published.document).decode(),
        published.author,
    )
    put(connection, published.plan_id, published.version, cause, BY_SCORING)


def listed(connection: Connection, on_versions: Mapping[tuple[str, int], set[str]]) -> list[Quarantined]:
    """Everything that is set aside; `on_versions` says who is on which version. Whoever still has earnings of one waits for it, too."""
    rows = fetch(connection, "select plan, version, since, cause, by from quarantine order by since")
    found: list[Quarantined] = []
    for plan, version, since, cause, by in rows:
        paid = fetch(connection, _PAID_BY, orjson.dumps([{"plan": plan, "version": version}]).decode())
        people = sorted(on_versions.get((plan, version), set()).union(who for (who,) in paid))
        found.append(Quarantined(plan, version, since, cause, by, people, _waiting(connection, people)))
    return found


_PAID_BY: Final = """
    select distinct participant_id from standing
    where earnings <> '[]' and earnings::jsonb @> cast(%s as jsonb)"""


def _waiting(connection: Connection, participants: list[str]) -> int:
    query = """
        select count(distinct deal_id) from deal cross join lateral jsonb_array_elements(uncredited::jsonb) u
        where uncredited <> '[]' and u->>1 = 'plan_quarantined' and u->>0 = any(%s)"""
    return int(fetch(connection, query, participants)[0][0])
