"""What observations contribute to the sums, as a function of what is known of them.

What moves is the difference: an observation as it was counted, taken away, and as it is now, added. Both are worked out
from what is known, in one frame; of the roster, which may have changed in between, what was counted stands beside the
observation. So sums are exact, whatever changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from services.alerts.kpis import Catalogue
from services.alerts.kpis.columns import SCALE, Source
from services.alerts.kpis.sums import LEVEL_DIGITS, OPEN, CountedSum
from services.alerts.rollups.observations import CURRENCY, Observed

_SIGN: Final = "sign of the row"
_VALUE: Final = "value of the row"
_LEVEL: Final = "level of the row"
_BEGINS: Final = "first day of the cell of "
_WHOLE: Final = pl.Int128()


class Cell(NamedTuple):
    """Where sums are kept: those over observations of a date, of a currency, in a segment. An empty dimension is the
    whole; an empty segment of a dimension are those that say nothing of it.

    Of segments, which are many, a cell is of the days that a week has in common with a month and a fiscal period, and
    its day is the first of them: so it lies in one week, one month, one fiscal quarter.
    """

    day: date
    currency: str
    dimension: str
    segment: str


Moved: TypeAlias = dict[Cell, dict[str, int]]
"""By cell and sum a difference."""


class Counting:
    """The sums of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._sums: dict[Source, Sequence[CountedSum]] = {
            source: catalogue.counted(source) for source in ("deals", "earnings", "runs")
        }
        self._calendar = catalogue.calendar

    def names(self, source: Source) -> frozenset[str]:
        """The columns that are looked at."""
        return frozenset[str]().union(*(each.names for each in self._sums[source]))

    def move(self, moved: Moved, source: Source, *, before: Observed, after: Observed) -> None:
        """Add to what moves the difference between what observations contributed and what they contribute now."""
        frame = pl.concat(
            [
                before.with_columns(pl.lit(-1, dtype=_WHOLE).alias(_SIGN)),
                after.with_columns(pl.lit(1, dtype=_WHOLE).alias(_SIGN)),
            ]
        )
        sums = self._sums[source]
        if frame.is_empty() or not sums:
            return
        plain = [each for each in sums if not each.is_levels]
        # Signed once, and then added up by the date and each of the dimensions.
        frame = frame.with_columns(self._begins(frame[day]) for day in sorted({each.date for each in sums}))
        signed = _evaluated(frame, [(each.key, _number(each) * pl.col(_SIGN)) for each in plain])
        for day in sorted({each.date for each in plain}):
            of_day = [each for each in plain if each.date == day]
            dated = signed.drop_nulls(day)
            for dimension, told in _by_dimension(of_day):
                keys = [each.key for each in told]
                for cell, values in _grouped(dated, day, dimension=dimension, by=[], sums=keys):
                    for key, value in zip(keys, values, strict=True):
                        _add(moved, cell, key=key, value=value)
        for each in sums:
            if each.is_levels:
                _move_levels(moved, frame, counted=each)

    def _begins(self, days: pl.Series) -> pl.Series:
        """Of each date the day of its cells of segments."""
        unique = days.drop_nulls().unique()
        known = unique.to_numpy().astype("datetime64[D]")
        mondays = known - (known.astype(np.int64) + 3) % 7
        months = known.astype("datetime64[M]").astype("datetime64[D]")
        begins = np.maximum.reduce([mondays, months, self._calendar.bounds(known, "period")[0]])
        at = pl.Series(begins.astype("datetime64[D]"), dtype=pl.Date())
        return days.replace_strict(unique, at, default=None, return_dtype=pl.Date()).alias(_BEGINS + days.name)


def _move_levels(moved: Moved, frame: pl.DataFrame, *, counted: CountedSum) -> None:
    assert counted.number is not None
    columns = [(_VALUE, _number(counted) * (SCALE // counted.number.scale))]
    if counted.censored is not None:
        columns.append((_LEVEL, counted.censored.evaluated == 1))
    valued = _evaluated(frame, columns).drop_nulls([_VALUE, counted.date])
    level = _level(pl.col(_VALUE)).cast(pl.String)
    if counted.censored is not None:
        level = pl.when(pl.col(_LEVEL)).then(pl.lit(OPEN)).otherwise(level)
    levels = valued.with_columns(level.alias(_LEVEL))
    for dimension, _ in _by_dimension([counted]):
        for cell, (level_name, value) in _grouped(levels, counted.date, dimension=dimension, by=[_LEVEL], sums=[_SIGN]):
            _add(moved, cell, key=f"{counted.key}@{level_name}", value=value)


def _level(value: pl.Expr) -> pl.Expr:
    """Rounded half up to three significant digits, so that there are not many levels."""
    digits = value.abs().cast(pl.String).str.len_chars()
    unit = pl.lit(10, dtype=_WHOLE).pow((digits.cast(pl.Int64) - LEVEL_DIGITS).clip(0).cast(pl.UInt32))
    unit = unit.cast(_WHOLE)
    return (2 * value + unit) // (2 * unit) * unit


def _number(counted: CountedSum) -> pl.Expr:
    number = pl.lit(1) if counted.number is None else counted.number.evaluated
    number = number.cast(_WHOLE)
    return number if counted.where is None else pl.when(counted.where.evaluated == 1).then(number)


def _by_dimension(sums: Sequence[CountedSum]) -> Iterator[tuple[str, list[CountedSum]]]:
    yield "", list(sums)
    for dimension in sorted(frozenset[str]().union(*(each.dimensions for each in sums))):
        yield dimension, [each for each in sums if dimension in each.dimensions]


def _grouped(
    frame: pl.DataFrame, day: str, *, dimension: str, by: Sequence[str], sums: Sequence[str]
) -> Iterator[tuple[Cell, Sequence[Any]]]:
    """Sums over the rows of a frame, each of which has a day, by cell."""
    day = _BEGINS + day if dimension else day
    keys = [day, CURRENCY, *([dimension] if dimension else []), *by]
    for row in frame.group_by(keys).agg(pl.col(sums).sum()).iter_rows():
        segment = (row[2] or "") if dimension else ""
        yield Cell(row[0], row[1], dimension, segment), row[len(keys) - len(by) :]


def _add(moved: Moved, cell: Cell, *, key: str, value: int) -> None:
    if value:
        sums = moved.setdefault(cell, {})
        sums[key] = sums.get(key, 0) + value


def _evaluated(frame: pl.DataFrame, columns: Sequence[tuple[str, pl.Expr]]) -> pl.DataFrame:
    """The frame with columns of expressions beside its own; blank where an expression cannot be evaluated."""
    try:
        return frame.with_columns(expression.alias(name) for name, expression in columns)
    except pl.exceptions.PolarsError:
        # A number beyond what the engine can hold: that observation adds nothing, and keeps no other from it.
        return frame.with_columns(_one_by_one(frame, name, expression=expression) for name, expression in columns)


def _one_by_one(frame: pl.DataFrame, name: str, *, expression: pl.Expr) -> pl.Series:
    try:
        return frame.with_columns(expression.alias(name))[name]
    except pl.exceptions.PolarsError:
        if frame.height == 1:
            return pl.Series(name, [None], dtype=_WHOLE)
        half = frame.height // 2
        return _one_by_one(frame[:half], name, expression=expression).append(
            _one_by_one(frame[half:], name, expression=expression)
        )
