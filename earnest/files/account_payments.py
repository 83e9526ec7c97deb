"""Payments that name an account instead of a deal, from files; `shared.pay.deal_payments` allocates them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
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
from shared.pay.allocation import AccountPayment, Left
from shared.pay.deal_payments import Values

COLUMNS: Final = ("id", "account", "reference", "amount", "currency", "date")
"""The columns of payments by account; of these `id`, `account`, `amount` and `date` are needed."""


def in_words(left: Left) -> str:
    """What is left of a payment, as a sentence."""
    payment, amount = left.payment, f"{from_minor(abs(left.amount), left.payment.currency):,f} {left.payment.currency}"
    if left.amount < 0:
        return f"{payment.id}: {amount} are taken back that no payment of account {payment.account} gave"
    return f"{payment.id}: {amount} are left, for no deal of account {payment.account} owes them"


def unknown_in_words(payment: AccountPayment) -> str:
    """That the reference of a payment names nothing, as a sentence."""
    what = "deal or contract" if payment.amount >= 0 else "payment"
    return f"{payment.id}: {payment.reference!r} is no {what} of account {payment.account}; allocated without it"


def unknown_references(payments: Sequence[AccountPayment]) -> list[str]:
    """What there is to say of all payments whose reference names nothing, in a sentence if in any."""
    more = f"; {len(payments) - 1:,} more are so" if len(payments) > 1 else ""
    return [unknown_in_words(payment) + more for payment in payments[:1]]


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
