"""Payments by account allocated to the deals that the running system has, as patches of these."""

from __future__ import annotations

from typing import Any

from earnest.client import connected
from earnest.files.account_payments import allocated
from earnest.files.events import instant
from earnest.imports.reading import CompanyFiles
from earnest.live.facts import deal_values
from shared.contracts import deals
from shared.contracts.message import structured_event
from shared.pay.allocation import Left


def allocate_to_the_system(company: CompanyFiles, time: str) -> tuple[list[dict[str, Any]], list[Left]]:
    """The patches by which deals have the payments that are allocated to them, and what is left of these.

    Importing the same payments again changes nothing; one that now goes to another deal is taken from the first.
    """
    accounts = {payment.account for payment in company.payments}
    everything = deal_values(connected(), who="analyst")
    known = {name: values for name, values in everything if values.get("account") in accounts}
    found = allocated(known, company.payments, order=company.mapping.allocate)
    ours = [payment.id for payment in company.payments]
    events = []
    for name, values in known.items():
        there = {payment: values.get(f"payments.{payment}") for payment in ours}
        now = found.entries.get(name, {})
        changed = {payment: now.get(payment) for payment in ours if now.get(payment) != there[payment]}
        if changed:
            data = {"deal_id": name, "fields": {"payments": changed}}
            event_id = f"{company.mapping.source}-{name}-payments"[:256]
            source = company.mapping.source
            events.append(structured_event(deals.TYPE, event_id, source=source, time=instant(time), data=data))
    return events, found.left
