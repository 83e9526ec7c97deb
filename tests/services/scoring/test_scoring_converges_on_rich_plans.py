"""Longer windows, scores, terms, contests, and credits beyond the holders: streamed in any order, paid as calculated at
once.
"""

from __future__ import annotations

import random
from datetime import date
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tests.services.scoring.test_scoring_converges import assert_streamed_as_at_once, events_of
from tests.shared.kernel.worlds import DAYS, PEOPLE, cents, patches, rosters

CREDITS = [
    {"rule": "own"},
    {"rule": "team", "to": "managers", "levels": 1},
    {"rule": "engineer", "to": "engineer", "share": "50%", "cap": 500},
    {"rule": "mates", "to": "team", "amount": "amount * 0.1"},
    {"rule": "region", "to": "territory"},
    {"rule": "invoiced", "date": "invoiced_on"},
    {"rule": "logos"},
    {"rule": "last"},
]
MEASURES = [
    {"measure": "bookings", "sum_of": ["own"]},
    {"measure": "yearly", "sum_of": ["own", "team"], "reset": "year"},
    {"measure": "quarterly", "sum_of": ["invoiced", "engineer"], "reset": "quarter"},
    {"measure": "helped", "sum_of": ["mates", "region"], "reset": "never"},
    {"measure": "accounts", "distinct": {"column": "account", "of": ["logos"]}, "reset": "quarter"},
    {"measure": "newest", "latest_of": ["last"], "reset": "half_year"},
    {"measure": "average", "average_of": ["own"]},
    {"measure": "lately", "sum_of": ["own"], "rolling": 3, "quota": {"default": 500, "per": "month"}},
    {"measure": "active", "distinct": {"column": "account", "of": ["logos"]}, "rolling": 2},
    {"measure": "conduct", "score": True, "reset": "quarter"},
]
SQUAD = {"measure": "squad", "sum_of": ["own"], "among": "team", "reset": "quarter"}
CALENDARS: list[dict[str, Any]] = [
    {},
    {"year_starts": 7, "named_after": "end"},
    {"weeks": "4-4-5", "first_day": date(2024, 12, 30), "long_years": [2025]},
    {"weeks": "5-4-4", "first_day": date(2024, 6, 29), "named_after": "end"},
]
TIERS = [{"up_to": "50%", "rate": "3%"}, {"up_to": "120%", "rate": "5%"}, {"rate": "8%"}]
COMPONENTS = [
    {"component": "ytd", "kind": "graduated", "measure": "yearly", "on": "attainment", "tiers": TIERS},
    {"component": "quarter", "kind": "flat", "measure": "quarterly", "rate": {"term": "rate", "default": "0.02"}, "pays": "quarter"},
    {"component": "ever", "kind": "flat", "measure": "helped", "rate": "1%"},
    {"component": "logos", "kind": "per_unit", "measure": "accounts", "amount": "25"},
    {"component": "newest", "kind": "flat", "measure": "newest", "rate": "0.5%"},
    {"component": "slabs", "kind": "slab", "measure": "bookings", "tiers": [{"up_to": 1000, "rate": "1%"}, {"rate": "2%"}]},
    {"component": "conduct", "kind": "curve", "measure": "conduct", "target": 100, "points": [{"at": 0, "gives": 0}, {"at": 1, "gives": 1}]},
    {"component": "average", "kind": "flat", "measure": "average", "rate": "1%", "maximum": 40, "carry_over": True},
    {"component": "guarantee", "kind": "bonus", "amount": 50, "when": "bookings < 100"},
    {"component": "days", "kind": "bonus", "amount": {"term": "rate", "default": 50}, "prorate": "calendar_days"},
    {"component": "spif", "kind": "flat", "measure": "bookings", "rate": "10%", "budget": 300, "first_come": True},
    {"component": "least", "kind": "flat", "measure": "bookings", "rate": "1%", "minimum": 30},
    {"component": "climbed", "kind": "graduated", "measure": "bookings", "by": "accounts", "tiers": [{"up_to": 1, "rate": "1%"}, {"rate": "2%"}]},
    {"component": "rolls", "kind": "whole", "measure": "bookings", "by": "lately", "on": "attainment", "tiers": TIERS},
    {"component": "lately", "kind": "graduated", "measure": "bookings", "by": "lately", "on": "attainment", "tiers": TIERS},
    {"component": "active", "kind": "bonus", "measure": "active", "on": "amount", "milestones": [{"at": 1, "amount": 20}, {"at": 2, "amount": 45}]},
    {"component": "crossed", "kind": "graduated", "measure": "yearly", "on": "attainment", "crossing": "whole", "tiers": TIERS, "maximum": 90},
    {"component": "rates", "kind": "table", "each": "deal", "measure": "bookings", "axes": [{"deal": "account", "of": ["a", 'b "c"'], "others": True}, {"deal": "amount * 2", "at": [100, 5000]}], "values": [["1%", "2%"], ["3%", "4%"], ["5%", "6%"]]},
    {"component": "squad", "kind": "graduated", "measure": "bookings", "by": "squad", "tiers": [{"up_to": 3000, "rate": "1%"}, {"rate": "2%"}]},
    {"component": "kick", "kind": "bonus", "amount": 30, "when": "squad > 2000"},
    {"component": "first", "kind": "contest", "measure": "bookings", "prizes": [300, 200, 100]},
    {"component": "shared", "kind": "pool", "rate": "1%", "funded_by": "bookings", "by": "bookings"},
]  # fmt: skip


SEGMENTS = [{"category.segment": "smb"}, {"category.segment": "big"}, {"category.segment": None}]
ON_LEAVE = [{"on_leave": True}, {"on_leave": False}]


@st.composite
def worlds(draw: st.DrawFn) -> Any:
    """Patches with custom fields, rosters with figures and territories, and versions of a plan with some of the components."""
    deals = [
        (
            deal,
            fields
            | draw(st.sampled_from([{}, {"account": "a"}, {"account": 'b "c"'}, {"territory": "north"}]))
            | draw(st.sampled_from([{}, {"custom.engineer": draw(st.sampled_from(PEOPLE))}]))
            | draw(st.sampled_from([{}, {"custom.invoiced_on": draw(DAYS).isoformat()}])),
            *stamp,
        )
        for deal, fields, *stamp in draw(patches())
    ]
    people = [
        change
        | draw(
            st.sampled_from(
                [
                    {} if change["participant_id"] == "*" else {"territory": "north"},
                    {},
                    {"term.rate": "0.07"},
                    {"quota.yearly": draw(cents(900_000))},
                ]
            )
        )
        | draw(st.sampled_from([{}, {}] if change["participant_id"] == "*" else [{}, {}, *ON_LEAVE]))
        | draw(st.sampled_from([{}, {"score.conduct": "0.85"}, {"score.conduct": "1.1"}]))
        | draw(st.sampled_from([{}, {}] if change["participant_id"] == "*" else [{}, *SEGMENTS]))
        for change in draw(rosters())
    ]
    components = draw(
        st.lists(st.sampled_from(COMPONENTS), min_size=1, max_size=6, unique_by=lambda c: str(c["component"]))
    )
    on_pay = draw(st.booleans())
    squad = SQUAD | {"among": draw(st.sampled_from(["team", "team", "segment"]))}
    squads = [squad] if {"squad", "kick"} & {str(component["component"]) for component in components} else []
    below = [{"measure": "below", "pay_of": {"plans": ["rep"]}, "reset": "quarter"}] if on_pay else []
    override = [{"component": "override", "kind": "flat", "measure": "below", "rate": "10%"}] if on_pay else []
    calendars = {plan: draw(st.sampled_from(CALENDARS)) for plan in ("rep", "lead")}
    plans = [
        {
            "plan": plan,
            "version": version,
            "name": plan,
            "currency": "USD",
            "effective_from": since,
            "calendar": calendars[plan],
            "columns": {"engineer": "participant", "invoiced_on": "date"},
            "conventions": {"versions": draw(st.sampled_from(["restart", "continue"]))},
            "credits": CREDITS,
            "measures": [*MEASURES, *squads, *(below if plan == "lead" else [])],
            "components": [*components, *(override if plan == "lead" else [])],
        }
        for plan, version, since in (
            ("rep", 1, date(2024, 1, 1)),
            ("rep", 2, draw(DAYS)),
            ("lead", 1, date(2024, 1, 1)),
        )
    ]
    # Versions of a plan that go on from one to the next must agree on it, and compare nobody across them.
    if any(each["kind"] in ("contest", "pool") or each["component"] in ("kick", "spif") for each in components):
        plans[0]["conventions"] = {"versions": "restart"}
    plans[1]["conventions"] = plans[0]["conventions"]
    return deals, people, plans


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # what fails is shown as it came: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(world=worlds(), chance=st.randoms(use_true_random=False))
def test_rich_plans_pay_the_same_streamed_as_calculated_at_once(
    scoring_engine: Engine, world: Any, chance: random.Random
) -> None:
    assert_streamed_as_at_once(scoring_engine, events_of(world), chance)
