"""What `earnest alerts detect` finds in two companies' real data: changes that are there, and no alarm that nothing explains.

The data are read where they lie. What is expected below was found by looking at them, not by the detector.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from tests.command_line import earnest
from tests.conformance.real_series import COUNTRIES, series_of_invoices, series_of_opportunities


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that happened in the data. An alert fits that is found within these dates; `must` asks for one."""

    series: str
    direction: str
    earliest: date
    latest: date
    why: str
    must: bool = False

    def explains(self, series: str, alert: Mapping[str, Any]) -> bool:
        return (
            series.startswith(self.series)
            and alert["direction"] == self.direction
            and self.earliest <= date.fromisoformat(alert["detected_on"]) <= self.latest
        )


OF_INVOICES: Final = (
    Change(
        series="lines",
        direction="up",
        earliest=date(2011, 9, 5),
        latest=date(2011, 12, 9),
        why="from 1,360 lines a day in August to 1,930 in September, 2,340 in October and 3,260 in November: Christmas, "
        "which the data show only once before, by its end",
    ),
    Change(
        series="lines a day",
        direction="up",
        earliest=date(2011, 9, 5),
        latest=date(2011, 10, 15),
        why="the same; in a first year it may be the season, and it is",
    ),
    Change(
        series="lines a day",
        direction="up",
        earliest=date(2011, 8, 30),
        latest=date(2011, 8, 30),
        why="3,235 lines on the day after the bank holiday, twice as many as on any day since December",
    ),
    Change(
        series="revenue",
        direction="up",
        earliest=date(2011, 9, 5),
        latest=date(2011, 12, 9),
        why="Christmas, as in the number of lines",
    ),
    Change(
        series="revenue of a day",
        direction="up",
        earliest=date(2011, 9, 20),
        latest=date(2011, 9, 20),
        why="109,286: two orders of 31,698 and 22,105",
    ),
    Change(
        series="basket of a day",
        direction="up",
        earliest=date(2011, 9, 20),
        latest=date(2011, 9, 20),
        why="the same two orders",
    ),
    Change(
        series="basket of a day",
        direction="up",
        earliest=date(2011, 12, 9),
        latest=date(2011, 12, 9),
        why="one order of 168,470, which was cancelled within minutes",
        must=True,
    ),
)
OF_OPPORTUNITIES: Final = (
    Change(
        series="win",
        direction="down",
        earliest=date(2017, 7, 1),
        latest=date(2017, 8, 15),
        why="wins fall from 531 in June to 308 in July, as from March to April: with the first turn of a quarter that is "
        "watched nobody can know yet that each quarter begins so",
    ),
)
MOST: Final = 8
"""Alerts over the 43 series of both companies, of ten months and of a year, at one false alarm in ten years each file."""


def found_in(table: pl.DataFrame, folder: Path, *, name: str) -> list[dict[str, Any]]:
    file = folder / f"{name}.csv"
    table.write_csv(file)
    run = earnest("alerts", "detect", file, "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    alerts: list[dict[str, Any]] = json.loads(run.stdout)["alerts"]
    return alerts


def found(series: Mapping[str, pl.DataFrame], folder: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(name, alert) for name, table in series.items() for alert in found_in(table, folder, name=name)]


@pytest.fixture(scope="session")
def opportunities(shared_folder: Path) -> Mapping[str, pl.DataFrame]:
    """The series of the CRM's opportunities."""
    return series_of_opportunities(shared_folder / "data")


@pytest.fixture(scope="session")
def invoices(shared_folder: Path) -> Mapping[str, pl.DataFrame]:
    """The series of the wholesaler's invoices."""
    return series_of_invoices(shared_folder / "data")


def test_every_alert_is_about_something_that_happened_and_what_is_large_is_found(
    opportunities: Mapping[str, pl.DataFrame], invoices: Mapping[str, pl.DataFrame], tmp_path: Path
) -> None:
    total = 0
    for series, changes in ((opportunities, OF_OPPORTUNITIES), (invoices, OF_INVOICES)):
        alerts = found(series, tmp_path)
        unexplained = [
            (name, alert) for name, alert in alerts if not any(each.explains(name, alert) for each in changes)
        ]
        assert unexplained == []
        missed = [each for each in changes if each.must and not any(each.explains(*alert) for alert in alerts)]
        assert missed == []
        total += len(alerts)
    assert total <= MOST


def test_a_change_that_is_put_into_the_data_is_found_where_it_is(
    opportunities: Mapping[str, pl.DataFrame], invoices: Mapping[str, pl.DataFrame], tmp_path: Path
) -> None:
    """What is quiet is quiet because nothing happens, not because nothing is looked at."""
    cases = (
        (opportunities["value of a win by week"], date(2017, 10, 2), 0.6, "down"),
        (
            invoices["basket of a week by country"].filter(pl.col("country") == COUNTRIES[0]),
            date(2011, 8, 1),
            1.8,
            "up",
        ),
    )
    for number, (table, begin, factor, direction) in enumerate(cases):
        changed = pl.col("value") * pl.when(pl.col("date") >= begin).then(factor).otherwise(1.0)
        alerts = found_in(table.with_columns(changed), tmp_path, name=f"changed-{number}")
        assert alerts, number
        assert alerts[0]["direction"] == direction
        first = date.fromisoformat(alerts[0]["detected_on"])
        assert 0 <= (first - begin).days <= 70
        assert abs((date.fromisoformat(alerts[0]["onset"]) - begin).days) <= 28
