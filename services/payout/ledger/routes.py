"""The HTTP interface of the ledger: balances, journals, sums by whom they cost, the trial balance of a month."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Path, Query
from sqlalchemy import Engine

from services.payout.ledger import store_views as views
from services.payout.ledger.schemas import (
    Balances,
    BalanceView,
    Journals,
    JournalView,
    Sums,
    SumView,
    TrialBalance,
    TrialLine,
)
from services.payout.ledger.store_views import By
from services.payout.periods import checked
from shared.auth import Principal, require
from shared.contracts.base import Identifier, PeriodName

Reader = Annotated[Principal, Depends(require("earnings:read"))]
ParticipantId = Annotated[Identifier, Path()]
NoNul = Annotated[str, Query(max_length=512, pattern=r"^[^\x00]*$")]


def add_ledger(app: FastAPI, snapshot: Engine) -> None:
    """Add the routes; `snapshot` reads everything as of one instant."""

    @app.get("/v1/participants/{participant_id:path}/balance")
    def balance(_: Reader, participant_id: ParticipantId) -> Balances:
        """What a participant has earned, was paid and is owed, per currency."""
        with snapshot.connect() as connection:
            found = views.balances(connection, participant_id)
        return Balances(participant_id=participant_id, balances=[BalanceView.of(balance) for balance in found])

    @app.get("/v1/participants/{participant_id:path}/journal")
    def journal(
        _: Reader,
        participant_id: ParticipantId,
        before: Annotated[int, Query(ge=1, lt=2**63, description="Journals with smaller numbers only")] = 2**63 - 1,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Journals:
        """A participant's journals, the latest first: what was booked, in which period, about which period, and why."""
        with snapshot.connect() as connection:
            found = views.journals(connection, participant_id, before, limit)
        return Journals(
            participant_id=participant_id,
            journals=[JournalView.of(booked) for booked in found],
            next=found[-1].number if len(found) == limit else None,
        )

    @app.get("/v1/balances")
    def balances(
        _: Reader,
        by: Annotated[By, Query(description="What to sum by")] = "participant",
        after: Annotated[NoNul | None, Query(description="Keys after this one only")] = None,
        limit: Annotated[int, Query(ge=1, le=10_000, description="How many keys at most")] = 1000,
    ) -> Sums:
        """The accounts by participant, cost centre, entity or pay group, per currency. Currencies are never added up."""
        with snapshot.connect() as connection:
            found = views.sums_by(connection, by, after, limit)
        whole = len({key for key, _ in found}) == limit
        return Sums(
            by=by,
            balances=[SumView.of(balance, key=key) for key, balance in found],
            next=found[-1][0] if whole else None,
        )

    @app.get("/v1/trial-balance")
    def trial_balance(
        _: Reader,
        period: Annotated[PeriodName, Query(examples=["2025-03"])],
        entity: Annotated[NoNul | None, Query(description="Of this legal entity only; empty: of none")] = None,
    ) -> TrialBalance:
        """What a month found on each account, debited, credited and left there: journals by the month they are booked in."""
        with snapshot.connect() as connection:
            found = views.trial_balance(connection, checked(period), entity)
        return TrialBalance(period=period, entity=entity, accounts=[TrialLine.of(each) for each in found])
