"""Whose quotas a proposal changes: of those who are on the plan when it holds, for its measures, and said of nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from earnest.files.kernel_inputs import read_inputs
from earnest.proposals.candidates import Proposing, Signal
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan
from tests.earnest.proposals.proposal_company import MANAGER, REP, REPS, SENIOR, of_inputs, write_files
from tests.earnest.proposals.test_candidates import made

LOW = Signal("share_at_quota", "down")


def company(folder: Path, *rows: str, months: int = 18) -> Proposing:
    """The company in whose roster more is said: participant_id, effective_from, plan, manager, territory, a quota of
    bookings and one of leads, which no plan measures, and whether somebody is active.
    """
    write_files(folder, months=months)
    header, *there = (folder / "roster.csv").read_text().splitlines()
    known = [f"{header},quota.leads,active", *(f"{row},," for row in there), *rows]
    (folder / "roster.csv").write_text("\n".join(known))
    plans = PlanSet([read_plan(text, "plan.yaml") for text in (REP, SENIOR, MANAGER)])
    inputs = read_inputs(folder / "deals.csv", folder / "roster.csv", plans=plans)
    assert inputs.rejected.is_empty()
    return of_inputs(inputs)


def changed(proposing: Proposing, signal: Signal) -> dict[str, str]:
    """By participant the new quota, of a proposal that lowers them."""
    [found] = [each for name, each in made(proposing, signal).items() if name.endswith(" quotas")]
    header, *rows = found.files[0].text.splitlines()
    assert header == "participant_id,effective_from,quota.bookings"
    return {who: quota for who, _, quota in (row.split(",") for row in rows)}


def test_quotas_are_those_of_who_is_on_the_plan_when_they_would_hold(tmp_path: Path) -> None:
    left, promoted, comes = REPS[0], REPS[1], "newcomer"
    proposing = company(
        tmp_path,
        f"{left},2025-08-01,,,,,,no",
        f"{promoted},2025-09-01,senior,,,50000,,",
        f"{comes},2025-08-15,rep,boss,south,20000,,",
    )
    of_rep = changed(proposing, Signal(*LOW[:2], "plan", "rep"))
    assert sorted(of_rep) == sorted([*REPS[2:], comes])
    assert of_rep[comes] == "18000"
    assert changed(proposing, Signal(*LOW[:2], "plan", "senior")) == {promoted: "45000"}
    everybody = made(proposing, LOW)["rep, senior quotas"]
    assert left not in everybody.files[0].text
    unmoved = made(company(tmp_path, f"{left},2025-09-02,,,,,,no"), LOW)["rep quotas"]
    assert left in unmoved.files[0].text  # who goes later has the quota for a day


def test_quotas_of_a_territory_are_those_of_who_is_in_it_when_they_would_hold(tmp_path: Path) -> None:
    proposing = company(tmp_path, f"{REPS[0]},2025-08-15,,,south,,,", f"{REPS[11]},2025-08-15,,,north,,,")
    assert sorted(changed(proposing, Signal(*LOW[:2], "territory", "north"))) == [*REPS[1:4], REPS[11]]


def test_a_quota_of_what_the_plan_does_not_measure_stays_as_it_is(tmp_path: Path) -> None:
    proposing = company(tmp_path, f"{REPS[0]},2025-01-01,,,,,40,", "boss,2025-01-01,,,,,400,")
    assert changed(proposing, LOW) == dict.fromkeys(REPS, "27000")


@pytest.mark.parametrize("kind", ["quotas", "reallocate_quotas"])
def test_words_of_quotas_name_a_territory_and_no_person(tmp_path: Path, kind: str) -> None:
    def said(dimension: str, segment: str) -> str:
        [words] = made(company(tmp_path), Signal(*LOW[:2], dimension, segment))[f"rep {kind}"].words
        return words

    assert "quotas of territory north " in said("territory", "north").lower()
    assert "quotas of one manager " in said("manager", "boss").lower()
    assert "boss" not in said("manager", "boss")


def test_who_came_late_in_the_year_has_a_whole_part_in_quotas_that_are_divided_anew(tmp_path: Path) -> None:
    late = REPS[11]
    proposing = company(tmp_path, f"{late},2024-02-01,senior,,,,,", f"{late},2025-05-01,rep,,,90000,,")
    moved = made(proposing, Signal("attainment_pace", "up"))["rep reallocate_quotas"]
    quotas = [int(row.split(",")[2]) for row in moved.files[0].text.splitlines()[1:]]
    assert sum(quotas) == pytest.approx(11 * 30_000 + 90_000, abs=700)
