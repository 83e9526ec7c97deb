"""Whether a KPI is beyond its threshold, and was: a walk over business dates on what is known now.

Nothing is remembered from evaluation to evaluation: a late correction of last week then opens and closes what it should
have. One good date ends a breach, whatever is unknown of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.alerts.evaluation.episodes import Episode
from services.alerts.evaluation.figures import Measurement, measured, of_pace
from services.alerts.evaluation.totals import Course
from services.alerts.kpis import WatchedKpi
from services.alerts.kpis.model import Threshold, Window
from shared.calendars import CompanyCalendar
from shared.periods import Month, first_day, last_day, month_number, month_of_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A KPI against its threshold as of a date: its value then, whether it is in breach (None: nothing can be said),
    and every breach that lasted.
    """

    now: Measurement
    breached: bool | None
    episodes: tuple[Episode, ...]


def trailing_months(as_of: date, count: int) -> list[Month]:
    """The last so many months of a date, its own last."""
    number = month_number(as_of)
    return [month_of_number(number - back) for back in range(count - 1, -1, -1)]


def watch(watched: WatchedKpi, course: Course, *, as_of: date, since: date, calendar: CompanyCalendar) -> Watched:
    """A KPI with a threshold, from a date on."""
    threshold = watched.kpi.threshold
    assert threshold is not None
    dates = _dates(
        threshold.window, as_of, since=max(since, course.days[0]) if course.days else as_of, calendar=calendar
    )
    seen = [at(watched, course, day, calendar=calendar) for day in dates]
    breached = [None if each.value is None else threshold.breached(each.value) for each in seen]
    lasting = list(_lasting(breached, threshold.patience))
    return Watched(
        now=seen[-1], breached=lasting[-1], episodes=tuple(_episodes(dates, seen, lasting=lasting, threshold=threshold))
    )


def at(watched: WatchedKpi, course: Course, day: date, *, calendar: CompanyCalendar) -> Measurement:
    """A KPI over the window of its threshold on a date."""
    threshold, pace = watched.kpi.threshold, watched.kpi.pace
    assert threshold is not None
    first, last = days_of(threshold.window, day)
    found = measured(watched, course, first=first, last=last, as_of=day)
    if pace is None or threshold.window.months is None:
        return found
    return of_pace(found, day, pace=pace, calendar=calendar)


def days_of(window: Window, day: date) -> tuple[date, date]:
    """The first and the last day of a window on a date."""
    if window.days is not None:
        return day - timedelta(days=window.days - 1), day
    months = trailing_months(day, window.months or 1)
    return first_day(months[0]), last_day(months[-1])


def _dates(window: Window, as_of: date, *, since: date, calendar: CompanyCalendar) -> list[date]:
    """The dates that are looked at, the last being `as_of`, business day or not: business days, or of windows of months
    the ends of the months before it, for of months a past date would know what came after it.
    """
    if window.days is not None:
        days = calendar.business_days.between(since, as_of - timedelta(days=1)) if since < as_of else []
        return [*days, as_of]
    numbers = range(month_number(since), month_number(as_of))
    return [*(last_day(month_of_number(number)) for number in numbers), as_of]


def _lasting(breached: Sequence[bool | None], patience: int) -> Iterator[bool | None]:
    """Of each date whether a breach has lasted for so many dates, its own among them."""
    for place in range(len(breached)):
        recent = breached[max(place - patience + 1, 0) : place + 1]
        if False in recent:
            yield False
        else:
            # Before the first date nothing is known.
            yield None if None in recent or len(recent) < patience else True


def _episodes(
    dates: Sequence[date], at: Sequence[Measurement], *, lasting: Sequence[bool | None], threshold: Threshold
) -> Iterator[Episode]:
    begun: int | None = None
    for place, breached in enumerate(lasting):
        if breached and begun is None:
            begun = place
        elif breached is False and begun is not None:
            yield _episode(dates, at, begun=begun, threshold=threshold, ended=place)
            begun = None
    if begun is not None:
        yield _episode(dates, at, begun=begun, threshold=threshold)


def _episode(
    dates: Sequence[date], at: Sequence[Measurement], *, begun: int, threshold: Threshold, ended: int | None = None
) -> Episode:
    value = at[begun].value
    assert value is not None
    onset = max(begun - threshold.patience + 1, 0)
    return Episode(
        detected_on=dates[begun],
        onset=dates[onset],
        direction="up" if threshold.side == "upper" else "down",
        score=score_of(threshold, float(value)),
        rule="threshold",
        value=value,
        expected=threshold.value,
        recovered_on=None if ended is None else dates[ended],
        recovered_value=None if ended is None else at[ended].value,
    )


def score_of(threshold: Threshold, value: float) -> float:
    """How far a value is beyond its threshold: 1 at it, 2 at twice of it, or at half of a lower one; at a threshold of
    zero, one more than the value."""
    limit = float(threshold.value)
    if threshold.side == "upper":
        return value / limit if limit > 0 else 1.0 + max(value - limit, 0.0)
    return limit / value if value > 0 else 1.0 + limit - value
