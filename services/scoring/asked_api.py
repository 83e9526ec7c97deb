"""What the routes of scoring share: who may read, and how a month is named."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from pydantic import AfterValidator

from shared.auth import Principal, require
from shared.contracts.base import YEARS, PeriodName
from shared.periods import first_day


def _exists(period: str) -> str:
    if first_day(period).year not in YEARS:
        raise ValueError(f"the year must be from {YEARS[0]} to {YEARS[-1]}")
    return period


Reader = Annotated[Principal, Depends(require("earnings:read"))]
Period = Annotated[PeriodName, AfterValidator(_exists)]
