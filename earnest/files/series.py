"""A file with the columns date and value as series to be watched; more columns tell segments apart."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import Final

import polars as pl

from earnest.files.rejections import FileError
from earnest.files.rows import ROW, FileForm, read_rows
from shared.contracts.base import YEARS
from shared.drift.series import Series, series_of
from shared.drift.zeros import parts, without_closed_days

DATE, VALUE = "date", "value"
SHARE, AMOUNT = "share of dates with any", "amount where there is any"
"""The parts of a series in which many values are zero."""
MOST_TOLD: Final = 5
"""Rows that cannot be used, each of which is told; of more their number."""
LEAST_TOLD_APART: Final = 10
"""Segments of one value each, of which that is no accident."""
LARGEST: Final = 1e30
"""Of a value: statistics of it stay numbers."""
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


@dataclass(frozen=True, kw_only=True)
class SegmentSeries:
    """A series of a file, and by which values of the other columns it is told apart; none in a file of one series."""

    segment: Mapping[str, str]
    series: Series
    part: str = ""
    """Of a series in which many values are zero, which of its two parts this is."""

    @property
    def name(self) -> str:
        """The segment in words; empty in a file of one series."""
        said = [f"{column} {value or 'blank'}" for column, value in self.segment.items()]
        return ", ".join([*said, self.part] if self.part else said)


def read_series(path: Path) -> list[SegmentSeries]:
    """The series of a CSV, Parquet or XLSX file, in the order in which it begins with them. A blank value is missing.

    Raises:
        FileError: the file cannot be read, or a row of it cannot be used.
    """
    rows = read_rows(path, "series", required=(DATE, VALUE), form=FileForm(binary=True))
    segments = [name for name in rows.frame.columns if name not in (ROW, DATE, VALUE) and not name.startswith("@")]
    wrong = [f"row {row}: {why}" for row, why in rows.rejected.select("row", "message").rows()]
    found: dict[tuple[str, ...], dict[date, float]] = {}
    for row in rows.frame.iter_rows(named=True):
        try:
            day, value = _day(row[DATE]), _value(row[VALUE])
            values = found.setdefault(tuple(row[name] or "" for name in segments), {})
            if day in values:
                raise ValueError(f"{day} is there twice" + (" in its segment" if segments else ""))
            values[day] = value
        except ValueError as error:
            wrong.append(f"row {row[ROW]}: {error}")
    if wrong:
        raise FileError(f"{path}: {'; '.join(_told(wrong))}")
    if not found:
        raise FileError(f"{path}: there are no values in it")
    _check_segments(path, rows.frame, segments=segments, series=found.values())
    return [each for key, values in found.items() for each in _series(dict(zip(segments, key, strict=True)), values)]


def _series(segment: Mapping[str, str], values: Mapping[date, float]) -> Iterator[SegmentSeries]:
    days = sorted(values)
    series = without_closed_days(series_of(days, [values[day] for day in days]))
    both = parts(series)
    if both is None:
        yield SegmentSeries(segment=segment, series=series)
    else:
        yield SegmentSeries(segment=segment, series=both.share, part=SHARE)
        yield SegmentSeries(segment=segment, series=both.amount, part=AMOUNT)


def _check_segments(
    path: Path, frame: pl.DataFrame, *, segments: Sequence[str], series: Collection[Mapping[date, float]]
) -> None:
    """Refuse a column that leaves no series, as a figure or a name of each row does."""
    if len(series) < LEAST_TOLD_APART or max(map(len, series)) > 1:
        return
    worst = max(segments, key=lambda name: frame[name].n_unique())
    raise FileError(
        f"{path}: columns other than date and value are segments, and {worst} has {frame[worst].n_unique()} values in"
        f" {len(frame)} rows, so that no segment has a past: leave that column out of the file"
    )


def _day(text: str | None) -> date:
    try:
        day = datetime.fromisoformat(text or "").date()
    except ValueError:
        raise ValueError(f"date {text!r} is not written as 2026-03-31" if text else "it has no date") from None
    if day.year not in YEARS:
        raise ValueError(f"date {text!r} is in no year from {YEARS[0]} to {YEARS[-1]}")
    return day


def _value(text: str | None) -> float:
    if text is None or text.lower() == "nan":
        return float("nan")
    if not _NUMBER.fullmatch(text) or not isfinite(value := float(text)):
        raise ValueError(f"value {text!r} is not a number as 1234.5")
    if abs(value) > LARGEST:
        raise ValueError(f"value {text!r} is larger than {LARGEST:.0e}: say it in a larger unit")
    return value


def _told(wrong: list[str]) -> Iterator[str]:
    yield from wrong[:MOST_TOLD]
    if len(wrong) > MOST_TOLD:
        yield f"and {len(wrong) - MOST_TOLD} more"
