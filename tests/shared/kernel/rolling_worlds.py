"""Random plans of which the pay hangs on what the last months have brought."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.shared.kernel import chances as st
from tests.shared.kernel.language_facts import deals, rosters
from tests.shared.kernel.language_worlds import calendars, head, quota_terms


@st.composite
def rolling_worlds(draw: st.Draw) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Deals, a roster of people who are all on one plan, and that plan, which looks at rolling measures in many
    steps."""
    changes = [change | ({"plan": "rep"} if change.get("plan") else {}) for change in draw(rosters())]
    rolling = draw(st.sampled_from([2, 2, 3, 4]))
    ways: list[dict[str, Any]] = [
        {"sum_of": ["own"], "quota": draw(quota_terms())},
        {"count_of": ["own"]},
        {"average_of": ["own"]},
        {"distinct": {"column": draw(st.sampled_from(["account", "product", "segment"])), "of": ["told"]}},
        {"sum_of": ["own"], "among": draw(st.sampled_from(["team", "plan", "position"]))},
        {"distinct": {"column": "account", "of": ["told"]}, "among": "plan"},
    ]
    rolled = {"measure": "rolled", "rolling": rolling} | draw(st.sampled_from(ways))
    steps = range(1, 9) if {"count_of", "distinct"} & set(rolled) else range(700, 30_000, 1_300)
    ends = [{"up_to": end, "rate": f"{place}%"} for place, end in enumerate(steps, start=1)]
    tiers = [*ends, {"rate": "90%"}]
    kinds: list[dict[str, Any]] = [
        {"kind": "whole", "measure": "sales", "by": "rolled", "tiers": tiers},
        {"kind": "graduated", "measure": "sales", "by": "rolled", "crossing": "whole", "tiers": tiers},
        {"kind": "bonus", "amount": 100, "multiply": [{"by": "rolled / 1000"}]},
        {"kind": "bonus", "amount": 100, "multiply": [{"by": "least(attainment(rolled), 5)"}]},
        {"kind": "contest", "measure": "rolled", "on": "amount", "prizes": [50, 30, 10]},
    ]
    plan = {
        **head("rep", 1, since=date(2024, 1, 1)),
        "calendar": draw(calendars()),
        "conventions": {"zero_quota": "nothing"},
        "credits": [{"rule": "own", "when": "stage <> 'lost'"}, {"rule": "told", "when": "stage <> 'lost'"}],
        "measures": [{"measure": "sales", "sum_of": ["own"]}, rolled],
        "components": [
            {"component": f"c{n}"} | kind for n, kind in enumerate(draw(st.lists(st.sampled_from(kinds), 1, 2)))
        ],
    }
    return draw(deals()), changes, [plan]
