"""Random rosters with every figure, and random deals with every column."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.shared.kernel import chances as st
from tests.shared.kernel.language_components import cents, rarely
from tests.shared.kernel.worlds import PEOPLE

DAYS = st.dates(date(2025, 1, 1), date(2025, 7, 31))
maybe = st.booleans()


@st.composite
def rosters(draw: st.Draw) -> list[dict[str, Any]]:
    """Dated changes of everything that the roster can say."""
    changes = []
    for person in PEOPLE[:-1]:
        for day in [date(2024, 6, 1), *draw(st.lists(DAYS, max_size=2, unique=True))]:
            first = day.year == 2024
            change: dict[str, Any] = {"participant_id": person, "effective_from": day}
            options: dict[str, st.Chance] = {
                "plan": st.sampled_from(["rep", "rep", "rep", "lead", "lead", "head", None]),
                "manager": st.sampled_from([None, *PEOPLE]),
                "active": st.sampled_from([True, True, True, False]),
                "on_leave": st.sampled_from([False, False, True]),
                "territory": st.sampled_from(["north", "south", None]),
                "position": st.sampled_from(["junior", "senior", None]),
                "category.segment": st.sampled_from(["smb", "big", None]),
                "quota.base": cents(2_000_000),
                "quota.count": st.integers(0, 5).map(str),
                "term.top": cents(100_000),
                "term.factor": st.integers(0, 3_000).map(lambda n: str(Decimal(n).scaleb(-4))),
                "score.score": st.integers(0, 15).map(lambda n: str(Decimal(n).scaleb(-1))),
            }
            if not first:  # taken away again: then everyone's counts
                options |= {
                    name: st.one_of(options[name], st.sampled_from([None])) for name in ("quota.base", "term.top")
                }
            for name, values in options.items():
                if draw(maybe) or (first and name in ("plan", "manager")):
                    change[name] = draw(values)
            changes.append(change)
    # What is entered once for everyone: own figures go before it, also those that end.
    for day in draw(st.lists(DAYS, max_size=2, unique=True)) if draw(maybe) else ():
        figures: dict[str, st.Chance] = {
            "quota.base": st.one_of(cents(2_000_000), st.sampled_from([None])),
            "term.top": cents(100_000),
            "term.factor": st.sampled_from(["0.05", "0.2", None]),
            "score.score": st.sampled_from(["0.3", "0.9", "1.4", None]),
        }
        given = {name: draw(values) for name, values in figures.items() if draw(maybe)}
        changes.append({"participant_id": "*", "effective_from": day} | given)
    return changes


@st.composite
def deals(draw: st.Draw) -> dict[str, dict[str, Any]]:
    """Deals as they stand, most of them won."""
    return {f"d{number}": draw(deal()) for number in range(draw(st.integers(3, 16)))}


@st.composite
def deal(draw: st.Draw) -> dict[str, Any]:
    """One deal."""
    currency = draw(st.sampled_from(["USD", "USD", "USD", "EUR", "JPY"]))
    amounts = (
        st.integers(-50_000, 2_000_000).map(str)
        if currency == "JPY"
        else st.one_of(cents(), cents(100_000), st.integers(-20, 200).map(lambda n: f"{n * 50}"))
    )
    found: dict[str, Any] = {"amount": draw(amounts), "currency": currency, "owner": draw(st.sampled_from(PEOPLE))}
    options: dict[str, st.Chance] = {
        "territory": st.sampled_from(["north", "south"]),
        "product": st.sampled_from(["pro", "lite"]),
        "account": st.sampled_from(["a1", "a2", "a3"]),
        "custom.sold_units": st.integers(0, 20),
        "custom.gross_margin": st.integers(0, 1_000_000).map(lambda n: str(Decimal(n).scaleb(-6))),
        "custom.helper": st.sampled_from(PEOPLE),
        "custom.renewal": maybe,
        "custom.segment": st.sampled_from(["smb", "big", "other"]),
        "custom.paid_date": DAYS.map(date.isoformat),
        "open_date": DAYS.map(date.isoformat),
    }
    found |= {name: draw(values) for name, values in options.items() if draw(maybe)}
    found["stage"] = draw(st.sampled_from(["won"] * 8 + ["open", "lost"]))
    if draw(st.integers(0, 19)):
        found["close_date"] = draw(DAYS).isoformat()
    if rarely(draw):
        found["splits"] = draw(splits())
    if rarely(draw):
        size = draw(st.integers(1, 9_000))
        found["refunds.r1"] = {
            "amount": str(size) if currency == "JPY" else str(Decimal(size).scaleb(-2)),
            "date": "2025-04-01",
        }
    return found


@st.composite
def splits(draw: st.Draw) -> dict[str, str]:
    """Percentages that sum to 100 with up to four decimals."""
    holders = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4, unique=True))
    cuts = sorted(draw(st.lists(st.integers(1, 999_999), len(holders) - 1, len(holders) - 1, unique=True)))
    bounds = [0, *cuts, 1_000_000]
    return {h: str(Decimal(b - a).scaleb(-4)) for h, a, b in zip(holders, bounds, bounds[1:], strict=False)}
