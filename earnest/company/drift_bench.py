"""The company part of the drift bench: how often KPIs of companies without drift alarm, and how soon planted drifts are
found and blamed on their segment. Counted and evaluated by the product's own code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Final, NamedTuple

from earnest.company.known import known_of
from earnest.company.like_fernhill import roster_of
from earnest.company.people import People
from earnest.company.world import Dimension, Drift, DriftKind, World
from services.alerts.of_facts import Reading, built_in, counted, readings, watched_days

FIRST_DAY: Final = date(2022, 9, 1)
LAST_DAY: Final = date(2025, 12, 31)
"""As far back as the alerts service looks: two years and four months of history, and a watched year."""
BEGINS: Final = date(2025, 1, 6)
BEGIN_WEEKS: Final = 22
"""Planted drifts begin on one of so many Mondays; quotas and plans on the first of their months."""
YEAR: Final = 365.25

MOST_FALSE_ALARMS: Final = 0.2
"""In each five years of a series; one is what people bear."""

Place = tuple[Dimension, str]
_WEST, _EAST, _NORTH, _SOUTH, _CENTRAL = _TERRITORIES = tuple[Place, ...](
    ("territory", name) for name in ("west", "east", "north", "south", "central")
)
_REP: Final[Place] = ("plan", "rep")


class Kind(NamedTuple):
    """How a kind of drift is planted: from how many basis points to how many, at which places by turns, which KPIs tell
    it, and for how many weeks they may look. Of all companies a part finds it in that time, and in the end names its
    segment first: at least so large a part.
    """

    least: int
    most: int
    places: Sequence[Place]
    kpis: Sequence[str]
    weeks: int
    found: float
    named: float


_PRODUCTS: Final[tuple[Place, ...]] = (("product", "Array"), ("product", "Probe S"), ("product", "Probe M"))
KINDS: Final[Mapping[DriftKind, Kind]] = {
    "discount": Kind(
        least=300,
        most=500,
        places=(_WEST, _PRODUCTS[0], _EAST, _PRODUCTS[1], _NORTH, ("product", "Station")),
        kpis=("average_discount", "discount_per_deal"),
        weeks=26,
        found=0.8,
        named=0.8,
    ),
    "win_rate": Kind(
        least=800,
        most=800,
        places=(_WEST, _PRODUCTS[2], _EAST, _PRODUCTS[1], _CENTRAL, _PRODUCTS[0]),
        kpis=("win_rate",),
        weeks=39,
        found=0.8,
        named=0.8,
    ),
    "quota": Kind(
        least=3_000,
        most=3_000,
        places=(_WEST, _REP, _EAST, _CENTRAL, _SOUTH, _NORTH),
        kpis=("quota_median", "attainment_pace", "attainment_median", "share_at_quota", "share_below_half"),
        weeks=39,
        found=0.9,
        named=0.9,
    ),
    "pull_forward": Kind(
        least=5_000,
        most=7_000,
        places=(_REP, *_TERRITORIES),
        kpis=("quarter_turn", "month_end_bunching", "quarter_end_bunching"),
        weeks=52,
        found=0.7,
        named=0.7,
    ),
    "splits": Kind(
        least=1_500,
        most=2_500,
        places=(*_TERRITORIES, _PRODUCTS[0]),
        kpis=("split_share",),
        weeks=26,
        found=1.0,
        named=0.8,
    ),
    "cost_of_sales": Kind(
        least=2_000,
        most=2_000,
        places=(_REP,),
        kpis=("comp_cost_of_sales",),
        weeks=26,
        found=0.8,
        named=0.8,
    ),
}


def planted(kind: DriftKind, seed: int) -> Drift:
    """The drift of a kind that is planted in a company: another seed, another place, day and strength."""
    how, random = KINDS[kind], Random(f"{kind} {seed}")
    begins = BEGINS + timedelta(weeks=random.randrange(BEGIN_WEEKS))
    dimension, segment = how.places[seed % len(how.places)]
    return Drift(
        kind=kind,
        begins=begins.replace(day=1) if kind in ("quota", "cost_of_sales") else begins,
        basis_points=random.randint(how.least, how.most),
        dimension=dimension,
        segment=segment,
    )


class FalseAlarms(NamedTuple):
    """By KPI for how many days series of it were watched, and the alerts of these, all of them false."""

    days: Counter[str]
    alerts: Counter[str]

    def per_five_years(self) -> float:
        """Alerts in each five years of a series."""
        return 5 * YEAR * self.alerts.total() / max(self.days.total(), 1)

    def and_those_of(self, other: FalseAlarms) -> FalseAlarms:
        """Those of two companies."""
        return FalseAlarms(self.days + other.days, self.alerts + other.alerts)


NONE: Final = FalseAlarms(Counter(), Counter())


class Found(NamedTuple):
    """The alert of a planted drift: of which KPI, after how many weeks, and at which place the drift's segment stands
    among its drivers, at once and in the end: None where it is not among them. An alert of the segment itself names it.
    """

    kpi: str
    weeks: int
    at_once: int | None
    in_the_end: int | None


def false_alarms(seed: int) -> FalseAlarms:
    """The alerts of a company in which nothing goes wrong."""
    found, catalogue = FalseAlarms(Counter(), Counter()), built_in()
    world = World(seed=seed, first_day=FIRST_DAY, last_day=LAST_DAY)
    for reading in readings(counted(known_of(world), catalogue), catalogue, as_of=LAST_DAY):
        found.days[reading.kpi.name] += watched_days(reading)
        found.alerts[reading.kpi.name] += sum(len(findings.episodes) for findings in reading.findings)
    return found


def found_in(drift: Drift, *, seed: int) -> Found | None:
    """The first alert of a planted drift, of the whole company or of the segment itself; None without one.

    An alert that goes on tells more than one that is over: what was a shock by chance has passed.
    """
    how, catalogue = KINDS[drift.kind], built_in()
    last = drift.begins + timedelta(weeks=how.weeks)
    world = World(seed=seed, first_day=FIRST_DAY, last_day=last, drifts=(drift,))
    sums, named = counted(known_of(world), catalogue), _names(world, drift)
    told = [
        (episode.recovered_on is not None, episode.detected_on, reading.kpi.name, reading.where)
        for reading in readings(sums, catalogue, as_of=last)
        if reading.kpi.name in how.kpis and (reading.where[1:] in named or not reading.where.dimension)
        for findings in reading.findings
        for episode in findings.episodes
        if episode.detected_on >= drift.begins
    ]
    if not told:
        return None
    is_over, day, kpi, where = min(told)
    of_segment = any(place.dimension and not ended for ended, *_, place in told)
    at_once, in_the_end = (
        1 if names_itself else _rank(readings(sums, catalogue, as_of=each), kpi, named=named)
        for names_itself, each in (
            (where.dimension, day + timedelta(1)),
            (where.dimension or of_segment, day + timedelta(1) if is_over else last),
        )
    )
    return Found(kpi, -(-(day - drift.begins).days // 7), at_once, in_the_end)


def _rank(of_all: Sequence[Reading], kpi: str, *, named: set[Place]) -> int | None:
    """At which place one of these segments stands among the drivers of a KPI's open alert."""
    told = (
        driver
        for reading in of_all
        if reading.kpi.name == kpi and not reading.where.dimension
        for findings in reading.findings
        if findings.current is not None
        for driver in findings.current.drivers_for(reads_pay=True)
    )
    places = (place for place, each in enumerate(told, start=1) if (each.dimension, each.segment) in named)
    return next(places, None)


def _names(world: World, drift: Drift) -> set[Place]:
    """The drift's segment; a territory and its manager are the same deals."""
    named: set[Place] = {(drift.dimension, drift.segment)}
    if drift.dimension == "territory":
        sellers = People(roster_of(world)).sellers(drift.begins)
        named |= {("manager", seller.manager) for seller in sellers if seller.territory == drift.segment}
    return named


def broken_by_false_alarms(found: FalseAlarms) -> Iterator[str]:
    """The floor that false alarms do not hold, in words."""
    if (often := found.per_five_years()) > MOST_FALSE_ALARMS:
        yield f"{often:.2f} false alarms in each 5 years of a series, at most {MOST_FALSE_ALARMS:g}"


def broken_by_findings(kind: DriftKind, found: Sequence[Found | None]) -> Iterator[str]:
    """The floors that the findings of a kind do not hold, in words."""
    how, alerts = KINDS[kind], [each for each in found if each is not None]
    named = [each for each in alerts if each.in_the_end == 1]
    for what, seen, least in (("found", len(alerts), how.found), ("named first", len(named), how.named)):
        if seen < int(least * len(found)):
            yield f"{kind}: {what} in {seen} of {len(found)} companies, at least {int(least * len(found))}"
