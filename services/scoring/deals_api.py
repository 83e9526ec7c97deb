"""Deals over HTTP: one or many as they stand, and those that credit not everyone they should."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

import polars as pl
from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from services.scoring.answers import CreditView, Deals, DealView, FactView, PaidLess, Uncredited, UncreditedView
from services.scoring.asked_api import Period, Reader
from services.scoring.deal_facts import deal_facts, paid_less
from services.scoring.deals import credits_of, uncredited_of
from services.scoring.packed import unpack
from services.scoring.store import views
from shared.contracts.base import Identifier
from shared.kernel.language import Name
from shared.periods import first_day, last_day
from shared.problems import NotFound

MOST: Final = 1000
"""Deals that one request may name."""


class AskedDeals(BaseModel):
    """The deals that are asked for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"deals": ["crm/1", "crm/2"]}]})

    deals: list[Identifier] = Field(max_length=MOST)


def add_deals(app: FastAPI, snapshot: Engine) -> None:
    """Add the routes; `snapshot` is an engine whose transactions see one moment."""

    @app.get("/v1/deals/{deal_id:path}")
    def deal(_: Reader, deal_id: Annotated[Identifier, Path()]) -> DealView:
        """A deal as it stands, whom it credits, and whom it does not and why."""
        with snapshot.connect() as connection:
            found = _views(views.deals(connection, [deal_id]))
        if not found:
            raise NotFound(f"there is no deal {deal_id}")
        return found[0]

    @app.post("/v1/deals")
    def deals(_: Reader, asked: AskedDeals) -> Deals:
        """The same of many deals, by id; those that there are not are left out."""
        with snapshot.connect() as connection:
            found = views.deals(connection, sorted(set(asked.deals)))
        return Deals(deals=_views(found))

    @app.get("/v1/paid-less")
    def paid_less_by(
        _: Reader, as_of: Annotated[date, Query(description="What came in by this day counts")]
    ) -> PaidLess:
        """Deals of which a payment was ever taken back, and that are not paid in full by a day: what was released of them is looked at again."""
        with snapshot.connect() as connection:
            found = views.taken_back(connection)
        return PaidLess(deals=paid_less(deal_facts(found), as_of))

    @app.get("/v1/uncredited")
    def uncredited(
        _: Reader,
        after: Annotated[Identifier | None, Query(description="Continue after this deal")] = None,
        reason: Annotated[Name | None, Query(description="Deals with this reason only")] = None,
        period: Annotated[Period | None, Query(description="Deals closed in this month only")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Uncredited:
        """Won deals, or shares of them, that credit nobody, and why."""
        closed = None if period is None else (first_day(period), last_day(period))
        with snapshot.connect() as connection:
            found = views.uncredited(connection, after or "", limit, reason, closed)
        return Uncredited(
            uncredited=UncreditedView.all_of(uncredited_of(found)),
            next=found["deal_id"][-1] if found.height == limit else None,
        )


def _views(found: pl.DataFrame) -> list[DealView]:
    """Of deals as they are stored."""
    credits: dict[str, list[CreditView]] = {}
    for credit in CreditView.all_of(credits_of(found)):
        credits.setdefault(credit.deal_id, []).append(credit)
    missed: dict[str, list[UncreditedView]] = {}
    for share in UncreditedView.all_of(uncredited_of(found)):
        missed.setdefault(share.deal_id, []).append(share)
    return [
        DealView(
            deal_id=deal_id,
            version=version,
            facts={path: FactView.of(held) for path, held in sorted(unpack(facts).items())},
            credits=credits.get(deal_id, []),
            uncredited=missed.get(deal_id, []),
        )
        for deal_id, version, facts in found.select("deal_id", "version", "facts").iter_rows()
    ]
