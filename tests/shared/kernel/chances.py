"""Large random worlds from a seed. Hypothesis draws the seed: drawn bit by bit, worlds of this size come out nearly
empty.

The words are those of `hypothesis.strategies`, so that generators read alike; a world that fails is made smaller by
`smallest`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any


@dataclass(frozen=True)
class Chance:
    """Something to be drawn."""

    of: Callable[[Random], Any]

    def map(self, change: Callable[[Any], Any]) -> Chance:
        """What is drawn, changed."""
        return Chance(lambda random: change(self.of(random)))


Draw = Callable[[Chance], Any]


def composite(make: Callable[..., Any]) -> Callable[..., Chance]:
    """A chance from a function that draws others."""
    return lambda *given: Chance(lambda random: make(lambda chance: chance.of(random), *given))


def integers(least: int, most: int) -> Chance:
    """A whole number, both ends among them."""
    return Chance(lambda random: random.randint(least, most))


def booleans() -> Chance:
    """Yes or no."""
    return Chance(lambda random: random.random() < 0.5)


def just(value: Any) -> Chance:
    """Always the same."""
    return Chance(lambda _: value)


def sampled_from(values: Sequence[Any]) -> Chance:
    """One of some values."""
    return Chance(lambda random: random.choice(values))


def one_of(*chances: Chance) -> Chance:
    """One of some chances."""
    return Chance(lambda random: random.choice(chances).of(random))


def permutations(values: Sequence[Any]) -> Chance:
    """All of them in any order."""
    return Chance(lambda random: random.sample(values, len(values)))


def dates(first: date, last: date) -> Chance:
    """A day, both ends among them."""
    return integers(0, (last - first).days).map(lambda days: first + timedelta(days=days))


def lists(chance: Chance, min_size: int = 0, max_size: int = 3, *, unique: bool = False) -> Chance:
    """Some of them, each once if `unique`."""

    def several(random: Random) -> list[Any]:
        found: list[Any] = []
        size = random.randint(min_size, max_size)
        for _ in range(20 * size):
            each = chance.of(random)
            if len(found) < size and not (unique and each in found):
                found.append(each)
        return found

    return Chance(several)


def smallest(data: Any, fails: Callable[[Any], bool], tries: int = 1500) -> Any:
    """A failing world with everything left out without which it still fails, or as much as so many tries find."""
    place = 0
    while tries:
        ways = list(_fewer(data))
        if place >= len(ways):
            return data
        tries -= 1
        if fails(ways[place]):
            data = ways[place]
        else:
            place += 1
    return data


def _fewer(data: Any) -> Iterator[Any]:
    """The data with one entry of a list or mapping, however deep, left out."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield {k: v for k, v in data.items() if k != key}
            yield from ({**data, key: fewer} for fewer in _fewer(value))
    elif isinstance(data, list | tuple):
        for place, value in enumerate(data):
            if isinstance(data, list):
                yield data[:place] + data[place + 1 :]
            yield from (type(data)([*data[:place], fewer, *data[place + 1 :]]) for fewer in _fewer(value))
