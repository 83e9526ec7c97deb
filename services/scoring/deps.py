"""What the routes of scoring depend on, beside what `shared.deps` has: who may call, how a month is named, how it is
calculated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Path, Query
from pydantic import AfterValidator

from services.scoring.reference.blame import Guarded
from services.scoring.reference.store import ReferenceDataCache
from shared.access import Principal, require
from shared.contracts.base import YEARS, Identifier, PeriodName
from shared.deps import provided
from shared.log.port import Log
from shared.periods import Month, first_day


@dataclass(frozen=True, kw_only=True)
class AppResources:
    """What requests work with beside database and reference data.

    Args:
        log: takes what a lifted quarantine asks for again.
        guarded: how calculations are done that somebody asks for.
    """

    log: Log
    guarded: Guarded


def _exists(period: Month) -> Month:
    if first_day(period).year not in YEARS:
        raise ValueError(f"the year must be from {YEARS[0]} to {YEARS[-1]}")
    return period


# Engines are dependencies, and connections are not. A connection would be taken before the route has a thread: when all
# threads wait for connections, whoever has one gets no thread. And a route that streams gives its own back before.
Resources = Annotated[AppResources, Depends(provided(AppResources))]
ReferenceDep = Annotated[ReferenceDataCache, Depends(provided(ReferenceDataCache))]
"""Roster and plans as they were read last; read with the connection of the request, they are those of its moment."""

SEES_PARTICIPANT: Final = Depends(require("earnings:read", about="participant"))
SeesRows = Annotated[Principal, Depends(require("earnings:read", about="rows"))]
SEES_MANY: Final = Depends(require("earnings:read", about="many"))
SEES_EVERYBODY: Final = Depends(require("earnings:read", about="everybody"))
MAY_READ: Final = Depends(require("earnings:read", "ops", about="nothing"))
"""Of what is nobody's pay."""
Writer = Annotated[Principal, Depends(require("plans:write", about="nothing"))]

Period = Annotated[PeriodName, AfterValidator(_exists)]

ParticipantId = Annotated[Identifier, Path(examples=["ann"])]
DealId = Annotated[Identifier, Path(examples=["crm/1"])]
MonthParam = Annotated[Period, Query(examples=["2025-03"])]
MonthOrAll = Annotated[Period | None, Query(examples=["2025-03"])]
