"""Random plans that price deals by where a group stands in something that is not paid."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.shared.kernel import chances as st
from tests.shared.kernel.language_facts import deals, rosters
from tests.shared.kernel.language_worlds import head

maybe = st.booleans()


@st.composite
def worlds_at_groups(draw: st.Draw) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Deals, a roster of people who are all on one plan, and that plan."""
    changes = [change | ({"plan": "rep"} if change.get("plan") else {}) for change in draw(rosters())]
    resets = st.sampled_from(["month", "quarter", "year"])
    end = draw(st.integers(1, 25))
    group = {
        "measure": "group",
        draw(st.sampled_from(["sum_of", "count_of"])): ["size"],
        "among": draw(st.sampled_from(["team", "territory", "position", "segment", "plan"])),
        **draw(st.one_of(resets.map(lambda reset: {"reset": reset}), st.integers(2, 4).map(lambda n: {"rolling": n}))),
    }
    steps = [{"up_to": end, "gives": "2%"}, {"gives": "5%"}]
    looked = {"measure": "looked", "lookup": {"measure": "group", "on": "amount", "steps": steps}}
    tiers = [{"up_to": end, "rate": "2%"}, {"rate": "5%"}]
    graduated = {"kind": "graduated", "by": "group", "tiers": tiers}
    kinds = [
        graduated,
        graduated | {"crossing": "whole"},
        {"kind": "table", "each": "deal", "axes": [{"amount": "group", "up_to": [end]}], "values": ["2%", "5%"]},
        {"kind": "flat", "each": "deal", "rate": {"measure": "looked"}},
    ]
    plan = {
        **head("rep", 1, since=date(2024, 1, 1)),
        "conventions": {"boundary": draw(st.sampled_from(["lower", "upper"]))},
        "credits": [{"rule": "own"}, {"rule": "size", "amount": "sold_units"}],
        "measures": [
            {"measure": "sales", "sum_of": ["own"], "reset": draw(resets)},
            group,
            looked | {"reset": group.get("reset", "month")},
        ],
        "components": [
            {"component": f"c{n}", "measure": "sales"} | draw(st.sampled_from(kinds))
            for n in range(draw(st.integers(1, 2)))
        ],
    }
    return draw(deals()), changes, [plan]
