"""Sums of a participant's year, for statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import Connection, text

from services.payout.statements.facts import YearFacts
from shared.pay.balances import PayKey
from shared.pay.run import Run
from shared.pay.settlement import Settlement
from shared.pay.steps import STEPS

Sums = Mapping[tuple[str, str], int]
"""By account and kind of journal, debits positive, in minor units."""


def sums(connection: Connection, participants: Iterable[str], *, month: str) -> Mapping[PayKey, Sums]:
    """What was booked in the year of a month up to it, by participant and currency."""
    found: dict[PayKey, dict[tuple[str, str], int]] = {}
    first = f"{month[:4]}-01"
    for who, currency, account, kind, amount in connection.execute(
        _SUMS, {"participants": list(participants), "first": first, "month": month}
    ):
        found.setdefault((who, currency), {})[account, kind] = int(amount)
    return found


def with_run(booked: Sums | None, settlement: Settlement, *, run: Run) -> YearFacts:
    """The year with what the run adds."""
    figures = dict.fromkeys(("earned", "adjusted", "guaranteed", "drawn", "recovered", "clawed_back", "paid"), 0)
    for (account, kind), amount in (booked or {}).items():
        match account, kind:
            case "earned" | "adjusted" | "guaranteed", _:
                figures[account] += amount
            case "draw", "draw":
                figures["drawn"] += amount
            case "draw", "recovery":
                figures["recovered"] -= amount
            case "clawback", _ if amount < 0:
                figures["clawed_back"] -= amount
            case "paid", _:
                figures["paid"] -= amount
    for line in settlement.lines:
        if name := STEPS[line.step].year:
            figures[name] += -line.amount if name in ("recovered", "clawed_back") else line.amount
    figures["paid"] += settlement.paid
    since = date(int(run.month[:4]), 1, 1)
    return YearFacts(currency=settlement.currency, since=since, **figures)


_SUMS = text("""
    select p.participant_id, p.currency, p.account, j.kind, sum(p.amount)
    from journal j join posting p on p.journal = j.id
    where j.participant_id = any(cast(:participants as text[])) and j.period between :first and :month
      and p.account in ('earned', 'adjusted', 'guaranteed', 'draw', 'clawback', 'paid')
    group by 1, 2, 3, 4""")
