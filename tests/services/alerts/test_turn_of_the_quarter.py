"""The turn of the quarter: deals on both sides of it are one figure, which is known some days after it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from services.alerts.evaluation.readings import Reading, evaluate_plan
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import built_in
from services.alerts.of_facts import KnownFacts, counted

WEST = Where("", "territory", "west")
TURNS = [date(year, month, day) for year in (2022, 2023, 2024) for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))]


def turn_of(closed: date) -> tuple[date, int] | None:
    """On which date a deal that closes on a day is counted, and as which part; None where it is at no turn."""
    said = {"stage": "lost", "close_date": closed.isoformat()}
    deal = {path: [value, "", 0, ""] for path, value in said.items()}
    cells = counted(KnownFacts(deals={"D-1": deal}, roster={}, earnings=[]), built_in())
    sums = built_in().by_name["quarter_turn"].sums
    assert sums.denominator is not None
    places = [cell for cell, of_cell in cells.items() if sums.denominator.key in of_cell and not cell.dimension]
    return (places[0].day, cells[places[0]].get(sums.numerator.key, 0)) if places else None


@pytest.mark.parametrize(
    ("closed", "counts"),
    [
        (date(2024, 3, 22), None),  # the sixth business day before the end
        (date(2024, 3, 25), (date(2024, 3, 31), 1)),
        (date(2024, 3, 31), (date(2024, 3, 31), 1)),
        (date(2024, 4, 1), (date(2024, 3, 31), 0)),
        (date(2024, 4, 12), (date(2024, 3, 31), 0)),
        (date(2024, 4, 15), None),  # the eleventh after it
    ],
)
def test_the_last_five_business_days_and_the_ten_after_them_are_of_one_turn(
    closed: date, counts: tuple[date, int] | None
) -> None:
    assert turn_of(closed) == counts


def west(as_of: date, *, pulled: float = 0.0, since: date = TURNS[-1]) -> Reading:
    """Eighty deals at each turn, 64 of 100 before it; since a turn a part of the others is pulled forward."""
    random, sums = np.random.default_rng(2), built_in().by_name["quarter_turn"].sums
    assert sums.denominator is not None
    placed = []
    for turn in TURNS:
        before = random.binomial(80, 0.64)
        before += round((80 - before) * pulled) if turn >= since else 0
        placed.append(Placed(turn, WEST, {sums.numerator.key: int(before), sums.denominator.key: 80}))
    [found] = [
        each
        for each in evaluate_plan(placed, built_in(), as_of=as_of)
        if each.where == WEST and each.kpi.name == "quarter_turn"
    ]
    return found


def test_a_turn_is_known_ten_business_days_after_it() -> None:
    assert west(date(2025, 1, 14)).spans[-1] == (date(2024, 7, 1), date(2024, 9, 30))
    assert west(date(2025, 1, 15)).spans[-1] == (date(2024, 10, 1), date(2024, 12, 31))


def test_half_of_the_deals_pulled_forward_are_found_within_two_turns_and_ten_business_days() -> None:
    begins = date(2024, 6, 30)
    found = west(date(2025, 3, 31), pulled=0.5, since=begins)
    [episode] = found.findings[-1].episodes
    assert episode.direction == "up"
    assert begins < episode.detected_on <= date(2024, 9, 30) + timedelta(15)
    assert west(date(2025, 3, 31)).findings[-1].episodes == ()
