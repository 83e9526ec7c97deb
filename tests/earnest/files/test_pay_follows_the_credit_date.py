"""Whatever calendars plan and pay group have, a deal is paid with the pay period that holds its credit date."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from earnest.files.calculation import Calculation, calculate
from earnest.files.pay import PayFiles, pay_from_files
from earnest.files.results import write_results
from earnest.plans.files import read_plans
from shared.pay.calendars.pay_periods import pay_period_at
from shared.pay.calendars.policy import PayGroup

PLAN_CALENDARS: list[dict[str, Any]] = [
    {},
    {"year_starts": 7, "named_after": "end"},
    {"year_starts": 10, "named_after": "start"},
    {"weeks": "5-4-4", "first_day": date(2024, 6, 29)},
    {"weeks": "5-4-4", "first_day": date(2024, 6, 29), "named_after": "end", "long_years": [2025]},
    {"weeks": "4-4-5", "first_day": date(2024, 12, 30), "long_years": [2025], "long_period": 5},
    {"weeks": "4-5-4", "first_day": date(2025, 2, 2), "named_after": "start"},
]
PAY_CALENDARS: list[dict[str, Any]] = [
    {"every": "month"},
    {"every": "month", "ends_on": 25},
    {"every": "half_month"},
    {"every": "two_weeks", "anchor": date(2025, 1, 3)},
    {"every": "week", "anchor": date(2025, 1, 6)},
    {"every": "fiscal_544", "year_ends": "last", "weekday": "friday", "month": 6},
    {"every": "fiscal_445", "year_ends": "nearest", "weekday": "sunday", "month": 12},
]
FIRST = date(2025, 5, 1)


def calculated(
    folder: Path, plan: dict[str, Any], deals: list[tuple[str, date, Decimal]], owners: str = "ann"
) -> Calculation:
    """What `earnest calc` makes of deals of some owners, one after the other; the results are written into
    `folder`/out.
    """
    base = {
        "plan": "rep",
        "version": 1,
        "name": "rep",
        "currency": "AUD",
        "effective_from": date(2024, 1, 1),
        "credits": [{"rule": "own"}],
        "measures": [{"measure": "sales", "sum_of": ["own"]}],
    }
    folder.mkdir(exist_ok=True)
    (folder / "plan.yaml").write_text(yaml.safe_dump(base | plan))
    rows = [
        f"{name},{owners.split()[n % len(owners.split())]},{amount},{day}"
        for n, (name, day, amount) in enumerate(deals)
    ]
    (folder / "deals.csv").write_text("\n".join(["deal_id,owner,amount,close_date", *rows]))
    (folder / "roster.csv").write_text("\n".join(["participant_id", *owners.split()]))
    found = calculate(
        folder / "deals.csv", folder / "roster.csv", plans=read_plans([folder / "plan.yaml"]), step=lambda _: None
    )
    write_results(found, folder / "out")
    return found


def paid(folder: Path, calendar: dict[str, Any]) -> tuple[Counter[tuple[str, str]], PayGroup]:
    """What `earnest pay` pays of that, by pay period and participant, in cents."""
    said = {"kind": "pay_group", "id": "g", "valid_from": date(2024, 1, 1), "currency": "AUD", "calendar": calendar}
    (folder / "group.yaml").write_text(yaml.safe_dump(said))
    found = pay_from_files(PayFiles(terms=(), earned=folder / "out" / "lines.csv", group=folder / "group.yaml"))
    assert found.rejected.is_empty()
    amounts: Counter[tuple[str, str]] = Counter()
    for walked in found.runs:
        for each in walked.settlements:
            amounts[walked.run.pay_period, each.participant_id] += each.paid
    return +amounts, PayGroup.model_validate(said)


def some_deals(random: Random) -> list[tuple[str, date, Decimal]]:
    """Deals of a year and more, the days around the ends of months and years among them."""
    days = [FIRST + timedelta(days=random.randrange(430)) for _ in range(8)]
    days += [
        date(2025, 6, 27),
        date(2025, 6, 28),
        date(2025, 7, 31),
        date(2025, 8, 1),
        date(2025, 12, 28),
        date(2026, 6, 30),
    ]
    return [(f"d{n}", day, Decimal(random.randrange(1, 90)) * 100) for n, day in enumerate(days)]


@pytest.mark.parametrize("plan_calendar", PLAN_CALENDARS, ids=str)
def test_a_deal_is_paid_in_the_pay_period_that_holds_its_credit_date(
    tmp_path: Path, plan_calendar: dict[str, Any]
) -> None:
    deals = some_deals(Random(str(plan_calendar)))
    flat = [{"component": "c", "kind": "flat", "measure": "sales", "rate": "10%"}]
    calculated(tmp_path, {"calendar": plan_calendar, "components": flat}, deals)
    for pay_calendar in PAY_CALENDARS:
        amounts, group = paid(tmp_path, pay_calendar)
        expected: Counter[tuple[str, str]] = Counter()
        for _, day, amount in deals:
            expected[pay_period_at(group, day).name, "ann"] += int(amount * 10)
        assert amounts == expected, pay_calendar


def test_a_fiscal_year_from_july_is_paid_in_july(tmp_path: Path) -> None:
    flat = [{"component": "c", "kind": "flat", "measure": "sales", "rate": "10%"}]
    calendar = {"weeks": "5-4-4", "first_day": date(2025, 6, 28), "named_after": "end"}
    deals = [("A", date(2025, 7, 10), Decimal(1000)), ("B", date(2026, 6, 20), Decimal(2000))]
    calculated(tmp_path, {"calendar": calendar, "components": flat}, deals)
    assert (tmp_path / "out" / "earnings.csv").read_text().splitlines() == [
        "participant_id,component,period,fiscal_period,amount,currency",
        "ann,c,2025-07,FY2026 P01,100.00,AUD",
        "ann,c,2026-06,FY2026 P12,200.00,AUD",
    ]
    assert paid(tmp_path, {"every": "month"})[0] == {("2025-07", "ann"): 10000, ("2026-06", "ann"): 20000}


# Fiscal periods of 5, 4 and 4 weeks: June 28 to August 1, to August 29, to September 26.
WEEKS = {"weeks": "5-4-4", "first_day": date(2025, 6, 28), "named_after": "end"}
MONTH_BY_MONTH = [
    ("a", date(2025, 6, 29), Decimal(1000)),
    ("b", date(2025, 7, 20), Decimal(500)),
    ("c", date(2025, 8, 20), Decimal(300)),
    ("d", date(2025, 8, 31), Decimal(100)),
]


def test_tiers_go_on_over_the_months_of_a_fiscal_period_and_each_month_pays_its_own_deals(tmp_path: Path) -> None:
    tiers = [{"up_to": 1200, "rate": "10%"}, {"rate": "20%"}]
    graduated = [{"component": "c", "kind": "graduated", "measure": "sales", "tiers": tiers}]
    found = calculated(tmp_path, {"calendar": WEEKS, "components": graduated}, MONTH_BY_MONTH)
    months = found.earnings.sort("fiscal", "period").select("period", "amount").rows()
    # 1,000 at 10%; of the 500 that follow 200 at 10% and 300 at 20%; the second fiscal period begins anew on August 2.
    assert months == [("2025-06", 10000), ("2025-07", 8000), ("2025-08", 3000), ("2025-08", 1000)]


def test_what_a_fiscal_period_pays_as_a_whole_is_dated_on_its_last_day_and_paid_once(tmp_path: Path) -> None:
    components = [
        {"component": "fixed", "kind": "bonus", "amount": 50, "when": "sales >= 1000"},
        {"component": "first", "kind": "contest", "measure": "sales", "prizes": [300]},
        {"component": "least", "kind": "flat", "measure": "sales", "rate": "1%", "minimum": 40},
    ]
    # ann sells 1,000 in June and 300 in August, bob 500 in July, all of it but the 300 in the first fiscal period; bob
    # 100 in the third.
    found = calculated(tmp_path, {"calendar": WEEKS, "components": components}, MONTH_BY_MONTH, owners="ann bob")
    own = found.earnings.filter(found.earnings["amount"] != 0).sort("component", "participant_id", "fiscal", "period")
    assert own.select("component", "participant_id", "period", "amount").rows() == [
        ("first", "ann", "2025-08", 30000),
        ("first", "ann", "2025-08", 30000),
        ("first", "bob", "2025-09", 30000),
        ("fixed", "ann", "2025-08", 5000),
        ("least", "ann", "2025-06", 1000),
        ("least", "ann", "2025-08", 3000),
        ("least", "ann", "2025-08", 4000),
        ("least", "ann", "2025-09", 4000),
        ("least", "bob", "2025-07", 500),
        ("least", "bob", "2025-08", 3500),
        ("least", "bob", "2025-08", 4000),
        ("least", "bob", "2025-08", 100),
        ("least", "bob", "2025-09", 3900),
    ]
    lines = found.explained.lines.filter(found.explained.lines["deal_id"].is_null())
    assert set(lines.select("component", "credit_date").rows()) >= {
        ("first", date(2025, 8, 1)),
        ("first", date(2025, 8, 29)),
        ("least", date(2025, 8, 1)),
    }
    # The pay calendar of the same weeks pays each with its own fiscal period, though two of them end in August.
    same = {"every": "fiscal_544", "year_ends": "last", "weekday": "friday", "month": 6}
    amounts, _ = paid(tmp_path, same)
    assert amounts[("FY2026-P01", "ann")] == 30000 + 5000 + 4000
    assert amounts[("FY2026-P02", "ann")] == 30000 + 4000
    assert amounts[("FY2026-P03", "bob")] == 30000 + 4000
