"""Deals over HTTP: one or many as they stand, and those that credit not everyone they should."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Final

import polars as pl
from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine

from services.scoring.answers import (
    CreditView,
    Deals,
    DealView,
    FactView,
    PaidLess,
    Shares,
    ShareView,
    SkippedView,
    Uncredited,
    UncreditedView,
)
from services.scoring.asked_api import Period, Reader
from services.scoring.deal_facts import deal_facts, paid_less
from services.scoring.deals import credits_of, uncredited_of
from services.scoring.packed import unpack
from services.scoring.shares import shares
from services.scoring.standings import earnings_of
from services.scoring.store import views
from services.scoring.store.terms import TermsInForce
from shared.contracts.base import Identifier
from shared.explanation import RuleSkipped
from shared.kernel.language.values import Name
from shared.periods import first_day, last_day
from shared.problems import NotFound

MOST: Final = 1000
"""Deals that one request may name."""


class AskedDeals(BaseModel):
    """The deals that are asked for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"deals": ["crm/1", "crm/2"]}]})

    deals: list[Identifier] = Field(max_length=MOST)


def add_deals(app: FastAPI, snapshot: Engine, terms: TermsInForce) -> None:
    """Add the routes; `snapshot` is an engine whose transactions see one moment, `terms` remembers roster and plans."""

    @app.get("/v1/deals/{deal_id:path}")
    def deal(_: Reader, deal_id: Annotated[Identifier, Path()]) -> DealView:
        """A deal as it stands, whom it credits, and whom it does not and why."""
        with snapshot.connect() as connection:
            found = _views(connection, terms, [deal_id])
        if not found:
            raise NotFound(f"there is no deal {deal_id}")
        return found[0]

    @app.post("/v1/deals")
    def deals(_: Reader, asked: AskedDeals) -> Deals:
        """The same of many deals, by id; those that there are not are left out."""
        with snapshot.connect() as connection:
            return Deals(deals=_views(connection, terms, sorted(set(asked.deals))))

    @app.post("/v1/shares")
    def shares_of(_: Reader, asked: AskedDeals) -> Shares:
        """Who has which share of deals, be they lost or not: whom they would credit if they were won and nothing of them was refunded."""
        with snapshot.connect() as connection:
            found = views.deals(connection, sorted(set(asked.deals)))
            now = terms.read(connection)
        facts = {deal_id: unpack(packed) for deal_id, packed in found.select("deal_id", "facts").iter_rows()}
        return Shares(shares=ShareView.all_of(shares(facts, now.roster, now.plans)))

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
        period: Annotated[
            Period | None, Query(description="Deals closed in this month only, and those without a close date")
        ] = None,
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


def _views(connection: Connection, terms: TermsInForce, deal_ids: list[str]) -> list[DealView]:
    found = views.deals(connection, deal_ids)
    credited = credits_of(found)
    credits: dict[str, list[CreditView]] = {}
    for credit in CreditView.all_of(credited):
        credits.setdefault(credit.deal_id, []).append(credit)
    unpaid: dict[str, list[SkippedView]] = {}
    for deal_id, skipped in _unpaid(connection, terms, credited):
        unpaid.setdefault(deal_id, []).append(skipped)
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
            unpaid=unpaid.get(deal_id, []),
        )
        for deal_id, version, facts in found.select("deal_id", "version", "facts").iter_rows()
    ]


def _unpaid(connection: Connection, terms: TermsInForce, credited: pl.DataFrame) -> Iterator[tuple[str, SkippedView]]:
    """Of each deal the components that its credits count for and that pay nothing for a reason."""
    if credited.is_empty():
        return
    held = views.standings_of(connection, credited.select("participant_id", "period").unique())
    skipped = earnings_of(held).filter(pl.col("problem").is_not_null())
    if skipped.is_empty():
        return
    plans = terms.read(connection).plans
    keys = ["participant_id", "plan", "version", "period"]
    rules = {
        (plan.plan, plan.version, component.component): plan.rules_of(component)
        for plan in plans
        for component in plan.components
    }
    by_deal = credited.select(*keys, "deal_id", "rule").join(skipped, on=keys)
    told: set[tuple[str, ...]] = set()
    for row in by_deal.sort("deal_id", *keys, "component").iter_rows(named=True):
        name = (row["deal_id"], row["participant_id"], row["plan"], row["version"], row["component"])
        if name not in told and row["rule"] in rules.get((row["plan"], row["version"], row["component"]), ()):
            told.add(name)
            yield (
                row["deal_id"],
                SkippedView(
                    participant_id=row["participant_id"],
                    period=row["period"],
                    component=row["component"],
                    rule_skipped=RuleSkipped.of(row["problem"], row["about"]),
                ),
            )
