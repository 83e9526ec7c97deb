"""An episode that becomes clearly worse: one change with one beginning, and everything that was found of it."""

from __future__ import annotations

import re
from datetime import date, timedelta

import numpy as np
import pytest

from shared.drift.detection import assess
from shared.drift.picture import description, picture
from shared.drift.series import Assessment, series_of
from shared.drift.words import Naming, headline
from tests.shared.drift.test_words_and_picture import texts

MONDAY = date(2023, 1, 2)
DISCOUNT = Naming(title="Average discount", unit="ratio")


def worse() -> Assessment:
    """Ten percent week by week, from the 101st on twelve, and from the 116th on eighteen."""
    week = np.arange(130)
    values = 0.10 + np.random.default_rng(8).normal(0, 0.004, 130) + 0.02 * (week >= 100) + 0.06 * (week >= 115)
    return assess(series_of([MONDAY + timedelta(weeks=int(each)) for each in week], values))


def test_the_score_of_what_became_clearly_worse_is_as_much_higher_from_then_on() -> None:
    found = worse()
    [episode] = found.episodes
    first, second = episode.alerts
    days = found.series.dates.tolist()
    before, after = days.index(second.detected_on) - 1, days.index(second.detected_on)
    assert found.scores[before] <= first.score + 0.001
    assert found.scores[after] == pytest.approx(second.score, abs=0.001)
    assert found.scores[-1] > 1.5 * first.score


def test_a_picture_marks_everything_that_was_found_and_says_one_thing_about_since_when() -> None:
    found = worse()
    [episode] = found.episodes
    first, second = (f"{alert.detected_on.day} {alert.detected_on:%B}" for alert in episode.alerts)
    began = f"{episode.alerts[0].onset.day} {episode.alerts[0].onset:%B}"
    written = texts(picture(found, "svg", naming=DISCOUNT))
    assert {f"began about {began}", f"found {first}", f"clearly worse {second}"} <= {
        text.removesuffix(" 2024").removesuffix(" 2025") for text in written
    }
    assert f"since {began}" in headline(found, DISCOUNT)
    assert [text for text in written if "since" in text] == [headline(found, DISCOUNT)]
    assert re.search(rf"began about {began} \d+, found {first} \d+, clearly worse {second} \d+\.", description(found))


def test_what_was_seen_since_a_change_began_is_the_mean_of_all_its_values() -> None:
    found = worse()
    inside = found.series.dates >= np.datetime64(found.episodes[0].alerts[0].onset, "D")
    mean = float(found.series.values[inside].mean())
    assert f": {mean:.0%} since" in headline(found, DISCOUNT)
