"""Frozen facts to make statements from: one with everything in it, somebody with many deals, and a team."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import orjson

from services.payout.statements.facts import StatementFacts, frozen
from shared.explanation.frozen import details
from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.crediting.deals import deals_table

CUSTOMERS = (
    "Acme Industries",
    "Nordwind AG",
    "Blue Harbor Foods",
    "Kestrel Robotics",
    "Olive & Pine",
    "Tern Logistics",
)
PLAN = {
    "plan": "rep",
    "version": 3,
    "name": "Account executives",
    "currency": "USD",
    "effective_from": date(2026, 1, 1),
    "credits": [{"rule": "own"}, {"rule": "services", "when": "product = 'Services'"}],
    "measures": [{"measure": "bookings", "sum_of": ["own"]}, {"measure": "services_deals", "count_of": ["services"]}],
    "components": [
        {
            "component": "commission",
            "measure": "bookings",
            "kind": "graduated",
            "on": "attainment",
            "tiers": [{"up_to": "100%", "rate": "5%"}, {"rate": "8%"}],
        },
        {"component": "services_bonus", "measure": "services_deals", "kind": "per_unit", "amount": "150"},
    ],
}
Deal = tuple[str, str, str, str]
"""Id, amount, closing date, product."""

DEALS: tuple[Deal, ...] = (
    ("D-17", "40000.00", "2026-06-03", "Instruments"),
    ("D-21", "18500.00", "2026-06-09", "Services"),
    ("D-22", "27250.00", "2026-06-14", "Instruments"),
    ("D-30", "30000.00", "2026-06-22", "Services"),
    ("D-31", "9999.00", "2026-06-29", "Instruments"),
)


@cache
def _earned(deals: tuple[Deal, ...], quota: str, who: str) -> tuple[Any, dict[str, int]]:
    """The detail of June 2026 as scoring freezes it, and what each component earns in minor units."""
    facts = {"2026-01-01/plan": ["rep", "", 0, ""], "2026-01-01/quota.bookings": [quota, "", 0, ""]}
    roster, plans = Roster.from_facts([(who, facts)]), PlanSet([Plan.model_validate(PLAN)])
    names = ("amount", "close_date", "product")
    fields = [
        (deal, {"stage": "won", "currency": "USD", "owner": who} | dict(zip(names, values, strict=True)))
        for deal, *values in deals
    ]
    sold = [(deal, {name: [value, "", 0, ""] for name, value in found.items()}) for deal, found in fields]
    credits = credit(deals_table(sold, plans.deal_columns), roster, plans=plans).credits
    earned = earn(measure(credits, plans), roster, plans=plans)
    kept = details(explain(credits, roster, plans=plans, earnings=earned), earned, plans=plans, period="2026-06")
    amounts = dict(earned.filter(period="2026-06").select("component", "amount").iter_rows())
    return orjson.loads(kept["detail"][0]), amounts


def full(**changes: Any) -> dict[str, Any]:
    """Facts with every kind of section; amounts of the lines are the detail's."""
    detail, earned = _earned(DEALS, "100000", "ada.brandt")
    before_payment = [
        ("carried_in", -4_550, {}),
        ("earnings", earned["commission"], {"component": "commission"}),
        ("earnings", earned["services_bonus"], {"component": "services_bonus"}),
        (
            "prior_period",
            -12_000,
            {
                "deal_id": "D-9",
                "origin_period": "2026-03",
                "component": "commission",
                "reason": "the deal was refunded in part",
            },
        ),
        (
            "prior_period",
            3_150,
            {
                "deal_id": "D-11",
                "origin_period": "2026-04",
                "component": "commission",
                "reason": "the amount was corrected",
            },
        ),
        ("hold", -75_000, {"deal_id": "D-30", "component": "commission", "origin_period": "2026-06"}),
        (
            "release",
            41_300,
            {"deal_id": "D-4", "component": "commission", "origin_period": "2026-02", "reason": "the customer paid"},
        ),
        ("adjustment", 25_000, {"reason": "Referral of a colleague, agreed on 12 May"}),
        ("recovery", -60_000, {"reason": "Ramp draw of the first quarter"}),
    ]
    lines = [{"kind": kind, "currency": "USD", "amount": amount, **more} for kind, amount, more in before_payment]
    paid = sum(line["amount"] for line in lines)
    facts = {
        "company": {"name": "Harbor & Vale Instruments", "locale": "en_US"},
        "run": {
            "id": "run-2026-06-1",
            "name": "2026-06",
            "starts": "2026-06-01",
            "ends": "2026-06-30",
            "pay_date": "2026-07-15",
            "pay_group": "us-monthly",
        },
        "participant": {
            "id": "ada.brandt",
            "name": "Ada Brandt",
            "position": "Account executive",
            "plan": "rep",
            "manager": {"id": "mia.okafor", "name": "Mia Okafor"},
            "entity": "HV Inc.",
            "cost_center": "4100",
        },
        "details": {"2026-06": detail},
        "accounts": {deal[0]: name for deal, name in zip(DEALS, CUSTOMERS, strict=False)} | {"D-9": "Tern Logistics"},
        "pay_lines": [*lines, {"kind": "payment", "currency": "USD", "amount": paid}],
        "balances": [
            {"account": "payable", "currency": "USD", "before": -4_550, "after": 0},
            {"account": "held", "currency": "USD", "before": 41_300, "after": 75_000},
            {"account": "draw", "currency": "USD", "before": 150_000, "after": 90_000},
        ],
        "held": [
            {
                "currency": "USD",
                "amount": 75_000,
                "component": "commission",
                "deal_id": "D-30",
                "origin_period": "2026-06",
                "reason": "half is paid when the customer has paid",
                "released_by": "the customer's payment, or a release by finance",
            }
        ],
        "year_to_date": [
            {
                "currency": "USD",
                "since": "2026-01-01",
                "earned": 2_964_210,
                "adjusted": 25_000,
                "drawn": 150_000,
                "recovered": 60_000,
                "paid": 2_899_660,
            }
        ],
    }
    return facts | changes


def document(facts: dict[str, Any] | None = None) -> bytes:
    """The frozen bytes."""
    return frozen(StatementFacts.model_validate(full() if facts is None else facts))


def long(deals: int, number: int = 0) -> dict[str, Any]:
    """Facts of somebody with many deals."""
    start = date(2026, 6, 1)
    sold = tuple(
        (
            f"D-{number}-{each}",
            str(500 + 37 * each + number % 50),
            f"{start + timedelta(each * 30 // deals)}",
            "Services",
        )
        for each in range(deals)
    )
    return earner(f"rep-{number}", f"Representative {number}", sold)


def earner(who: str, name: str, deals: Sequence[Deal], manager: str | None = None) -> dict[str, Any]:
    """Facts of somebody who is paid what they earned."""
    detail, earned = _earned(tuple(deals), "100000", who)
    lines = [
        {"kind": kind, "currency": "USD", "amount": sum(earned.values())} for kind in ("earnings", "payment") if earned
    ]
    person = {"id": who, "name": name, "manager": None if manager is None else {"id": manager, "name": manager.title()}}
    nothing: dict[str, Any] = {"accounts": {}, "balances": [], "held": [], "year_to_date": []}
    return full(participant=person, details={"2026-06": detail}, pay_lines=lines, **nothing)
