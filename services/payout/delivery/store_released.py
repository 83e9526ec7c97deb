"""The files of released batches, and their way to where the pay group's policy sends them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Connection

from services.payout.delivery import store as deliveries
from services.payout.delivery.parcels import DropFile
from services.payout.payroll import store as batches
from services.payout.policies.store_pay_groups import pay_group
from shared.pay.calendars.policy import DEFAULT
from shared.pay.calendars.timeline import group_on


def released_files(connection: Connection, batch: str) -> list[DropFile]:
    """The files of a released batch, its manifest last.

    Raises:
        NoSuchBatch: there is none.
    """
    batches.batch(connection, batch)
    manifest = DropFile(f"{batch}.manifest.json", batches.manifest(connection, batch))
    return [*(DropFile(file.name, file.content) for file in batches.files(connection, batch)), manifest]


def deliver_released(connection: Connection, batch: str, day: date, now: datetime, group: str = DEFAULT.id) -> bool:
    """Have a batch delivered where the pay group's policy of that day names a delivery; in the transaction that releases it."""
    policy = group_on(pay_group(connection, group), day)
    if policy is None or policy.delivery is None:
        return False
    return deliveries.request(connection, batch, policy.delivery, released_files(connection, batch), "payout", now)
