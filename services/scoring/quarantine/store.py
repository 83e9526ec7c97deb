"""Notes of what processes have in hand, and what waits for plan versions that are quarantined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from sqlalchemy import Connection, Engine

from services.scoring.quarantine.waiting import Quarantined
from services.scoring.store import SPLIT, execute, fetch, joined


def begin(engine: Engine, places: Mapping[str, int], *, process: str) -> bool:
    """Note that a process begins with something, from positions on; whether another had begun with some of it at the
    same position.

    Where that one has finished, the position is another by now, or the note is gone. The engine's connections commit
    each statement by itself: a note has to outlive the transaction of the step, and the process.
    """
    positions = joined(map(str, places.values()))
    with engine.connect() as connection:
        [(begun,)] = fetch(connection, _BEGIN, joined(places), positions, process, process)
    return bool(begun)


def end(engine: Engine, what: str) -> None:
    """Forget what has no position that would tell that it is finished."""
    with engine.connect() as connection:
        execute(connection, "delete from in_hand where what = %s", what)


def waiting_for(connection: Connection, on_version: Mapping[tuple[str, int], set[str]]) -> list[Quarantined]:
    """Everything that is quarantined; `on_version` says who is on which version. Whoever still has earnings of one
    waits for it, too.
    """
    rows = fetch(connection, _QUARANTINED)
    quarantined: list[Quarantined] = []
    for plan, version, author, since, cause, by in rows:
        paid = fetch(connection, _PAID_BY, orjson.dumps([{"plan": plan, "version": version}]).decode())
        people = sorted(on_version.get((plan, version), set()).union(who for (who,) in paid))
        [(waiting,)] = fetch(connection, _WAITING, people)
        quarantined.append(
            Quarantined(
                plan=plan,
                version=version,
                author=author,
                since=since,
                cause=cause,
                by=by,
                participants=people,
                waiting=int(waiting),
            )
        )
    return quarantined


# What is noted already is read as it was before this statement: a statement sees none of its own changes.
# In the order of names, so that processes that note several places do not wait for each other in a circle.
_BEGIN: Final = f"""
    with mine as (select what, at::bigint from unnest({SPLIT}, {SPLIT}) m(what, at)),
    noted as (
        insert into in_hand (what, at, by) select what, at, %s from mine order by what
        on conflict (what) do update set at = excluded.at, by = excluded.by)
    select count(*) from in_hand h join mine using (what, at) where h.by <> %s"""

_QUARANTINED: Final = """
    select plan, version, author, since, cause, by from quarantine left join plan_version using (plan, version)
    order by since, plan, version"""

_PAID_BY: Final = """
    select distinct participant_id from participant_sums
    where earnings <> '[]' and earnings::jsonb @> cast(%s as jsonb)"""

_WAITING: Final = """
    select count(distinct deal_id) from deal cross join lateral jsonb_array_elements(uncredited::jsonb) u
    where uncredited <> '[]' and u->>1 = 'plan_quarantined' and u->>0 = any(%s)"""
