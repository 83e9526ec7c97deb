"""The expected value: a regression on calendar, season and trend, fitted anew at each week to what lay before it.

Effects are shrunk towards none: each has a normal prior around zero (ridge). So an effect that the data cannot show yet
is none, and widens what is expected on its dates instead: the first end of a quarter, when nobody knows how high it
will be, raises no alarm. Widths of priors are in standard deviations of the noise of one value.

Of season, trend and bend the data decide from a year on: what they do not need is dropped, by the evidence
(marginal likelihood) of each combination on what lay before a week.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from shared.calendars import CompanyCalendar
from shared.drift.series import Days, Floats, Grain

Counts: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

FREE: Final = 1e3
WEEKDAY: Final = 20.0
END_OF_PERIOD: Final = 3.0
HOLIDAY: Final = 4.0
TURN_OF_YEAR: Final = 2.0
TREND: Final = 2.0
BEND: Final = 1.0
ABSENT: Final = 1e-3
"""The width of an effect that is left out."""
WAVES: Final = ((0.7, 1.0), (0.7, 1.25), (0.5, 2.0))
"""Of the waves with one, two and three periods in a year: the width, and the years that have to be known for it."""
SETTLED: Final = {Grain.DAY: (1.25, 2.25), Grain.WEEK: (1.25, 2.25), Grain.MONTH: (), Grain.QUARTER: ()}
"""Years from which on the noise of what lay before is measured anew, without the season that was not known then."""
UNSEEN_WAVES: Final = (1.5, 0.7)
"""The widths of the first waves of a season that cannot be known yet."""
DECIDED_FROM: Final = {Grain.DAY: 1.0, Grain.WEEK: 1.0, Grain.MONTH: 2.5, Grain.QUARTER: 2.0}
"""Years from which the data decide about season, trend and bend."""
FEW_YEARS: Final = 3.0
"""Up to which a season of waves is not known as well as by comparing a date with the same of the year before."""
MODELS: Final = ((), ("bend",), ("season",), ("season", "bend"), ("season", "bend", "trend"))
"""The parts that each model does without."""
LAST_DAYS: Final = range(9)
YEAR: Final = 365.25
DAYS_OF_TURN: Final = ((1116, 1130), (1201, 1210), (1211, 1217), (1218, 1224), (1225, 1231), (101, 106))
"""From and to, month and day: parts of the turn of the year in which business is unlike itself."""
CLOSED: Final = (1224, 1225, 1226, 1231, 101)
"""Month and day of those that say nothing of the days beside them: on which many do no business at all."""


class Effect(NamedTuple):
    """Columns of one sort, of equal width; `part` is the part of the model that can be dropped, or empty."""

    columns: Floats
    width: float
    part: str = ""
    from_years: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Design:
    """What the values of some dates depend on: a row for each date, a column for each effect."""

    rows: Floats
    widths: Floats
    """(blocks, effects): the width of each effect."""
    dropped: tuple[Flags, ...]
    """Of each model the effects that it does without; the first has all."""
    grows: Flags
    """The effects that go on with time."""
    blocks: Counts
    """The places at which models are fitted anew, ascending from 0: the first date of each week."""
    block: Counts
    """Of each place the number of its block."""
    decided: Flags
    """Of each block whether the data decide on the model."""
    by_last_year: bool
    few_years: Flags
    """Of each block whether a season is known from few years at most."""
    settled: tuple[int, ...]
    """The blocks from which on a season is known better, in order."""
    season: Floats | None
    """Of each effect its width if it is a wave of a season that is not known yet, and else 0; None without waves."""
    volatility: Counts
    """Of each place its class: ends of periods are often not equally high, which is noise of its own."""


@lru_cache(maxsize=32)
def design(dates: bytes, grain: Grain, *, calendar: CompanyCalendar, by_last_year: bool = False) -> Design:
    """The design of some days (int64 as bytes); that of the first of them is the same whatever dates follow.

    `by_last_year` is the one whose season may be any: of a date it is what the same time of the years before was.
    """
    days = np.frombuffer(dates, dtype=np.int64).astype("datetime64[D]")
    effects, volatility = _effects(days, grain, calendar=calendar)
    if by_last_year:
        effects = [each for each in effects if each.part != "season"] + [_any_season(days, grain, calendar=calendar)]
    # What never is changes nothing.
    effects = [effect for effect in effects if effect.columns.any()]
    week = _week(days) if grain is Grain.DAY else np.arange(len(days))
    blocks = np.flatnonzero(np.diff(week, prepend=week[0] - 1))
    known = _years(days)[blocks][:, None]
    # What is free to be anything leaves no noise over where it was seen once.
    settled = () if by_last_year else SETTLED[grain]

    parts = np.concatenate([np.full(effect.columns.shape[1], effect.part) for effect in effects])
    widths = [
        np.where(known >= each.from_years, each.width, ABSENT) * np.ones(each.columns.shape[1]) for each in effects
    ]
    return Design(
        rows=np.concatenate([effect.columns for effect in effects], axis=1),
        widths=np.concatenate(widths, axis=1),
        dropped=tuple(np.isin(parts, without) for without in MODELS),
        grows=np.isin(parts, ("trend", "bend")),
        blocks=blocks,
        block=np.repeat(np.arange(len(blocks)), np.diff(np.append(blocks, len(days)))),
        decided=known[:, 0] >= DECIDED_FROM[grain],
        by_last_year=by_last_year,
        few_years=known[:, 0] < FEW_YEARS,
        settled=tuple(int(np.argmax(known[:, 0] >= years)) for years in settled if (known[:, 0] >= years).any()),
        season=_unseen_season(effects) if grain in (Grain.DAY, Grain.WEEK) and not by_last_year else None,
        volatility=volatility,
    )


def _unseen_season(effects: Sequence[Effect]) -> Floats:
    """The widths of the first waves; the waves are the last effects."""
    waves = [0.0] * (len(effects) - len(WAVES)) + [*UNSEEN_WAVES, *[0.0] * (len(WAVES) - len(UNSEEN_WAVES))]
    return np.concatenate(
        [np.full(effect.columns.shape[1], width) for effect, width in zip(effects, waves, strict=True)]
    )


def _effects(days: Days, grain: Grain, *, calendar: CompanyCalendar) -> tuple[list[Effect], Counts]:
    """The effects that a grain can have, and the volatility class of each day."""
    years = _years(days)[:, None]
    effects = [
        Effect(np.ones((len(days), 1)), FREE),
        Effect(years, TREND, "trend"),
        Effect(years**2, BEND, "bend", max(DECIDED_FROM[grain], 1.5)),
    ]
    if grain is Grain.DAY:
        month, quarter = (calendar.business_days_left(days, span) for span in ("period", "quarter"))
        holiday = calendar.business_days.are_holidays
        weekday = (days.astype(np.int64) + 3) % 7
        effects += [
            Effect(_each(weekday, range(7)), WEEKDAY),
            Effect(_each(month, LAST_DAYS), END_OF_PERIOD),
            Effect(_each(quarter, LAST_DAYS), END_OF_PERIOD),
            *(Effect(holiday(days + shift)[:, None].astype(np.float64), HOLIDAY) for shift in (-1, 0, 1)),
            Effect(_each(_month_and_day(days), CLOSED), HOLIDAY),
        ]
        near = [quarter < 3, quarter < 8, month < 3, month < 7, weekday >= 5]
        volatility = np.select(near, [4, 3, 2, 1, 5], default=0)
    elif grain is Grain.WEEK:
        month, quarter = (_weeks_left(days, calendar.bounds(days, span)[1]) for span in ("period", "quarter"))
        effects += [
            Effect(_each(quarter, (0, 1, 2, 11, 12, 13)), END_OF_PERIOD),
            Effect(_each(quarter, range(3, 11)), END_OF_PERIOD, from_years=1.0),
            Effect(_each(month, (0,)), END_OF_PERIOD),
        ]
        volatility = (quarter < 2).astype(np.int64)
    else:
        quarter = (
            calendar.numbers(days, "period") % 3 if grain is Grain.MONTH else calendar.numbers(days, "quarter") % 4
        )
        effects += [Effect(_each(quarter, range(4)), END_OF_PERIOD, "" if grain is Grain.MONTH else "season")]
        volatility = (quarter == 2).astype(np.int64) if grain is Grain.MONTH else np.zeros(len(days), dtype=np.int64)
    if grain is Grain.MONTH:
        effects += [Effect(_each(days.astype("datetime64[M]").astype(np.int64) % 12, range(12)), 1.0, "season")]
    if grain in (Grain.DAY, Grain.WEEK):
        last = days + (6 if grain is Grain.WEEK else 0)
        turn = np.stack([_in_turn(last, span) for span in DAYS_OF_TURN], axis=1)
        part = 2 * np.pi * (days - days.astype("datetime64[Y]")).astype(np.float64) / YEAR
        effects += [
            Effect(turn.astype(np.float64), TURN_OF_YEAR, "season"),
            *(
                Effect(np.stack([np.sin(wave * part), np.cos(wave * part)], axis=1), width, "season", from_years)
                for wave, (width, from_years) in enumerate(WAVES, 1)
            ),
        ]
    return effects, volatility.astype(np.int64)


def _any_season(days: Days, grain: Grain, *, calendar: CompanyCalendar) -> Effect:
    """An effect for each week of the year, or month or quarter."""
    if grain in (Grain.DAY, Grain.WEEK):
        quarter = calendar.numbers(days, "quarter")
        place = quarter % 4 * 13 + np.minimum(_weeks_left(days, calendar.bounds(days, "quarter")[1]), 12)
    else:
        place = calendar.numbers(days, "period") % 12
    return Effect(_each(place, range(52)), FREE)


def _years(days: Days) -> Floats:
    result: Floats = (days - days[0]).astype(np.float64) / YEAR
    return result


def _week(days: Days) -> Counts:
    """The number of the week of each day, from Monday on."""
    result: Counts = (days.astype(np.int64) + 3) // 7
    return result


def _weeks_left(days: Days, last: Days) -> Counts:
    result: Counts = (last - days).astype(np.int64) // 7
    return result


def _in_turn(days: Days, span: tuple[int, int]) -> Flags:
    number = _month_and_day(days)
    result: Flags = (number >= span[0]) & (number <= span[1])
    return result


def _month_and_day(days: Days) -> Counts:
    """As one number: 1231 is the last day of a year."""
    month = days.astype("datetime64[M]")
    day = (days - month.astype("datetime64[D]")).astype(np.int64) + 1
    result: Counts = (month.astype(np.int64) % 12 + 1) * 100 + day
    return result


def _each(places: Counts, wanted: Sequence[int]) -> Floats:
    """A column for each wanted number, 1 where it is."""
    result: Floats = (places[:, None] == np.array(wanted)).astype(np.float64)
    return result
