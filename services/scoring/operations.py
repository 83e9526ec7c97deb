"""What operators do to scoring, also while none of its processes runs: this is all that the command line needs to know
of it.
"""

from __future__ import annotations

from services.scoring.quarantine import service
from services.scoring.quarantine.service import NoSuchVersion
from services.scoring.quarantine.waiting import Quarantined
from shared.database import engine_while
from shared.log.open import open_log
from shared.settings import Settings

__all__ = ["NoSuchVersion", "Quarantined", "lift_quarantine", "list_quarantine", "quarantine_version"]


def list_quarantine(settings: Settings) -> list[Quarantined]:
    """The plan versions that are quarantined, with the participants who wait for them and how many deals do."""
    with engine_while(settings, "scoring") as engine, engine.connect() as connection:
        return service.quarantined(connection)


def quarantine_version(settings: Settings, plan: str, *, version: int, cause: str, by: str) -> None:
    """Quarantine a published version. What it credited and paid stays; what comes for it waits.

    Raises:
        NoSuchVersion: it is not published.
    """
    with engine_while(settings, "scoring") as engine, engine.begin() as connection:
        service.quarantine(connection, plan, version=version, cause=cause, by=by)


def lift_quarantine(settings: Settings, plan: str, *, version: int, by: str) -> None:
    """Calculate with a version again; what waited is asked for.

    Raises:
        NoSuchVersion: it is not quarantined.
    """
    log = open_log(settings, "scoring")
    try:
        with engine_while(settings, "scoring") as engine, engine.begin() as connection:
            service.lift(connection, log, plan=plan, version=version, by=by)
    finally:
        log.close()
