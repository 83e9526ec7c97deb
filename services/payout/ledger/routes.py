"""The HTTP interface of the ledger: balances, journals, sums by whom they cost, the trial balance of a month, which
months are open.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.payout.deps import BooksReader, EarningsReader, ParticipantReader, SettingsReader
from services.payout.ledger import store_closings as closings
from services.payout.ledger import store_views as views
from services.payout.ledger.balances import By
from services.payout.ledger.schemas import (
    Balances,
    BalanceView,
    Journals,
    JournalView,
    Periods,
    PeriodView,
    Summary,
    Sums,
    SumView,
    TrialBalance,
    TrialLine,
)
from services.payout.ledger.worker import WORKER
from services.payout.periods import checked
from services.payout.roster import store as roster
from shared.contracts.base import Identifier, PeriodName
from shared.deps import HEAVY, SnapshotDep
from shared.http import next_page

router = APIRouter(tags=["ledger"])

ParticipantId = Annotated[Identifier, Path(examples=["ada.brandt"])]
NoNul = Annotated[str, Query(max_length=512, pattern=r"^[^\x00]*$")]
LATEST = 2**63 - 1
"""Above every number of a journal: from the latest on."""


@router.get("/v1/summary", summary="The whole ledger in a few figures")
def show_summary(_: BooksReader, snapshot: SnapshotDep) -> Summary:
    """What all participants together have earned, were paid and are owed, and how far the log is booked."""
    with snapshot.connect() as connection:
        totals, positions = views.totals(connection), views.positions(connection, WORKER)
        open_from = closings.open_from(connection)
    return Summary(totals=[BalanceView.of(balance) for balance in totals], positions=positions, open_from=open_from)


@router.get("/v1/periods", summary="Open and closed months")
def list_periods(_: SettingsReader, snapshot: SnapshotDep) -> Periods:
    """Which periods are open and which are closed, and by which run."""
    with snapshot.connect() as connection:
        return Periods(periods=[PeriodView.model_validate(period) for period in views.periods(connection)])


@router.get("/v1/participants/{participant_id:path}/balance", summary="Balances of a participant")
def show_balance(_: ParticipantReader, snapshot: SnapshotDep, participant_id: ParticipantId) -> Balances:
    """What a participant has earned, was paid and is owed, per currency."""
    with snapshot.connect() as connection:
        balances = views.balances(connection, participant_id)
        roster.check_known(connection, participant_id, found=balances)
    return Balances(participant_id=participant_id, balances=[BalanceView.of(balance) for balance in balances])


@router.get("/v1/participants/{participant_id:path}/journal", summary="Journals of a participant")
def list_journals(
    _: ParticipantReader,
    snapshot: SnapshotDep,
    participant_id: ParticipantId,
    before: Annotated[int, Query(ge=1, lt=2**63, description="Journals with smaller numbers only")] = LATEST,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Journals:
    """A participant's journals, the latest first: what was booked, in which period, about which period, and why."""
    with snapshot.connect() as connection:
        journals = views.journals(connection, participant_id, before=before, limit=limit)
        if before == LATEST:  # further pages may be empty
            roster.check_known(connection, participant_id, found=journals)
    return Journals(
        participant_id=participant_id,
        journals=[JournalView.of(journal) for journal in journals],
        next=next_page(journals, limit, cursor=lambda last: last.number),
    )


@router.get("/v1/balances", summary="Balances summed up")
def list_balances(
    _: EarningsReader,
    snapshot: SnapshotDep,
    by: Annotated[By, Query(description="What to sum by")] = "participant",
    after: Annotated[NoNul | None, Query(description="Keys after this one only")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many keys at most")] = 1000,
) -> Sums:
    """The accounts by participant, cost centre, entity or pay group, per currency. Currencies are never added up."""
    with snapshot.connect() as connection:
        totals = views.totals_by(connection, by, after=after, limit=limit)
    # A key has a row for each of its currencies, and a page counts keys.
    keys = list(dict.fromkeys(key for key, _ in totals))
    return Sums(
        by=by,
        balances=[SumView.of(balance, key=key) for key, balance in totals],
        next=next_page(keys, limit, cursor=lambda last: last),
    )


@router.get("/v1/trial-balance", dependencies=[HEAVY], summary="Trial balance of a month")
def show_trial_balance(
    _: BooksReader,
    snapshot: SnapshotDep,
    period: Annotated[PeriodName, Query(examples=["2025-03"])],
    entity: Annotated[NoNul | None, Query(description="Of this legal entity only; empty: of none")] = None,
) -> TrialBalance:
    """What a month found on each account, debited, credited and left there: journals by the month they are booked
    in.
    """
    month = checked(period)
    with snapshot.connect() as connection:
        rows = views.trial_balance(connection, month, entity=entity)
    return TrialBalance(period=month, entity=entity, accounts=[TrialLine.of(row) for row in rows])
