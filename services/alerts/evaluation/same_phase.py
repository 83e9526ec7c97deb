"""The values of many, such as attainments of participants, by month: as they are compared with those of the same phase
of past quarters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final
from zlib import crc32

import numpy as np

from services.alerts.evaluation.drifts import Past
from services.alerts.evaluation.totals import Course, Where
from services.alerts.kpis import WatchedKpi
from services.alerts.kpis.columns import SCALE
from services.alerts.kpis.model import QUANTILES
from shared.calendars import CompanyCalendar
from shared.drift.distributions import LEAST
from shared.drift.samples import Samples
from shared.drift.series import Bad, Excluded, Floats, Grain

_DAYS_OF_WEEK: Final = 7


def samples(
    watched: WatchedKpi,
    course: Course,
    *,
    where: Where,
    past: Past,
    calendar: CompanyCalendar,
    bad: Bad,
    excluded: Sequence[Excluded],
) -> Samples:
    """The values of a KPI at a place over its past."""
    kpi, key = watched.kpi, watched.sums.numerator.key
    assert kpi.statistic is not None
    return Samples(
        grain=past.grain,
        dates=[first for first, _ in past.spans],
        ends=[last for _, last in past.spans],
        phases=phases(past.grain, [first for first, _ in past.spans], calendar=calendar),
        values=[_values(course.levels_within(key, first, last=last)) for first, last in past.spans],
        part=float(QUANTILES[kpi.statistic]),
        bad=bad,
        least=max(kpi.minimum, LEAST),
        excluded=excluded,
        seed=crc32("\0".join((kpi.name, *where)).encode()),
    )


def phases(grain: Grain, firsts: Sequence[date], *, calendar: CompanyCalendar) -> list[int]:
    """Of spans that begin on some days, their places in the fiscal quarter; of quarters, in the year."""
    if not firsts:
        return []
    days = np.array(firsts, dtype="datetime64[D]")
    if grain is Grain.QUARTER:
        places = calendar.numbers(days, "quarter") % 4
    elif grain is Grain.MONTH:
        places = calendar.numbers(days, "period") % 3
    else:
        places = (days - calendar.bounds(days, "quarter")[0]).astype(np.int64) // _DAYS_OF_WEEK
    return [int(place) for place in places]


def _values(counted: Mapping[int, int]) -> Floats:
    """Each value as often as it was counted, in order."""
    return np.repeat(np.array(list(counted), dtype=np.float64) / SCALE, list(counted.values()))
