"""What a change would have paid: of several plans together, over the months that are known, and since a KPI changed."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from earnest.files.kernel_inputs import read_inputs
from earnest.plans.check import check_files
from earnest.proposals.candidates import Candidate, Signal
from earnest.proposals.drafts import Draft
from earnest.proposals.effects import attained
from earnest.proposals.plan_changes import changed_by
from earnest.proposals.verification import differences, recalculated, told
from earnest.proposals.words import story
from services.alerts.proposals import PlanChange
from shared.kernel import PlanSet, credit
from shared.kernel.plan.exact_yaml import read_yaml
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.report import is_clean
from tests.earnest.proposals.proposal_company import REP, REPS, company
from tests.earnest.proposals.test_candidates import made

CENT = Decimal("0.01")
DISCOUNTS = Signal("average_discount", "up")
CREDITS = Signal("split_share", "up")
ALERT = {"kpi": "average_discount", "title": "Average discount", "unit": "ratio", "currency": "USD", "segment": None}


def as_told(candidate: Candidate) -> dict[str, Any]:
    """As the service tells it to who may read earnings."""
    files = [
        {"file": each.file, "text": each.text, "plan": each.plan.plan if isinstance(each, Draft) else None}
        for each in candidate.files
    ]
    return {
        "proposal_id": "a.p1",
        "plans": list(candidate.plans),
        "words": candidate.words,
        "cause": candidate.rule.cause,
        "behaviour": candidate.rule.behaviour,
        "source": candidate.rule.source,
        "effective_from": candidate.effective_from.isoformat(),
        "holds_from": None,
        "files": files,
        "effect": told(candidate.effect),
        "verify": "earnest alerts verify a.p1",
    }


def test_a_change_of_two_plans_is_one_candidate_with_the_effect_of_both(tmp_path: Path) -> None:
    both = made(company(tmp_path, seniors=5), DISCOUNTS)["rep, senior discount_gate"]
    assert [each.file for each in both.files] == ["rep-2-discount_gate.yaml", "senior-2-discount_gate.yaml"]
    assert both.effect.lose == len(REPS)
    assert len([word for word in both.words if "own credits less" in word]) == 1  # the same in both, said once
    alone = [
        made(company(tmp_path, seniors=5), Signal("average_discount", "up", "plan", plan))[f"{plan} discount_gate"]
        for plan in ("rep", "senior")
    ]
    assert [each.effect.lose for each in alone] == [7, 5]
    changes_alone = [each.effect.cost_after - each.effect.cost_before for each in alone]
    assert both.effect.cost_after - both.effect.cost_before == sum(changes_alone)
    assert both.effect.cost_before == alone[0].effect.cost_before


def test_quotas_of_a_territory_with_two_plans_are_one_file_for_all_of_its_people(tmp_path: Path) -> None:
    signal = Signal("share_at_quota", "down", "territory", "south")
    relief = made(company(tmp_path, seniors=5), signal)["rep, senior quotas"]
    [file] = relief.files
    assert [row.split(",")[0] for row in file.text.splitlines()[1:]] == REPS[4:]
    assert relief.words == ("Quotas of territory south are 10% lower.",)
    assert relief.effect.gain == len(REPS[4:])


def test_months_before_the_first_deal_are_no_history_and_five_months_are_no_year(tmp_path: Path) -> None:
    short = made(company(tmp_path, months=5), DISCOUNTS)["rep discount_gate"]
    assert (short.effect.span.first, short.effect.span.last) == ("2025-02", "2025-06")
    words = "\n".join(story(as_told(short), alert=ALERT | {"onset": "2025-02-10"}))
    assert "2025-02 to 2025-06 (5 months: no whole year is known) would have cost " in words
    whole = made(company(tmp_path), DISCOUNTS)["rep discount_gate"]
    words = "\n".join(story(as_told(whole), alert=ALERT | {"onset": "2025-04-10"}))
    assert "2024-07 to 2025-06 would have cost " in words


def test_months_sum_to_the_whole_and_show_what_a_change_costs_since_the_kpi_changed(tmp_path: Path) -> None:
    gate = made(company(tmp_path, discount=0.35), DISCOUNTS)["rep discount_gate"].effect
    assert len(gate.months) == 12
    assert sum(month.cost_before for month in gate.months) == gate.cost_before
    assert sum(month.cost_after for month in gate.months) == gate.cost_after
    shares = {month.month: month.cost_after / month.cost_before - 1 for month in gate.months}
    # Until March a quarter of the deals is discounted, from April on all are.
    assert min(shares[f"2025-0{month}"] for month in (4, 5, 6)) < -0.25
    assert shares["2025-01"] > Decimal("-0.15")
    told_ = as_told(made(company(tmp_path, discount=0.35), DISCOUNTS)["rep discount_gate"])
    words = "\n".join(story(told_, alert=ALERT | {"onset": "2025-04-10"}))
    since = sum(month.cost_after for month in gate.months[-3:]) / sum(month.cost_before for month in gate.months[-3:])
    assert "Since 2025-04, when the KPI changed: " in words
    assert f", {100 * (since - 1):+.1f}%." in words
    assert "In 2025-06 alone: " in words
    assert f", {100 * shares['2025-06']:+.1f}%." in words


def test_a_cent_of_discount_over_the_gate_takes_a_few_cents_and_never_gives_any(tmp_path: Path) -> None:
    gate = made(company(tmp_path), DISCOUNTS)["rep discount_gate"]
    [draft] = gate.files
    prices = [Decimal(cents) / 100 for cents in [*range(0, 100_000, 250), *range(79_900, 80_100)]]
    rows = [f"D{number},{REPS[0]},{price},1000,2025-03-05,Seat" for number, price in enumerate(prices)]
    (tmp_path / "edge.csv").write_text("\n".join(["deal_id,owner,amount,list_amount,close_date,product", *rows]))
    plans = PlanSet(
        [read_plan(draft.text, draft.file).model_copy(update={"effective_from": read_plan(REP, "r").effective_from})]
    )
    inputs = read_inputs(tmp_path / "edge.csv", tmp_path / "roster.csv", plans=plans)
    credits = credit(inputs.deals, inputs.roster, plans=plans).credits.filter(pl.col("participant_id") == REPS[0])
    by_deal = dict(credits.group_by("deal_id").agg(pl.col("amount").sum()).iter_rows())
    found = sorted((price, by_deal.get(f"D{number}", 0)) for number, price in enumerate(prices))
    steps = [(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(found)]
    assert all(credited >= 0 for _, credited in steps)
    assert max(credited for step, credited in steps if step == Decimal("0.01")) <= 4  # cents
    assert by_deal[f"D{prices.index(Decimal(800))}"] == 80_000
    assert by_deal[f"D{prices.index(Decimal(700))}"] == 70_000 * 3 // 4
    assert by_deal[f"D{prices.index(Decimal(500))}"] == 25_000


def test_where_pay_leaps_at_an_edge_that_is_moved_the_proposal_says_where_and_how_far() -> None:
    whole = read_yaml(REP.replace("kind: graduated", "kind: whole"))
    moved = changed_by(whole, PlanChange(kind="first_tier", by=Decimal("-0.1")), large_deal=None)
    assert moved.words == (
        "The first tier of commission ends at 60% instead of 70%. "
        "A deal over the edge of 60% pays all at 6% instead of 4%: 1.2% of quota at once.",
    )
    graduated = changed_by(read_yaml(REP), PlanChange(kind="first_tier", by=Decimal("-0.1")), large_deal=None)
    assert graduated.words == ("The first tier of commission ends at 60% instead of 70%.",)


@pytest.mark.parametrize("signal", [DISCOUNTS, Signal("share_at_quota", "down"), Signal("attainment_pace", "up")])
def test_the_files_of_a_proposal_alone_give_its_figures_again(tmp_path: Path, signal: Signal) -> None:
    proposing = company(tmp_path, quota=33_330, seniors=5)
    for candidate in made(proposing, signal).values():
        offered = as_told(candidate)
        again = recalculated(proposing, offered, signal=signal)
        assert again.effect == candidate.effect
        assert list(differences(offered["effect"], again.effect)) == []
        pay = again.pay
        assert int(pay["after"].sum() - pay["before"].sum()) == 100 * (
            candidate.effect.cost_after - candidate.effect.cost_before
        )


def test_a_figure_that_facts_have_changed_is_named(tmp_path: Path) -> None:
    proposing = company(tmp_path)
    offered = as_told(made(proposing, DISCOUNTS)["rep discount_gate"])
    (tmp_path / "deals.csv").write_text(
        (tmp_path / "deals.csv").read_text() + "\nnew,rep.00,90000,90000,2025-05-05,Seat"
    )
    proposing.inputs = read_inputs(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=proposing.inputs.plans)
    again = recalculated(proposing, offered, signal=DISCOUNTS)
    found = list(differences(offered["effect"], again.effect))
    assert found[0].startswith("cost before ")
    assert any(each.startswith("2025-05 ") for each in found)
    assert not any(each.startswith("2025-06 ") for each in found)


def test_a_quota_of_a_quarter_is_attained_at_its_end_and_not_by_a_third_of_it_each_month() -> None:
    months = [
        ("ann", f"2025-{month:02d}", 12 * 2025 + month - 1, sold, quota, reset)
        for reset, quota, each in (("quarter", 30, (10, 20, 33)), (None, 10, (11, 11, 11)), ("never", 99, (1, 2, 3)))
        for month, sold in enumerate(each, start=1)
    ]
    names = ["participant_id", "period", "fiscal", "measure", "quota", "reset"]
    frame = pl.DataFrame(months, schema=names, orient="row").with_columns(
        pl.col("reset").fill_null("month").alias("plan"), attainment=pl.col("measure") / pl.col("quota")
    )
    found = {
        (plan, period): share
        for _, plan, period, share in attained(frame)
        .select("participant_id", "plan", "period", "attainment")
        .iter_rows()
    }
    assert found == {("quarter", "2025-03"): 1.1} | {("month", f"2025-{month:02d}"): 1.1 for month in (1, 2, 3)}


def by_hand(
    folder: Path, *, first_ends: Decimal = Decimal("0.7"), quota: int = 34_000, spif: Decimal = Decimal("0.01")
) -> dict[str, Decimal]:
    """What each participant is paid in the twelve months, worked out deal by deal from the files."""
    sold: dict[tuple[str, str], list[tuple[Decimal, bool]]] = defaultdict(list)
    for deal in csv.DictReader((folder / "deals.csv").read_text().splitlines()):
        if "2024-07" <= (month := deal["close_date"][:7]) <= "2025-06":
            sold[deal["owner"], month].append((Decimal(deal["amount"]), deal["product"] == "Suite"))
    pay: dict[str, Decimal] = defaultdict(Decimal)
    for (who, _), deals in sold.items():
        bookings = sum(amount for amount, _ in deals)
        tiers = ((Decimal(0), "0.04"), (first_ends * quota, "0.06"), (Decimal(quota), "0.09"))
        ends = [begin for begin, _ in tiers[1:]] + [Decimal("Infinity")]
        commission = sum(
            (max(Decimal(0), min(bookings, end) - begin) * Decimal(rate))
            for (begin, rate), end in zip(tiers, ends, strict=True)
        )
        suites = sum(amount for amount, is_suite in deals if is_suite) * spif
        pay[who] += sum(each.quantize(CENT, ROUND_HALF_UP) for each in (commission, Decimal(suites)))
    for month in {month for _, month in sold}:
        team = sum(amount for (_, of), deals in sold.items() if of == month for amount, _ in deals)
        pay["boss"] += (team * Decimal("0.005")).quantize(CENT, ROUND_HALF_UP)
    return pay


@pytest.mark.parametrize(
    ("kind", "otherwise"), [("first_tier", {"first_ends": Decimal("0.6")}), ("quotas", {"quota": 30_600})]
)
def test_cost_and_who_gains_are_those_of_a_calculation_by_hand(
    tmp_path: Path, kind: str, otherwise: dict[str, Any]
) -> None:
    effect = made(company(tmp_path, quota=34_000), Signal("share_at_quota", "down"))[f"rep {kind}"].effect
    before, after = by_hand(tmp_path), by_hand(tmp_path, **otherwise)
    assert effect.cost_before == sum(before.values())
    assert effect.cost_after == sum(after.values())
    changes = [after[who] - before[who] for who in before]
    assert (effect.gain, effect.lose, effect.same) == (
        len([each for each in changes if each > 0]),
        0,
        len([each for each in changes if each == 0]),
    )
    assert effect.gain > 0


def test_what_a_measure_has_twice_is_credited_once_and_a_spif_of_its_own_stays(tmp_path: Path) -> None:
    apart = company(tmp_path)
    assert made(apart, CREDITS) == {}
    assert {left.plan for left in apart.left} == {"rep", "manager"}
    twice = REP.replace("sum_of: [own]", "sum_of: [own, strategic]").replace(
        "  - {measure: strategic_bookings, sum_of: [strategic]}\n", ""
    )
    twice = twice.replace("  - {component: spif, kind: flat, measure: strategic_bookings, rate: 1%}\n", "")
    plans = PlanSet([plan if plan.plan != "rep" else read_plan(twice, "rep.yaml") for plan in apart.inputs.plans])
    doubled = replace(apart, inputs=replace(apart.inputs, plans=plans), texts={**apart.texts, "rep@1": twice}, left=[])
    once = made(doubled, CREDITS)["rep credit_once"]
    (tmp_path / once.files[0].file).write_text(once.files[0].text)
    assert is_clean(check_files([tmp_path / once.files[0].file]))
    assert once.effect.lose == len(REPS)
    assert once.effect.cost_after == sum(by_hand(tmp_path, quota=30_000, spif=Decimal(0)).values())
