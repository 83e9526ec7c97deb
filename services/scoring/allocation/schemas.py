"""What payments by account are answered with."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import BaseModel, Field

MOST: Final = 5000
"""Payments of one page."""


class DealShare(BaseModel):
    """What of a payment counts as paid on a deal; below zero where it was taken back."""

    deal_id: str
    amount: str = Field(examples=["1200.00"])


class AccountPaymentView(BaseModel):
    """A payment on an account, what of it is allocated to which deals, and what no deal takes (`left`, null where that
    is nothing).
    """

    payment_id: str
    account: str
    currency: str
    amount: str
    date: date
    reference: str | None
    deals: list[DealShare]
    left: str | None


class AccountPaymentPage(BaseModel):
    """Payments by id. `next` continues after this page; null at the end."""

    payments: list[AccountPaymentView]
    next: str | None
