"""What looks like a slip in what a month pays on, over HTTP: roster and plans, attainments, deals of another age."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel
from sqlalchemy import Engine

from services.scoring.asked_api import Period, Reader
from services.scoring.standings import earnings_of
from services.scoring.store import lines as stored
from services.scoring.store import views
from services.scoring.store.terms import TermsInForce
from shared.kernel.remarks.deals import far_ahead, far_from, of_attainment
from shared.kernel.remarks.pools import of_pools
from shared.kernel.remarks.roster import Kind, remarks_of, within
from shared.periods import first_day, last_day


class RemarkView(BaseModel):
    """One remark; `participant_id` is empty where it is about nobody. The message has quotas, rates and dates, and no pay."""

    kind: Kind
    participant_id: str
    message: str


class Remarks(BaseModel):
    """All of a month."""

    remarks: list[RemarkView]


def add_remarks(app: FastAPI, snapshot: Engine, terms: TermsInForce) -> None:
    """Add the route; `snapshot` is an engine whose transactions see one moment."""

    @app.get("/v1/remarks")
    def remarks(_: Reader, period: Annotated[Period, Query(examples=["2025-03"])]) -> Remarks:
        """What of roster, plans and deals moves the pay of a month without a word and is probably a slip: as `earnest calc` says it."""
        first, last = first_day(period), last_day(period)
        with snapshot.connect() as connection:
            now = terms.read(connection)
            earned = earnings_of(stored.standings(connection, period, before=False, participants=None))
            late = views.closing_after(connection, far_from(last))
        found = [
            *within(remarks_of(now.roster, now.plans), first, last),
            *of_attainment(earned, now.plans),
            *of_pools(earned, now.plans),
            *far_ahead(late, last),
        ]
        return Remarks(
            remarks=[
                RemarkView(kind=each.kind, participant_id=each.participant_id, message=each.message) for each in found
            ]
        )
