"""Frozen facts to make statements from: one with everything in it, and a team."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from services.payout.statements.facts import StatementFacts, frozen

CUSTOMERS = (
    "Acme Industries",
    "Nordwind AG",
    "Blue Harbor Foods",
    "Kestrel Robotics",
    "Olive & Pine",
    "Tern Logistics",
)


def component(name: str, quota: int, deals: list[tuple[str, int, str]], low: str, high: str) -> dict[str, Any]:
    """A detail of a component that pays `low` up to quota and `high` above it. Deals are (id, whole units, day)."""
    measured = paid = Decimal(0)
    lines = []
    for number, (deal_id, credited, day) in enumerate(deals):
        before, below = measured, max(Decimal(0), min(Decimal(credited), quota - measured))
        measured += credited
        slices = [
            {"tier": tier, "reach": reach, "credited": part, "rate": rate, "factor": 1, "pays": part * Decimal(rate)}
            for tier, reach, part, rate in (
                (0, "up to 100% of quota", below, low),
                (1, "above 100% of quota", credited - below, high),
            )
            if part
        ]
        amount = sum((piece["pays"] for piece in slices), Decimal(0)).quantize(Decimal("0.01"))
        lines.append(
            {
                "line": number,
                "deal_id": deal_id,
                "credit_date": day,
                "rule": "own",
                "share_percent": 100,
                "credited": credited,
                "before": before,
                "after": measured,
                "attainment_before": before * 100 / quota,
                "attainment_after": (measured * 100 / quota).quantize(Decimal("0.01")),
                "slices": slices,
                "exact": amount,
                "exact_so_far": paid + amount,
                "paid_before": paid,
                "paid_after": paid + amount,
                "amount": amount,
            }
        )
        paid += amount
    part = {
        "plan": "rep",
        "version": 3,
        "kind": "graduated",
        "measure": "bookings",
        "measured": measured,
        "quota": quota,
        "attainment": (measured * 100 / quota).quantize(Decimal("0.01")),
        "window": "month",
        "rounding": "half_up",
        "problem": None,
        "currency": "USD",
        "amount": paid,
        "lines": lines,
    }
    return {"component": name, "parts": [part]}


def full(**changes: Any) -> dict[str, Any]:
    """Facts with every kind of section; amounts of the lines are the detail's."""
    deals = [
        ("D-17", 40_000, "2026-06-03"),
        ("D-21", 18_500, "2026-06-09"),
        ("D-22", 27_250, "2026-06-14"),
        ("D-30", 30_000, "2026-06-22"),
        ("D-31", 9_999, "2026-06-29"),
    ]
    commission = component("commission", 100_000, deals, "0.05", "0.08")
    services = component(
        "services_bonus", 20_000, [("D-21", 6_200, "2026-06-09"), ("D-30", 8_000, "2026-06-22")], "0.03", "0.04"
    )
    earned = {each["component"]: int(each["parts"][0]["amount"] * 100) for each in (commission, services)}
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
        "details": {"2026-06": {"components": [commission, services]}},
        "accounts": {deal[0]: name for deal, name in zip(deals, CUSTOMERS, strict=False)} | {"D-9": "Tern Logistics"},
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
    sold = [
        (f"D-{number}-{each}", 500 + 37 * each + number % 50, (start + timedelta(each * 30 // deals)).isoformat())
        for each in range(deals)
    ]
    commission = component("commission", 100_000, sold, "0.05", "0.08")
    amount = int(commission["parts"][0]["amount"] * 100)
    lines = [{"kind": kind, "currency": "USD", "amount": amount} for kind in ("earnings", "payment")]
    person = {"id": f"rep-{number}", "name": f"Representative {number}"}
    return full(participant=person, details={"2026-06": {"components": [commission]}}, pay_lines=lines)
