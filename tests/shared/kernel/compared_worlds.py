"""Random plans that compare people over several months, whose versions follow each other while people come and go."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.shared.kernel import chances as st
from tests.shared.kernel.language_components import rarely
from tests.shared.kernel.language_facts import DAYS, deals, rosters
from tests.shared.kernel.language_worlds import head

maybe = st.booleans()
WINDOWS = st.sampled_from(["quarter", "quarter", "half_year", "year"])
CALENDARS: list[dict[str, Any]] = [
    {},
    {},
    {"year_starts": 2},
    {"weeks": "4-4-5", "first_day": date(2023, 1, 8)},
    {"weeks": "4-5-4", "first_day": date(2023, 1, 1)},
]
BEGINS = {
    "": [date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1)],
    "2": [date(2025, 2, 1), date(2025, 5, 1)],
    "4-4-5": [date(2025, 1, 5), date(2025, 4, 6), date(2025, 7, 6)],
    "4-5-4": [date(2024, 12, 29), date(2025, 3, 30), date(2025, 6, 29)],
}
"""First days of quarters, by calendar: with them a version may begin whose sums go on."""


@st.composite
def worlds_of_people_compared(draw: st.Draw) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Deals, a roster of people who are on one plan or another, and two or three versions of each plan."""
    changes = [
        c | ({"plan": draw(st.sampled_from(["rep", "rep", "lead"]))} if "plan" in c else {}) for c in draw(rosters())
    ]
    calendar = draw(st.sampled_from(CALENDARS))
    return draw(deals()), changes, [*draw(versions("rep", calendar)), *draw(versions("lead", calendar))]


@st.composite
def versions(draw: st.Draw, plan: str, calendar: dict[str, Any]) -> list[dict[str, Any]]:
    """Versions of a plan from the first days of quarters on, or from any day where the new one compares nobody."""
    sales = {"measure": "sales", "sum_of": ["own"], "reset": draw(WINDOWS)}
    group = {"measure": "group", "sum_of": ["own"], "among": draw(st.sampled_from(["plan", "team", "territory"]))}
    score = [{"measure": "score", "score": True, "reset": sales["reset"]}] if draw(maybe) else []
    measures = [sales, group | {"reset": draw(WINDOWS)}, *score]
    firsts = BEGINS[str(calendar.get("weeks", calendar.get("year_starts", "")))]
    starts = draw(st.lists(st.one_of(st.sampled_from(firsts), st.sampled_from(firsts), DAYS), 1, 2, unique=True))
    found = []
    for version, day in enumerate([date(2024, 1, 1), *sorted(starts)], start=1):
        alone = version > 1 and (day not in firsts or {m["reset"] for m in measures} != {"quarter"})
        goes_on = not rarely(draw, 5)
        kinds = draw(st.lists(st.sampled_from(KINDS[:2] if alone and goes_on else KINDS), 1, 3))
        data = {
            **head(plan, version, since=day),
            "calendar": calendar,
            "conventions": {"versions": "continue" if goes_on else "restart"},
            "credits": [{"rule": "own"}],
            "measures": measures,
            "components": [draw(component(kind, f"c{n}")) for n, kind in enumerate(kinds)],
        }
        if draw(maybe):
            data["minimum"] = draw(st.sampled_from(["10", "200", {"term": "top", "default": 20}]))
        if rarely(draw):
            data["maximum"] = draw(st.sampled_from(["150", "3000"]))
        if draw(maybe):
            data["conventions"]["leavers"] = "nothing_in_the_last_period"
        found.append(data)
    return found


KINDS: list[dict[str, Any]] = [
    {"kind": "flat", "measure": "sales", "rate": "3%"},
    {"kind": "bonus", "amount": "25", "window": "month"},
    {"kind": "contest", "measure": "sales", "prizes": ["100", "60"]},
    {"kind": "contest", "measure": "sales", "prizes": ["100"], "lowest_wins": True},
    {"kind": "pool", "funded_by": "sales", "rate": "2%", "by": "sales"},
    {"kind": "pool", "amount": "90", "window": "quarter"},
    {"kind": "pool", "amount": "90", "window": "month", "minimum": "5"},
    {"kind": "bonus", "amount": "50", "when": "group > 1000"},
    {"kind": "formula", "measure": "sales", "amount": "sales * case when group > 5000 then 0.02 else 0.01 end"},
]
"""Kinds of components, those first that compare nobody."""


@st.composite
def component(draw: st.Draw, kind: dict[str, Any], name: str) -> dict[str, Any]:
    """A component with limits of its own, paid by the month or later."""
    found = {"component": name, **kind}
    if rarely(draw):
        found["minimum"] = "5"
    if rarely(draw):
        found["maximum"] = "80"
    if rarely(draw):
        found["pays"] = draw(st.sampled_from(["quarter", "year"]))
    return found
