"""Explanations can be checked with a pocket calculator, and their lines sum to the earning."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings

from shared.explanation import Line, Part, parts
from shared.explanation.numbers import cut, plain
from shared.kernel import Plan, PlanSet, Roster, credit, earn, measure
from shared.kernel.crediting.deals import deals_table
from shared.money import from_minor
from tests.services.scoring.conftest import simple_plan
from tests.shared.kernel.test_kernel_against_the_oracle import computed, worlds

many = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
NUMBER = r"-?[\d,]+(?:\.\d+)?"


def told(world: Any) -> list[tuple[Decimal, list[Part]]]:
    """Every earning with its parts."""
    credits, earned, roster, plans = computed(world)
    found = []
    for (who, period, component), rows in earned.group_by("participant_id", "period", "component"):
        own = credits.filter((pl.col("participant_id") == who) & (pl.col("period") == period))
        pay = from_minor(rows["amount"].sum(), "USD")
        found.append((pay, parts(own, rows, roster=roster, plans=plans, component=str(component), period=str(period))))
    return found


@many
@given(worlds)
def test_lines_sum_to_the_earning_and_each_follows_from_the_one_before(world: Any) -> None:
    for amount, explained in told(world):
        assert sum(line.amount for part in explained for line in part.lines) == amount
        for part in explained:
            walk(part)
            for line in part.lines:
                calculate(part, line)


def walk(part: Part) -> None:
    """Each line begins where the last one ended, and what is paid so far is what is due so far, rounded."""
    mode = ROUND_HALF_EVEN if part.rounding == "half_even" else ROUND_HALF_UP
    measure = paid = exact = Decimal(0)
    for line in part.lines:
        exact += line.exact
        assert (line.before, line.after) == (measure, measure + line.credited)
        assert (line.paid_before, line.paid_after) == (paid, paid + line.amount)
        assert line.exact_so_far == plain(cut(exact, 9), 2)
        assert line.paid_after == exact.quantize(Decimal("0.01"), mode)
        measure, paid = line.after, line.paid_after
    assert (measure, paid) == (part.measured, part.amount)


def calculate(part: Part, line: Line) -> None:
    """The products in the sentence are right, and they are what the line says."""
    found = re.findall(rf"({NUMBER}) × ({NUMBER})% = ({NUMBER})", line.sentence)
    products = [[Decimal(text.replace(",", "")) for text in each] for each in found]
    assert [(s.credited, s.rate * 100, s.pays) for s in line.slices] == [tuple(each) for each in products]
    assert all(credited * percent / 100 == pays for credited, percent, pays in products)
    assert sum(pays for _, _, pays in products) == line.exact
    if part.rule_skipped is None:
        assert sum(credited for credited, _, _ in products) == line.credited


def explained(quota: str | None, *amounts: str, **plan: Any) -> Part:
    """Ann's commission for deals of these amounts on consecutive days."""
    day = "2025-01-01"
    facts = {f"{day}/plan": ["rep", "", 0, ""]} | (
        {} if quota is None else {f"{day}/quota.bookings": [quota, "", 0, ""]}
    )
    roster, plans = Roster.from_facts([("ann", facts)]), PlanSet([Plan.model_validate(simple_plan(**plan))])
    deals = [
        (
            f"d{number}",
            {
                name: [value, "", 0, ""]
                for name, value in {
                    "stage": "won",
                    "amount": amount,
                    "currency": "USD",
                    "owner": "ann",
                    "close_date": f"2025-03-0{number + 1}",
                }.items()
            },
        )
        for number, amount in enumerate(amounts)
    ]
    credited = credit(deals_table(deals, plans.deal_columns), roster, plans=plans).credits
    [part] = parts(
        credited,
        earn(measure(credited, plans), roster, plans=plans),
        roster=roster,
        plans=plans,
        component="commission",
        period="2025-03",
    )
    return part


def test_a_deal_that_crosses_the_quota_is_told_in_two_slices() -> None:
    part = explained("10000", "9500.00", "1200.10")
    assert part.lines[1].sentence == (
        "Deal d1, closed on 2025-03-02, credits 1,200.10 USD by rule own. "
        "That takes bookings from 9,500.00 (95.00% of quota) to 10,700.10 (107.001% of quota). "
        "500.00 × 5% = 25.00 (up to 100% of quota). 700.10 × 10% = 70.01 (above 100% of quota). Together 95.01. "
        "The pay so far is 570.01, rounded 570.01; it was 475.00 before, so this line pays 95.01 USD."
    )
    assert part.sentence == (
        "commission pays 570.01 USD for bookings of 10,700.10 USD against a quota of 10,000.00 (107.001% of quota), "
        "under rep version 1: the sum of 2 lines."
    )


def test_only_the_total_is_rounded() -> None:
    part = explained("10000", "0.10", "0.10", "0.10")
    assert [(line.exact, line.amount) for line in part.lines] == [
        (Decimal("0.005"), Decimal("0.01")),
        (Decimal("0.005"), Decimal("0.00")),
        (Decimal("0.005"), Decimal("0.01")),
    ]
    assert (
        "The pay so far is 0.015, rounded 0.02; it was 0.01 before, so this line pays 0.01 USD."
        in part.lines[2].sentence
    )


def test_attainment_never_says_reached_before_it_is() -> None:
    assert explained("10000", "9999.99").attainment == Decimal("99.9999")
    assert explained("30000", "29999.99").attainment == Decimal("99.99997")


def test_without_a_quota_it_says_what_is_missing() -> None:
    part = explained(None, "100.00")
    assert (part.amount, part.attainment) == (0, None)
    assert part.rule_skipped is not None
    assert (part.rule_skipped.cause, part.rule_skipped.about) == ("no_quota", "bookings")
    assert "no quota above zero for bookings" in part.sentence
    assert "no quota above zero for bookings" in part.lines[0].sentence


def test_tiers_on_amounts_are_told_in_amounts() -> None:
    tiers = [{"up_to": "50000", "rate": "1%"}, {"up_to": "80000.50", "rate": "2%"}, {"rate": "3.125%"}]
    component = {"component": "commission", "measure": "bookings", "kind": "graduated", "tiers": tiers}
    part = explained(None, "90000.00", components=[component])
    assert [(piece.reach, piece.credited, piece.rate) for piece in part.lines[0].slices] == [
        ("up to 50,000", 50000, Decimal("0.01")),
        ("from 50,000 to 80,000.50", Decimal("30000.5"), Decimal("0.02")),
        ("above 80,000.50", Decimal("9999.5"), Decimal("0.03125")),
    ]
