"""Payments by account sent to the running system, which allocates them to its deals, and what is left of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from earnest.client import Client
from earnest.files.events import instant
from earnest.imports.reading import CompanyFiles
from earnest.live.facts import account_payments, deal_values
from shared.contracts.account_payments import TYPE
from shared.contracts.message import structured_event
from shared.money import from_minor, to_minor
from shared.pay.allocation import AccountPayment, Left
from shared.pay.deal_payments import allocated


def payment_events(company: CompanyFiles, time: str) -> list[dict[str, Any]]:
    """The events by which the running system has the payments by account of a company's files."""
    return [
        structured_event(
            TYPE,
            f"{company.mapping.source}-{payment.id}"[:256],
            source=company.mapping.source,
            time=instant(time),
            data={
                "payment_id": payment.id,
                "payment": {
                    "account": payment.account,
                    "currency": payment.currency,
                    "amount": f"{from_minor(payment.amount, payment.currency):f}",
                    "date": payment.day.isoformat(),
                    "reference": payment.reference,
                    "allocate": payment.order,
                },
            },
        )
        for payment in company.payments
    ]


def left_in_the_system(client: Client, payments: Sequence[AccountPayment], *, who: str) -> list[Left]:
    """What is left of payments in the running system."""
    ours = {payment.id: payment for payment in payments}
    return [
        Left(ours[said["payment_id"]], to_minor(Decimal(said["left"]), said["currency"]))
        for said in account_payments(client, left=True, who=who)
        if said["payment_id"] in ours
    ]


def unknown_in_the_system(client: Client, payments: Sequence[AccountPayment], *, who: str) -> list[AccountPayment]:
    """Those of payments whose reference names nothing that the running system has of their account."""
    named = {payment.account for payment in payments if payment.reference is not None}
    if not named:
        return []
    deals = {name: values for name, values in deal_values(client, who=who) if values.get("account") in named}
    unknown = allocated(deals, payments).unknown
    # What was paid before and is not in these files can be taken back, too.
    accounts = {payment.account for payment in unknown if payment.amount < 0}
    there = {
        (account, said["currency"], said["payment_id"])
        for account in accounts
        for said in account_payments(client, left=False, who=who, account=account)
    }
    return [one for one in unknown if one.amount >= 0 or (one.account, one.currency, one.reference) not in there]
