"""Plan versions that are set aside, over HTTP: see them, set one aside, lift it."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from services.scoring import quarantine
from services.scoring.asked_api import Reader
from shared.auth import Principal, require
from shared.contracts.base import Identifier
from shared.log.port import Log
from shared.problems import NotFound

Writer = Annotated[Principal, Depends(require("plans:write"))]


class PlanVersion(BaseModel):
    """A published plan version."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"plan": "rep", "version": 2}]})

    plan: Identifier
    version: int = Field(ge=1, le=1_000_000)


class Harmful(PlanVersion):
    """A version that is to be set aside, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"plan": "rep", "version": 2, "cause": "scoring runs out of memory with it"}]},
    )

    cause: str = Field(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")


class QuarantinedView(BaseModel):
    """A version that is set aside: since when, why, by whom; who is on it or has earnings of it, and how many deals wait."""

    plan: str
    version: int
    since: datetime
    cause: str
    by: str
    participants: list[str]
    waiting: int


class Quarantine(BaseModel):
    """All that are set aside, those that were first at first."""

    quarantined: list[QuarantinedView]


def add_quarantine(app: FastAPI, engine: Engine, log: Log) -> None:
    """Add the routes."""

    @app.get("/v1/quarantine")
    def see(_: Reader) -> Quarantine:
        """Plan versions with which nothing is calculated: what they credited and paid stays, and what comes for them waits."""
        with engine.connect() as connection:
            found = quarantine.listed(connection)
        return Quarantine(quarantined=[QuarantinedView(**each._asdict()) for each in found])

    @app.post("/v1/quarantine", status_code=HTTPStatus.NO_CONTENT)
    def put(who: Writer, harmful: Harmful) -> None:
        """Set a plan version aside, so that scoring goes on for everybody else."""
        try:
            with engine.begin() as connection:
                quarantine.put(connection, harmful.plan, harmful.version, harmful.cause, who.name)
        except quarantine.NotThere as error:
            raise NotFound(str(error)) from None

    @app.post("/v1/quarantine/lift", status_code=HTTPStatus.NO_CONTENT)
    def lift(who: Writer, lifted: PlanVersion) -> None:
        """Calculate with a plan version again; what waited is calculated."""
        try:
            with engine.begin() as connection:
                quarantine.lift(connection, log, lifted.plan, lifted.version, who.name)
        except quarantine.NotThere as error:
            raise NotFound(str(error)) from None
