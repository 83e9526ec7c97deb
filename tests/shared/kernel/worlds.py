"""Hypothesis strategies for small sales worlds: rosters with managers and dated changes, plans, deals with splits and
refunds.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

PEOPLE = ["ann", "bob", "cy", "dee", "eve"]
ALIASES = ["ann@x.example", "Bob@X.example", "crm-1", "crm-2", "bob", "eve"]
"""Of whom by chance; two of them are ids as well, which go before."""
HOLDERS = [*PEOPLE, *PEOPLE, *ALIASES, "ANN@x.example", "bob@x.example"]
DAYS = st.dates(date(2025, 1, 1), date(2025, 4, 30))


def cents(most: int = 5_000_000) -> st.SearchStrategy[str]:
    """An amount in cents as text in major units."""
    return st.integers(0, most).map(lambda n: str(Decimal(n).scaleb(-2)))


rates = st.integers(0, 300_000).map(lambda n: str(Decimal(n).scaleb(-6)))


@st.composite
def components(draw: st.DrawFn, name: str, measure: str) -> dict[str, Any]:
    """A flat or graduated component."""
    if draw(st.booleans()):
        return {"component": name, "kind": "flat", "measure": measure, "rate": draw(rates)}
    on = draw(st.sampled_from(["attainment", "amount"]))
    ends = draw(st.lists(st.integers(1, 400), min_size=1, max_size=4, unique=True).map(sorted))
    unit = (lambda n: f"{n}%") if on == "attainment" else (lambda n: str(n * 100))
    tiers = [{"up_to": unit(end), "rate": draw(rates)} for end in ends] + [{"rate": draw(rates)}]
    return {"component": name, "kind": "graduated", "measure": measure, "on": on, "tiers": tiers}


@st.composite
def plan_versions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two plans, the first with two versions; rules to holders and managers."""
    found = []
    for plan, version, since in (
        ("rep", 1, date(2024, 1, 1)),
        ("rep", 2, draw(DAYS)),
        ("lead", 1, date(2024, 1, 1)),
    ):
        found.append(
            {
                "plan": plan,
                "version": version,
                "name": plan,
                "currency": "USD",
                "effective_from": since,
                "conventions": {"rounding": draw(st.sampled_from(["half_up", "half_even"]))},
                "credits": [{"rule": "own"}, {"rule": "team", "to": "managers"}],
                "measures": [
                    {"measure": "bookings", "sum_of": ["own"]},
                    {"measure": "both", "sum_of": ["own", "team"]},
                ],
                "components": [draw(components("commission", "bookings")), draw(components("override", "both"))],
            }
        )
    return found


@st.composite
def rosters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Dated changes of managers, plans, quotas and activity; each (participant, date) once. Managers may form circles."""
    changes = []
    for person in PEOPLE[:-1]:
        dates = draw(st.lists(DAYS, max_size=2, unique=True))
        for day in [date(2024, 6, 1), *dates]:
            change: dict[str, Any] = {"participant_id": person, "effective_from": day}
            if draw(st.booleans()) or day.year == 2024:
                change["plan"] = draw(st.sampled_from(["rep", "rep", "lead", None]))
            if draw(st.booleans()):
                change["manager"] = draw(st.sampled_from([None, *PEOPLE]))
            if draw(st.booleans()):
                change["active"] = draw(st.sampled_from([True, True, False]))
            if draw(st.integers(0, 3)) == 0:
                change[f"alias.{draw(st.sampled_from(['email', 'crm']))}"] = draw(st.sampled_from([None, *ALIASES]))
            for measure in ("bookings", "both"):
                if draw(st.booleans()):
                    change[f"quota.{measure}"] = draw(cents(2_000_000))
            changes.append(change)
    if draw(st.integers(0, 2)) == 0:  # entered once for everyone
        change = {"quota.bookings": draw(cents(2_000_000)), "quota.both": draw(st.none() | cents(2_000_000))}
        changes.append({"participant_id": "*", "effective_from": draw(DAYS)} | change)
    return changes


@st.composite
def patches(draw: st.DrawFn) -> list[tuple[str, dict[str, Any], str, int, str]]:
    """Patches of a few deals: stages, amounts, owners, splits, refunds, dates; stamps collide on purpose."""
    found = []
    for _ in range(draw(st.integers(1, 14))):
        fields: dict[str, Any] = {}
        if draw(st.booleans()):
            fields["amount"] = draw(cents())
        if draw(st.booleans()):
            fields["stage"] = draw(st.sampled_from(["won", "won", "won", "open", "lost", "cancelled"]))
        if draw(st.booleans()):
            fields["owner"] = draw(st.sampled_from(HOLDERS))
        if draw(st.booleans()):
            fields["close_date"] = draw(DAYS).isoformat()
        if draw(st.booleans()):
            fields["currency"] = draw(st.sampled_from(["USD", "USD", "USD", "EUR"]))
        if draw(st.integers(0, 3)) == 0:
            fields["splits"] = draw(splits())
        if draw(st.integers(0, 3)) == 0:
            refund = draw(st.sampled_from([None, {"amount": draw(cents(10_000)), "date": "2025-04-01"}]))
            fields[f"refunds.r{draw(st.integers(1, 2))}"] = refund
        found.append(
            (
                f"d{draw(st.integers(1, 5))}",
                fields,
                f"2025-05-0{draw(st.integers(1, 4))}T00:00:00.000000Z",
                draw(st.integers(0, 1)),
                draw(st.sampled_from(["crm", "erp"])),
            )
        )
    return found


@st.composite
def splits(draw: st.DrawFn) -> dict[str, str] | None:
    """Percentages that sum to 100 with up to four decimals."""
    holders = draw(st.lists(st.sampled_from(HOLDERS), min_size=1, max_size=4, unique=True))
    if draw(st.integers(0, 4)) == 0:
        return None
    cuts = sorted(
        draw(st.lists(st.integers(1, 999_999), min_size=len(holders) - 1, max_size=len(holders) - 1, unique=True))
    )
    bounds = [0, *cuts, 1_000_000]
    return {h: str(Decimal(b - a).scaleb(-4)) for h, a, b in zip(holders, bounds, bounds[1:], strict=False)}
