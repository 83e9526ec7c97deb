"""Plan versions that are quarantined, over HTTP: see them, quarantine one, lift it."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from services.scoring.deps import MAY_READ, Resources, Writer
from services.scoring.quarantine import service
from services.scoring.quarantine.schemas import Harmful, PlanVersion, Quarantine, QuarantinedView
from shared.deps import EngineDep
from shared.problems import NotFound

router = APIRouter(prefix="/v1/quarantine", tags=["quarantine"])


@router.get("", dependencies=[MAY_READ], summary="List the quarantine")
def list_quarantine(engine: EngineDep) -> Quarantine:
    """Plan versions with which nothing is calculated: what they credited and paid stays, and what comes for them
    waits.
    """
    with engine.connect() as connection:
        quarantined = service.quarantined(connection)
    return Quarantine(quarantined=[QuarantinedView.of(version) for version in quarantined])


@router.post(
    "",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Quarantine a plan version",
)
def quarantine_plan_version(who: Writer, harmful: Harmful, *, engine: EngineDep) -> None:
    """Set a plan version aside, so that scoring goes on for everybody else."""
    try:
        with engine.begin() as connection:
            service.quarantine(connection, harmful.plan, version=harmful.version, cause=harmful.cause, by=who.name)
    except service.NoSuchVersion as error:
        raise NotFound(str(error)) from None


@router.post(
    "/lift",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Lift a plan version's quarantine",
)
def lift_quarantine(who: Writer, lifted: PlanVersion, *, engine: EngineDep, resources: Resources) -> None:
    """Calculate with a plan version again; what waited is calculated."""
    try:
        with engine.begin() as connection:
            service.lift(connection, resources.log, plan=lifted.plan, version=lifted.version, by=who.name)
    except service.NoSuchVersion as error:
        raise NotFound(str(error)) from None
