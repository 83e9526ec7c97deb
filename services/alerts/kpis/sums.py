"""What a KPI is made of: sums over observations by their date, or counts of the values that observations have.

An observation contributes to sums as a function of what is known about it now. A correction moves the difference, so
the sums depend on the facts alone, never on their order or repetition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

import polars as pl

from services.alerts.kpis.columns import (
    DATES,
    LEAST_PEOPLE,
    SEGMENTS,
    ColumnType,
    Expression,
    Source,
    columns_of,
    compile_condition,
    compile_number,
    people_of,
    tells_pay,
)
from services.alerts.kpis.model import Kpi, Sum
from shared.formatting import percent
from shared.kernel.language.filter_types import FilterError
from shared.kernel.language.findings import Finding, Flaws, Path, did_you_mean
from shared.kernel.language.plausibility import HIGH_ATTAINMENT

OPEN: Final = "open"
"""The level of what has not ended yet: how long it has taken depends on when one asks."""
LEVEL_DIGITS: Final = 3
"""A level is a value rounded to so many significant digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedSum:
    """A sum that is kept: what an observation adds to it, on which date, and by which dimensions."""

    key: str
    source: Source
    date: str
    where: Expression | None
    number: Expression | None
    """What an observation adds; None where it counts 1."""
    censored: Expression | None = None
    is_levels: bool = False
    """Counted by the value of the observation, to three digits, and not summed."""
    dimensions: frozenset[str]

    @property
    def scale(self) -> int:
        """How many of its whole numbers are one."""
        return 1 if self.number is None or self.is_levels else self.number.scale

    @property
    def names(self) -> frozenset[str]:
        """The columns that it looks at."""
        parts = (self.where, self.number, self.censored)
        return frozenset({self.date}.union(*(part.names for part in parts if part is not None)))

    def of_figures(self, figures: Mapping[str, Decimal]) -> Decimal:
        """Its number of figures by name that are known in this process, and are no observations."""
        assert self.number is not None
        schema = columns_of(self.source)
        columns = {name: pl.Series([figures[name]], strict=False).cast(schema[name]) for name in self.number.names}
        return Decimal(pl.DataFrame(columns).select(value=self.number.evaluated)["value"][0]) / self.number.scale

    @property
    def what(self) -> str:
        """What is counted, wherever."""
        parts = [None if part is None else part.text for part in (self.where, self.number, self.censored)]
        return repr((self.source, self.date, parts, self.is_levels))

    @property
    def definition(self) -> str:
        """All that its value depends on: what is counted by another definition is counted again."""
        return f"{self.key} {self.what} {sorted(self.dimensions)}"

    def holds(self, other: CountedSum) -> bool:
        """Whether another one is the same, and told by no dimension more."""
        return self.what == other.what and self.dimensions >= other.dimensions


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiSums:
    """The sums of a KPI: of a ratio numerator and denominator, of a statistic the counts of its values."""

    numerator: CountedSum
    denominator: CountedSum | None
    observations: CountedSum | None
    people: tuple[CountedSum, ...] = ()
    """Where it tells of people's pay, of how many people it does."""
    course: CountedSum | None = None
    """What shows how months usually go on."""
    by_currency: bool
    """Whether it is told by currency: it looks at amounts."""

    def sharing(self, counted: Mapping[str, CountedSum]) -> KpiSums:
        """The same, with sums that are counted already (by what they are) in the place of their likes."""

        def shared(own: CountedSum | None) -> Any:
            there = None if own is None else counted.get(own.what)
            return there if own is not None and there is not None and there.holds(own) else own

        return replace(
            self,
            numerator=shared(self.numerator),
            denominator=shared(self.denominator),
            observations=shared(self.observations),
            people=tuple(shared(each) for each in self.people),
            course=shared(self.course),
        )

    def __iter__(self) -> Iterator[CountedSum]:
        parts = (self.numerator, self.denominator, self.observations, *self.people, self.course)
        return (each for each in parts if each is not None)


def sums_of(kpi: Kpi, own: Mapping[str, ColumnType]) -> KpiSums:
    """The sums of a KPI, compiled.

    Raises:
        Flaws: an expression is none over the columns, or names what is not there; each at its place.
    """
    return _Compiling(kpi, own).sums()


def _beyond_belief(kpi: Kpi, *, most: int) -> Iterator[Finding]:
    """What could be in breach always or never, or by chance, and so can only be a slip."""
    limit = kpi.threshold
    if limit is not None and kpi.unit == "ratio" and abs(limit.value) > most:
        written = f"{limit.value.normalize():f}"
        message = f"a threshold of {written} is {percent(limit.value)}, and this is a ratio"
        mend = f"write {written}% if percent is meant"
        yield Finding.error("K208", ("threshold", limit.word), message=message, mend=mend)
    compared = limit is not None or (kpi.drift is not None and kpi.drift.kind not in ("counts", "shares"))
    if compared and kpi.about == "plan" and kpi.minimum == 0 and "minimum" in kpi.model_fields_set:
        message = "with a minimum of 0 it is compared where there is next to nothing that it could be of"
        mend = f"write how many {kpi.observed} it needs at least to say something: 30, as many KPIs of Earnest"
        yield Finding.error("K209", ("minimum",), message=message, mend=mend)


def _is_share(numerator: CountedSum, denominator: CountedSum | None) -> bool:
    counted = numerator.number is not None and numerator.number.is_condition
    return counted and denominator is not None and denominator.number is None


def _people(counted: CountedSum) -> CountedSum | None:
    """The count of the people whose pay a sum tells of; None where it tells of nobody's."""
    if not tells_pay(counted.names, counted.source):
        return None
    number = people_of(counted.source)
    return replace(counted, key=f"{counted.key}.people", number=number, censored=None, is_levels=True)


class _Compiling:
    def __init__(self, kpi: Kpi, own: Mapping[str, ColumnType]) -> None:
        self._kpi, self._own = kpi, own
        self._findings: list[Finding] = []

    def sums(self) -> KpiSums:
        kpi = self._kpi
        self._check_segments()
        if kpi.value is not None and kpi.of != "pipeline":
            numerator = self._sum(kpi.value, ("value",))
            counts, denominator = numerator, None
        elif kpi.value is not None:
            numerator = counts = self._sum(kpi.value, ("value",))
            denominator = None
        else:
            numerator = self._sum(kpi.numerator, ("numerator",))
            denominator = counts = self._sum(kpi.denominator, ("denominator",))
        observations = self._observations(counts)
        course = None if kpi.pace is None or kpi.pace.course is None else self._sum(kpi.pace.course, ("pace", "course"))
        if kpi.drift is not None and kpi.drift.kind == "shares" and not _is_share(numerator, denominator):
            message = "shares are so many observations of all: its numerator is a condition, and it has no denominator"
            mend = "leave kind out, and say transform: logit for a part of an amount"
            self._findings.append(Finding.error("K205", ("drift", "kind"), message=message, mend=mend))
        of_amount = numerator.number is not None and numerator.number.of_amounts
        if kpi.drift is not None and kpi.drift.kind == "counts" and of_amount:
            message = "counts are whole numbers of events: its numerator is an amount"
            self._findings.append(Finding.error("K205", ("drift", "kind"), message=message, mend="leave kind out"))
        sums = [each for each in (numerator, denominator) if each is not None]
        people = {each.what: each for each in map(_people, sums) if each is not None}
        if people and kpi.minimum < LEAST_PEOPLE:
            message = f"it tells of people's pay, and of fewer than {LEAST_PEOPLE} of them that is near to one's own"
            mend = f"write `minimum: {LEAST_PEOPLE}` or more"
            self._findings.append(Finding.error("K207", ("minimum",), message=message, mend=mend))
        self._findings += _beyond_belief(kpi, most=1 if _is_share(numerator, denominator) else HIGH_ATTAINMENT)
        if self._findings:
            # A condition of the whole KPI is compiled for each of its sums, and wrong once.
            raise Flaws(list(dict.fromkeys(self._findings)))
        amounts = any(part.of_amounts for each in sums for part in (each.number,) if part is not None)
        # A statistic of amounts by a currency, a ratio of amounts by each of theirs.
        return KpiSums(
            numerator=numerator,
            denominator=denominator,
            observations=observations,
            people=tuple(people.values()),
            course=course,
            by_currency=amounts,
        )

    def _observations(self, counts: CountedSum) -> CountedSum | None:
        if self._kpi.observations is not None:
            return self._sum(self._kpi.observations, ("observations",))
        if counts.number is None or counts.is_levels:
            return None  # counted already
        return self._sum(None, ("observations",))

    def _sum(self, written: str | Sum | None, path: Path) -> CountedSum:
        kpi = self._kpi
        own = written if isinstance(written, Sum) else Sum(sum=written or "…")
        source, inside = own.of or kpi.of, isinstance(written, Sum)
        schema = columns_of(source, self._own)
        is_levels = kpi.statistic is not None and path == ("value",)
        where_text = own.where or (kpi.where if source == kpi.of else None)
        where_path: Path = (*path, "where") if own.where else ("where",)
        number_path: Path = (*path, "sum") if inside else path
        where = self._compiled(where_text, where_path, source=source, condition=True)
        number = None if written is None else self._compiled(own.sum, number_path, source=source)
        censored = self._compiled(kpi.censored, ("censored",), source=source, condition=True) if is_levels else None
        date = own.date or (kpi.dated_by if source == kpi.of else next(iter(DATES[source]), ""))
        if date and schema.get(date) != pl.Date():
            dates = [name for name, kind in schema.items() if kind == pl.Date()]
            mend = did_you_mean(date, dates, what="dates")
            where_dated: Path = (*path, "date") if own.date else ("date",)
            self._findings.append(Finding.error("K202", where_dated, message=f"{date} is no date", mend=mend))
        return CountedSum(
            key=f"{kpi.name}.{path[-1]}",
            source=source,
            date=date,
            where=where,
            number=number,
            censored=censored,
            is_levels=is_levels,
            dimensions=frozenset(kpi.segments),
        )

    def _compiled(self, text: str | None, path: Path, *, source: Source, condition: bool = False) -> Expression | None:
        if text is None:
            return None
        try:
            schema = columns_of(source, self._own)
            return (compile_condition if condition else compile_number)(text, source, schema=schema)
        except FilterError as error:
            self._findings.append(Finding.error("K201", path, message=str(error), mend=error.mend))
            return None

    def _check_segments(self) -> None:
        texts = [name for name, kind in self._own.items() if kind == "text"]
        for place, name in enumerate(self._kpi.segments):
            known = [*SEGMENTS[self._kpi.of], *(texts if self._kpi.of == "deals" else [])]
            if name not in known:
                mend = did_you_mean(name, known, what="dimensions")
                message = f"there is no dimension {name} of {self._kpi.of}"
                self._findings.append(Finding.error("K203", ("segments", place), message=message, mend=mend))
