"""An independent judge of pay: plain, slow, obviously right. It shares no code with the kernel, only the meaning of a plan.

Patches are (deal_id, fields, occurred_at, sequence, source) as they lie on the road; a roster is a list of dated changes; a plan
is the data of a plan file. Everything is a Decimal in major units until the one rounding at the end.
"""

from __future__ import annotations

import calendar
import json
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")


def merged(patches: list[tuple[str, dict[str, Any], str, int, str]]) -> dict[str, dict[str, Any]]:
    """The deals after all patches: the value with the greatest stamp wins, field by field."""
    best: dict[tuple[str, str], tuple[Any, ...]] = {}
    for deal_id, fields, occurred_at, sequence, source in patches:
        for path, value in fields.items():
            canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            candidate = (occurred_at, sequence, source, canonical.encode(), value)
            held = best.get((deal_id, path))
            if held is None or candidate[:4] > held[:4]:
                best[deal_id, path] = candidate
    deals: dict[str, dict[str, Any]] = defaultdict(dict)
    for (deal_id, path), stamp in best.items():
        deals[deal_id][path] = stamp[4]
    return dict(deals)


def in_force(roster: list[dict[str, Any]], participant: str, attribute: str, day: date) -> Any:
    """The value of a participant's attribute on a day: the latest change on or before it."""
    changes = [
        c for c in roster if c["participant_id"] == participant and attribute in c and c["effective_from"] <= day
    ]
    return max(changes, key=lambda c: c["effective_from"])[attribute] if changes else None


def parts(deal: dict[str, Any]) -> dict[str, Decimal]:
    """How a deal's net amount is divided among its holders, in cents by largest remainder."""
    refunds = sum((Decimal(v["amount"]) for k, v in deal.items() if k.startswith("refunds.") and v), Decimal(0))
    net = Decimal(deal["amount"]) - refunds
    if not deal.get("splits"):
        return {deal["owner"]: net} if deal.get("owner") else {}
    cents = abs(net) / CENT
    exact = {holder: cents * Decimal(percent) / 100 for holder, percent in deal["splits"].items()}
    given = {holder: int(value) for holder, value in exact.items()}
    missing = int(cents) - sum(given.values())
    for holder in sorted(exact, key=lambda h: (-(exact[h] - given[h]), h))[:missing]:
        given[holder] += 1
    return {holder: (count * CENT).copy_sign(net) if count else Decimal(0) for holder, count in given.items()}


def chain(roster: list[dict[str, Any]], participant: str, day: date) -> list[str]:
    """The managers above a participant on a day, nearest first; stops where it would turn in a circle."""
    above: list[str] = []
    manager = in_force(roster, participant, "manager", day)
    while manager is not None and manager != participant and manager not in above:
        above.append(manager)
        manager = in_force(roster, manager, "manager", day)
    return above


def version_at(plans: list[dict[str, Any]], plan_id: str, day: date) -> dict[str, Any] | None:
    """The version of a plan in force on a day."""
    versions = [p for p in plans if p["plan"] == plan_id and p["effective_from"] <= day]
    return max(versions, key=lambda p: p["effective_from"]) if versions else None


def number(value: Any) -> Decimal:
    """A number of a plan file: `5%` is 0.05."""
    text = str(value)
    return Decimal(text[:-1]) / 100 if text.endswith("%") else Decimal(text)


def pays(component: dict[str, Any], measured: Decimal, quota: Decimal | None) -> Decimal:
    """F(measure), unrounded."""
    if component["kind"] == "flat":
        return measured * number(component["rate"])
    unit = quota if component.get("on", "amount") == "attainment" else Decimal(1)
    if unit is None or unit <= 0:
        return Decimal(0)
    total, low = Decimal(0), None
    for tier in component["tiers"]:
        high = number(tier["up_to"]) * unit if "up_to" in tier and tier["up_to"] is not None else None
        upper = measured if high is None else min(measured, high)
        inside = upper if low is None else max(upper - low, Decimal(0))
        total += inside * number(tier["rate"])
        low = high
    return total


def earnings(
    deals: dict[str, dict[str, Any]], roster: list[dict[str, Any]], plans: list[dict[str, Any]]
) -> dict[tuple[str, str, str], Decimal]:
    """(participant, component, period) -> pay in major units; components that pay nothing are left out."""
    sums: dict[tuple[str, str, int, str, str], Decimal] = defaultdict(Decimal)
    for deal in deals.values():
        if (
            deal.get("stage") != "won"
            or not deal.get("amount")
            or not deal.get("close_date")
            or not deal.get("currency")
        ):
            continue
        day = date.fromisoformat(deal["close_date"])
        for holder, part in parts(deal).items():
            for payee, relation in [(holder, "holder"), *((m, "managers") for m in chain(roster, holder, day))]:
                plan = version_at(plans, in_force(roster, payee, "plan", day) or "", day)
                if plan is None or in_force(roster, payee, "active", day) is False:
                    continue
                if deal["currency"] != plan["currency"]:
                    continue
                for rule in plan["credits"]:
                    if rule.get("to", "holder") == relation:
                        sums[payee, plan["plan"], plan["version"], rule["rule"], deal["close_date"][:7]] += part
    due: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for payee, plan_id, version, period in {(p, i, v, m) for p, i, v, _, m in sums}:
        plan = next(p for p in plans if (p["plan"], p["version"]) == (plan_id, version))
        mode = ROUND_HALF_EVEN if plan.get("conventions", {}).get("rounding") == "half_even" else ROUND_HALF_UP
        year, month = int(period[:4]), int(period[5:])
        last = date(year, month, calendar.monthrange(year, month)[1])
        for component in plan["components"]:
            rules = next(m["sum_of"] for m in plan["measures"] if m["measure"] == component["measure"])
            measured = sum(
                (sums.get((payee, plan_id, version, rule, period), Decimal(0)) for rule in rules), Decimal(0)
            )
            quota = in_force(roster, payee, f"quota.{component['measure']}", last)
            amount = pays(component, measured, None if quota is None else Decimal(quota))
            due[payee, component["component"], period] += amount.quantize(CENT, mode)
    return {key: value for key, value in due.items() if value}
