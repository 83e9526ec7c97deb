"""From a signal to candidates: draft plans that are sound, and figures that a calculation by hand has, too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from earnest.plans.check import check_files
from earnest.plans.cost_of_change import compared
from earnest.proposals.candidates import Candidate, Proposing, Signal
from earnest.proposals.drafts import Draft
from services.alerts.proposals import rules
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.report import is_clean
from tests.earnest.proposals.proposal_company import REP, REPS, TODAY, company


def made(proposing: Proposing, signal: Signal) -> dict[str, Candidate]:
    """Candidates by their plans and change."""
    found = proposing.candidates(signal, step=lambda _: None)
    return {f"{', '.join(each.plans)} {each.change.kind}".replace("@1", ""): each for each in found}


EVERY = [rule.answers[0] for rule in rules() if {change.kind for change in rule.changes} - {"credit_once"}]


@pytest.mark.parametrize("signal", EVERY, ids=[f"{kpi}-{direction}" for kpi, direction in EVERY])
def test_every_draft_is_a_sound_plan_of_the_next_version_from_a_date_a_month_away(
    tmp_path: Path, signal: tuple[str, str]
) -> None:
    found = made(company(tmp_path), Signal(*signal))  # type: ignore[arg-type]
    assert found
    for each in found.values():
        assert (each.effective_from - TODAY).days >= 30
        assert each.effective_from.day == 1
        [made_file] = each.files
        if isinstance(made_file, Draft):
            file = tmp_path / made_file.file
            file.write_text(made_file.text)
            # What is said of the published version may be said of the draft, too.
            known = {finding.finding.code for finding in check_files([_published(tmp_path)])}
            assert is_clean([found for found in check_files([file]) if found.finding.code not in known])
            plan = read_plan(made_file.text, made_file.file)
            assert (plan.plan, plan.version, plan.effective_from) == ("rep", 2, each.effective_from)
            assert "This remark stays." in made_file.text
            assert "# of some products" in made_file.text
            assert each.words[0] in made_file.text


def _published(folder: Path) -> Path:
    file = folder / "published.yaml"
    file.write_text(REP)
    return file


def test_lower_quotas_cost_more_and_bring_more_people_to_quota(tmp_path: Path) -> None:
    found = made(company(tmp_path, quota=34_000), Signal("share_at_quota", "down"))
    relief = found["rep quotas"]
    assert relief.effect.cost_after > relief.effect.cost_before
    assert relief.effect.figures_after["share_at_quota"] > relief.effect.figures_before["share_at_quota"]
    assert relief.effect.lose == 0
    assert relief.effect.gain > 0
    assert relief.effect.change_p10 <= relief.effect.change_p50 <= relief.effect.change_p90
    rows = relief.files[0].text.splitlines()
    assert rows[0] == "participant_id,effective_from,quota.bookings"
    assert rows[1:] == [f"{rep},{relief.effective_from},30600" for rep in REPS]


def test_a_reallocation_keeps_the_total_and_moves_quotas_to_who_brings_more(tmp_path: Path) -> None:
    moved = made(company(tmp_path), Signal("attainment_pace", "up"))["rep reallocate_quotas"]
    quotas = [int(row.split(",")[2]) for row in moved.files[0].text.splitlines()[1:]]
    assert sum(quotas) == pytest.approx(12 * 30_000, abs=600)
    assert quotas[0] < 30_000 < quotas[-1]
    assert moved.effect.figures_after["attainment_p10"] > moved.effect.figures_before["attainment_p10"]
    assert moved.effect.figures_after["attainment_p90"] < moved.effect.figures_before["attainment_p90"]
    assert moved.effect.gain > 0 < moved.effect.lose


def test_quotas_of_a_segment_are_those_of_its_people_alone(tmp_path: Path) -> None:
    signal = Signal("share_at_quota", "down", "territory", "north")
    relief = made(company(tmp_path), signal)["rep quotas"]
    assert [row.split(",")[0] for row in relief.files[0].text.splitlines()[1:]] == REPS[:4]
    assert relief.effect.gain <= 4
    assert relief.effect.lose == 0
    # A plan would change for others, too; figures are those of the territory.
    assert set(made(company(tmp_path), signal)) == {"rep quotas", "rep reallocate_quotas"}
    pace = relief.effect.figures_before["attainment_pace"], relief.effect.figures_after["attainment_pace"]
    assert pace[1] == pytest.approx(pace[0] / 0.9, rel=1e-6)
    assert "comp_cost_of_sales" not in relief.effect.figures_before


def test_a_discount_gate_takes_credit_of_the_deals_beyond_it_and_of_no_other(tmp_path: Path) -> None:
    proposing = company(tmp_path)
    gate = made(proposing, Signal("average_discount", "up"))["rep discount_gate"]
    old, new = read_plan(REP, "old.yaml"), read_plan(gate.files[0].text, "new.yaml")
    deals = (tmp_path / "deals.csv").read_text().splitlines()
    last_year = tmp_path / "year.csv"
    last_year.write_text(
        "\n".join([deals[0], *(row for row in deals[1:] if "2024-07" <= row.split(",")[4][:7] <= "2025-06")])
    )
    pay, _ = compared(old, new, deals=last_year, roster=tmp_path / "roster.csv")
    change = Decimal(int(pay["after"].sum()) - int(pay["before"].sum())) / 100
    assert change < 0
    assert gate.effect.cost_after - gate.effect.cost_before == change
    assert gate.effect.gain == 0
    credited = proposing.inputs.deals.filter(deal_id="D1")
    assert credited.height == 1
    assert gate.effect.lose == len(REPS)
    assert gate.rule.behaviour.startswith("What is shown is the pay of the deals as they were sold.")


def test_a_windfall_rule_and_a_second_kink_touch_only_who_had_the_large_deal(tmp_path: Path) -> None:
    found = made(company(tmp_path, quota=34_000), Signal("payout_gini", "up"))
    windfall, kink = found["rep largest_deals"], found["rep second_kink"]
    assert windfall.effect.lose < len(REPS)
    assert windfall.effect.figures_after["payout_gini"] < windfall.effect.figures_before["payout_gini"]
    assert kink.effect.figures_after["top_tenth_of_payout"] < kink.effect.figures_before["top_tenth_of_payout"]
    assert kink.effect.change_p50 > -1000
    assert "{up_to: 150%, rate: 9%}" in kink.files[0].text


def test_what_a_plan_has_nothing_for_is_left_with_the_reason(tmp_path: Path) -> None:
    proposing = company(tmp_path)
    found = made(proposing, Signal("payout_gini", "down"))
    assert list(found) == ["rep steeper"]
    assert [(left.plan, left.kind) for left in proposing.left] == [("manager", "steeper")]
    assert "no tiers" in proposing.left[0].why


def test_a_signal_about_a_plan_is_answered_in_that_plan(tmp_path: Path) -> None:
    assert not made(company(tmp_path), Signal("share_at_quota", "down", "plan", "manager"))
    found = made(company(tmp_path), Signal("share_at_quota", "down", "plan", "rep"))
    assert {each.plans for each in found.values()} == {("rep@1",)}


def test_the_same_history_gives_the_same_candidates(tmp_path: Path) -> None:
    signal = Signal("comp_cost_of_sales", "up")
    assert made(company(tmp_path), signal) == made(company(tmp_path), signal)


def test_what_is_published_and_holds_later_is_changed_further_and_not_before_it_holds(tmp_path: Path) -> None:
    signal, proposing = Signal("average_discount", "up"), company(tmp_path)
    [gate] = made(proposing, signal)["rep discount_gate"].files
    text = gate.text.replace(str(made(proposing, signal)["rep discount_gate"].effective_from), "2025-11-01")
    plans = PlanSet([*proposing.inputs.plans, read_plan(text, "gate.yaml")])
    later = replace(
        proposing, inputs=replace(proposing.inputs, plans=plans), texts={**proposing.texts, "rep@2": text}, left=[]
    )
    assert "rep@2 discount_gate" not in made(later, signal)
    kink = made(later, Signal("payout_gini", "up"))["rep@2 second_kink"]
    [draft] = kink.files
    assert draft.file == "rep-3-second_kink.yaml"
    assert kink.effective_from == date(2025, 11, 1)
    assert "own_discounted" in draft.text


@pytest.mark.parametrize(
    ("calendar", "month", "quarter"),
    [
        ("{year_starts: 2}", date(2025, 9, 1), date(2025, 11, 1)),
        ("{weeks: 4-4-5, first_day: 2025-01-06}", date(2025, 9, 1), date(2025, 10, 6)),
        ("{weeks: 4-4-5, first_day: 2024-12-30}", date(2025, 8, 25), date(2025, 9, 29)),
    ],
)
def test_a_draft_begins_with_a_month_of_the_fiscal_calendar_and_sums_of_a_quarter_with_a_quarter(
    tmp_path: Path, calendar: str, month: date, quarter: date
) -> None:
    proposing = company(tmp_path)
    fiscal = REP.replace("conventions:", f"calendar: {calendar}\nconventions:")
    plans = PlanSet([plan if plan.plan != "rep" else read_plan(fiscal, "rep.yaml") for plan in proposing.inputs.plans])
    of_weeks = replace(
        proposing, inputs=replace(proposing.inputs, plans=plans), texts={**proposing.texts, "rep@1": fiscal}
    )
    assert made(of_weeks, Signal("average_discount", "up"))["rep discount_gate"].effective_from == month
    assert made(of_weeks, Signal("month_end_bunching", "up"))["rep quarterly_measure"].effective_from == quarter


def test_what_adds_up_over_a_quarter_is_changed_with_a_quarter_so_that_no_sum_is_cut_in_two(tmp_path: Path) -> None:
    def begins(reset: str, conventions: str) -> dict[str, date]:
        text = REP.replace("sum_of: [own]", f"sum_of: [own]\n    reset: {reset}").replace(
            "{zero_quota: refuse}", conventions
        )
        proposing = company(tmp_path)
        plans = PlanSet(
            [plan if plan.plan != "rep" else read_plan(text, "rep.yaml") for plan in proposing.inputs.plans]
        )
        inputs = replace(proposing.inputs, plans=plans)
        long = replace(proposing, inputs=inputs, texts={**proposing.texts, "rep@1": text})
        found = made(long, Signal("share_at_quota", "down"))
        return {each.change.kind: each.effective_from for each in found.values()}

    october, year = date(2025, 10, 1), date(2026, 1, 1)
    every = ("quotas", "reallocate_quotas", "first_tier")
    assert begins("quarter", "{zero_quota: refuse}") == dict.fromkeys(every, october)
    assert begins("quarter", "{zero_quota: refuse, versions: restart}") == dict.fromkeys(every, october)
    assert begins("year", "{zero_quota: refuse}") == dict.fromkeys(every, year)
    goes_on = begins("quarter", "{zero_quota: refuse, versions: continue}")
    assert goes_on == {"quotas": october, "reallocate_quotas": october, "first_tier": date(2025, 9, 1)}
