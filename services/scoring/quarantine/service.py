"""Quarantining plan versions and lifting that: nothing is calculated with what does harm, and others go on."""

from __future__ import annotations

import structlog
from sqlalchemy import Connection, Engine

from services.scoring.quarantine.store import waiting_for
from services.scoring.quarantine.trial import harm
from services.scoring.quarantine.waiting import Quarantined, on_quarantined
from services.scoring.reference import store
from services.scoring.reference.store import BY_SCORING, ReferenceDataCache
from services.scoring.roster.selection import select
from services.scoring.roster.service import requests_for
from shared.bounded import BoundedProcess
from shared.kernel.checks.trial import TRIAL
from shared.log.port import Log

_logger = structlog.get_logger(__name__)


class NoSuchVersion(ValueError):
    """No such plan version is published, or it is not quarantined."""


def try_published(engine: Engine, bounded: BoundedProcess) -> None:
    """Try out what was published before there was this trial, and quarantine what does harm: before anybody calculates
    with it.
    """
    with engine.connect() as connection:
        due = store.untried(connection, TRIAL)
    for plan, version, document in due:
        # No transaction is open while a version is tried, which may take a minute.
        cause = harm(bounded, document, admitted=True)
        with engine.begin() as connection:
            if cause is None:
                store.lock_for_change(connection)
                store.save_trial(connection, plan, version=version, trial=TRIAL)
            else:
                quarantine(connection, plan, version=version, cause=cause, by=BY_SCORING)


def quarantine(connection: Connection, plan: str, *, version: int, cause: str, by: str) -> None:
    """Quarantine a published version. What it credited and paid stays; what comes for it waits.

    Raises:
        NoSuchVersion: it is not published.
    """
    store.lock_for_change(connection)
    if not store.is_published(connection, plan, version=version):
        raise NoSuchVersion(f"{plan}@{version} is not published")
    store.quarantine(connection, {(plan, version): cause}, by=by)


def lift(connection: Connection, log: Log, *, plan: str, version: int, by: str) -> None:
    """Calculate with a version again: all that waited, from its first day on.

    Raises:
        NoSuchVersion: it is not quarantined.
    """
    store.lock_for_change(connection)
    if not store.lift(connection, plan, version=version):
        raise NoSuchVersion(f"{plan}@{version} is not quarantined")
    store.save_trial(connection, plan, version=version, trial=TRIAL)
    current = ReferenceDataCache().read(connection)
    lifted = current.plans.plans[plan, version]
    selection = select(current.roster, current.roster, participants=[], new_plans=[lifted], plans=current.plans)
    cause = f"quarantine/{plan}@{version}"
    # Published in this transaction: nobody calculates with the version before what waited is asked for.
    requests = requests_for(connection, selection, cause=cause, roster=current.roster, plans=current.plans)
    log.publish(connection, list(requests))
    _logger.warning("plan.released", plan=plan, version=version, by=by)


def quarantined(connection: Connection) -> list[Quarantined]:
    """Everything that is quarantined, with the participants who wait for it and how many deals do."""
    current = ReferenceDataCache().read(connection)
    return waiting_for(connection, on_quarantined(current.roster, current.plans))
