"""Ways to do the same work, timed in turn, so that what else the machine does falls on all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Timed(Generic[Result]):
    """Seconds by the clock and of the processor, medians of all rounds but the first, and what came out."""

    seconds: float
    busy: float
    result: Result


def in_turn(ways: Mapping[str, Callable[[], Result]], rounds: int) -> dict[str, Timed[Result]]:
    """Every way once in each round; the first round, in which files and code are read, does not count."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    results: dict[str, Result] = {}
    for _ in range(rounds + 1):
        for name, work in ways.items():
            clock, busy = perf_counter(), process_time()
            results[name] = work()
            taken[name].append((perf_counter() - clock, process_time() - busy))
    return {
        name: Timed(median(clock for clock, _ in times[1:]), median(busy for _, busy in times[1:]), results[name])
        for name, times in taken.items()
    }
