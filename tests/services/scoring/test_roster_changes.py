"""What changes of figures and categories credit and earn again."""

from __future__ import annotations

from tests.services.scoring.conftest import Road, simple_plan
from tests.services.scoring.test_scoring_steps import WON, credited, pay


def test_a_quota_of_everyone_earns_everybody_again_and_credits_nothing_again(company: Road) -> None:
    company.deal("d1", owner="ann", **WON)
    company.person("ann", "2025-03-01", quota_bookings=None)
    company.drain()
    assert ("ann", "commission", "2025-03") not in pay(company)
    company.published.clear()
    company.person("*", "2025-03-01", quota_bookings="500")
    company.drain()
    assert {topic for topic, _ in company.published} == {"credits", "earnings"}
    assert pay(company)["ann", "commission", "2025-03"] == 2500 + 5000
    company.person("ann", "2025-03-02", quota_bookings="100000")
    company.drain()
    assert pay(company)["ann", "commission", "2025-03"] == 5000


def test_a_cap_of_ones_own_or_of_everyone_credits_deals_again_from_its_day_on(road: Road) -> None:
    capped = {"rule": "own", "cap": {"term": "deal_cap", "default": "800"}}
    road.plan(simple_plan(credits=[capped, {"rule": "team", "to": "managers"}]))
    road.person("ann", "2025-01-01", plan="rep", quota_bookings="10000")
    road.deal("d1", owner="ann", **WON)
    road.drain()
    assert credited(road, "d1") == {"ann": 80000}
    road.fact("roster", "participant_id", "*", {"2025-03-01/term.deal_cap": "500"}, "2025-05-01T00:00:00.000000Z")
    road.drain()
    assert credited(road, "d1") == {"ann": 50000}
    road.fact("roster", "participant_id", "ann", {"2025-03-14/term.deal_cap": "600"}, "2025-05-01T00:00:00.000000Z")
    road.drain()
    assert credited(road, "d1") == {"ann": 60000}
    assert pay(road) == {("ann", "commission", "2025-03"): 3000}


def test_a_credit_counts_for_the_region_of_its_day_also_when_that_is_said_later(road: Road) -> None:
    region = {"measure": "region", "sum_of": ["own"], "among": "region"}
    kicker = {"component": "kicker", "kind": "bonus", "amount": 100, "when": "region >= 2000"}
    plan = simple_plan()
    road.plan(plan | {"measures": [*plan["measures"], region], "components": [kicker]})
    for person in ("ann", "bob"):
        road.person(person, "2025-01-01", plan="rep")
        road.fact(
            "roster", "participant_id", person, {"2025-01-01/category.region": person}, "2025-01-01T00:00:00.000000Z"
        )
        road.deal(f"of-{person}", owner=person, **WON)
    road.drain()
    assert pay(road) == {}
    road.fact("roster", "participant_id", "bob", {"2025-03-01/category.region": "ann"}, "2025-05-01T00:00:00.000000Z")
    road.drain()
    assert pay(road) == {("ann", "kicker", "2025-03"): 10000, ("bob", "kicker", "2025-03"): 10000}
    road.fact("roster", "participant_id", "bob", {"2025-03-15/category.region": "bob"}, "2025-05-01T00:00:00.000000Z")
    road.drain()
    assert pay(road) == {("ann", "kicker", "2025-03"): 10000}
