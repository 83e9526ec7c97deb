"""A roster file: dated rows, what a blank cell means, and what stands when nothing is said."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from earnest.files.rejections import FileError
from earnest.files.roster import RosterOfFile, read_roster
from earnest.local.processes import LocalError
from shared.kernel import Plan, PlanSet, Roster

RULES: dict[str, Any] = {
    "name": "Plan",
    "version": 1,
    "currency": "USD",
    "effective_from": date(2025, 1, 1),
    "credits": [{"rule": "own"}],
    "measures": [{"measure": name, "sum_of": ["own"]} for name in ("bookings", "margin", "unpaid")],
    "components": [
        {"component": "commission", "kind": "flat", "measure": "bookings", "rate": "5%"},
        {"component": "kicker", "kind": "flat", "measure": "margin", "rate": "1%"},
    ],
}


def read(folder: Path, text: str, *plans: str) -> RosterOfFile:
    (folder / "roster.csv").write_text(text)
    versions = PlanSet(Plan.model_validate({"plan": plan, **RULES}) for plan in plans or ("rep",))
    return read_roster(folder / "roster.csv", versions)


def test_a_blank_cell_leaves_what_an_earlier_row_said(tmp_path: Path) -> None:
    text = "participant_id,effective_from,manager,active\nann,2025-01-01,mia,\nann,2025-03-01,,no\nann,2025-05-01,max,yes\n"
    assert read(tmp_path, text).roster.assignments.drop("position", "territory", "on_leave").rows() == [
        ("ann", date(2025, 1, 1), "mia", "rep", True),
        ("ann", date(2025, 3, 1), "mia", "rep", False),
        ("ann", date(2025, 5, 1), "max", "rep", True),
    ]


def test_without_a_date_a_row_holds_from_long_before(tmp_path: Path) -> None:
    assert read(tmp_path, "participant_id\nann\n").roster.assignments.drop(
        "position", "territory", "on_leave"
    ).rows() == [("ann", date(1900, 1, 1), None, "rep", True)]


def test_the_only_plan_begins_when_its_participant_does(tmp_path: Path) -> None:
    text = "participant_id,effective_from,name\nann,2025-03-01,Ann\nann,2025-02-01,Ann\n"
    assert read(tmp_path, text).roster.assignments.drop("position", "territory", "on_leave").rows() == [
        ("ann", date(2025, 2, 1), None, "rep", True)
    ]


def test_a_participant_with_a_plan_of_their_own_is_not_given_another(tmp_path: Path) -> None:
    text = "participant_id,effective_from,plan,manager\nann,2025-01-01,,mia\nann,2025-03-01,rep,\n"
    assert [
        row[3] for row in read(tmp_path, text).roster.assignments.drop("position", "territory", "on_leave").rows()
    ] == [
        None,
        "rep",
    ]


def test_of_several_plans_none_is_assumed(tmp_path: Path) -> None:
    assert read(tmp_path, "participant_id,manager\nann,mia\n", "rep", "lead").roster.assignments.drop(
        "position", "territory", "on_leave"
    ).rows() == [("ann", date(1900, 1, 1), "mia", None, True)]


def quotas(roster: Roster, measure: str, *, is_share: bool = False) -> list[tuple[str, date, Decimal | None]]:
    found = roster.quotas_of(measure, is_share=is_share)
    return sorted(found.select("participant_id", "effective_from", "quota").iter_rows())


def test_quota_is_that_of_every_measure_unless_a_column_names_one(tmp_path: Path) -> None:
    people = read(tmp_path, "participant_id,quota,quota.margin\nann,5000,700.50\nbob,6000,\n").roster
    since = date(1900, 1, 1)
    assert quotas(people, "bookings") == [("ann", since, Decimal(5000)), ("bob", since, Decimal(6000))]
    assert quotas(people, "margin") == [("ann", since, Decimal("700.5")), ("bob", since, Decimal(6000))]
    assert quotas(people, "margin", is_share=True) == [("ann", since, Decimal("700.5"))]


def test_of_quotas_for_one_and_for_every_measure_the_later_one_stands(tmp_path: Path) -> None:
    text = "participant_id,effective_from,quota,quota.margin\nann,2025-01-01,,700\nann,2025-04-01,900,\nann,2025-07-01,,800\n"
    found = quotas(read(tmp_path, text).roster, "margin")
    assert [(day.month, int(quota or 0)) for _, day, quota in found] == [(1, 700), (4, 900), (7, 800)]


def test_of_two_rows_of_a_day_the_later_one_stands(tmp_path: Path) -> None:
    text = "participant_id,effective_from,manager\nann,2025-01-01,mia\nann,2025-01-01,max\n"
    assert [
        row[2] for row in read(tmp_path, text).roster.assignments.drop("position", "territory", "on_leave").rows()
    ] == ["max"]


@pytest.mark.parametrize("cell", ["many", "-5", "1e99"])
def test_a_bad_quota_rejects_its_row_and_no_other(tmp_path: Path, cell: str) -> None:
    people = read(tmp_path, f"participant_id,quota\nann,{cell}\nbob,100\n")
    assert people.rejected["row"].to_list() == [2]
    assert people.roster.assignments["participant_id"].to_list() == ["bob"]


def test_a_column_that_is_not_known_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="unknown columns boss; known are participant_id"):
        read(tmp_path, "participant_id,boss\nann,mia\n")


def test_whom_the_roster_gives_no_plan_is_said(tmp_path: Path) -> None:
    [note] = read(tmp_path, "participant_id,plan\nann,rep\nbob,\ncy,\n").notes
    assert note.startswith("The roster gives 2 of 3 participants no plan: here they are on the only one, rep.")
    assert read(tmp_path, "participant_id\nann\n", "rep", "lead").notes == []


def test_an_instant_is_a_date_in_the_companys_time_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARNEST_HOME", str(tmp_path))
    monkeypatch.setenv("EARNEST_TIME_ZONE", "Asia/Tokyo")
    text = "participant_id,effective_from,plan\nann,2024-12-31T15:00:00Z,rep\n"
    assert read(tmp_path, text).roster.assignments["effective_from"].to_list() == [date(2025, 1, 1)]
    monkeypatch.setenv("EARNEST_TIME_ZONE", "Nowhere/Land")
    with pytest.raises(LocalError, match="there is no time zone 'Nowhere/Land'"):
        read(tmp_path, text)
