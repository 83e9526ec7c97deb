"""`earnest alerts detect`: a file of dated values, watched as a running system would have done."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import holidays
import numpy as np
import polars as pl
import pytest

from tests.command_line import earnest

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "kpi-drift" / "average-discount.csv"
BEGAN = date(2026, 3, 2)
"""When discounts went up in the example."""


def detected(file: Path, *options: str) -> Any:
    run = earnest("alerts", "detect", file, "--json", *options)
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout)


def said(file: Path, *options: str | Path) -> tuple[int, str]:
    run = earnest("alerts", "detect", file, *options)
    return run.returncode, run.stdout + run.stderr


def rows() -> list[tuple[date, str]]:
    with EXAMPLE.open(newline="") as file:
        return [(date.fromisoformat(row["date"]), row["value"]) for row in csv.DictReader(file)]


def written(path: Path, header: str, lines: Iterable[object]) -> Path:
    path.write_text("\n".join([header, *map(str, lines)]) + "\n", encoding="utf-8")
    return path


def test_a_rise_is_found_within_three_weeks_with_its_beginning_and_none_before() -> None:
    found = detected(EXAMPLE)
    assert found["state"] == "drifting"
    alert = found["alerts"][0]
    assert BEGAN <= date.fromisoformat(alert["detected_on"]) <= BEGAN + timedelta(weeks=3)
    assert abs(date.fromisoformat(alert["onset"]) - BEGAN) <= timedelta(days=10)
    assert alert["direction"] == "up"
    assert alert["score"] >= 1
    assert alert["rule"] in {"cusum", "shewhart"}
    figures = {"seen", "expected", "recovered_on", "recovery"}
    assert alert.keys() == {"detected_on", "onset", "direction", "score", "rule"} | figures
    assert 0.125 < alert["expected"] < 0.135 < alert["seen"]
    assert (alert["recovered_on"], alert["recovery"]) == (None, None)
    assert found["name"] == "Average discount"
    assert found["smallest_change"]["within"] >= 5
    assert 0 < found["smallest_change"]["rise"] < 1
    assert {each["direction"] for each in found["alerts"]} == {"up"}


def test_an_alert_is_dated_by_what_was_known_on_its_day(tmp_path: Path) -> None:
    first = date.fromisoformat(detected(EXAMPLE)["alerts"][0]["detected_on"])
    until = written(tmp_path / "until.csv", "date,value", (f"{day},{value}" for day, value in rows() if day <= first))
    assert detected(until)["alerts"] == detected(EXAMPLE)["alerts"][:1]
    before = written(tmp_path / "before.csv", "date,value", (f"{day},{value}" for day, value in rows() if day < first))
    assert detected(before)["alerts"] == []


def test_people_are_told_what_was_seen_and_what_was_expected() -> None:
    code, text = said(EXAMPLE)
    assert code == 0
    assert re.search(r"Average discount: 1[78]% since .*, expected 13%", text)
    assert "half of the times" in text


def test_segments_are_series_of_their_own_which_share_the_false_alarms(tmp_path: Path) -> None:
    lines = [
        f"{territory},{day},{value}"
        for day, value in rows()
        for territory in ("EMEA", "AMER")
        if territory == "EMEA" or day < BEGAN
    ]
    file = written(tmp_path / "discounts.csv", "territory,date,value", lines)
    found = detected(file)
    smallest = [each.pop("smallest_change") for each in found["segments"]]
    assert all(0 < change["rise"] < 1 for change in smallest)
    assert found["segments"] == [
        {"segment": {"territory": "EMEA"}, "state": "drifting"},
        {"segment": {"territory": "AMER"}, "state": "steady"},
    ]
    assert found["state"] == "drifting"
    assert {alert["segment"]["territory"] for alert in found["alerts"]} == {"EMEA"}
    assert re.search("Discounts, territory EMEA: 1[78]% since", said(file)[1])
    assert "Discounts, territory AMER: as expected" in said(file)[1]
    assert "2 segments: 2 of territory\n" in said(file)[1]
    many = written(
        tmp_path / "many.csv",
        "region,size,date,value",
        (f"{'ab'[size % 2]},{size},2026-01-{day:02},1" for size in range(30) for day in (1, 2)),
    )
    told = "30 segments: 2 of region, 30 of size; if size tells no segments apart, leave it out of the file"
    assert told in said(many)[1]
    code, text = said(file, "--picture", tmp_path / "x.svg")
    assert code == 1
    assert "has 2 segments, and a picture shows one series" in text
    strict = detected(file, "--false-alarms-per-year", "0.002")["alerts"][0]
    assert strict["detected_on"] >= found["alerts"][0]["detected_on"]
    assert strict["score"] < found["alerts"][0]["score"] or strict["detected_on"] > found["alerts"][0]["detected_on"]


def test_the_order_of_rows_and_the_form_of_the_file_make_no_difference(tmp_path: Path) -> None:
    expected = detected(EXAMPLE) | {"name": "Same"}
    turned = written(tmp_path / "same.csv", "value,date", (f"{value},{day}" for day, value in reversed(rows())))
    assert detected(turned) == expected
    times = written(tmp_path / "same.csv", "date,value", (f"{day} 00:00:00,{value}" for day, value in rows()))
    assert detected(times) == expected
    frame = pl.DataFrame({"date": [day for day, _ in rows()], "value": [float(value) for _, value in rows()]})
    frame.write_parquet(tmp_path / "same.parquet")
    assert detected(tmp_path / "same.parquet") == expected
    frame.write_excel(tmp_path / "same.xlsx")
    assert detected(tmp_path / "same.xlsx") == expected


def test_a_program_can_tell_that_a_change_is_over(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).normal(0, 2, 120)
    days = [date(2024, 1, 1) + timedelta(weeks=week) for week in range(120)]
    lines = [
        f"{day},{100 + by + 20 * (70 <= week < 85):.2f}" for week, (day, by) in enumerate(zip(days, noise, strict=True))
    ]
    file = written(tmp_path / "visits-per-week.csv", "date,value", lines)
    found = detected(file)
    [alert, *_] = found["alerts"]
    assert (found["name"], found["state"], alert["recovery"]) == ("Visits per week", "steady", "back")
    assert days[85].isoformat() <= alert["recovered_on"] <= days[95].isoformat()
    assert (round(alert["seen"], -1), round(alert["expected"], -1)) == (120, 100)
    assert "found with the value of" in said(file)[1]


def test_a_value_that_is_missing_is_no_value_and_too_few_are_no_judgement(tmp_path: Path) -> None:
    days = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(30)]
    file = written(tmp_path / "blank.csv", "date,value", (f"{day},{'' if day.day % 2 else 'NaN'}" for day in days))
    assert detected(file) == {"name": "Blank", "state": "learning", "alerts": [], "smallest_change": None}
    few = written(tmp_path / "few.csv", "date,value", ["2026-01-05,12.5", "2026-01-12,1e3", "2026-01-19,-.5"])
    assert detected(few) == {"name": "Few", "state": "learning", "alerts": [], "smallest_change": None}


@pytest.mark.parametrize(
    ("header", "lines", "says"),
    [
        (
            "date,values",
            ["2026-01-05,1"],
            "there is no column value; its columns are date, values; did you mean values?",
        ),
        ("date,value", [], "there are no values in it"),
        ("date,value", ["2026-01-05,1", "05/01/2026,2"], "row 3: date '05/01/2026' is not written as 2026-03-31"),
        ("date,value", ["2026-01-05,1", ",2"], "row 3: it has no date"),
        ("date,value", ["2026-01-05,12%"], "row 2: value '12%' is not a number as 1234.5"),
        ("date,value", ["2026-01-05,inf"], "row 2: value 'inf' is not a number as 1234.5"),
        ("date,value", ["2026-01-05,1e999"], "row 2: value '1e999' is not a number as 1234.5"),
        ("date,value", ["2026-01-05,1", "9999-12-31,1"], "row 3: date '9999-12-31' is in no year from 1900 to 2199"),
        ("date,value", ["0001-01-01,1"], "row 2: date '0001-01-01' is in no year from 1900 to 2199"),
        ("date,value", ["2026-01-05,-1e300"], "row 2: value '-1e300' is larger than 1e+30: say it in a larger unit"),
        (
            "date,value,list price,by",
            [f"2026-01-{day},1,{day}.5,{'ab'[day % 2]}" for day in range(10, 30)],
            "segments, and list price has 20 values in 20 rows, so that no segment has a past: leave that column out",
        ),
        ("date,value", ['2026-01-05,"1,000"'], "row 2: value '1,000' is not a number as 1234.5"),
        ("date,value", ["2026-01-05,1,000"], "row 2: "),
        ("date,value", ["2026-01-05,1", "2026-01-05,2"], "row 3: 2026-01-05 is there twice"),
        ("date,value,by", ["2026-01-05,1,a", "2026-01-05,2,a"], "row 3: 2026-01-05 is there twice in its segment"),
        ("date,value", ["x,1"] * 9, "and 4 more"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, header: str, lines: list[str], says: str) -> None:
    code, text = said(written(tmp_path / "wrong.csv", header, lines), "--json")
    assert code == 1
    assert says in text
    assert "wrong.csv" in text


def test_the_companys_calendar_says_which_days_are_no_business_days(tmp_path: Path) -> None:
    """A shop that closes on the holidays of Germany, which are noise to whoever does not know them."""
    closed = holidays.country_holidays("DE", years=(2023, 2024, 2025))
    days = [date(2023, 1, 2) + timedelta(days=day) for day in range(3 * 365)]
    noise = np.random.default_rng(11).normal(0, 7.5, len(days))
    lines = [
        f"{day},{100 + by if day not in closed else 40 + by:.2f}"
        for day, by in zip(days, noise, strict=True)
        if day.weekday() < 5
    ]
    file = written(tmp_path / "visits.csv", "date,value", lines)
    own = tmp_path / "settings.yaml"
    own.write_text("calendar: {country: DE}\nfalse_alarms_per_year: 2\n")

    def smallest(*options: str | Path) -> int:
        [found] = re.findall(r"A lasting change by (\d+)% or more", said(file, *options)[1])
        return int(found)

    assert smallest("--calendar", own) < smallest()
    own.write_text("calendar: {countri: DE}\n")
    code, text = said(file, "--calendar", own)
    assert code == 1
    assert "settings.yaml:1:12: error P102: there is no field countri here\n    did you mean country?" in text
    own.write_text("false_alarms_per_year: 2\n")
    assert "says no calendar; write `calendar: {country: US}`" in said(file, "--calendar", own)[1]
    assert "none.yaml" in said(file, "--calendar", tmp_path / "none.yaml")[1]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, text = said(tmp_path / "none.csv")
    assert code != 0
    assert "none.csv" in text


def test_a_picture_is_written_as_its_name_says(tmp_path: Path) -> None:
    for name, begins in (("x.svg", b"<?xml"), ("x.png", b"\x89PNG")):
        code, text = said(EXAMPLE, "--picture", tmp_path / name)
        assert (code, f"Written: {tmp_path / name}" in text) == (0, True)
        assert (tmp_path / name).read_bytes().startswith(begins)
    assert re.search('<title id="title">Average discount: 1[78]% since', (tmp_path / "x.svg").read_text())
    code, text = said(EXAMPLE, "--picture", tmp_path / "x.pdf")
    assert code == 1
    assert "a picture is an .svg or a .png file" in text
    assert detected(EXAMPLE, "--picture", str(tmp_path / "y.svg"))["state"] == "drifting"
    assert (tmp_path / "y.svg").read_bytes() == (tmp_path / "x.svg").read_bytes()


def test_the_picture_of_the_page_is_the_one_that_its_command_draws(tmp_path: Path) -> None:
    """Written anew by the command on the page, where it differs."""
    assert said(EXAMPLE, "--picture", tmp_path / "x.svg")[0] == 0
    shown = EXAMPLE.parents[2] / "docs" / "pictures" / "kpi-drift.svg"
    words = re.compile(r"<!-- .*? -->|<title.*?</title>|<desc.*?</desc>")
    assert words.findall((tmp_path / "x.svg").read_text()) == words.findall(shown.read_text())


def test_a_change_that_becomes_clearly_worse_is_one_alert_of_the_table(tmp_path: Path) -> None:
    random, monday = np.random.default_rng(8), date(2023, 1, 2)
    rates = [0.10 + random.normal(0, 0.004) + 0.02 * (week >= 100) + 0.06 * (week >= 115) for week in range(130)]
    lines = [f"{monday + timedelta(weeks=week)},{rate:.5f}" for week, rate in enumerate(rates)]
    code, text = said(written(tmp_path / "discount.csv", "date,value", lines))
    first, second = (alert["detected_on"] for alert in detected(tmp_path / "discount.csv")["alerts"])
    assert code == 0
    assert re.search(rf"^\W*{first} ", text, re.MULTILINE)
    assert re.search(rf"^\W*worse {second} ", text, re.MULTILINE)
