"""What the reference model knows: deals merged from patches, what the roster says on a day, numbers of a plan file,
rounding.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

Deals = dict[str, dict[str, Any]]
Roster = list[dict[str, Any]]
Data = dict[str, Any]
"""The data of a plan file, or of a part of it."""

DECIMALS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}


def merged(patches: list[tuple[str, dict[str, Any], str, int, str]]) -> Deals:
    """The deals after all patches: the value with the greatest stamp wins, field by field."""
    best: dict[tuple[str, str], tuple[Any, ...]] = {}
    for deal_id, fields, occurred_at, sequence, source in patches:
        for path, value in fields.items():
            canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            candidate = (occurred_at, sequence, source, canonical.encode(), value)
            held = best.get((deal_id, path))
            if held is None or candidate[:4] > held[:4]:
                best[deal_id, path] = candidate
    deals: Deals = defaultdict(dict)
    for (deal_id, path), stamp in best.items():
        deals[deal_id][path] = stamp[4]
    return dict(deals)


def in_force(roster: Roster, participant: str, attribute: str, day: date) -> Any:
    """The value of a participant's attribute on a day: the latest change on or before it."""
    changes = [
        c for c in roster if c["participant_id"] == participant and attribute in c and c["effective_from"] <= day
    ]
    return max(changes, key=lambda c: c["effective_from"])[attribute] if changes else None


EVERYONE = "*"
"""Whose entries are everybody's who has none of their own."""


def figure_in_force(roster: Roster, participant: str, attribute: str, day: date) -> Any:
    """A quota or term of a participant on a day: their own, or else what was entered for everyone."""
    own = in_force(roster, participant, attribute, day)
    return in_force(roster, EVERYONE, attribute, day) if own is None else own


def is_active(roster: Roster, participant: str, day: date) -> bool:
    """Whether somebody is in the roster by a day and has not left."""
    known = any(c["participant_id"] == participant and c["effective_from"] <= day for c in roster)
    return known and in_force(roster, participant, "active", day) is not False


def is_on(roster: Roster, participant: str, plan_id: str, day: date) -> bool:
    """Whether somebody is active on a plan on a day."""
    return is_active(roster, participant, day) and in_force(roster, participant, "plan", day) == plan_id


def version_at(plans: list[Data], plan_id: str | None, day: date) -> Data | None:
    """The version of a plan in force on a day."""
    versions = [p for p in plans if p["plan"] == plan_id and p["effective_from"] <= day]
    return max(versions, key=lambda p: p["effective_from"]) if versions else None


def plan_of(roster: Roster, plans: list[Data], participant: str, day: date) -> Data | None:
    """The plan version of an active participant on a day."""
    if not is_active(roster, participant, day):
        return None
    return version_at(plans, in_force(roster, participant, "plan", day), day)


def number(value: Any) -> Fraction:
    """A number of a plan file: `5%` is 0.05."""
    if isinstance(value, Fraction):
        return value
    text = str(value)
    return Fraction(Decimal(text[:-1])) / 100 if text.endswith("%") else Fraction(Decimal(text))


def convention(plan: Data, name: str) -> str:
    """What a plan says, or the documented default."""
    defaults = {
        "boundary": "lower",
        "rounding": "half_up",
        "round_on": "total",
        "zero_quota": "refuse",
        "negative": "pays_back",
        "leavers": "paid_to_the_last_day",
        "versions": "restart",
    }
    return str(plan.get("conventions", {}).get(name, defaults[name]))


def rounded(value: Fraction, mode: str, decimals: int) -> Fraction:
    """To so many decimals: halves away from zero or to the even one, or all away from zero or towards it."""
    units = abs(value) * Fraction(10) ** decimals
    whole, rest = floor(units), units - floor(units)
    up = {
        "half_up": rest >= Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1),
        "up": rest > 0,
        "down": False,
    }[mode]
    return Fraction(whole + up) / Fraction(10) ** decimals * (-1 if value < 0 else 1)


def shared_out(amount: Fraction, weights: Sequence[Fraction], decimals: int) -> list[Fraction]:
    """An amount of whole cents in parts by weight that sum to it: what is left over goes to the largest rests, first
    come first.
    """
    cents = abs(amount) * 10**decimals
    exact = [cents * weight / sum(weights) for weight in weights]
    given = [floor(each) for each in exact]
    order = sorted(range(len(exact)), key=lambda i: (given[i] - exact[i], i))
    for place in order[: int(cents) - sum(given)]:
        given[place] += 1
    return [Fraction(each, 10**decimals) * (-1 if amount < 0 else 1) for each in given]
