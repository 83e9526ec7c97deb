"""Plan versions that are replaced, and plans that count in weeks, from what is published to what runs pay: real steps
of scoring and payout.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.services.payout.life.company import Company
from tests.services.payout.life.deals_and_terms import plan
from tests.services.payout.runs.test_deals_that_decrease import company, join, run, scoring_engine, won

__all__ = ["company", "scoring_engine"]


def flat(rate: str, version: int, **more: Any) -> dict[str, Any]:
    return plan("flat", [{"rate": rate}]) | {"version": version} | more


def test_a_version_that_replaces_another_corrects_closed_months_and_is_what_open_ones_pay(company: Company) -> None:
    join(company, "ann")
    won(company, "jan", "ann")
    assert run(company, 1) == {"ann": "100.00"}
    won(company, "feb", "ann", amount="500.00", close_date="2025-02-10")
    company.road.plan(flat("20%", 2))
    assert run(company, 2) == {"ann": "200.00"}  # 100 more for January, and 20% of 500
    won(company, "mar", "ann", close_date="2025-03-10")
    company.score()
    company.book()
    company.today = date(2025, 4, 3)
    draft = company.post("/v1/runs", "dana", {"period": "2025-03", "pay_group": "default"}).json()["id"]
    told = company.post(f"/v1/runs/{draft}/calculate", "dana").json()
    assert [each["paid"] for each in told["lines"]] == ["200.00"]
    company.road.plan(flat("12%", 4, effective_from=date(2025, 3, 1)))
    company.road.plan(flat("15%", 3))  # a version of a later day stays; this one replaces the second
    company.score()
    company.book()
    refused = company.post(f"/v1/runs/{draft}/submit", "dana")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:earnest:problem:lines-changed")
    assert company.post(f"/v1/runs/{draft}/cancel", "dana").is_success
    assert run(company, 3) == {"ann": "45.00"}  # 12% of 1,000, and 50 and 25 less for January and February
    assert company.verified() == []


def test_a_plan_of_fiscal_weeks_is_paid_by_the_months_of_its_credit_dates(company: Company) -> None:
    # Fiscal periods end on January 31, February 28, March 28 and May 2.
    weeks = {"weeks": "5-4-4", "first_day": date(2024, 6, 29), "named_after": "end"}
    bonus = {"component": "bonus", "kind": "bonus", "amount": 50, "when": "bookings >= 1000"}
    document = flat("10%", 1, plan="weeks", calendar=weeks)
    document["components"].append(bonus)
    company.road.plan(document)
    join(company, "wk", plan="weeks")
    for day, amount in (("01-10", "1000.00"), ("01-31", "500.00"), ("02-01", "300.00"), ("03-29", "2000.00")):
        won(company, day, "wk", amount=amount, close_date=f"2025-{day}")
    found = [run(company, month).get("wk", "") for month in range(1, 6)]
    assert found == ["200.00", "30.00", "200.00", "", "50.00"]
    months = {each["month"] for each in company.get("/v1/runs").json()["runs"]}
    assert months == {f"2025-{month:02d}" for month in range(1, 6)}
