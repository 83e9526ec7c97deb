"""Setting plan versions aside and taking them back: with what harms nothing is calculated, and everybody else goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import structlog
from pydantic import ValidationError
from sqlalchemy import Connection, Engine

from services.scoring.selection import touched
from services.scoring.store import deals as stored_deals
from services.scoring.store import quarantine as store
from services.scoring.store import standings as stored_standings
from services.scoring.store import terms as stored_terms
from services.scoring.store.quarantine import BY_SCORING, Quarantined
from services.scoring.store.terms import TermsInForce
from services.scoring.worker import asked_again
from shared.bounded import Bounded, Exceeded
from shared.kernel import Plan, PlanSet, Roster
from shared.kernel.checks.trial import TRIAL, CannotBeCalculated, tried
from shared.kernel.plan.plan_file import mistakes
from shared.log.port import Log

_logger = structlog.get_logger(__name__)


class NotThere(ValueError):
    """No such plan version is published, or it is not set aside."""


def harm_of(document: Mapping[str, Any]) -> str | None:
    """Why a plan of a document cannot be calculated with; None where it can, and of what is no plan, which is refused elsewhere."""
    try:
        tried(Plan.model_validate(document))
    except CannotBeCalculated as error:
        return str(error)
    except ValidationError:
        return None
    return None


def unusable(document: Mapping[str, Any]) -> str | None:
    """The same of a document that was taken once: what is no plan any more cannot be calculated with either."""
    try:
        Plan.model_validate(document)
    except ValidationError as error:
        return "; ".join(mistakes(error))
    return harm_of(document)


def harm(bounded: Bounded, document: Mapping[str, Any]) -> str | None:
    """`harm_of`, where it can harm nobody."""
    try:
        return bounded.run(harm_of, document)
    except Exceeded as error:
        return str(error)


def try_all(engine: Engine, bounded: Bounded) -> None:
    """Try out what was published before there was this trial, and set aside what harms: before anybody calculates with it."""
    with engine.connect() as connection:
        due = store.untried(connection, TRIAL)
    for plan, version in due:
        with engine.connect() as connection:
            document = store.document_of(connection, plan, version)
        try:
            cause = bounded.run(unusable, document)
        except Exceeded as error:
            cause = str(error)
        with engine.begin() as connection:
            stored_terms.begin_change(connection)
            if cause is None:
                store.passed(connection, plan, version, TRIAL)
            else:
                put(connection, plan, version, cause, BY_SCORING)


def put(connection: Connection, plan: str, version: int, cause: str, by: str) -> None:
    """Set a published version aside. What it credited and paid stays; what comes for it waits.

    Raises:
        NotThere: no such version is published.
    """
    stored_terms.begin_change(connection)
    if not store.is_published(connection, plan, version):
        raise NotThere(f"{plan}@{version} is not published")
    if store.put(connection, plan, version, cause, by):
        _logger.error("plan.quarantined", plan=plan, version=version, by=by)


def lift(connection: Connection, log: Log, plan: str, version: int, by: str) -> None:
    """Calculate with a version again: all that waited, from its first day on.

    Raises:
        NotThere: it is not set aside.
    """
    stored_terms.begin_change(connection)
    if not store.lift(connection, plan, version):
        raise NotThere(f"{plan}@{version} is not quarantined")
    store.passed(connection, plan, version, TRIAL)
    now = TermsInForce().read(connection)
    selected = touched(now.roster, now.roster, [], [now.plans.plans[plan, version]], now.plans)
    deals = stored_deals.held_since(connection, selected.holders, selected.everything)
    standing = stored_standings.periods_of(connection, sorted(selected.earners))["participant_id"]
    log.publish(connection, asked_again(f"quarantine/{plan}@{version}", deals, sorted({*standing, *selected.earners})))
    _logger.warning("plan.released", plan=plan, version=version, by=by)


def listed(connection: Connection) -> list[Quarantined]:
    """Everything that is set aside, with the participants who wait for it and how many deals do."""
    now = TermsInForce().read(connection)
    return store.listed(connection, on_versions(now.roster, now.plans))


def on_versions(roster: Roster, plans: PlanSet) -> dict[tuple[str, int], set[str]]:
    """By plan version that is set aside who is on it, on any day."""
    follows = pl.col("effective_from").shift(-1)
    held = roster.assignments.sort("effective_from").with_columns(until=follows.over("participant_id"))
    holding = plans.in_force.rename({"effective_from": "since"}).with_columns(
        ends=pl.col("since").shift(-1).over("plan")
    )
    aside = holding.join(plans.quarantined, on=["plan", "version"], how="semi")
    on = held.join(aside, on="plan").filter(
        pl.col("until").is_null() | (pl.col("until") > pl.col("since")),
        pl.col("ends").is_null() | (pl.col("effective_from") < pl.col("ends")),
    )
    found: dict[tuple[str, int], set[str]] = {}
    for plan, version, participant in on.select("plan", "version", "participant_id").iter_rows():
        found.setdefault((plan, version), set()).add(participant)
    return found
