"""The company part of the drift bench: how often KPIs of companies without drift alarm, and how soon planted drifts are
found and blamed on their segment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from earnest.company.known import known_of
from earnest.company.like_fernhill import roster_of
from earnest.company.people import People
from earnest.company.world import Dimension, Drift, DriftKind, World
from services.alerts.of_facts import Reading, built_in, counted, readings, watched_days

FIRST_DAY: Final = date(2022, 9, 1)
LAST_DAY: Final = date(2025, 12, 31)
"""As far back as the alerts service looks: two years and four months of history, and a watched year."""
BEGINS: Final = date(2025, 4, 1)
"""The day on which planted drifts begin."""
YEAR: Final = 365.25


class Planted(NamedTuple):
    """A drift, the KPIs of which one that is told by the drift's dimension is to find it, and for how many weeks they
    may look.
    """

    drift: Drift
    kpis: Sequence[str]
    weeks: int


def _planted(kind: DriftKind, points: int, *, of: tuple[Dimension, str], kpis: Sequence[str], weeks: int) -> Planted:
    dimension, segment = of
    drift = Drift(kind=kind, begins=BEGINS, basis_points=points, dimension=dimension, segment=segment)
    return Planted(drift, kpis, weeks)


_DISCOUNT: Final = ("average_discount", "discount_per_deal")
_QUOTA: Final = ("attainment_pace", "share_at_quota", "share_below_half")
_BUNCHING: Final = ("month_end_bunching", "quarter_end_bunching")

PLANTED: Final = (
    _planted("discount", 600, of=("territory", "west"), kpis=_DISCOUNT, weeks=16),
    _planted("discount", 600, of=("product", "Array"), kpis=_DISCOUNT, weeks=16),
    _planted("win_rate", 2_000, of=("territory", "west"), kpis=["win_rate"], weeks=26),
    _planted("win_rate", 1_500, of=("product", "Probe M"), kpis=["win_rate"], weeks=26),
    _planted("quota", 5_000, of=("territory", "west"), kpis=_QUOTA, weeks=30),
    _planted("quota", 3_000, of=("plan", "rep"), kpis=_QUOTA, weeks=30),
    _planted("pull_forward", 5_000, of=("plan", "rep"), kpis=_BUNCHING, weeks=38),
    _planted("splits", 2_500, of=("territory", "west"), kpis=["split_share"], weeks=12),
    _planted("splits", 2_500, of=("product", "Array"), kpis=["split_share"], weeks=12),
    _planted("cost_of_sales", 4_000, of=("plan", "rep"), kpis=["comp_cost_of_sales"], weeks=16),
)


class Found(NamedTuple):
    """The alert of a planted drift: of which KPI, told when, and the dimension and segment that it blames."""

    kpi: str
    detected_on: date
    blamed: tuple[str, str]


class FalseAlarms(NamedTuple):
    """By KPI for how many years series of it were watched, and the alerts of these, all of them false."""

    years: dict[str, float]
    alerts: Counter[str]

    def per_five_years(self, kpis: Iterable[str] | None = None) -> float:
        """Alerts in each five years of a series, of some KPIs or of all."""
        names = list(self.years if kpis is None else kpis)
        years = sum(self.years[name] for name in names)
        return 5 * sum(self.alerts[name] for name in names) / years if years else 0.0


def false_alarms(seeds: Iterable[int]) -> FalseAlarms:
    """The alerts of companies in which nothing goes wrong."""
    found, catalogue = FalseAlarms(defaultdict(float), Counter()), built_in()
    for seed in seeds:
        world = World(seed=seed, first_day=FIRST_DAY, last_day=LAST_DAY)
        for reading in readings(counted(known_of(world), catalogue), catalogue, as_of=LAST_DAY):
            found.years[reading.kpi.name] += watched_days(reading) / YEAR
            found.alerts[reading.kpi.name] += sum(len(findings.episodes) for findings in reading.findings)
    return found


def found_in(planted: Planted, *, seed: int) -> Found | None:
    """The alert of a planted drift, of the whole company or of the segment itself, and what it blames at last; None
    where there is none.
    """
    drift, catalogue = planted.drift, built_in()
    last = drift.begins + timedelta(weeks=planted.weeks)
    sums = counted(known_of(World(seed=seed, first_day=FIRST_DAY, last_day=last, drifts=(drift,))), catalogue)
    told = [
        (episode.recovered_on is not None, episode.detected_on, reading.kpi.name, reading.where)
        for reading in readings(sums, catalogue, as_of=last)
        if _tells(reading, planted)
        for findings in reading.findings
        for episode in findings.episodes
        if episode.detected_on >= drift.begins
    ]
    if not told:
        return None
    # An alert that is still open tells more than one that is over: what was a shock by chance has passed.
    is_over, day, kpi, where = min(told)
    if where.dimension:
        return Found(kpi, day, (where.dimension, where.segment))
    [opened] = [
        reading
        for reading in readings(sums, catalogue, as_of=day + timedelta(1) if is_over else last)
        if (reading.kpi.name, reading.where) == (kpi, where)
    ]
    current = [findings.current for findings in opened.findings if findings.current is not None]
    drivers = [driver for episode in current for driver in episode.drivers]
    return Found(kpi, day, (drivers[0].dimension, drivers[0].segment) if drivers else ("", ""))


def blames(found: Found, drift: Drift, *, seed: int) -> bool:
    """Whether the alert names the drift's segment; a territory and its manager are the same deals."""
    named = {(str(drift.dimension), drift.segment)}
    if drift.dimension == "territory":
        people = People(roster_of(World(seed=seed, first_day=FIRST_DAY, last_day=LAST_DAY)))
        sellers = people.sellers(drift.begins)
        named |= {("manager", seller.manager) for seller in sellers if seller.territory == drift.segment}
    return found.blamed in named


def _tells(reading: Reading, planted: Planted) -> bool:
    """Whether it is about a KPI that should tell the drift, and of the whole or of the segment."""
    drift, where = planted.drift, reading.where
    told = reading.kpi.name in planted.kpis and drift.dimension in reading.kpi.segments
    return told and (where.dimension, where.segment) in (("", ""), (drift.dimension, drift.segment))
