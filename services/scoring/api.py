"""The HTTP interface of scoring: earnings, their explanation, credits and deals. It reads; only the workers write, and who sets a plan aside."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated

import orjson
import polars as pl
from fastapi import FastAPI, Path, Query
from sqlalchemy import Connection, Engine

from services.scoring.answers import (
    Credits,
    CreditView,
    CurrencyTotals,
    Earnings,
    EarningView,
    Explanation,
    Plans,
    Summary,
)
from services.scoring.asked_api import Period, Reader
from services.scoring.blame import PLAINLY, Asked, for_everybody_else
from services.scoring.deals import credits_of
from services.scoring.deals_api import add_deals
from services.scoring.lines_api import add_lines
from services.scoring.quarantine_api import add_quarantine
from services.scoring.remarks_api import add_remarks
from services.scoring.selection import with_everyone_below
from services.scoring.standings import earnings_of
from services.scoring.store import deals as stored_deals
from services.scoring.store import views
from services.scoring.store.terms import Terms, TermsInForce
from shared import web
from shared.contracts.base import Identifier
from shared.contracts.earnings import ComponentEarning
from shared.explanation import parts
from shared.kernel.language.values import Name
from shared.kernel.tables import EARNINGS
from shared.log.port import Log
from shared.money import from_minor
from shared.periods import first_day, last_day
from shared.problems import Conflict, NotFound
from shared.settings import Settings

ParticipantId = Annotated[Identifier, Path()]


def create_app(
    settings: Settings, engine: Engine, ready: Callable[[], list[str]], log: Log, asked: Asked = PLAINLY
) -> FastAPI:
    """The app over the tables that the workers keep; `ready` says what keeps them from working; `log` is asked for what waited;
    `asked` is how it calculates."""
    app = web.create_app(
        "Earnest scoring", "Credits and earnings, and how they came about.", settings=settings, ready=ready
    )
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ")  # what is read together belongs together
    terms = TermsInForce()

    @app.get("/v1/participants/{participant_id:path}/earnings")
    def earnings(
        _: Reader, participant_id: ParticipantId, period: Annotated[Period | None, Query()] = None
    ) -> Earnings:
        """What a participant earns per period and component."""
        with snapshot.connect() as connection:
            found = views.standings(connection, participant_id, period)
            _check_known(connection, participant_id, found)
        return Earnings(
            participant_id=participant_id,
            earnings=[
                EarningView.of(period, earning)
                for period, text in found.select("period", "earnings").iter_rows()
                for earning in _published(text)
            ],
        )

    @app.get("/v1/earnings/{participant_id:path}/{period}/{component}/explain")
    def explain(
        _: Reader, participant_id: ParticipantId, period: Annotated[Period, Path()], component: Annotated[Name, Path()]
    ) -> Explanation:
        """The lines of an earning: deal, credit, slices, rates and rounding, in numbers and in sentences."""
        with snapshot.connect() as connection:
            now = terms.read(connection)
            whole_life = not now.plans.by_month
            held = views.standings(connection, participant_id, None if whole_life else period)
            credits = _credits(connection, now, participant_id, None if whole_life else period)
        of_period = held.filter(pl.col("period") == period)["earnings"]
        published = [e for text in of_period for e in _published(text) if e.component == component]
        earned = earnings_of(held).with_columns(participant_id=pl.lit(participant_id)).select(EARNINGS.names())
        paying = earned.filter((pl.col("component") == component) & (pl.col("period") == period))
        roster = now.roster.only([participant_id])
        with asked(f"explain/{period}/{participant_id}") as (calculating, set_aside):
            plans, told = for_everybody_else(
                now.plans,
                lambda plans: calculating(parts, credits, earned, roster, plans, component, period),
                set_aside,
            )
        aside = paying.join(plans.quarantined, on=["plan", "version"], how="semi")
        if aside.height:
            plan, version = aside.select("plan", "version").row(0)
            raise Conflict(f"{plan}@{version} is quarantined: what it paid is explained when it is lifted")
        if not published and not told:
            raise NotFound(f"{participant_id} has no earning {component} in {period}")
        currency = published[0].currency if published else told[0].currency
        amount = from_minor(sum(earning.amount for earning in published), currency)
        total = sum((line.amount for part in told for line in part.lines), Decimal(0))
        return Explanation(
            participant_id=participant_id,
            period=period,
            component=component,
            currency=currency,
            amount=amount,
            lines_total=total,
            sums_to_earning=total == amount,
            parts=told,
        )

    @app.get("/v1/participants/{participant_id:path}/credits")
    def credits(_: Reader, participant_id: ParticipantId, period: Annotated[Period, Query()]) -> Credits:
        """Whatever credits a participant in a period."""
        with snapshot.connect() as connection:
            found = _credits(connection, terms.read(connection), participant_id, period)
            _check_known(connection, participant_id, found)
        return Credits(participant_id=participant_id, period=period, credits=CreditView.all_of(found))

    @app.get("/v1/plans")
    def plans(_: Reader) -> Plans:
        """The plans that are published, by id."""
        with snapshot.connect() as connection:
            return Plans(plans=views.plans(connection))

    @app.get("/v1/summary")
    def summary(_: Reader) -> Summary:
        """How many deals there are, what they credit and earn per currency, and what credits nobody."""
        with snapshot.connect() as connection:
            deals, participants, plan_versions = views.counts(connection)
            totals, uncredited = views.totals(connection), views.uncredited_by_reason(connection)
            unpaid = views.unpaid_by_reason(connection)
        return Summary(
            deals=deals,
            participants=participants,
            plan_versions=plan_versions,
            totals=[
                CurrencyTotals(
                    currency=each.currency,
                    credits=each.credits,
                    credited=from_minor(each.credited, each.currency),
                    earned=from_minor(each.earned, each.currency),
                )
                for each in totals
            ],
            uncredited=uncredited,
            unpaid=unpaid,
        )

    add_deals(app, snapshot, terms)
    add_lines(app, snapshot, asked)
    add_remarks(app, snapshot, terms)
    add_quarantine(app, engine, log)
    return app


def _credits(connection: Connection, terms: Terms, participant_id: str, period: str | None) -> pl.DataFrame:
    """The participant's `CREDITS` in a period, or in all: they come from deals held by them or by anyone ever below them.

    Where deals credit on other dates than the close date, or others than their holders, all deals are looked at.
    """
    if period is not None and terms.plans.by_month and not terms.plans.beyond_holders:
        holders = with_everyone_below([participant_id], terms.roster)
        held = stored_deals.crediting(connection, participant_id, holders, first_day(period), last_day(period))
    else:
        held = stored_deals.crediting_ever(connection, participant_id)
    own = pl.col("participant_id") == participant_id
    return credits_of(held).filter(own if period is None else own & (pl.col("period") == period))


def _published(text: str) -> list[ComponentEarning]:
    return [ComponentEarning.model_validate(earning) for earning in orjson.loads(text)]


def _check_known(connection: Connection, participant_id: str, found: pl.DataFrame) -> None:
    if found.is_empty() and not views.is_participant(connection, participant_id):
        raise NotFound(f"there is no participant {participant_id}")
