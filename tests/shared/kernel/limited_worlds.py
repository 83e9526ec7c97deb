"""Random plans by which a deal that has a least or a most is credited to one participant by several rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.shared.kernel import chances as st
from tests.shared.kernel.language_components import cents
from tests.shared.kernel.language_facts import deals, rosters
from tests.shared.kernel.language_worlds import head, percent

maybe = st.booleans()


@st.composite
def limited_worlds(draw: st.Draw) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Deals, a roster of people who are all on one plan, and that plan."""
    changes = [change | ({"plan": "rep"} if change.get("plan") else {}) for change in draw(rosters())]
    amounts = ["amount", "amount / 3", "sold_units * 12.345", "refunded - amount", "greatest(amount - 900, 0) / 7"]
    rules = ["own", "more", "below"]
    tiers = [{"up_to": draw(st.integers(1, 9_000)), "rate": "3.3%"}, {"rate": "7.77%"}]
    kinds: list[dict[str, Any]] = [
        {"kind": "flat", "rate": draw(st.sampled_from(["3.3%", "15%"]))},
        {"kind": "per_unit", "amount": "0.0333"},
        {"kind": "graduated", "tiers": tiers},
        {"kind": "graduated", "tiers": tiers, "by": "count", "anew": "account"},
        {"kind": "slab", "tiers": [tier | {"amount": "7.77"} for tier in tiers]},
        {"kind": "table", "each": "deal", "axes": [{"deal": "credited", "up_to": [700]}], "values": ["3%", "7.7%"]},
    ]
    limits = [{"deal_minimum": draw(cents(9_000))}, {"deal_maximum": draw(cents(30_000))}]
    limits += [limits[0] | {"deal_maximum": {"term": "top", "default": draw(cents(40_000))}}]
    plan = {
        **head("rep", 1, since=date(2024, 1, 1)),
        "conventions": {
            "rounding": draw(st.sampled_from(["half_up", "half_even", "up", "down"])),
            "order": draw(st.sampled_from(["date", "smallest_first", "largest_first"])),
        },
        "credits": [
            {"rule": "own"},
            {"rule": "more", "amount": draw(st.sampled_from(amounts)), "share": percent(draw, 10, 150)},
            {"rule": "below", "to": draw(st.sampled_from(["managers", "helper", "team"]))},
            {"rule": "other"},
        ],
        "measures": [
            {"measure": "sales", "sum_of": draw(st.lists(st.sampled_from(rules), min_size=2, max_size=3, unique=True))},
            {"measure": "count", "count_of": ["other"], "reset": "year"},
        ],
        "components": [
            {"component": f"c{n}", "measure": "sales"} | draw(st.sampled_from(kinds)) | draw(st.sampled_from(limits))
            for n in range(draw(st.integers(1, 2)))
        ],
    }
    return draw(deals()), changes, [plan]
