"""How long KPI series take to be assessed."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter, process_time

from shared.drift.bench_series import SORTS, Drift
from shared.drift.detection import assess
from shared.drift.series import Series


@dataclass(frozen=True)
class DriftFigures:
    """Seconds, also of the processor, for so many series; and how many alerts they gave."""

    series: int
    seconds: float
    busy: float
    alerts: int


def run(count: int) -> DriftFigures:
    """Assess daily series of three years of one company: one in ten drifts."""
    sort = SORTS["incentive"]
    days = sort.seeded(0).dates
    series: list[Series] = [
        sort.seeded(seed, Drift(size=2.0 if seed % 10 == 0 else 0.0, onset=days[600])) for seed in range(count)
    ]
    begun, busy = perf_counter(), process_time()
    alerts = sum(len(assess(each).alerts) for each in series)
    return DriftFigures(count, perf_counter() - begun, process_time() - busy, alerts)
