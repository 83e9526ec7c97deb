"""Random plans in the whole plan language, with rules, measures, conventions and calendars of all sorts."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.kernel import Plan
from shared.kernel.language.conventions import RESETS
from shared.kernel.language.measures import ADDING_UP
from tests.shared.kernel import chances as st
from tests.shared.kernel.language_components import cents, component, rarely
from tests.shared.kernel.language_facts import DAYS

COLUMNS = {
    "sold_units": "number",
    "gross_margin": "decimal",
    "paid_date": "date",
    "helper": "participant",
    "renewal": "yes_no",
    "segment": "text",
}
FILTERS = [
    "stage = 'won'",
    "stage = 'won'",
    "stage = 'won'",
    "stage <> 'lost'",
    "stage = 'won' and amount > 1000",
    "stage = 'won' and (renewal or segment in ('smb', 'big'))",
    "stage <> 'lost' and not renewal",
    "stage = 'won' and product is not null",
    "stage = 'won' and amount - refunded between 500 and 20000.50",
    "stage = 'won' and close_date >= date '2025-03-01'",
    "stage = 'won' and gross_margin < 0.4 and sold_units >= 3",
    "stage = 'won' and close_date - open_date <= sold_units * 7",
    "stage = 'won' and (paid_date - close_date) * 2 between 20 and 90",
]
AMOUNTS = [
    "amount",
    "sold_units",
    "amount * gross_margin",
    "case when amount > 5000 then amount / 3 else 100 end",
    "greatest(amount - refunded - 500, 0) / 7",
    "sold_units * 12.345 - refunded",
    "round(amount / 1000) * 1000",
    "-amount",
]
FORMULAS = [
    "base / 2",
    "attainment(base) * 0.5 + 0.1",
    "case when base > 1000 then 1 when base < 0 then -0.25 else 0.5 end",
    "greatest(base, 100) - quota(base) / 3",
    "base / count",
    "abs(base - term(top)) / 12",
    "base * case position when 'senior' then 2 when 'junior' then 1 end",
    "case when segment in ('smb', 'big') and territory <> 'north' then base else count end",
    "case when category(segment) = 'smb' and count > 1 then 3 end",
]
BLENDED = [
    "case when base = 0 then 0 else pay(c0) / base end",
    "pay(c0) / 100",
    "case position when 'senior' then 0.02 else 0.01 end * least(attainment(base), 2)",
]
"""Formulas of a measure at which no first component looks, so that nothing turns in a circle."""
LOOKUPS: list[dict[str, Any]] = [
    {"measure": "base", "steps": [{"up_to": "50%", "gives": "2%"}, {"up_to": "100%", "gives": "4%"}, {"gives": "5%"}]},
    {"measure": "count", "on": "amount", "points": [{"at": 0, "gives": 1}, {"at": 4, "gives": "1.5"}]},
    {"category": "position", "of": {"senior": "6%", "junior": "4%"}},
    {"category": "segment", "of": {"smb": "0.5"}, "others": 2},
    {
        "axes": [{"category": "position", "of": ["junior"], "others": True}, {"attainment": "base", "up_to": ["80%"]}],
        "values": [["3%", "5%"], ["4%", "7%"]],
    },
    {"axes": [{"category": "segment", "of": ["smb", "big"]}], "values": ["2%", "9%"]},
    {"axes": [{"formula": "count / 2", "at": [0, 3]}, {"amount": "base", "up_to": [900]}], "values": [[1, 2], [3, 5]]},
]
NAMED_AFTER = [{}, {"named_after": "start"}, {"named_after": "end"}]
maybe = st.booleans()
KINDS = ["contest", "pool", "flat", "per_unit", "graduated", "whole", "curve", "bonus", "formula", "slab", "table"]


def head(plan: str, version: int, *, since: date) -> dict[str, Any]:
    """What every plan of these worlds says first."""
    return {
        "plan": plan,
        "version": version,
        "name": plan,
        "currency": "USD",
        "effective_from": since,
        "columns": COLUMNS,
    }


def percent(draw: st.Draw, least: int, most: int) -> str:
    """A percentage in tenths."""
    return f"{Decimal(draw(st.integers(least * 10, most * 10))).scaleb(-1)}%"


@st.composite
def rules(draw: st.Draw) -> list[dict[str, Any]]:
    """Up to four crediting rules."""
    found = []
    for number in range(draw(st.integers(2, 4))):
        rule: dict[str, Any] = {"rule": f"r{number}", "when": draw(st.sampled_from(FILTERS))}
        rule["to"] = draw(
            st.sampled_from(["holder", "holder", "holder", "managers", "managers", "team", "territory", "helper"])
        )
        if rule["to"] == "managers" and draw(maybe):
            rule[draw(st.sampled_from(["levels", "level"]))] = draw(st.integers(1, 2))
        if rarely(draw, 3):
            rule["amount"] = draw(st.sampled_from(AMOUNTS))
        if rarely(draw, 3):
            rule["share"] = percent(draw, -20, 150)
        if rarely(draw, 3):
            own = {"term": "top", "default": draw(cents(300_000)), "times": draw(st.sampled_from(["100%", "33.333%"]))}
            rule["cap"] = draw(st.sampled_from([draw(cents(300_000)), own]))
        if rarely(draw, 3):
            rule["date"] = draw(st.sampled_from(["open_date", "paid_date"]))
        if rarely(draw, 3):
            rule["priority"] = draw(st.integers(-1, 2))
        found.append(rule)
    return found


@st.composite
def measures(draw: st.Draw, names: list[str]) -> list[dict[str, Any]]:
    """`base` and `count`, which others refer to, and some in the other ways; the first rules tell credits apart."""
    resets = st.sampled_from(["month", "month", "quarter", "half_year", "year", "never"])
    some = st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)
    ways: list[dict[str, Any]] = [
        {"measure": "base", "sum_of": draw(some), "quota": draw(quota_terms())},
        {"measure": "count", "count_of": [draw(st.sampled_from(names))], "quota": draw(quota_terms())},
    ]
    latest, distinct = draw(st.permutations(names[:2]))
    different = {"column": draw(st.sampled_from(["account", "segment", "deal_id", "product"])), "of": [distinct]}
    ways_of_groups = [{"sum_of": draw(some)}, {"count_of": draw(some)}, {"distinct": different}]
    team = {"measure": "team", **draw(st.sampled_from(ways_of_groups))}
    others: list[dict[str, Any]] = [
        team | {"among": draw(st.sampled_from(["team", "territory", "position", "segment", "plan"]))},
        {"measure": "average", "average_of": draw(some)},
        {"measure": "latest", "latest_of": [latest]},
        {
            "measure": "different",
            "distinct": different,
        },
        {"measure": "ratio", "ratio": {"of": draw(some), "to": draw(some)}},
        {"measure": "rolled", draw(st.sampled_from(["sum_of", "count_of"])): draw(some), "quota": draw(quota_terms())},
        {"measure": "score", "score": True},
        {"measure": "made", "formula": draw(st.sampled_from(FORMULAS))},
        {"measure": "looked", "lookup": draw(st.sampled_from(LOOKUPS))},
    ]
    ways += [way for way in others if draw(maybe)]
    if draw(maybe):
        goals = {"base": {"weight": "60%"}, ways[-1]["measure"]: {"weight": "40%"}} if len(ways) > 2 else None
        goals = goals or {"base": {"weight": "70%"}, "count": {"weight": "30%"}}
        for goal in goals.values():
            if draw(maybe):
                goal |= {"minimum": f"{10 * draw(st.integers(0, 6))}%", "maximum": percent(draw, 80, 200)}
        ways.append({"measure": "card", "scorecard": goals})
    ways.append({"measure": "blended", "formula": draw(st.sampled_from(BLENDED))})
    reset = [way | (draw(rolling(way)) or {"reset": draw(resets)}) for way in ways]
    longest = max(
        (way.get("reset", "month") for way in reset), key=RESETS.index
    )  # what sums a formula adds up is not paid again
    return [way | {"reset": longest} if "formula" in way else way for way in reset]


@st.composite
def rolling(draw: st.Draw, way: dict[str, Any]) -> dict[str, Any]:
    """Over how many periods a measure rolls on, now and then; `base` is what most components pay, and never does."""
    if (
        way["measure"] == "base"
        or not set(ADDING_UP) & set(way)
        or not rarely(draw, 8 if way["measure"] == "count" else 2)
    ):
        return {}
    return {"rolling": draw(st.sampled_from([2, 3, 3, 5, 12, 14]))}


@st.composite
def pay_of(draw: st.Draw, plans: list[str]) -> dict[str, Any]:
    """The pay of those below who are on some plans."""
    found: dict[str, Any] = {"plans": draw(st.lists(st.sampled_from(plans), min_size=1, unique=True))}
    if draw(maybe):
        found[draw(st.sampled_from(["levels", "level"]))] = draw(st.integers(1, 2))
    if draw(maybe):
        found["components"] = draw(st.lists(st.sampled_from(["c0", "c1", "plan_minimum"]), min_size=1, unique=True))
    return {"measure": "others", "pay_of": found, "reset": draw(st.sampled_from(["month", "quarter", "year"]))}


@st.composite
def quota_terms(draw: st.Draw) -> dict[str, Any]:
    """What a quota covers, and how it is spread, ramped and prorated."""
    found: dict[str, Any] = {}
    if draw(maybe):
        own = {"term": "top", "times": draw(st.sampled_from(["1", "7.5"]))}
        found["default"] = draw(st.sampled_from([draw(cents(2_000_000)), own, own | {"default": "900"}]))
    if rarely(draw):
        found["per"] = draw(st.sampled_from(["month", "quarter", "year"]))
    if rarely(draw):
        found["spread"] = ["5%", "5%", "10%", "5%", "5%", "15%", "5%", "5%", "15%", "10%", "5%", "15%"]
    if rarely(draw):
        found["ramp"] = ["0%", "50%", "75%"][draw(st.integers(0, 1)) :]
    if rarely(draw):
        found["prorate"] = draw(st.sampled_from(["calendar_days", "business_days"]))
    if rarely(draw, 3):
        found["changes"] = draw(st.sampled_from(["by_period", "calendar_days", "business_days"]))
        if "prorate" in found and found["changes"] != "by_period":
            found["prorate"] = found["changes"]
    if rarely(draw):
        found["to_date"] = True
    return found


@st.composite
def calendars(draw: st.Draw) -> dict[str, Any]:
    """Calendar months, a year that starts later, or weeks with long years."""
    if draw(maybe):
        return {}
    if draw(maybe):
        return {"year_starts": draw(st.integers(2, 12)), **draw(st.sampled_from(NAMED_AFTER))}
    return {
        "weeks": draw(st.sampled_from(["4-4-5", "4-5-4", "5-4-4"])),
        "first_day": draw(st.sampled_from([date(2023, 1, 29), date(2022, 7, 2)])),
        "long_years": draw(st.sampled_from([[], [2024], [2023, 2025]])),
        "long_period": draw(st.sampled_from([12, 12, 6, 1])),
        **draw(st.sampled_from(NAMED_AFTER)),
    }


@st.composite
def conventions(draw: st.Draw) -> dict[str, str]:
    """All conventions, left unsaid now and then."""
    options = {
        "boundary": ["lower", "upper"],
        "rounding": ["half_up", "half_even", "up", "down"],
        "round_on": ["total", "deal"],
        "order": ["date", "smallest_first", "largest_first"],
        "zero_quota": ["refuse", "nothing", "full"],
        "negative": ["pays_back", "nothing"],
        "leavers": ["paid_to_the_last_day", "nothing_in_the_last_period"],
        "versions": ["restart", "continue"],
    }
    return {name: draw(st.sampled_from(values)) for name, values in options.items() if draw(maybe)}


@st.composite
def plans(draw: st.Draw) -> list[dict[str, Any]]:
    """Up to three versions of `rep` that measure the same in the same ways, and plans `lead` and `head`.

    People are compared by versions that go on where those begin with a quarter, as they may then.
    """
    found = []
    begins = draw(st.sampled_from([DAYS, st.sampled_from([date(2025, month, 1) for month in (1, 2, 4, 7)])]))
    later = sorted(draw(st.lists(begins, max_size=2, unique=True)))
    for plan, since in (
        ("rep", [date(2024, 1, 1), *later]),
        ("lead", [date(2024, 1, 1)]),
        ("head", [date(2024, 1, 1)]),
    ):
        calendar, terms, found_rules = draw(calendars()), draw(conventions()), draw(rules())
        measured = draw(measures([rule["rule"] for rule in found_rules]))
        if plan != "rep" and draw(maybe):
            below = ["rep"] if plan == "lead" else ["rep", "lead"]
            measured = [*measured, draw(pay_of([*below, plan]))]
        goes_on = terms.get("versions") == "continue" and len(since) > 1
        kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
        for version, day in enumerate(since, start=1):
            if goes_on and "weeks" in calendar and draw(maybe):
                calendar = calendar | {"long_years": [*calendar["long_years"], 2040]}  # the same until then
            elif not goes_on and draw(maybe):
                calendar = draw(calendars())
            if version > 1 and rarely(draw):
                terms = terms | {"versions": "restart"}
            data = {
                **head(plan, version, since=day),
                "calendar": calendar,
                "conventions": terms,
                "match": draw(st.sampled_from(["all", "all", "first"])),
                "credits": found_rules,
                "measures": measured,
                "components": [draw(component(kind, f"c{n}", measured, n)) for n, kind in enumerate(kinds)],
            }
            if rarely(draw):
                data["minimum"] = draw(cents(50_000))
            if rarely(draw):
                data["maximum"] = draw(st.one_of(cents(200_000), st.just({"term": "top", "default": 500})))
            if draw(maybe):
                data["exchange"] = {"source": "treasury", "rates": draw(exchange_rates())}
            found.append(_fitting(data))
    return found


def _fitting(data: dict[str, Any]) -> dict[str, Any]:
    """The plan with windows as long as its sums are, each component paying sums of one window only, rates of its own
    where every deal is rounded, and deals in the order of their dates where what goes by these is looked at."""
    for each in data["components"]:
        if each["kind"] == "flat" and data["conventions"].get("round_on") == "deal" and isinstance(each["rate"], dict):
            each["rate"] = "0.03"
    try:
        Plan.model_validate(data)
    except ValidationError as error:
        if "in a circle" in str(error):  # of managers below managers, where people are compared
            below = ["rep"] if data["plan"] == "lead" else ["rep", "lead"]
            fitting = [m | {"pay_of": m["pay_of"] | {"plans": below}} if "pay_of" in m else m for m in data["measures"]]
            return _fitting(data | {"measures": fitting})
        if "goes by their dates" in str(error):
            by_date = {name: value for name, value in data["conventions"].items() if name != "order"}
            return _fitting(data | {"conventions": by_date})
        again = re.findall(r"(\w+) pays by the", str(error))
        unfit = r"(\w+) pays a part of|cannot hold for (\w+)|(\w+) pays each deal in turn"
        mixed = re.findall(unfit, str(error))
        mixed = [name for found in mixed for name in found if name]
        if not again and not mixed:
            raise
        longer = [each | {"window": "never"} if each["component"] in again else each for each in data["components"]]
        single = [
            {"component": each["component"], "kind": "bonus", "amount": "5"} if each["component"] in mixed else each
            for each in longer
        ]
        return _fitting(data | {"components": single})
    return data


@st.composite
def exchange_rates(draw: st.Draw) -> list[dict[str, Any]]:
    """Rates of the euro and the yen from some days on."""
    days = draw(st.lists(DAYS, min_size=1, max_size=2, unique=True))
    euro = [
        {"currency": "EUR", "from": day, "rate": str(Decimal(draw(st.integers(900_000, 1_200_000))).scaleb(-6))}
        for day in days
    ]
    yen = draw(st.sampled_from([{"rate": "0.0067"}, {"rate": "0.00668896321070"}, {"units": "149.5"}, {"units": 151}]))
    return [*euro, {"currency": "JPY", **yen}]
