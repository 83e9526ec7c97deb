"""Payments by account sent to the running system, which allocates them to its deals, and what is left of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from earnest.client import Client
from earnest.files.events import instant
from earnest.imports.reading import CompanyFiles
from earnest.live.facts import account_payments
from shared.contracts.account_payments import TYPE
from shared.contracts.message import structured_event
from shared.money import from_minor, to_minor
from shared.pay.allocation import AccountPayment, Left


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
