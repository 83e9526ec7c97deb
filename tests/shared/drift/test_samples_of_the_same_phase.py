"""Values of many against those of the same phase before: what is found, how soon, and how seldom by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from shared.drift.samples import Samples, assess_samples
from shared.drift.series import Assessment, Direction, Excluded, Floats, Grain, Recovery, Rule, State
from shared.drift.words import Naming, headline

MONTHS, CHANGED = 36, 24
FIRSTS = [date(2021 + month // 12, month % 12 + 1, 1) for month in range(MONTHS)]
Attainments = Callable[[int, Floats], Floats]


def segments(
    seed: int, *, each: Mapping[str, Attainments] | None = None, month_sd: float = 0.0, count: int = MONTHS
) -> dict[str, Samples]:
    """Six segments of 40 participants over months, of which the last of a quarter is better; `each` changes what some
    reach in a month.
    """
    rng = np.random.default_rng(seed)
    months = rng.normal(0, month_sd, count)
    found = {}
    for number, segment in enumerate("ABCDEF"):
        skill = rng.normal(0, 0.15, 40)
        values = []
        for month in range(count):
            logs = np.log(0.95) + 0.1 * (month % 3 == 2) + months[month] + skill + rng.normal(0, 0.26, 40)
            change = (each or {}).get(segment)
            values.append(np.exp(logs) if change is None else change(month, np.exp(logs)))
        found[segment] = Samples(
            grain=Grain.MONTH,
            dates=FIRSTS[:count],
            ends=FIRSTS[:count],
            phases=[month % 3 for month in range(count)],
            values=values,
            seed=number,
        )
    return found


def lower(month: int, attained: Floats) -> Floats:
    """A quarter less from a month on."""
    return attained * 0.75 if month >= CHANGED else attained


def wider(month: int, attained: Floats) -> Floats:
    """The ends move away from the middle."""
    return 0.95 * (attained / 0.95) ** 2.2 if month >= CHANGED else attained


def test_a_segment_whose_attainment_falls_is_found_within_a_quarter_and_no_other() -> None:
    for seed in range(4):
        found = assess_samples(segments(seed, each={"C": lower}))
        [episode] = found["C"].episodes
        [alert] = episode.alerts
        assert (alert.direction, alert.rule) == (Direction.DOWN, Rule.DISTRIBUTION)
        assert FIRSTS[CHANGED + 1] <= alert.detected_on <= FIRSTS[CHANGED + 3]
        assert FIRSTS[CHANGED] <= alert.onset
        assert alert.value < 0.85 * alert.expected
        assert [name for name, each in found.items() if each.alerts] == ["C"]


@pytest.mark.parametrize("month_sd", [0.0, 0.05], ids=["alike", "good and bad months"])
def test_without_a_change_hardly_anything_is_found(month_sd: float) -> None:
    found = [each for seed in range(8) for each in assess_samples(segments(seed, month_sd=month_sd)).values()]
    assert sum(len(each.episodes) for each in found) <= 1


def test_ends_that_move_while_the_middle_stays_are_found_and_told() -> None:
    of_segments = list(segments(2, each=dict.fromkeys("ABCDEF", wider)).values())
    together = [np.concatenate(of_month) for of_month in zip(*(each.values for each in of_segments), strict=True)]
    [found] = assess_samples({"all": replace(of_segments[0], values=together)}).values()
    assert found.state is State.DRIFTING
    (low, low_now), (middle, middle_now), (high, high_now) = (found.quantiles[part] for part in (0.1, 0.5, 0.9))
    assert low_now < 0.85 * low
    assert high_now > 1.15 * high
    assert abs(middle_now / middle - 1) < 0.12
    assert "; p10 " in headline(found, Naming(title="Attainment", unit="ratio"))


def test_what_comes_later_changes_nothing_that_was_said() -> None:
    whole = assess_samples(segments(3, each={"B": lower}))
    for known in (20, 27, 31):
        early = assess_samples({name: until(each, known) for name, each in segments(3, each={"B": lower}).items()})
        for name, each in early.items():
            np.testing.assert_array_equal(each.scores, whole[name].scores[:known])
            assert list(each.states) == list(whole[name].states[:known])


def until(samples: Samples, known: int) -> Samples:
    return replace(
        samples,
        dates=samples.dates[:known],
        ends=samples.ends[:known],
        phases=samples.phases[:known],
        values=samples.values[:known],
    )


def test_an_episode_ends_when_values_are_back_and_becomes_normal_when_it_lasts_a_year() -> None:
    def for_half_a_year(month: int, attained: Floats) -> Floats:
        return attained * 0.7 if 18 <= month < 24 else attained

    def for_good(month: int, attained: Floats) -> Floats:
        return attained * 0.7 if month >= 18 else attained

    back, stays = (
        assess_samples(segments(5, each={"A": change}))["A"].episodes[0] for change in (for_half_a_year, for_good)
    )
    assert back.recovery is Recovery.BACK
    assert back.recovered_on is not None
    assert FIRSTS[24] <= back.recovered_on <= FIRSTS[27]
    assert stays.recovery is Recovery.NEW_NORMAL


def test_only_the_bad_direction_is_an_alarm_and_what_was_explained_is_no_part_of_what_is_normal() -> None:
    of_all = segments(1, each={"D": lower})
    up_only = {name: replace(each, bad="up") for name, each in of_all.items()}
    assert not any(each.episodes for each in assess_samples(up_only).values())
    explained = Excluded(first=FIRSTS[CHANGED], last=FIRSTS[-1])
    [episode] = assess_samples({**of_all, "D": replace(of_all["D"], excluded=[explained])})["D"].episodes
    assert episode.recovered_on is None  # its own months are never what is expected


def test_few_values_are_reported_and_not_judged() -> None:
    small = {
        name: replace(each, values=[values[:19] for values in each.values])
        for name, each in segments(1, each={"D": lower}).items()
    }
    for each in assess_samples(small).values():
        assert (each.state, each.smallest_change, len(each.episodes)) == (State.LEARNING, None, 0)
    assert assess_samples({}) == {}


def test_the_smallest_change_is_found_about_half_of_the_times() -> None:
    found = []
    for seed in range(24):
        known: Assessment = assess_samples(segments(seed, count=30))["A"]
        assert known.smallest_change is not None
        part = known.smallest_change

        def moved(month: int, attained: Floats, part: float = part) -> Floats:
            return attained - 0.98 * part if month >= 30 else attained

        after = assess_samples(segments(seed, each={"A": moved}, count=30 + known.within))["A"]
        found.append(any(alert.detected_on >= FIRSTS[30] for alert in after.alerts))
    assert 0.25 <= np.mean(found) <= 0.75
