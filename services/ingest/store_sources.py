"""Requests to load the source files again, and what each process has loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.ingest.tables import source_process, source_reload

ALIVE: Final = text("interval '30 seconds'")
"""A process that has not shown itself for so long is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSource:
    """A source file as a process has it: `reason` says why its source is stopped."""

    file: str
    name: str
    digest: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSources:
    """What a process of ingest has loaded, when, and after which request."""

    member: str
    reload: int
    loaded_at: datetime
    sources: list[LoadedSource]


class SourceReports:
    """What a process tells the others of the sources that it has loaded."""

    def __init__(self, engine: Engine, member: str) -> None:
        self._engine, self._member = engine, member

    def latest(self) -> int:
        """The latest request to load the files again; 0 where there was none."""
        with self._engine.connect() as connection:
            return int(connection.scalar(select(func.max(source_reload.c.id))) or 0)

    def tell(self, reload: int, loaded: Sequence[LoadedSource]) -> None:
        """Tell what was loaded after a request."""
        files = [asdict(each) for each in loaded]
        row: dict[str, Any] = {"reload": reload, "files": files, "loaded_at": func.now(), "seen": func.now()}
        new = insert(source_process).values(member=self._member, **row)
        with self._engine.begin() as connection:
            connection.execute(new.on_conflict_do_update(index_elements=["member"], set_=row))

    def show(self) -> None:
        """Say that the process lives."""
        mine = source_process.c.member == self._member
        with self._engine.begin() as connection:
            connection.execute(update(source_process).where(mine).values(seen=func.now()))

    def leave(self) -> None:
        """Say that it ends."""
        with self._engine.begin() as connection:
            connection.execute(delete(source_process).where(source_process.c.member == self._member))


def ask_for_reload(connection: Connection, by: str) -> int:
    """Ask every process to load the files again; the number of the request."""
    return int(connection.execute(insert(source_reload).values(by=by).returning(source_reload.c.id)).scalar_one())


def processes(connection: Connection) -> list[ProcessSources]:
    """The processes that live, by name, with what they have loaded."""
    alive = select(source_process).where(source_process.c.seen > func.now() - ALIVE).order_by(source_process.c.member)
    return [
        ProcessSources(
            member=row.member,
            reload=row.reload,
            loaded_at=row.loaded_at,
            sources=[LoadedSource(**each) for each in row.files],
        )
        for row in connection.execute(alive)
    ]
