"""Companies like the demo company: the same seed lives the same life, and what is planted is what goes wrong, where and
when it is said to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from earnest.company.like_fernhill import plans_of, roster_of
from earnest.company.people import People
from earnest.company.selling import deal_reports
from earnest.company.world import FERNHILL, Drift, World

BEGINS = date(2024, 3, 1)
PLAIN = World(seed=7, first_day=date(2023, 1, 1), last_day=date(2024, 12, 31))
Deal = dict[str, Any]


def deals_of(world: World) -> dict[str, Deal]:
    """What is known of each deal in the end."""
    deals: dict[str, Deal] = {}
    for report in deal_reports(world, People(roster_of(world))):
        deals.setdefault(report.deal_id, {}).update(report.fields)
    return deals


def planted(**drift: Any) -> World:
    return replace(PLAIN, drifts=(Drift(begins=BEGINS, **drift),))


def share(deals: Iterable[Deal], where: Callable[[Deal], bool], *, of: Callable[[Deal], bool]) -> float:
    """The part of some deals that fulfils something too."""
    among = [deal for deal in deals if of(deal)]
    return sum(where(deal) for deal in among) / len(among)


def closed(deal: Deal) -> date | None:
    return date.fromisoformat(deal["closed"]) if deal["closed"] else None


def since(deal: Deal) -> bool:
    day = closed(deal)
    return day is not None and day >= BEGINS


def is_won(deal: Deal) -> bool:
    return deal["status"] == "closed_won"


def test_the_same_seed_lives_the_same_life_and_another_one_another() -> None:
    assert deals_of(PLAIN) == deals_of(PLAIN)
    assert deals_of(PLAIN) != deals_of(replace(PLAIN, seed=8))
    assert roster_of(PLAIN) == roster_of(PLAIN)


def test_people_come_and_go_and_their_number_stays() -> None:
    people = People(roster_of(PLAIN))
    sellers = [len(people.sellers(day)) for day in (PLAIN.first_day, BEGINS, PLAIN.last_day)]
    assert sellers == [30, 30, 30]
    assert len(people.ids) > len(
        {row["participant_id"] for row in roster_of(PLAIN) if row["effective_from"] == "2023-01-01"}
    )


def test_nothing_goes_wrong_before_a_drift_begins() -> None:
    def before(world: World) -> dict[str, Deal]:
        found: dict[str, Deal] = {}
        for report in deal_reports(world, People(roster_of(world))):
            if report.at.date() < BEGINS:
                found.setdefault(report.deal_id, {}).update(report.fields)
        return {deal_id: deal for deal_id, deal in found.items() if deal["closed"]}

    assert before(planted(kind="discount", basis_points=800)) == before(PLAIN)


@pytest.mark.parametrize(
    ("kind", "dimension", "segment", "field"),
    [("win_rate", "territory", "west", "territory"), ("splits", "product", "Array", "product")],
)
def test_a_drift_of_a_rate_is_seen_in_its_segment_alone(kind: str, dimension: str, segment: str, field: str) -> None:
    sign = -1 if kind == "win_rate" else 1
    deals = deals_of(planted(kind=kind, basis_points=2_000, dimension=dimension, segment=segment)).values()
    usual = deals_of(PLAIN).values()

    def rate(among: Iterable[Deal], here: bool) -> float:
        def counts(deal: Deal) -> bool:
            ended = deal["status"] in ("closed_won", "closed_lost") if kind == "win_rate" else is_won(deal)
            return ended and since(deal) and (deal[field] == segment) is here

        return share(among, is_won if kind == "win_rate" else lambda deal: "splits" in deal, of=counts)

    assert sign * (rate(deals, here=True) - rate(usual, here=True)) > 0.12
    assert abs(rate(deals, here=False) - rate(usual, here=False)) < 0.04


def test_a_discount_may_grow_every_month() -> None:
    deals = deals_of(
        planted(kind="discount", basis_points=300, each_month=True, dimension="product", segment="Station")
    )

    def discount(first: date, last: date) -> float:
        found = [
            1 - deal["value_cents"] / deal["list_cents"]
            for deal in deals.values()
            if is_won(deal) and deal["product"] == "Station" and (day := closed(deal)) and first <= day <= last
        ]
        return sum(found) / len(found)

    usual = discount(PLAIN.first_day, date(2024, 2, 29))
    assert 0.01 < discount(BEGINS, date(2024, 3, 31)) - usual < 0.06
    assert 0.2 < discount(date(2024, 10, 1), date(2024, 10, 31)) - usual < 0.28


def test_what_is_pulled_forward_closes_in_the_last_week_of_the_quarter_and_not_in_the_first_two() -> None:
    def closed_in(world: World, months: tuple[str, ...], days: range) -> int:
        return sum(
            deal["closed"][5:7] in months and int(deal["closed"][8:]) in days
            for deal in deals_of(world).values()
            if deal["closed"] and since(deal)
        )

    pulled = planted(kind="pull_forward", basis_points=4_000)
    last_weeks, first_weeks = (("03", "06", "09"), range(24, 32)), (("04", "07", "10"), range(1, 15))
    gone = closed_in(PLAIN, *first_weeks) - closed_in(pulled, *first_weeks)
    assert 0.3 < gone / closed_in(PLAIN, *first_weeks) < 0.5
    # Another draw gives other deals afterwards: their number is the same but for chance.
    assert closed_in(pulled, *last_weeks) - closed_in(PLAIN, *last_weeks) > gone / 2
    rest = (("04", "07", "10"), range(15, 32))
    assert closed_in(pulled, *rest) == pytest.approx(closed_in(PLAIN, *rest), rel=0.1)


def test_quotas_are_raised_for_those_who_are_there_and_for_those_who_come() -> None:
    world = planted(kind="quota", basis_points=2_500, dimension="territory", segment="west")
    people, usual = People(roster_of(world)), People(roster_of(PLAIN))
    quotas = ("quota.bookings", "quota.team_bookings")
    raised = set()
    for who in people.ids:
        now, as_usual = (each.on(who, PLAIN.last_day) or {} for each in (people, usual))
        for quota in (name for name in quotas if name in now):
            percent = 125 if now["territory"] == "west" else 100
            assert int(now[quota]) * 100 == int(as_usual[quota]) * percent, who
            raised |= {(now["plan"], percent)}
        assert people.on(who, date(2024, 2, 29)) == usual.on(who, date(2024, 2, 29))
    assert {("manager", 125), ("rep", 125), ("manager", 100), ("rep", 100)} <= raised


def test_the_cost_of_sales_rises_by_a_version_of_the_plan() -> None:
    plans = plans_of(planted(kind="cost_of_sales", basis_points=5_000, dimension="plan", segment="rep"))
    versions = {plan.key: plan for plan in plans}
    assert sorted(versions) == ["director@1", "manager@1", "rep@1", "rep@2", "senior-rep@1"]
    assert versions["rep@2"].effective_from == BEGINS
    rates = [
        [Decimal(tier["rate"]) for tier in versions[key].document()["components"][0]["tiers"]]
        for key in ("rep@1", "rep@2")
    ]
    assert [rate * Decimal("1.5") for rate in rates[0]] == rates[1]


def test_the_drift_of_the_demo_company_is_one_like_any_other() -> None:
    assert {(drift.kind, drift.begins, drift.segment) for drift in FERNHILL.drifts} == {
        ("discount", date(2026, 3, 1), ""),
        ("discount", date(2026, 3, 1), "west"),
    }
    west, north = ({"territory": name} for name in ("west", "north"))
    assert [FERNHILL.strength("discount", date(2026, 4, 10), segments=each) for each in (west, north)] == [1260, 840]
