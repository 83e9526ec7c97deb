"""The demo company has the life it is said to have, and the same one every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from itertools import accumulate
from typing import Any

import pytest

from earnest.company import FOLDER, LAST_DAY
from earnest.company.deliveries import Delivery, deliveries, roster_files
from earnest.company.late import late_changes
from earnest.company.people import People
from earnest.company.selling import DealReport, deal_reports
from earnest.company.world import FERNHILL
from earnest.plans.files import read_plans

HASH = """
import hashlib
from earnest.company.deliveries import deliveries
print(hashlib.sha256(b"".join(repr((d.at, d.name, d.path, d.body)).encode() for d in deliveries())).hexdigest())
"""


@pytest.fixture(scope="module")
def people() -> People:
    return People.of_files(roster_files())


@pytest.fixture(scope="module")
def said(people: People) -> list[DealReport]:
    return deal_reports(FERNHILL, people)


@pytest.fixture(scope="module")
def sent() -> list[Delivery]:
    return deliveries()


@pytest.fixture(scope="module")
def opportunities(said: list[DealReport]) -> list[dict[str, Any]]:
    return list({s.deal_id: s.fields for s in said if s.system == "crm"}.values())


def test_the_same_seed_gives_the_same_bytes_whatever_the_process() -> None:
    def digest(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(
            [sys.executable, "-c", HASH], env=environment, check=True, capture_output=True
        ).stdout.decode()

    assert digest("1") == digest("2")


def test_about_forty_people_sell_thousands_of_deals_on_three_levels(
    people: People, opportunities: list[dict[str, Any]]
) -> None:
    assert 38 <= len(people.ids) <= 42
    plans = {state["plan"] for who in people.ids if (state := people.on(who, date(2026, 1, 15)))}
    assert plans == {"rep", "senior-rep", "manager", "director"}
    assert 6_000 <= len(opportunities) <= 10_000
    assert {o["status"] for o in opportunities} == {"proposal", "closed_won", "closed_lost", "cancelled"}


def test_deals_close_on_weekdays_and_most_at_the_end_of_the_quarter(opportunities: list[dict[str, Any]]) -> None:
    days = Counter(date.fromisoformat(o["closed"]) for o in opportunities if o["closed"])
    weekend = sum(number for day, number in days.items() if day.weekday() >= 5)
    assert weekend < sum(days.values()) / 50
    per_month: Counter[int] = Counter()
    last_week: Counter[int] = Counter()
    for day, number in days.items():
        per_month[day.month] += number
        last_week[day.month] += number if day.day > 24 else 0
    assert per_month[3] > 1.3 * per_month[2] > 0
    assert last_week[3] / per_month[3] > 0.4


def test_deals_live_on_after_they_are_won(said: list[DealReport]) -> None:
    lives: dict[str, list[DealReport]] = defaultdict(list)
    for report in said:
        lives[report.deal_id].append(report)
    statuses = [[s.fields["status"] for s in life if s.system == "crm"] for life in lives.values()]
    assert sum(told.count("closed_won") > 1 for told in statuses) > 50, "amendments"
    assert sum(told[-2:] == ["closed_won", "cancelled"] for told in statuses) > 20, "cancellations"
    assert sum("refunds" in s.fields for s in said) > 50
    assert sum("splits" in s.fields for s in said) > 100
    assert max(s.at.date() for s in said) <= LAST_DAY


def test_deliveries_come_late_and_twice(sent: list[Delivery]) -> None:
    events = [
        event for d in sent if "webhooks" in d.path for event in json.loads(d.body)["events"] if "revision" in event
    ]
    times = Counter(event["event_id"] for event in events)
    assert sum(number > 1 for number in times.values()) > 300
    first: dict[str, str] = {}
    for event in events:
        first.setdefault(event["event_id"], event["changed_at"][:10])
    newest = list(accumulate(first.values(), max))
    assert sum(day < before for day, before in zip(first.values(), newest, strict=True)) > 300


def test_people_join_leave_move_and_change_plans(people: People) -> None:
    def there(who: str, day: date) -> bool:
        return people.on(who, day) is not None

    first, last = date(2025, 1, 1), LAST_DAY
    assert sum(there(who, last) and not there(who, first) for who in people.ids) == 5
    assert sum(there(who, first) and not there(who, last) for who in people.ids) == 4
    moved, promoted = date(2025, 9, 14), date(2025, 9, 30)
    assert [state["territory"] for day in (moved, last) if (state := people.on("felix.moreau", day))] == [
        "south",
        "west",
    ]
    assert [state["plan"] for day in (promoted, last) if (state := people.on("milo.hart", day))] == [
        "rep",
        "senior-rep",
    ]
    assert [state["plan"] for day in (promoted, last) if (state := people.on("hugo.ramos", day))] == ["rep", "manager"]


def test_the_plan_of_the_reps_changes_in_the_middle_of_the_year() -> None:
    versions = {(plan.plan, plan.version): plan.effective_from for plan in read_plans([FOLDER / "plans"])}
    assert versions["rep", 2] == date(2025, 7, 1)


def test_discounts_drift_from_the_fifteenth_month_on(opportunities: list[dict[str, Any]]) -> None:
    listed: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for o in opportunities:
        if o["status"] == "closed_won":
            listed[o["closed"][:7]] += o["list_cents"]
            given[o["closed"][:7]] += o["list_cents"] - o["value_cents"]
    averages = [given[month] / listed[month] for month in sorted(listed)]
    assert len(averages) == 18
    assert max(averages[:14]) < 0.10
    assert averages[14:] == sorted(averages[14:])
    assert averages[17] > 0.20


def test_late_changes_are_of_deals_in_months_that_payroll_has_closed(said: list[DealReport]) -> None:
    late = late_changes(said)
    assert [change.period for change in late] == ["2025-11", "2026-02", "2026-03", "2026-04"]
    assert len({change.deal_id for change in late}) == 4
