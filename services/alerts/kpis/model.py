"""A KPI as it is declared: what it is a figure of, how it is watched, and the words for people."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from services.alerts.kpis.columns import DATES, ColumnType, Source
from shared.calendars import CompanyCalendar, Span
from shared.contracts.alerts import About, Severity
from shared.drift.series import Grain
from shared.kernel.language.findings import Finding, Flaws
from shared.kernel.language.values import Name, number_in_plan

MOST_KPIS: Final = 200
MOST_DIMENSIONS: Final = 6
MOST_COLUMNS: Final = 50
LONGEST_EXPRESSION: Final = 1000

Expr = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_EXPRESSION)]
"""An SQL expression over the columns of one observation."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Number = Annotated[Decimal, BeforeValidator(number_in_plan)]
QUANTILES: Final[Mapping[str, Decimal]] = {"median": Decimal("0.5"), "p10": Decimal("0.1"), "p90": Decimal("0.9")}
"""The statistics that are quantiles: of which part of the values."""
Statistic = Literal["median", "p10", "p90", "gini", "top_share", "median_time"]
"""What is told of the values of many observations. `top_share` is the part of the largest tenth in the whole;
`median_time` counts what has not ended yet with the time that it has taken so far."""


class Part(BaseModel):
    """A part of a KPI file: unknown words are refused, nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Sum(Part):
    """A sum over observations, where they are others than those of the KPI itself."""

    sum: Expr
    """What an observation adds: a number, or a condition, which counts."""
    of: Source | None = None
    """What is observed, where that is not what the KPI is of."""
    where: Expr | None = None
    """Which observations, where those are not the KPI's own."""
    date: Name | None = None
    """The column that dates an observation."""


class Window(Part):
    """How far back a threshold looks: so many days up to a business date, or calendar months up to that of the date."""

    days: int | None = Field(default=None, ge=1, le=400)
    """Days, the date itself included."""
    months: int | None = Field(default=None, ge=1, le=12)
    """Calendar months, that of the date included."""

    @model_validator(mode="after")
    def _in_one_way(self) -> Window:
        if (self.days is None) == (self.months is None):
            raise ValueError("a window is of days or of months: write one of them")
        return self


class Threshold(Part):
    """A value beyond which the KPI is in breach; the threshold itself is good."""

    above: Number | None = None
    """In breach above this value."""
    below: Number | None = None
    """In breach below this value."""
    window: Window = Window(days=30)
    """What the value is of that is compared."""
    patience: int = Field(default=1, ge=1, le=60)
    """The business dates in a row that a breach must last before it opens an alert."""

    @model_validator(mode="after")
    def _has_one_side(self) -> Threshold:
        if (self.above is None) == (self.below is None):
            raise ValueError("a threshold is above or below a value: write one of them")
        return self

    @property
    def value(self) -> Decimal:
        """The value itself."""
        value = self.above if self.below is None else self.below
        assert value is not None
        return value

    @property
    def word(self) -> Literal["above", "below"]:
        """Where the bad side lies."""
        return "above" if self.below is None else "below"

    @property
    def side(self) -> Literal["upper", "lower"]:
        """Whether it is an upper limit or a lower one."""
        return "upper" if self.below is None else "lower"

    def breached(self, value: Decimal) -> bool:
        """Whether a value lies on the bad side."""
        return value > self.value if self.side == "upper" else value < self.value


class Drift(Part):
    """The KPI is compared with what is expected of it by its own past."""

    detector: Literal["level", "distribution"] = "level"
    """What is compared: the level of the KPI, or how all values are spread, with those of the same month or week of
    past quarters. The latter is for a median, p10 or p90, which then says where the middle or an end of them lies."""
    transform: Literal["auto", "none", "log", "logit"] = "auto"
    """On which scale changes are compared: log for what changes in percent, logit for shares."""
    kind: Literal["auto", "continuous", "counts", "shares"] = "auto"
    """What the values are: counts are whole numbers of events; shares are so many of so many observations, which may be
    few: each is judged by how many it is of, and needs no minimum."""
    tolerance: Number = Field(default=Decimal(0), ge=0)
    """The deviation that is usual even where values never differed yet, on the scale of its transform: with log a part
    of the value, 0.08 for 8 %. Quotas hardly ever change, and a small raise is no trouble."""


class Pace(Part):
    """The value is divided by the share of the business days that have passed: 1 is on course."""

    within: Span = "month"
    """Of what the business days are: a month, quarter or year of the company's calendar."""
    from_business_day: int = Field(default=10, ge=1, le=250)
    """The first of them on which the pace is told; much of a month closes in its last days."""
    course: Sum | None = None
    """A sum by day that shows how months (quarters, years) usually go on; with it the end is projected."""


class Healthy(Part):
    """What is published as usual, for people: nothing is compared with it."""

    least: Number | None = None
    """The lower end."""
    most: Number | None = None
    """The upper end."""
    source: Words
    """Who says so."""


class Kpi(Part):
    """A figure that is watched: a ratio of two sums, or a statistic of many values."""

    # One that Earnest brings is named, and said of it what is to be otherwise.
    model_config = ConfigDict(json_schema_extra={"required": ["name"]})

    name: Name
    """Its name in metrics, alerts and URLs."""
    title: Words
    """Its name for people."""
    position: int = Field(default=500, ge=0, le=100_000)
    """Its place on pages and in lists."""
    unit: Literal["ratio", "days", "number", "money", "seconds", "records"]
    """In what it is told; money in major units of its currency."""
    severity: Severity | None = None
    """How urgent an alert is: critical for the pipeline, otherwise a warning."""
    of: Source
    """What an observation is: a deal; a participant's month on a plan; a payout run; the pipeline of events now."""
    date: Name | None = None
    """The column that dates an observation; of deals close_date."""
    where: Expr | None = None
    """Which observations count: a condition."""
    numerator: Expr | Sum | None = None
    """What is summed above the line: a number, or a condition, which counts."""
    denominator: Expr | Sum | None = None
    """What is summed below the line; left out, the observations are counted."""
    value: Expr | None = None
    """The value of an observation of which the statistic is told."""
    statistic: Statistic | None = None
    """What is told of the values."""
    censored: Expr | None = None
    """With median_time: which observations have not ended yet."""
    observations: Expr | Sum | None = None
    """What its minimum is compared with, a number or condition that is summed; left out, observations are counted."""
    observed: Words
    """What its observations are, in words."""
    per: int = Field(default=1, ge=1, le=1_000_000)
    """It is told per so many: 100 for adjustments per 100 statements."""
    pace: Pace | None = None
    """It is a pace within a month, quarter or year."""
    grain: Grain = Grain.WEEK
    """How far the points of its series lie apart."""
    known_after: int = Field(default=0, ge=0, le=60)
    """So many business days after its last day a point of the series is known."""
    bad: Literal["above", "below", "both"]
    """In which direction a change is trouble."""
    threshold: Threshold | None = None
    """A static limit."""
    drift: Drift | None = None
    """Watched for drift from what is expected."""
    minimum: int = Field(default=0, ge=0, le=1_000_000)
    """With fewer observations it has no value, and its alerts are held as they are."""
    segments: tuple[Name, ...] = Field(default=(), max_length=MOST_DIMENSIONS)
    """The dimensions by which it is also told."""
    healthy: Healthy | None = None
    """The published range."""
    caused_by: tuple[Name, ...] = ()
    """KPIs whose trouble explains that of this one."""
    meaning: Words
    """How it is calculated, for people."""
    action: Words
    """What to do in trouble, for people."""
    used: bool = True
    """False switches a KPI off that comes with Earnest."""

    @property
    def about(self) -> About:
        """Whom an alert calls: those who design the plan, or those who keep events flowing."""
        return "road" if self.of == "pipeline" else "plan"

    @property
    def urgency(self) -> Severity:
        """How urgent an alert is."""
        return self.severity or ("critical" if self.about == "road" else "warning")

    @model_validator(mode="after")
    def _is_one_figure(self) -> Kpi:
        if (self.numerator is None) == (self.value is None):
            raise ValueError("a KPI has a numerator (and a denominator), or the value of each observation: write one")
        if self.of != "pipeline" and (self.value is None) != (self.statistic is None):
            raise ValueError("value and statistic belong together: say of what, and what is told of it")
        if self.drift is not None and self.drift.detector == "distribution":
            if self.statistic not in QUANTILES:
                raise ValueError("the detector distribution compares values: it needs a value, with median, p10 or p90")
            if self.grain is Grain.DAY:
                raise ValueError("the detector distribution compares weeks, months or quarters: write a longer grain")
        if self.denominator is not None and self.numerator is None:
            raise ValueError("a denominator needs a numerator")
        if (self.statistic == "median_time") != (self.censored is not None):
            raise ValueError("median_time needs censored, which says what has not ended yet, and nothing else has it")
        if self.of == "pipeline" and (self.threshold is None or self.drift or self.segments or self.statistic):
            raise ValueError("a KPI of the pipeline is of this moment: it has a threshold, and nothing besides")
        if self.threshold is not None and self.threshold.word == {"above": "below", "below": "above"}.get(self.bad):
            message = f"{self.threshold.word} its threshold it is in breach, and bad says that {self.bad} is trouble"
            mend = f"write `threshold: {{{self.bad}: …}}`, `bad: {self.threshold.word}` or `bad: both`"
            raise Flaws([Finding.error("K206", ("threshold", self.threshold.word), message=message, mend=mend)])
        return self

    @property
    def dated_by(self) -> str:
        """The column that dates an observation; empty for the pipeline."""
        return self.date or next(iter(DATES[self.of]), "")


class KpiFile(Part):
    """A file of KPIs: its own, or settings of those that come with Earnest, by their names."""

    kpis: tuple[Kpi, ...] = Field(default=(), max_length=MOST_KPIS)
    """The KPIs."""
    columns: dict[Name, ColumnType] = Field(default_factory=dict, max_length=MOST_COLUMNS)
    """The company's own columns of deals that the expressions name, with their types."""
    calendar: CompanyCalendar | None = None
    """The company's calendar: business days, and the fiscal year."""
    false_alarms_per_year: Number | None = Field(default=None, gt=0, le=1000)
    """How many false alarms a year are accepted, over all series that are watched together."""
