"""Whom runs pay under which names and ids, as a second person has confirmed it. Triggers write it, from approvals and
from changes that are approved.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, select, text

from services.payout.payees.payee import ConfirmedPayee
from services.payout.payees.tables import confirmed_payee


def confirmed(connection: Connection, participants: Iterable[str], *, day: date) -> dict[str, ConfirmedPayee]:
    """What is confirmed of participants for a day; nothing of whom no run has paid yet."""
    rows = connection.execute(_CONFIRMED, {"participants": sorted(participants), "day": day})
    return {
        row.who: ConfirmedPayee(
            payroll_id=row.payroll_id,
            first_name=row.first_name,
            last_name=row.last_name,
            name=row.name,
            entity=row.entity,
            set_by=tuple(row.set_by),
        )
        for row in rows
    }


def participants(connection: Connection, *, after: str, limit: int) -> list[str]:
    """Participants of whom something is confirmed, by id, after one."""
    who = confirmed_payee.c.participant_id
    return list(connection.execute(select(who).distinct().where(who > after).order_by(who).limit(limit)).scalars())


# The last that was confirmed for the day or before; for days before all of them, the first (`payee_confirmed`).
_CONFIRMED = text("""
    select who, c.payroll_id, c.first_name, c.last_name, c.name, c.entity, c.set_by
    from unnest(cast(:participants as text[]) collate "C") who cross join lateral (
        select * from confirmed_payee known where known.participant_id = who
        order by day <= :day desc, case when day <= :day then day end desc, day, number desc limit 1) c""")
