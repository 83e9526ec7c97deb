"""What becomes known after payroll was run: four changes of deals in closed months, settled in the next run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

from earnest.company import LAST_DAY
from earnest.company.deliveries import Delivery, cloud_events, crm_event, deal_event, webhook
from earnest.company.selling import UNKNOWN_OWNER, DealReport, cents_text
from shared.periods import Month

AT = datetime.combine(LAST_DAY, time(20), UTC)
REVISION = 100
"""Beyond every revision that the CRM has given."""


class LateChange(NamedTuple):
    """A change of a deal that counts in the month `period`: what happened, in words, and the delivery that says so."""

    what: str
    deal_id: str
    period: Month
    delivery: Delivery


def late_changes(reports: Iterable[DealReport]) -> list[LateChange]:
    """The late changes of a company's deals: a larger order, a refund, a cancellation, and an owner for a deal that had
    none.
    """
    deals: dict[str, dict[str, Any]] = {}
    touched: set[str] = set()
    for report in reports:
        if report.system == "crm":
            deals[report.deal_id] = report.fields
        else:
            touched.add(report.deal_id)

    def won_in(period: Month, of_unknown: bool = False) -> str:
        return next(
            deal_id
            for deal_id, deal in deals.items()
            if (deal["status"], deal["currency"], deal["rep"] == UNKNOWN_OWNER) == ("closed_won", "USD", of_unknown)
            and deal_id not in touched
            and deal["closed"].startswith(period)
        )

    # Each in a month of its own: whom a change moved is told by the month that it is about (`company/summary`).
    unclaimed, larger, refunded, cancelled = (
        won_in(Month("2025-11"), True),
        won_in(Month("2026-02")),
        won_in(Month("2026-03")),
        won_in(Month("2026-04")),
    )
    seller = deals[larger]["rep"]
    back = cents_text(deals[refunded]["value_cents"] // 2)
    refund = {"refunds": {f"CN-{refunded[4:]}-L": {"amount": back, "date": LAST_DAY.isoformat()}}}
    changes = [
        (f"turns out to be a deal of {seller}", unclaimed, _by_crm(unclaimed, deals[unclaimed] | {"rep": seller})),
        ("the order grows by half", larger, _by_crm(larger, _grown(deals[larger]))),
        (f"the customer gets {back} USD back", refunded, _by_billing(refunded, refund)),
        ("the order is cancelled", cancelled, _by_crm(cancelled, deals[cancelled] | {"status": "cancelled"})),
    ]
    return [
        LateChange(what, deal_id, Month(deals[deal_id]["closed"][:7]), delivery) for what, deal_id, delivery in changes
    ]


def _grown(deal: dict[str, Any]) -> dict[str, Any]:
    return deal | {name: deal[name] * 3 // 2 for name in ("list_cents", "value_cents")}


def _by_crm(deal_id: str, fields: dict[str, Any]) -> Delivery:
    return webhook(
        [crm_event(DealReport(at=AT, system="crm", deal_id=deal_id, revision=REVISION, fields=fields))],
        AT,
        number=int(deal_id[4:]),
    )


def _by_billing(deal_id: str, fields: dict[str, Any]) -> Delivery:
    event = deal_event(DealReport(at=AT, system="billing", deal_id=deal_id, revision=REVISION, fields=fields))
    return cloud_events([event], AT, system="billing", number=int(deal_id[4:]))
