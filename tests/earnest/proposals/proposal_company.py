"""A company of two plans over a year and a half, in which quotas, discounts and large deals are as a test needs them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from earnest.files.kernel_inputs import KernelInputs, read_inputs
from earnest.proposals.candidates import Proposing
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan

REP = """# Sales representatives are paid by attainment. This remark stays.
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2024-01-01
conventions: {zero_quota: refuse}
credits:
  - rule: own
  - rule: strategic  # of some products
    when: stage = 'won' and product = 'Suite'
measures:
  - measure: bookings
    sum_of: [own]
  - {measure: strategic_bookings, sum_of: [strategic]}
components:
  - component: commission
    kind: graduated
    measure: bookings
    on: attainment
    tiers:
      - {up_to: 70%, rate: 4%}
      - {up_to: 100%, rate: 6%}
      - {rate: 9%}
  - {component: spif, kind: flat, measure: strategic_bookings, rate: 1%}
"""
SENIOR = REP.replace("plan: rep", "plan: senior").replace("{rate: 9%}", "{rate: 10%}")
MANAGER = """plan: manager
version: 1
name: Manager
currency: USD
effective_from: 2024-01-01
credits: [{rule: team, to: managers}]
measures: [{measure: team_bookings, sum_of: [team]}]
components: [{component: override, kind: flat, measure: team_bookings, rate: 0.5%}]
"""
TODAY = date(2025, 7, 15)
REPS = [f"rep.{number:02}" for number in range(12)]


def company(folder: Path, *, quota: int = 30_000, **varied: Any) -> Proposing:
    """Its files in a folder, and the history over which is proposed."""
    write_files(folder, quota=quota, **varied)
    plans = PlanSet([read_plan(text, "plan.yaml") for text in (REP, SENIOR, MANAGER)])
    inputs = read_inputs(folder / "deals.csv", folder / "roster.csv", plans=plans)
    assert inputs.rejected.is_empty()
    return of_inputs(inputs)


def of_inputs(inputs: KernelInputs) -> Proposing:
    """Its plans as they are written."""
    return Proposing(inputs=inputs, texts={"rep@1": REP, "senior@1": SENIOR, "manager@1": MANAGER}, today=TODAY)


def write_files(
    folder: Path,
    *,
    quota: int = 30_000,
    discount: float = 0.05,
    days_later: int = 0,
    months: int = 18,
    seniors: int = 0,
) -> None:
    """Plans, roster and deals of a year and a half: twelve reps, whose mean month is about 30,000, each a quarter more
    than the one before; four deals a month each, of which the first is discounted by 30 % and, in the last three months,
    the others by `discount`; and one deal of a million. All deals may be some days later, or only those of the last
    `months`; and the last `seniors` of the reps on a plan of their own.
    """
    rng = np.random.default_rng(5)
    sold = ["deal_id,owner,amount,list_amount,close_date,product"]
    for month in range(18 - months, 18):
        for place, rep in enumerate(REPS):
            for number in range(4):
                listed = 2500 * (1 + place / 4) * rng.lognormal(0, 0.5)
                granted = 0.3 if number == 0 else discount if month >= 15 else 0.05
                day = date(2024 + month // 12, month % 12 + 1, 5 + 6 * number) + timedelta(days=days_later)
                product = "Suite" if number == 1 else "Seat"
                sold.append(f"D{len(sold)},{rep},{listed * (1 - granted):.2f},{listed:.2f},{day},{product}")
    if months > 3:
        sold.append(f"D{len(sold)},{REPS[3]},1000000,1000000,{date(2025, 3, 5) + timedelta(days=days_later)},Suite")
    roster = ["participant_id,effective_from,plan,manager,territory,quota.bookings", "boss,2024-01-01,manager,,,"]
    for place, rep in enumerate(REPS):
        territory = "north" if place < 4 else "south"
        plan = "rep" if place < len(REPS) - seniors else "senior"
        roster.append(f"{rep},2024-01-01,{plan},boss,{territory},{quota}")
    (folder / "deals.csv").write_text("\n".join(sold))
    (folder / "roster.csv").write_text("\n".join(roster))
    (folder / "plans").mkdir(exist_ok=True)
    (folder / "plans" / "rep.yaml").write_text(REP)
    (folder / "plans" / "senior.yaml").write_text(SENIOR)
    (folder / "plans" / "manager.yaml").write_text(MANAGER)
