"""What the routes of scoring share: who may read, and how a month is named."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from pydantic import AfterValidator

from shared.auth import Principal, require
from shared.contracts.base import PeriodName
from shared.periods import first_day


def _exists(period: str) -> str:
    first_day(period)
    return period


Reader = Annotated[Principal, Depends(require("earnings:read"))]
Period = Annotated[PeriodName, AfterValidator(_exists)]
