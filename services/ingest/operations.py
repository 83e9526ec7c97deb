"""What operators do to ingest from the command line: ask its processes to load the source files again, and what they
have.
"""

from __future__ import annotations

from services.ingest import store_sources
from services.ingest.store_sources import LoadedSource, ProcessSources
from shared.database import engine_while
from shared.settings import Settings

__all__ = ["LoadedSource", "ProcessSources", "ask_for_reload", "loaded_sources"]


def ask_for_reload(settings: Settings, by: str) -> int:
    """Ask every process of ingest to load the source files again; the number of the request."""
    with engine_while(settings, "ingest") as engine, engine.begin() as connection:
        return store_sources.ask_for_reload(connection, by)


def loaded_sources(settings: Settings) -> list[ProcessSources]:
    """What each process of ingest that lives has loaded."""
    with engine_while(settings, "ingest") as engine, engine.connect() as connection:
        return store_sources.processes(connection)
