"""What operators do to ingest from the command line: ask its processes to load the source files again, and what they
have.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from services.ingest import store_sources
from services.ingest.store_sources import LoadedSource, ProcessSources
from shared.database import database_url, engine_for
from shared.settings import Settings

__all__ = ["LoadedSource", "ProcessSources", "ask_for_reload", "loaded_sources"]


def ask_for_reload(settings: Settings, by: str) -> int:
    """Ask every process of ingest to load the source files again; the number of the request."""
    with _ingest(settings) as engine, engine.begin() as connection:
        return store_sources.ask_for_reload(connection, by)


def loaded_sources(settings: Settings) -> list[ProcessSources]:
    """What each process of ingest that lives has loaded."""
    with _ingest(settings) as engine, engine.connect() as connection:
        return store_sources.processes(connection)


@contextmanager
def _ingest(settings: Settings) -> Iterator[Engine]:
    engine = engine_for(database_url(settings), "ingest")
    try:
        yield engine
    finally:
        engine.dispose()
