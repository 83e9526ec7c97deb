"""A seeded little company for system tests: roster, plans, and thousands of patches with repetition and disorder."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import orjson

from shared.contracts.deals import TYPE, DealFact
from shared.contracts.plans import PlanPublished
from shared.contracts.roster import RosterFact
from shared.log.port import Record

Patch = tuple[str, dict[str, Any], str, int, str]

PLANS: list[dict[str, Any]] = [
    {
        "plan": plan,
        "version": 1,
        "name": plan,
        "currency": "USD",
        "effective_from": date(2024, 1, 1),
        "credits": [{"rule": "own"}, {"rule": "team", "to": "managers"}],
        "measures": [{"measure": "bookings", "sum_of": ["own"]}, {"measure": "team", "sum_of": ["team"]}],
        "components": [
            {
                "component": "commission",
                "kind": "graduated",
                "measure": "bookings",
                "on": "attainment",
                "tiers": [{"up_to": "50%", "rate": "3%"}, {"up_to": "100%", "rate": "5.5%"}, {"rate": "9.25%"}],
            },
            {"component": "override", "kind": "flat", "measure": "team", "rate": "1.125%"},
        ],
    }
    for plan in ("rep", "lead")
]


def roster(people: int) -> list[dict[str, Any]]:
    """A director, a lead for every ten, and reps; a few quotas change in March."""
    changes: list[dict[str, Any]] = []
    for number in range(people):
        manager = None if number == 0 else "p0" if number <= people // 10 else f"p{1 + number % max(1, people // 10)}"
        changes.append(
            {
                "participant_id": f"p{number}",
                "effective_from": date(2024, 12, 1),
                "plan": "rep" if number > people // 10 else "lead",
                "manager": manager,
                "quota.bookings": str(20_000 + 1_000 * (number % 7)),
            }
        )
        if number % 5 == 0:
            changes.append(
                {"participant_id": f"p{number}", "effective_from": date(2025, 3, 1), "quota.bookings": "33333.33"}
            )
    return changes


def patches(rng: random.Random, deals: int, people: int) -> list[Patch]:
    """Several patches per deal, one in five repeated, all of them in disorder."""
    found: list[Patch] = []
    for number in range(deals):
        deal_id = f"d{number}"
        day = date(2025, 1, 1) + timedelta(days=rng.randrange(120))
        fields: dict[str, Any] = {
            "stage": "won",
            "amount": str(Decimal(rng.randrange(100, 2_000_000)).scaleb(-2)),
            "currency": "USD",
            "owner": f"p{rng.randrange(people)}",
            "close_date": day.isoformat(),
        }
        found.append((deal_id, fields, "2025-05-01T00:00:00.000000Z", 0, "crm"))
        chance = rng.random()
        if chance < 0.25:
            amended = {"amount": str(Decimal(rng.randrange(100, 2_000_000)).scaleb(-2))}
            found.append((deal_id, amended, "2025-05-02T00:00:00.000000Z", 0, "crm"))
        elif chance < 0.35:
            found.append((deal_id, {"stage": "cancelled"}, "2025-05-02T00:00:00.000000Z", 1, "crm"))
        elif chance < 0.45:
            first = rng.randrange(people)
            pair = {f"p{first}": "33.3334", f"p{(first + 1) % people}": "66.6666"}
            found.append((deal_id, {"splits": pair}, "2025-05-03T00:00:00.000000Z", 0, "crm"))
        elif chance < 0.5:
            refund = {"refunds.r1": {"amount": "1.01", "date": "2025-05-02"}}
            found.append((deal_id, refund, "2025-05-02T00:00:00.000000Z", 0, "billing"))
    found += rng.sample(found, len(found) // 5)
    rng.shuffle(found)
    return found


def deal_records(found: list[Patch]) -> list[Record]:
    """The patches as they lie on topic `deals`."""
    records = []
    for number, (deal_id, fields, occurred_at, sequence, source) in enumerate(found):
        fact = DealFact(deal_id=deal_id, fields=fields, occurred_at=occurred_at, sequence=sequence, source=source)
        headers = {"ce_id": f"{deal_id}-{number}", "ce_source": source, "ce_type": TYPE, "ce_time": occurred_at}
        records.append(Record(deal_id, fact.model_dump_json().encode(), headers))
    return records


def roster_records(changes: list[dict[str, Any]]) -> list[Record]:
    """The roster as it lies on topic `roster`."""
    records = []
    for change in changes:
        day = change["effective_from"].isoformat()
        fields = {f"{day}/{k}": v for k, v in change.items() if k not in ("participant_id", "effective_from")}
        fact = RosterFact(
            participant_id=change["participant_id"],
            fields=fields,
            occurred_at="2025-01-01T00:00:00.000000Z",
            sequence=0,
            source="hr",
        )
        records.append(Record(change["participant_id"], fact.model_dump_json().encode(), {}))
    return records


def plan_records() -> list[Record]:
    """The plans as they lie on topic `plans`."""
    records = []
    for plan in PLANS:
        document = orjson.loads(orjson.dumps(plan))
        event = PlanPublished(plan_id=plan["plan"], version=1, effective_from=plan["effective_from"], document=document)
        records.append(Record(f"{plan['plan']}@1", event.model_dump_json().encode(), {}))
    return records
