"""What is shown of a calculation lies on the side of every threshold on which the calculation was, in every currency."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earnest.files.calculation import Calculation, calculate
from earnest.files.results import lines_table
from shared.explanation.parts import parts_of_lines
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan

PLAN = """
plan: rep
version: 1
name: Rep
currency: {currency}
effective_from: 2025-01-01
conventions: {{boundary: upper}}
credits: [{{rule: own}}]
measures: [{{measure: bookings, sum_of: [own], quota: {{prorate: calendar_days}}}}]
components:
  - {{component: pay, kind: curve, measure: bookings, target: 1000, steps: [{{up_to: {mark}, gives: 0%}}, {{gives: 100%}}]}}
"""


def calculated(
    folder: Path, currency: str, mark: str, joined: int, quota: str, amount: str
) -> tuple[Calculation, PlanSet]:
    """One deal of January by somebody who joined in it."""
    (folder / "deals.csv").write_text(f"deal_id,owner,amount,close_date\nD1,ann,{amount},2025-01-31\n")
    roster = f"participant_id,effective_from,quota.bookings\nann,2025-01-{joined:02},{quota}\n"
    (folder / "roster.csv").write_text(roster)
    plans = PlanSet([read_plan(PLAN.format(currency=currency, mark=mark), "plan")])
    return calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None), plans


@pytest.mark.parametrize(
    ("currency", "joined", "quota", "amount", "share", "pays"),
    [
        ("USD", 15, "100000", "34000", "62%", True),  # a quota of 54,838.709677…, of which 34,000 are exactly 62%
        ("USD", 15, "100000", "33999.99", "61.99999%", False),
        ("JPY", 15, "100000", "34000", "62%", True),
        ("KWD", 15, "10000.001", "3400.001", "62.00001%", True),
        ("KWD", 15, "10000", "3399.999", "61.99999%", False),
    ],
)
def test_an_attainment_of_a_prorated_quota_is_that_of_the_calculation(
    tmp_path: Path, currency: str, joined: int, quota: str, amount: str, share: str, pays: bool
) -> None:
    found, plans = calculated(tmp_path, currency, "62%", joined, quota, amount)
    assert (found.earnings["amount"].item() > 0) == pays
    assert lines_table(found.explained, found.plans)["attainment_after"].to_list() == [share]
    (part,) = parts_of_lines(found.explained, found.earnings, plans=plans, component="pay", period="2025-01")
    assert part.attainment == part.lines[-1].attainment_after == Decimal(share.removesuffix("%"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]),
    st.integers(1, 31),
    st.integers(1, 10**6),
    st.integers(1, 2 * 10**6),
    st.integers(-2, 2),
)
def test_whoever_is_paid_is_shown_at_the_threshold_and_nobody_else(
    tmp_path: Path, money: tuple[str, int], joined: int, quota: int, millionths: int, off: int
) -> None:
    currency, digits = money
    mark, prorated = Fraction(millionths, 10**6), Fraction(quota) * (32 - joined) / 31
    units = int(mark * prorated * 10**digits) + off
    amount = f"{Decimal(units).scaleb(-digits):f}"
    found, plans = calculated(tmp_path, currency, f"{Decimal(millionths).scaleb(-4):f}%", joined, str(quota), amount)
    if not found.earnings.height:
        return
    reached = Fraction(units, 10**digits) / prorated >= mark
    (part,) = parts_of_lines(found.explained, found.earnings, plans=plans, component="pay", period="2025-01")
    assert (found.earnings["amount"].item() > 0) == reached
    assert part.attainment is not None
    assert (Fraction(part.attainment) / 100 >= mark) == reached
    assert lines_table(found.explained, found.plans)["attainment_after"].to_list() == [
        f"{part.attainment.normalize():f}%" if part.attainment else "0%"
    ]


@pytest.mark.parametrize(
    ("rounding", "rate", "so_far"),
    [("half_up", "1.5%", ["0.005", "0.505"]), ("down", "3%", ["0.01", "1.01"]), ("up", "3%", ["0.01", "1.01"])],
)
def test_what_is_rounded_is_shown_as_it_was_before_also_where_a_factor_has_no_end(
    tmp_path: Path, rounding: str, rate: str, so_far: list[str]
) -> None:
    head = PLAN.partition("measures:")[0].format(currency="USD").replace("boundary: upper", f"rounding: {rounding}")
    plan = f"""{head}
measures: [{{measure: bookings, sum_of: [own]}}]
components: [{{component: pay, kind: flat, measure: bookings, rate: {rate}, multiply: [{{by: "1/3"}}]}}]
"""
    (tmp_path / "deals.csv").write_text("deal_id,owner,amount,close_date\nD1,ann,1,2025-01-30\nD2,ann,100,2025-01-31\n")
    (tmp_path / "roster.csv").write_text("participant_id\nann\n")
    plans = PlanSet([read_plan(plan, "plan")])
    found = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None)
    (part,) = parts_of_lines(found.explained, found.earnings, plans=plans, component="pay", period="2025-01")
    assert [line.exact_so_far for line in part.lines] == [Decimal(each) for each in so_far]
    assert [line.exact for line in part.lines] == [part.lines[0].exact_so_far, Decimal(so_far[1]) - Decimal(so_far[0])]
    assert part.lines[0].amount == Decimal("0.01")
