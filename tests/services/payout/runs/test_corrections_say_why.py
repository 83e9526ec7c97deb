"""Each deal of a corrected month says everything that makes it earn something else, with what was before and what is
now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from earnest.files.calculation import Calculation, calculate
from services.payout.runs.corrections import Details, changed_lines
from services.payout.statements.writing import Writing
from shared.contracts.lines import COLLECTION
from shared.explanation import frozen
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan
from shared.pay.deal_facts import DealHistory
from shared.pay.deals_changed import RULE_KEY, Corrected, by_deal, by_rule, compared
from shared.pay.terms.words.release import DatedAmount

MONTH = "2025-01"
TIERS = "kind: graduated, measure: bookings, on: attainment, tiers: [{up_to: 70%, rate: 4%}, {up_to: 100%, rate: 6%}, {rate: 8%}]"
FLAT = "kind: flat, measure: bookings, rate: 2.5%"


@dataclass
class Months:
    """Ann's January before and after, from files."""

    folder: Path

    def told(
        self,
        before: list[str],
        now: list[str],
        facts: Mapping[str, DealHistory] | None = None,
        pays: tuple[str, str] = (TIERS, TIERS),
        quotas: tuple[int, int] = (100_000, 100_000),
        versions: tuple[int, int] = (1, 1),
    ) -> list[tuple[str | None, int, str]]:
        """Deal, difference in cents and the words for it; the differences sum to that of the earnings."""
        (first, was), (second, is_now) = (
            self._of(*each) for each in zip((before, now), pays, quotas, versions, strict=True)
        )
        deals = {row.split(",")[0]: row.split(",")[2] for row in before}
        one, other = (_lines(found, deals) for found in (first, second))
        corrected = Corrected(
            compared(by_deal(one, "deal_currency"), by_deal(other)),
            compared(by_rule(one), by_rule(other), key=RULE_KEY),
            {},
        )
        found = changed_lines(corrected, facts or {}, before=was, now=is_now, writing=Writing("en_US")).get(
            ("ann", "USD", MONTH), ()
        )
        earned = (
            calculation.earnings.filter(participant_id="ann", period=MONTH)["amount"].sum()
            for calculation in (second, first)
        )
        assert sum(each.amount for each in found) == next(earned) - next(earned)
        return [(each.deal_id, each.amount, each.why) for each in found]

    def _of(self, deals: list[str], pays: str, quota: int, version: int) -> tuple[Calculation, Details]:
        head = f"plan: rep\nversion: {version}\nname: Rep\ncurrency: USD\neffective_from: 2025-01-01\ncredits: [{{rule: own}}]\n"
        plan = f"{head}measures: [{{measure: bookings, sum_of: [own]}}]\ncomponents: [{{component: pay, {pays}}}]\n"
        (self.folder / "deals.csv").write_text(
            "\n".join(["deal_id,owner,amount,close_date,splits,refunds,stage", *deals]) + "\n"
        )
        (self.folder / "roster.csv").write_text(f"participant_id,quota.bookings\nann,{quota}\nbob,{quota}\n")
        plans = PlanSet([read_plan(plan, "plan")])
        found = calculate(self.folder / "deals.csv", self.folder / "roster.csv", plans=plans, step=lambda _: None)
        details = frozen.details(found.explained, found.earnings, plans=plans, period=MONTH)
        return found, {(who, MONTH): detail for who, detail in details.iter_rows()}


def _lines(found: Calculation, amounts: Mapping[str, str]) -> pl.DataFrame:
    """Lines as scoring gives them, with the deals' amounts as they were first."""
    minor: dict[str, Any] = {deal: int(amount) * 100 for deal, amount in amounts.items()}
    return found.explained.lines.filter(participant_id="ann", period=MONTH).with_columns(
        deal_amount=pl.col("deal_id").replace_strict(minor, default=None, return_dtype=pl.Int64()),
        deal_currency=pl.lit("USD"),
        refunds=pl.lit([], dtype=pl.List(COLLECTION)),
    )


def test_refund_owner_amount_share_cancellation_and_tiers_at_once_are_all_named(tmp_path: Path) -> None:
    before = [
        "D7,ann,1000,2025-01-02,,,won",
        "D1,ann,50000,2025-01-05,,,won",
        "D6,ann,10000,2025-01-08,,,won",
        "D2,ann,40000,2025-01-10,,,won",
        "D3,ann,30000,2025-01-20,,,won",
        "D4,,20000,2025-01-25,ann:50;bob:50,,won",
        "D5,bob,5000,2025-01-28,,,won",
    ]
    now = [
        "D7,ann,1000,2025-01-02,,,won",
        "D1,ann,50000,2025-01-05,,r1:10000:2025-02-10,won",
        "D6,ann,10000,2025-01-08,,,cancelled",
        "D2,bob,40000,2025-01-10,,,won",
        "D3,ann,45000,2025-01-20,,,won",
        "D4,,20000,2025-01-25,ann:75;bob:25,,won",
        "D5,ann,5000,2025-01-28,,,won",
    ]
    facts = {
        "D1": DealHistory(date(2025, 1, 5), 50_000_00, [DatedAmount(date(2025, 2, 10), 10_000_00)]),
        "D2": DealHistory(date(2025, 1, 10), 40_000_00),
        "D3": DealHistory(date(2025, 1, 20), 45_000_00),
        "D4": DealHistory(date(2025, 1, 25), 20_000_00),
        "D6": DealHistory(date(2025, 1, 8), 10_000_00, (), date(2025, 2, 12)),
    }
    assert Months(tmp_path).told(before, now, facts) == [
        ("D1", -400_00, "10,000.00 USD refunded on 2025-02-10: 2,000.00 before, 1,600.00 now"),
        ("D2", -2_240_00, "No longer credited to you: 2,240.00 before, 0.00 now"),
        (
            "D3",
            -280_00,
            "The amount of the deal is 45,000.00 USD instead of 30,000.00 USD; it reaches from 41% to 86% of quota instead of"
            " from 101% to 131% of quota: 2,400.00 before, 2,120.00 now",
        ),
        (
            "D4",
            120_00,
            "Your share is 75% instead of 50%; it reaches from 86% to 101% of quota instead of from 131% to 141% of quota:"
            " 800.00 before, 920.00 now",
        ),
        ("D5", 400_00, "Credited to you since the month was paid: 0.00 before, 400.00 now"),
        ("D6", -400_00, "Cancelled on 2025-02-12: 400.00 before, 0.00 now"),
    ]


def test_a_deal_of_which_nothing_changed_but_the_tiers_it_reaches_or_its_cents_says_that(tmp_path: Path) -> None:
    before = ["D1,ann,60000,2025-01-05,,,won", "D2,ann,20000,2025-01-06,,,won"]
    now = [before[0].replace("60000", "50000"), before[1]]
    facts = {"D1": DealHistory(date(2025, 1, 5), 50_000_00), "D2": DealHistory(date(2025, 1, 6), 20_000_00)}
    assert Months(tmp_path).told(before, now, facts)[1] == (
        "D2",
        -200_00,
        "It reaches from 50% to 70% of quota instead of from 60% to 80% of quota: 1,000.00 before, 800.00 now",
    )


def test_a_deal_of_which_only_cents_moved_says_that(tmp_path: Path) -> None:
    """2.5% of 21.00 less those of 10.00 are 0.53 - 0.25; of 22.00 less those of 11.00 0.55 - 0.28."""
    _, second = Months(tmp_path).told(
        ["D1,ann,10,2025-01-05,,,won", "D2,ann,11,2025-01-06,,,won"],
        ["D1,ann,11,2025-01-05,,,won", "D2,ann,11,2025-01-06,,,won"],
        {"D1": DealHistory(date(2025, 1, 5), 11_00), "D2": DealHistory(date(2025, 1, 6), 11_00)},
        (FLAT, FLAT),
    )
    assert second == ("D2", -1, "Cents are rounded once, on the total, which changed: 0.28 before, 0.27 now")


def test_another_quota_version_and_rate_are_named(tmp_path: Path) -> None:
    sold = ["D1,ann,80000,2025-01-05,,,won"]
    other = FLAT.replace("2.5%", "3%")
    assert Months(tmp_path).told(sold, sold, quotas=(100_000, 80_000)) == [
        (
            "D1",
            280_00,
            "The quota is 80,000.00 instead of 100,000.00; it reaches from 0% to 100% of quota instead of from 0% to 80% of quota:"
            " 3,400.00 before, 3,680.00 now",
        )
    ]
    assert Months(tmp_path).told(sold, sold, pays=(FLAT, other), versions=(1, 2)) == [
        (
            "D1",
            400_00,
            "Under rep version 2 instead of rep version 1; paid at 3% instead of 2.5%: 2,000.00 before, 2,400.00 now",
        )
    ]


def test_what_changed_and_moves_no_rate_of_the_deal_is_no_cause(tmp_path: Path) -> None:
    """Both quotas leave 40,000 in the first tier, so only the deal's amount moves its pay."""
    told = Months(tmp_path).told(
        ["D1,ann,30000,2025-01-05,,,won"],
        ["D1,ann,40000,2025-01-05,,,won"],
        {"D1": DealHistory(date(2025, 1, 5), 40_000_00)},
        quotas=(100_000, 80_000),
    )
    why = "The amount of the deal is 40,000.00 USD instead of 30,000.00 USD: 1,200.00 before, 1,600.00 now"
    assert told == [("D1", 400_00, why)]


def test_what_no_deal_earned_is_named_by_what_did(tmp_path: Path) -> None:
    sold = ["D1,ann,80000,2025-01-05,,,won"]
    assert Months(tmp_path).told(sold, sold, pays=(f"{FLAT}, maximum: 1500", f"{FLAT}, maximum: 1800"))[-1] == (
        None,
        300_00,
        "Maximum: -500.00 before, -200.00 now",
    )
