"""Payments by account allocated to the deals that the running system has, as patches of these."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from earnest.client import connected
from earnest.files.account_payments import Values, allocated
from earnest.files.events import instant
from earnest.imports.reading import CompanyFiles
from shared.contracts import deals
from shared.contracts.message import structured_event
from shared.pay.allocation import Left

PAGE = 5000


def allocate_to_the_system(company: CompanyFiles, time: str) -> tuple[list[dict[str, Any]], list[Left]]:
    """The patches by which deals have the payments that are allocated to them, and what is left of these.

    Importing the same payments again changes nothing; one that now goes to another deal is taken from the first.
    """
    known = _deals_of({payment.account for payment in company.payments})
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


def _deals_of(accounts: set[str]) -> dict[str, Values]:
    client, after = connected(), ""
    found: dict[str, Values] = {}
    while True:
        page = client.get(f"/v1/facts/deals?limit={PAGE}{after}", who="analyst", service="scoring")
        found |= {
            deal["deal_id"]: deal["fields"] for deal in page["deals"] if deal["fields"].get("account") in accounts
        }
        if page["next"] is None:
            return found
        after = f"&after={quote(page['next'])}"
