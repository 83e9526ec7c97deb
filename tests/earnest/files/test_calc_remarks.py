"""What a calculation from files says of itself: quotas that replace those of a whole window, and what has no effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from earnest.files.calculation import calculate
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan
from tests.earnest.files.test_calc_language import HEAD

KICKER = "components: [{component: kicker, kind: bonus, amount: 300, when: attainment(sales) >= 100%}]"

BASE = "\n  - {component: base, kind: flat, measure: sales, rate: 5%}"
LIST = "components:\n  - {component: kicker, kind: bonus, amount: 300, when: attainment(sales) >= 100%}"


def warned(folder: Path, measure: str, roster: str, pay: str = KICKER, head: str = HEAD) -> list[str]:
    (folder / "deals.csv").write_text("deal_id,owner,amount,close_date\nD1,ann,40000,2025-01-20\n")
    (folder / "roster.csv").write_text(f"participant_id,effective_from,plan,quota.sales\n{roster}")
    plans = PlanSet([read_plan(f"{head}measures: [{{measure: sales, sum_of: [own], {measure}}}]\n{pay}", "plan")])
    return calculate(folder / "deals.csv", folder / "roster.csv", plans=plans, step=lambda _: None).warnings


def test_a_quota_that_replaces_that_of_a_whole_window_in_its_last_days_is_told_with_both(tmp_path: Path) -> None:
    changed = "ann,2025-01-01,rep,30000\nann,2025-03-30,,90000\n"
    assert warned(tmp_path, "reset: quarter", changed) == [
        "From 2025-03-30 the quota of ann for sales is 90,000 instead of 30,000, and on plan rep it counts for the whole of 2025-01-01"
        " to 2025-03-31. If it is not meant for the days before, let it begin on 2025-04-01 or say in the plan that quotas change"
        " by_period."
    ]
    (monthly,) = warned(tmp_path, "reset: month", changed)
    assert "the whole of 2025-03-01 to 2025-03-31" in monthly
    assert "by_period" not in monthly
    (figure,) = warned(tmp_path, "reset: year, quota: {changes: by_period}", changed)
    assert "the whole of 2025-03-01 to 2025-03-31" in figure


def test_a_quota_that_replaces_the_default_of_the_plan_is_told_too(tmp_path: Path) -> None:
    roster = "ann,2025-01-01,rep,\nann,2025-12-31,,500\n"
    said, far_off = warned(tmp_path, "reset: year, quota: {default: 120000}", roster)
    assert "a tenth or less" in far_off
    assert "is 500 instead of 120,000" in said


@pytest.mark.parametrize(
    ("measure", "roster"),
    [
        ("reset: quarter", "ann,2025-01-01,rep,30000\nann,2025-04-01,,90000\n"),
        ("reset: quarter, quota: {changes: by_period}", "ann,2025-01-01,rep,30000\nann,2025-02-01,,90000\n"),
        ("reset: quarter", "ann,2025-01-01,rep,30000\nann,2025-02-15,,30000\n"),
        ("reset: quarter", "ann,2025-02-15,rep,30000\n"),
        ("reset: quarter", "ann,2025-01-01,other,30000\nann,2025-02-15,rep,90000\n"),
        ("reset: never", "ann,2025-01-01,rep,30000\nann,2025-03-30,,90000\n"),
    ],
    ids=["first-day", "divided", "the-same", "hired", "moved", "no-windows"],
)
def test_a_quota_that_replaces_none_of_its_window_is_not_told(tmp_path: Path, measure: str, roster: str) -> None:
    assert not [words for words in warned(tmp_path, measure, roster) if "the quota of ann" in words]


def test_a_quota_at_which_no_pay_looks_is_not_told(tmp_path: Path) -> None:
    pay = "components: [{component: base, kind: flat, measure: sales, rate: 5%}]"
    assert warned(tmp_path, "reset: quarter", "ann,2025-01-01,rep,30000\nann,2025-03-30,,90000\n", pay) == []


def test_of_many_quotas_some_are_named_and_the_others_counted(tmp_path: Path) -> None:
    people = "".join(f"p{n},2025-01-01,rep,30000\np{n},2025-03-30,,90000\n" for n in range(8))
    said = warned(tmp_path, "reset: quarter", people)
    assert len(said) == 6
    assert said[-1].startswith("3 more quotas")


def test_deals_and_attainments_that_look_like_slips_are_warnings_too(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text("participant_id,effective_from,plan,quota.sales\nann,2025-01-01,rep,300\n")
    deals = "".join(
        f"{name},ann,40000,{day}\n" for name, day in (("D1", "2025-01-20"), ("E1", "2025-01-20"), ("D2", "2052-01-20"))
    )
    (tmp_path / "deals.csv").write_text(f"deal_id,owner,amount,close_date\n{deals}")
    plans = PlanSet([read_plan(f"{HEAD}measures: [{{measure: sales, sum_of: [own]}}]\n{LIST}{BASE}", "plan")])
    twice, ahead, above = calculate(
        tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None
    ).warnings
    assert twice.startswith("Deals D1, E1 are alike in amount, dates, account and whose they are.")
    assert ahead.startswith("Deal D2 closes on 2052-01-20, more than 5 years ahead")
    assert above.startswith("In 2052-01 ann is at 13,300% of quota or more for component base.")


LEAD = """
plan: lead
version: 1
name: Lead
currency: USD
effective_from: 2025-01-01
credits: [{rule: team, to: managers}, {rule: extra}, {rule: refunds, when: amount < 0}]
measures: [{measure: team_sales, sum_of: [team, extra, refunds]}]
components: [{component: override, kind: flat, measure: team_sales, rate: {term: share}}]
"""


def noted(folder: Path, roster: str, *plans: str) -> tuple[list[str], list[str]]:
    (folder / "deals.csv").write_text("deal_id,owner,amount,close_date\nD1,ann,40000,2025-01-20\n")
    (folder / "roster.csv").write_text(roster)
    own = f"{HEAD}measures: [{{measure: sales, sum_of: [own]}}]\n{KICKER}"
    versions = PlanSet([read_plan(own, "rep"), *(read_plan(plan, "lead") for plan in plans)])
    found = calculate(folder / "deals.csv", folder / "roster.csv", plans=versions, step=lambda _: None)
    return found.notes, found.warnings


def test_what_is_in_use_has_no_note(tmp_path: Path) -> None:
    assert noted(tmp_path, "participant_id,plan,quota.sales\nann,rep,30000\nbob,rep,30000\n") == ([], [])


def test_a_plan_that_nobody_is_on_and_a_plan_that_is_not_there_are_noted_once(tmp_path: Path) -> None:
    roster = "participant_id,plan\nann,rep\nbob,reps\ncem,reps\n"
    assert noted(tmp_path, roster, LEAD) == (
        ["Nobody is on plan lead."],
        ["2 participants, bob first, are on plan reps, which does not exist."],
    )


def test_figures_at_which_no_plan_of_their_participants_looks_are_noted_once_each(tmp_path: Path) -> None:
    roster = (
        "participant_id,plan,manager,quota.sales,term.share,score.team_sales\n"
        "ann,rep,mia,30000,5%,\nbob,rep,mia,30000,6%,\nmia,lead,,90000,1%,\n"
    )
    notes, warnings = noted(tmp_path, roster, LEAD)
    assert warnings == [
        "quota.sales: mia is on no plan that looks at it.",
        "term.share: 2 participants, ann first, are on no plan that looks at it.",
    ]
    assert notes == ["2 crediting rules credited nothing: extra of plan lead, refunds of plan lead."]


def test_deals_of_several_rows_are_noted_since_their_amounts_are_not_added(tmp_path: Path) -> None:
    rows = "D1,ann,100,2025-01-20\nD1,ann,50,2025-01-20\nD2,ann,7,2025-01-20\n"
    (tmp_path / "deals.csv").write_text(f"deal_id,owner,amount,close_date\n{rows}")
    (tmp_path / "roster.csv").write_text("participant_id,plan\nann,rep\n")
    plans = PlanSet([read_plan(f"{HEAD}measures: [{{measure: sales, sum_of: [own]}}]\n{LIST}{BASE}", "plan")])
    [note] = calculate(tmp_path / "deals.csv", tmp_path / "roster.csv", plans=plans, step=lambda _: None).notes
    assert (
        note
        == "1 deal has several rows, of which the later ones replace what the earlier ones say, and add nothing: D1."
    )
