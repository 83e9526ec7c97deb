"""What a new version costs is what everyone would have been paid under each, month by month."""

from __future__ import annotations

from pathlib import Path

import pytest

from earnest.plans.cost_of_change import compared
from earnest.plans.files import read_plans

PLAN = """
plan: rep
version: {version}
name: Representative
currency: USD
effective_from: 2025-0{version}-01
credits: [{{rule: own}}]
measures: [{{measure: bookings, sum_of: [own]}}]
components:
  - {{component: commission, kind: flat, measure: bookings, rate: 10%}}
  - {component}
"""
BEFORE = "{component: fixed, kind: bonus, amount: 100, window: month}"
AFTER = [
    ("{component: fixed, kind: bonus, amount: 150, window: month}", 45000),
    ("{component: least, kind: flat, measure: bookings, rate: 0%, minimum: 200}", 60000),
    ("{component: shared, kind: pool, amount: 60}", 9000),
]


@pytest.mark.parametrize(("component", "paid"), AFTER)
def test_what_is_paid_in_months_without_a_deal_is_part_of_the_cost(tmp_path: Path, component: str, paid: int) -> None:
    for version, said in ((1, BEFORE), (2, component)):
        (tmp_path / f"v{version}.yaml").write_text(PLAN.format(version=version, component=said))
    deals, roster = tmp_path / "deals.csv", tmp_path / "roster.csv"
    deals.write_text(
        "deal_id,owner,amount,close_date\nD1,ann,1000,2025-01-10\nD2,bob,1000,2025-01-12\nD3,ann,1000,2025-03-10\n"
    )
    roster.write_text("participant_id,plan\nann,rep\nbob,rep\n")
    old, new = (next(iter(read_plans([tmp_path / f"v{version}.yaml"]))) for version in (1, 2))
    pay, unused = compared(old, new, deals=deals, roster=roster)
    assert unused.is_empty()
    of_deals = {"ann": 20000, "bob": 10000}
    assert {who: (before, after) for who, before, after in pay.select("participant_id", "before", "after").rows()} == {
        who: (amount + 30000, amount + paid) for who, amount in of_deals.items()
    }
