"""Payments by account over HTTP: to which deals they are allocated, and what is left of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.scoring.allocation.schemas import MOST, AccountPaymentPage
from services.scoring.allocation.service import payments_page
from services.scoring.deps import SEES_MANY
from shared.contracts.account_payments import AccountName
from shared.contracts.base import Identifier
from shared.deps import SnapshotDep

router = APIRouter(prefix="/v1", tags=["deals"], dependencies=[SEES_MANY])


@router.get("/account-payments", summary="List payments on accounts")
def list_account_payments(
    snapshot: SnapshotDep,
    *,
    left: Annotated[bool, Query(description="Only those of which no deal takes all")] = False,
    account: Annotated[AccountName | None, Query(description="Of this account only", examples=["Acme"])] = None,
    after: Annotated[Identifier | None, Query(description="Continue after this payment", examples=["B-5001"])] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 1000,
) -> AccountPaymentPage:
    """What customers paid on their accounts, to which deals it is allocated, and what is left: for no deal of the
    account owes it, or, below zero, because more was taken back than any payment gave.
    """
    with snapshot.connect() as connection:
        return payments_page(connection, after or "", account=account, left=left, limit=limit)
