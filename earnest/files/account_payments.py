"""Payments that name an account instead of a deal, as entries of the deals that they are allocated to
(`shared.pay.allocation`): the same from files and from what the running system knows of deals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from earnest.files.cells import BadCell, Row, checked, identifier, refusing
from earnest.files.deals import merged_values
from earnest.files.rejections import FileError, Rejection
from earnest.files.rows import ROW, read_rows
from earnest.local.home import company_zone
from shared.contracts.deals import Payment
from shared.kernel.language.findings import did_you_mean
from shared.money import MoneyError, from_minor, to_minor
from shared.pay.allocation import AccountDeal, AccountPayment, Left, Order, allocate
from shared.pay.deal_facts import LOST

COLUMNS: Final = ("id", "account", "reference", "amount", "currency", "date")
"""The columns of payments by account; of these `id`, `account`, `amount` and `date` are needed."""
Values = Mapping[str, Any]
"""What is in force of a deal, by path."""
Entries = dict[str, dict[str, dict[str, str]]]
"""By deal and id what was paid: amount and date, as texts."""


class Allocated(NamedTuple):
    """The payments of each deal, and what is left of which payment."""

    entries: Entries
    left: list[Left]


def allocated(deals: Mapping[str, Values], payments: Sequence[AccountPayment], *, order: Order) -> Allocated:
    """Payments by account as payments of deals. What a deal already has of a payment of this id is as if it were not
    there, so that allocating again gives the same.
    """
    ours = {payment.id for payment in payments}
    accounts = {payment.account for payment in payments}
    there = (
        _account_deal(name, values, ours=ours) for name, values in deals.items() if values.get("account") in accounts
    )
    found = allocate([deal for deal in there if deal is not None], payments, order=order)
    entries: Entries = {}
    for share in found.shares:
        of_deal, payment = entries.setdefault(share.deal_id, {}), share.payment
        # A payment may be taken back of a deal in several parts: one entry has their sum.
        before = Decimal(of_deal.get(payment.id, {"amount": "0"})["amount"])
        amount = before + from_minor(share.amount, payment.currency)
        of_deal[payment.id] = {"amount": f"{amount:f}", "date": payment.day.isoformat()}
    return Allocated(entries, found.left)


def in_words(left: Left) -> str:
    """What is left of a payment, as a sentence."""
    payment, amount = left.payment, f"{from_minor(abs(left.amount), left.payment.currency):,f} {left.payment.currency}"
    if left.amount < 0:
        return f"{payment.id}: {amount} are taken back that no payment of account {payment.account} gave"
    return f"{payment.id}: {amount} are left, for no deal of account {payment.account} owes them"


def deals_of_accounts(rows: pl.DataFrame, *, unsaid: Values, accounts: Sequence[str]) -> Mapping[str, Values]:
    """What rows of a deals file say of the deals of some accounts."""
    if "account" not in rows.columns:
        return {}
    theirs = rows.filter(pl.col("account").is_in(list(accounts)))["deal_id"].unique()
    of_them = rows.filter(pl.col("deal_id").is_in(theirs.implode()))
    values, _ = merged_values(of_them, unsaid=unsaid, file="deals")
    return values


def account_payments(
    rows: pl.DataFrame, refused: list[Rejection], *, file: str, currency: str | None
) -> list[AccountPayment]:
    """Rows (text columns, `COLUMNS`) as payments; `currency` is that of rows that name none. What is none is added to
    `refused`.
    """
    zone = company_zone()
    payments: dict[str, AccountPayment] = {}
    for row in rows.iter_rows(named=True):
        with refusing(refused, file, row=row[ROW], name=row.get("id")):
            payment = _payment(row, currency, zone=zone)
            if payment.id in payments:
                raise BadCell(f"id: there is a payment {payment.id} already")
            payments[payment.id] = payment
    return list(payments.values())


def read_account_payments(path: Path, refused: list[Rejection], *, currency: str | None) -> list[AccountPayment]:
    """The payments of a file with the columns of `COLUMNS`.

    Raises:
        FileError: it cannot be read, or has a column that is none of them.
    """
    rows = read_rows(path, path.name, required=("id", "account", "amount", "date"))
    for name in rows.frame.columns:
        if name not in (ROW, *COLUMNS):
            raise FileError(
                f"{path}: there is no column {name} of payments; {did_you_mean(name, COLUMNS, what='columns')}"
            )
    refused += rows.rejected.rows()
    return account_payments(rows.frame, refused, file=path.name, currency=currency)


def _payment(row: Row, otherwise: str | None, *, zone: ZoneInfo) -> AccountPayment:
    if not (account := row.get("account")):
        raise BadCell("account: it is missing")
    if not (currency := row.get("currency") or otherwise):
        raise BadCell("currency: it is missing, and the plans do not share one")
    paid = checked(Payment, {name: row.get(name) for name in ("amount", "date")}, zone=zone)
    try:
        minor = to_minor(paid.amount, currency)
    except MoneyError as error:
        raise BadCell(f"amount: {error}") from None
    name = identifier(row, "id")
    return AccountPayment(
        id=name,
        account=account,
        currency=currency,
        day=paid.date,
        amount=minor,
        reference=row.get("reference") or None,
    )


def _account_deal(name: str, values: Values, *, ours: set[str]) -> AccountDeal | None:
    """A deal with what is owed by it; None where that cannot be told. Nothing is owed by one that is lost or open."""
    currency, amount = values.get("currency"), values.get("amount")
    if currency is None or amount is None or values.get("stage") in LOST:
        return None
    # Not less refunds: these are money that went back after it came (`shared.pay.terms.words.release.collected`).
    paid = sum(_paid(values, ours), Decimal(0))
    try:
        owed = to_minor(Decimal(amount) - paid, currency)
    except MoneyError:
        return None
    closed = values.get("close_date")
    references = tuple(reference for reference in [values.get("contract")] if reference)
    return AccountDeal(
        deal_id=name,
        account=values["account"],
        currency=currency,
        closed_on=date.fromisoformat(closed) if closed else None,
        owed=owed,
        references=references,
    )


def _paid(values: Values, ours: set[str]) -> Iterator[Decimal]:
    """The payments that the deal has of itself."""
    for path, entry in values.items():
        kind, _, name = path.partition(".")
        if kind == "payments" and entry is not None and name not in ours:
            yield Decimal(entry["amount"])
