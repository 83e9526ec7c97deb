"""What processes have in hand, noted before they begin with it and outside of their transactions, so that it outlives them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine

from services.scoring.store.statements import SPLIT, execute, fetch, lines


def begin(engine: Engine, places: Mapping[str, int], me: str) -> bool:
    """Note that this process begins with something, from positions on; whether another had begun with some of it at the same position.

    The engine's connections commit each statement by itself.
    Where it has finished, the position is another by now, or the note is gone.
    """
    positions = lines(map(str, places.values()))
    with engine.connect() as connection:
        [(begun,)] = fetch(connection, _BEGIN, lines(places), positions, me, me)
    return bool(begun)


def end(engine: Engine, what: str) -> None:
    """Forget what has no position that would tell that it is finished."""
    with engine.connect() as connection:
        execute(connection, "delete from in_hand where what = %s", what)


_BEGIN = f"""
    with mine as (select what, at::bigint from unnest({SPLIT}, {SPLIT}) m(what, at)),
    noted as (
        insert into in_hand (what, at, by) select what, at, %s from mine order by what
        on conflict (what) do update set at = excluded.at, by = excluded.by)
    select count(*) from in_hand h join mine using (what, at) where h.by <> %s"""
