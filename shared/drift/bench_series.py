"""Seeded series of many sorts, with and without drift, to measure false alarms and delays on.

The incentive KPI is the sort that a compensation analyst meets: business days, weekdays, and a hockey stick at the end
of each month and quarter. The others are there because a company watches those too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from shared.drift.series import Days, Floats, Grain, Series, series_of, series_of_ratios

Shape: TypeAlias = Literal["step", "ramp"]
Random: TypeAlias = np.random.Generator
Counts: TypeAlias = npt.NDArray[np.int64]
FIRST: Final = np.datetime64(date(2021, 1, 4), "D")
"""A Monday."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A change of the level by so many standard deviations of the noise of one value, from a day on: at once, or
    growing over so many values.
    """

    size: float = 0.0
    onset: np.datetime64 = FIRST
    over: int = 0

    def of(self, days: Days) -> Floats:
        """By how much the value of each day is moved, in standard deviations."""
        since = np.cumsum(days >= self.onset)
        return self.size * (np.minimum(since / self.over, 1.0) if self.over else (since > 0).astype(np.float64))


NONE: Final = Drift()


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A sort of series: how long it is, how much of it is reference, and how one is drawn."""

    years: float
    reference: float
    """Years before the first place at which a drift is put in."""
    draw: Callable[[Random, Sort, Drift], Series]
    parameter: float = 0.0
    """What its kind needs: the correlation of neighbours, or how many deals or events a date has."""
    grain: Grain = Grain.DAY
    over: int = 60
    """Values over which a ramp grows."""

    def seeded(self, seed: int, drift: Drift = NONE) -> Series:
        """The series of a seed; of the same seed the same noise, whatever the drift."""
        return self.draw(np.random.default_rng(seed), self, drift)


def business_days(years: float) -> Days:
    """Monday to Friday."""
    days = FIRST + np.arange(round(years * 365.25))
    return days[weekdays(days) < 5]


def every_day(years: float) -> Days:
    """All days."""
    return FIRST + np.arange(round(years * 365.25))


def weeks(years: float) -> Days:
    """Mondays."""
    return FIRST + 7 * np.arange(round(years * 52.18))


def months(years: float) -> Days:
    """First days of months."""
    first = FIRST.astype("datetime64[M]")
    result: Days = (first + np.arange(round(years * 12))).astype("datetime64[D]")
    return result


def weekdays(days: Days) -> Counts:
    """0 is Monday."""
    result: Counts = (days.astype(np.int64) + 3) % 7
    return result


def autoregressive(random: Random, count: int, *, phi: float) -> Floats:
    """Normal noise of standard deviation 1, each value with the correlation `phi` to the one before."""
    noise = random.normal(size=count)
    for place in range(1, count):
        noise[place] = phi * noise[place - 1] + np.sqrt(1 - phi * phi) * noise[place]
    return noise


def days_left(days: Days, months_long: int) -> Counts:
    """Business days after each day to the end of its month, or of its quarter of three months."""
    month = days.astype("datetime64[M]")
    number = month.astype(np.int64)
    end = (number // months_long * months_long + months_long).astype("datetime64[M]").astype("datetime64[D]")
    return np.busday_count(days + 1, end).astype(np.int64)


def hockey_stick(days: Days) -> Floats:
    """Of a KPI that grows towards the end of months, and more so of quarters, on the scale of its logarithm."""
    weekday = np.array([-0.05, 0.0, 0.03, 0.02, -0.08, -1.2, -1.4])[weekdays(days)]
    month, quarter = days_left(days, 1), days_left(days, 3)
    result: Floats = weekday + 0.35 * np.exp(-month / 2.0) + 0.6 * np.exp(-quarter / 3.0)
    return result


def year_part(days: Days) -> Floats:
    """How much of its year has passed with each day."""
    year = days.astype("datetime64[Y]")
    first, after = year.astype("datetime64[D]"), (year + 1).astype("datetime64[D]")
    result: Floats = (days - first).astype(np.float64) / (after - first).astype(np.float64)
    return result


def since_first(days: Days) -> Floats:
    """Years."""
    result: Floats = (days - FIRST).astype(np.float64) / 365.25
    return result


def incentive(random: Random, sort: Sort, drift: Drift) -> Series:
    """The incentive KPI, with a noise of 8 percent."""
    days = business_days(sort.years)
    noise = autoregressive(random, len(days), phi=sort.parameter)
    return series_of(days, 1000 * np.exp(hockey_stick(days) + 0.08 * (noise + drift.of(days))))


def retail(random: Random, sort: Sort, drift: Drift) -> Series:
    """Sales of every day, with busy Saturdays, a yearly season and a week of presents in December."""
    days = every_day(sort.years)
    weekday = np.array([-0.1, -0.15, -0.1, 0.0, 0.2, 0.45, -0.3])[weekdays(days)]
    part = year_part(days)
    season = 0.15 * np.sin(2 * np.pi * (part - 0.2)) + 0.25 * np.exp(-(((part - 0.96) / 0.02) ** 2))
    noise = autoregressive(random, len(days), phi=0.3)
    return series_of(days, 5000 * np.exp(weekday + season + 0.1 * (noise + drift.of(days))))


def plain(random: Random, sort: Sort, drift: Drift) -> Series:
    """Business days without a calendar, on both sides of zero."""
    days = business_days(sort.years)
    return series_of(days, 3 + 2 * (random.normal(size=len(days)) + drift.of(days)))


def heavy_tails(random: Random, sort: Sort, drift: Drift) -> Series:
    """Noise of Student's t with 3 degrees of freedom."""
    days = business_days(sort.years)
    noise = random.standard_t(3, size=len(days)) / np.sqrt(3)
    return series_of(days, 100 + 10 * (noise + drift.of(days)))


def outliers(random: Random, sort: Sort, drift: Drift) -> Series:
    """One value in forty is wrong by a half or by double."""
    days = business_days(sort.years)
    wrong = (random.random(len(days)) < 0.025) * random.choice([-0.7, 0.7], size=len(days))
    noise = random.normal(size=len(days))
    return series_of(days, 100 * np.exp(hockey_stick(days) + wrong + 0.08 * (noise + drift.of(days))))


def gaps(random: Random, sort: Sort, drift: Drift) -> Series:
    """The incentive KPI with days missing: one in six, and three weeks in each year."""
    whole = incentive(random, sort, drift)
    part = year_part(whole.dates)
    kept = (random.random(len(whole)) > 1 / 6) & ~((part > 0.55) & (part < 0.61))
    return series_of(whole.dates[kept], whole.values[kept])


def growing(random: Random, sort: Sort, drift: Drift) -> Series:
    """A company that grows by half a year by year, and ever more slowly."""
    days = business_days(sort.years)
    years = since_first(days)
    level = hockey_stick(days) + 0.4 * years - 0.03 * years**2
    noise = autoregressive(random, len(days), phi=0.2)
    return series_of(days, 1e6 * np.exp(level + 0.1 * (noise + drift.of(days))))


def persistent(random: Random, sort: Sort, drift: Drift) -> Series:
    """Noise that remembers: a correlation of 0.7 from day to day."""
    days = business_days(sort.years)
    return series_of(days, 50 + 5 * (autoregressive(random, len(days), phi=0.7) + drift.of(days)))


def wandering(random: Random, sort: Sort, drift: Drift) -> Series:
    """Noise on a level that wanders over weeks, and comes back."""
    days = business_days(sort.years)
    noise = 0.9 * random.normal(size=len(days)) + 0.45 * autoregressive(random, len(days), phi=0.95)
    return series_of(days, 50 * np.exp(0.1 * (noise + drift.of(days))))


def discount(random: Random, sort: Sort, drift: Drift) -> Series:
    """An average discount by week, higher at the end of a quarter, of some dozens of deals."""
    days = weeks(sort.years)
    level = 0.18 + 0.03 * (days_left(days, 3) < 10) + 0.015 * (random.normal(size=len(days)) + drift.of(days))
    return series_of(days, level)


def season_by_week(random: Random, sort: Sort, drift: Drift) -> Series:
    """Weekly sales with a yearly season, growing."""
    days = weeks(sort.years)
    level = 0.2 * np.sin(2 * np.pi * year_part(days)) + 0.08 * since_first(days)
    noise = autoregressive(random, len(days), phi=0.3)
    return series_of(days, 2e4 * np.exp(level + 0.06 * (noise + drift.of(days))))


def season_by_day(random: Random, sort: Sort, drift: Drift) -> Series:
    """Business days with a smooth yearly season that is as large as the noise."""
    days = business_days(sort.years)
    noise = random.normal(size=len(days)) + np.sin(2 * np.pi * year_part(days))
    return series_of(days, 100 + 8 * (noise + drift.of(days)))


def win_rate(random: Random, sort: Sort, drift: Drift) -> Series:
    """Won of so many closed deals; a standard deviation is that of the deals of one date."""
    days = weeks(sort.years) if sort.grain is Grain.WEEK else business_days(sort.years)
    closed = random.poisson(sort.parameter * np.exp(0.3 * (days_left(days, 3) < 10)))
    share = np.clip(0.3 + np.sqrt(0.21 / sort.parameter) * drift.of(days), 0.01, 0.99)
    return series_of_ratios(days, random.binomial(closed, share), denominators=closed)


def counts(random: Random, sort: Sort, drift: Drift) -> Series:
    """Counts of rare events; a standard deviation is the root of their mean."""
    days = weeks(sort.years) if sort.grain is Grain.WEEK else business_days(sort.years)
    mean = sort.parameter
    rate = np.clip(mean + np.sqrt(mean) * drift.of(days), 0.02 * mean, None)
    return series_of(days, random.poisson(rate))


def by_month(random: Random, sort: Sort, drift: Drift) -> Series:
    """Months, the last of a quarter higher."""
    days = months(sort.years)
    level = 0.3 * (days.astype("datetime64[M]").astype(np.int64) % 3 == 2)
    return series_of(days, 300 * np.exp(level + 0.06 * (random.normal(size=len(days)) + drift.of(days))))


def wider(random: Random, sort: Sort, drift: Drift) -> Series:
    """The level stays, and the noise becomes half as large again after two thirds of the time."""
    days = business_days(sort.years)
    width = 1 + 0.5 * (np.arange(len(days)) > 2 * len(days) / 3)
    return series_of(days, 20 + 2 * (width * random.normal(size=len(days)) + drift.of(days)))


def uneven_ends(random: Random, sort: Sort, drift: Drift) -> Series:
    """The incentive KPI, with a hockey stick that is not of the same height each time."""
    days = business_days(sort.years)
    month = days.astype("datetime64[M]").astype(np.int64)
    height = 1 + 0.3 * random.normal(size=month.max() + 1)[month]
    return series_of(
        days, 1000 * np.exp(height * hockey_stick(days) + 0.08 * (random.normal(size=len(days)) + drift.of(days)))
    )


SORTS: Final[Mapping[str, Sort]] = {
    "incentive": Sort(years=3, reference=2, draw=incentive, parameter=0.0),
    "incentive AR .3": Sort(years=3, reference=2, draw=incentive, parameter=0.3),
    "incentive AR .6": Sort(years=3, reference=2, draw=incentive, parameter=0.6),
    "incentive, one year": Sort(years=2, reference=1, draw=incentive, parameter=0.2),
    "incentive, half a year": Sort(years=1, reference=0.5, draw=incentive, parameter=0.2),
    "uneven ends": Sort(years=3, reference=2, draw=uneven_ends),
    "plain": Sort(years=3, reference=1, draw=plain),
    "plain, a quarter": Sort(years=0.75, reference=0.25, draw=plain),
    "heavy tails": Sort(years=3, reference=1, draw=heavy_tails),
    "outliers": Sort(years=3, reference=2, draw=outliers),
    "gaps": Sort(years=3, reference=2, draw=gaps, parameter=0.2),
    "wider": Sort(years=3, reference=1, draw=wider),
    "growing": Sort(years=3, reference=2, draw=growing),
    "persistent": Sort(years=3, reference=1, draw=persistent),
    "wandering": Sort(years=3, reference=1.5, draw=wandering),
    "retail": Sort(years=4, reference=3, draw=retail),
    "season by day": Sort(years=4, reference=3, draw=season_by_day),
    "season by week": Sort(years=5, reference=3, draw=season_by_week, grain=Grain.WEEK, over=12),
    "discount by week": Sort(years=3, reference=1.5, draw=discount, grain=Grain.WEEK, over=12),
    "win rate by week": Sort(years=3, reference=1.5, draw=win_rate, parameter=60, grain=Grain.WEEK, over=12),
    "win rate by day": Sort(years=3, reference=1.5, draw=win_rate, parameter=8),
    "0.2 a day": Sort(years=3, reference=1.5, draw=counts, parameter=0.2),
    "1 a day": Sort(years=3, reference=1.5, draw=counts, parameter=1.0),
    "5 a day": Sort(years=3, reference=1.5, draw=counts, parameter=5.0),
    "40 a day": Sort(years=3, reference=1.5, draw=counts, parameter=40.0),
    "3 a week": Sort(years=3, reference=1.5, draw=counts, parameter=3.0, grain=Grain.WEEK, over=12),
    "months": Sort(years=8, reference=4, draw=by_month, grain=Grain.MONTH, over=6),
}
