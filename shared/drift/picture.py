"""The picture of an assessed series: what was seen and expected, since when it drifts, and how far the score went.

Nothing is told by colour alone: pictures are printed, and looked at by people who tell colours apart in other ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import count
from textwrap import fill
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from babel.dates import format_date

from shared.charts import INK, MIDDLE, SOFT, Form, drawing, framed, rendered, short
from shared.drift.series import Assessment, Days, Episode, Floats, Grain, Series
from shared.drift.words import (
    MAY_BE_SEASON,
    POINTS,
    Naming,
    day_in_words,
    found_in_words,
    from_scale,
    headline,
    may_be_season,
    on_scale,
    smallest_change,
    told,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE: Final = (6.4, 5.6)
"""Inches: so small that letters can be read on a phone, where the picture fills the width."""
TITLE, LETTERS, SMALL = 12.0, 9.5, 8.5
"""Sizes of letters, in points."""
LETTERS_IN_A_LINE: Final = 60
"""Of the title."""
FEW: Final = 100
"""Days, each of which is drawn as a point of the line; of more the line is that of weekly means."""
HIGHEST: Final = 3.0
"""Score that is drawn: beyond it the limit would be lost."""
DOTTED: Final = (0, (1, 1.5))
DASHED: Final = (0, (4, 2))


class _Line(NamedTuple):
    """What is drawn over days."""

    days: Days
    seen: Floats
    expected: Floats
    low: Floats
    high: Floats


class _Date(NamedTuple):
    """A date that is marked, and what is written at it."""

    day: date
    words: str
    found: bool = False


def picture(assessment: Assessment, form: Form, *, naming: Naming, since: date | None = None) -> bytes:
    """The picture of a series, or of what is since a date, as the bytes of an SVG or PNG file."""
    from matplotlib.figure import Figure

    days = assessment.series.dates
    shown = slice(0 if since is None else int(np.searchsorted(days, np.datetime64(since, "D"))), None)
    title = headline(assessment, naming)
    with drawing():
        figure = Figure(figsize=SIZE, layout="constrained")
        values, scores = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        _draw_values(values, assessment, shown=shown, naming=naming)
        _draw_scores(scores, assessment, shown=shown)
        if days[shown].size:
            _draw_dates((values, scores), assessment, first=days[shown][0].item())
        figure.align_ylabels()
        entries = dict(zip(*reversed(values.get_legend_handles_labels()), strict=True))  # each name once
        columns = 2 if len(entries) > 3 else 3
        figure.legend(
            entries.values(), entries, loc="outside lower left", ncols=columns, frameon=False, fontsize=LETTERS
        )
        figure.suptitle(fill(title, LETTERS_IN_A_LINE), x=0.01, ha="left", fontsize=TITLE, fontweight="bold")
        return rendered(figure, form, title=title, description=description(assessment))


def description(assessment: Assessment) -> str:
    """What the picture shows, for those who do not see it."""
    series = assessment.series
    if not len(series):
        return "There are no values yet."
    first = day_in_words(series.dates[0].item(), grain=series.grain)
    last = found_in_words(series.dates[-1].item(), series)
    sentences = [f"Values from {first} to {last}, with what was expected of them, and the drift score."]
    for episode in assessment.episodes:
        over = ""
        if episode.recovered_on is not None:
            over = f", over on {found_in_words(episode.recovered_on, series)}"
        sentences.append(f"A change {episode.alerts[0].direction} {told(episode, series)}{over}.")
    if not assessment.episodes:
        sentences.append("No change was found.")
    if may_be_season(assessment).any():
        sentences.append(f"A change without an alert {MAY_BE_SEASON}.")
    found = smallest_change(assessment)
    return " ".join([*sentences, found] if found else sentences)


def _draw_values(axes: Axes, assessment: Assessment, *, shown: slice, naming: Naming) -> None:
    from matplotlib.ticker import FuncFormatter

    framed(axes)
    series = assessment.series
    line = _Line(
        days=series.dates[shown],
        seen=series.values[shown],
        expected=assessment.expected[shown],
        low=assessment.low[shown],
        high=assessment.high[shown],
    )
    points = POINTS[series.grain].removeprefix("business ")
    _fit(axes, line)
    by_week = series.grain is Grain.DAY and len(line.days) > FEW
    if by_week:
        axes.plot(line.days, line.seen, color=MIDDLE, linewidth=0, marker="o", markersize=1.2, label="a day")
        line = _weekly(line, assessment)
    axes.plot(
        line.days,
        line.seen,
        color=INK,
        linewidth=1.6,
        marker=None if by_week else "o",
        markersize=3,
        label="seen, mean of a week" if by_week else "seen",
    )
    if np.isfinite(line.expected).any():
        axes.plot(line.days, line.expected, color=INK, linewidth=1.3, linestyle=DASHED, label="expected")
        axes.fill_between(
            line.days,
            line.low,
            line.high,
            facecolor=SOFT,
            edgecolor=MIDDLE,
            linewidth=0.6,
            zorder=1,
            label=f"where 19 of 20 {points} lie",
        )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _on_an_axis(value, naming)))
    axes.set_ylabel({"ratio": "", "number": "", "money": naming.currency}.get(naming.unit, naming.unit))
    axes.tick_params(labelsize=LETTERS)


def _fit(axes: Axes, line: _Line) -> None:
    """Room for all that was seen and expected. A band that is wide because little is known yet is cut off: its edge
    would make everything else flat.
    """
    values = np.concatenate([line.seen, line.expected])
    values = values[np.isfinite(values)]
    if not values.size:
        return
    low, high = float(values.min()), float(values.max())
    room = max(high - low, abs(high) / 100) / 3
    inside = np.isfinite(line.low) & np.isfinite(line.high)
    axes.set_ylim(
        max(low - room, min(low - room / 6, float(line.low[inside].min(initial=low)) - room / 6)),
        min(high + room, max(high + room / 6, float(line.high[inside].max(initial=high)) + room / 6)),
    )


def _weekly(line: _Line, assessment: Assessment) -> _Line:
    """The means of calendar weeks, on the scale on which changes are compared, at their middle."""
    weeks = (line.days - np.datetime64("1970-01-05", "D")).astype(np.int64) // 7
    numbers, which = np.unique(weeks, return_inverse=True)

    def means(column: Floats) -> Floats:
        scaled = on_scale(column, assessment.transform)
        known = np.isfinite(scaled)
        counts = np.bincount(which, weights=known, minlength=len(numbers))
        sums = np.bincount(which, weights=np.where(known, scaled, 0.0), minlength=len(numbers))
        # A week that has only begun may be far from the others without being another.
        enough = (counts > 0) & (2 * counts >= np.median(counts[counts > 0])) if counts.any() else counts > 0
        return from_scale(
            np.divide(sums, counts, out=np.full(len(numbers), np.nan), where=enough), assessment.transform
        )

    return _Line(
        days=np.clip(np.datetime64("1970-01-07", "D") + 7 * numbers, line.days[0], line.days[-1]),
        seen=means(line.seen),
        expected=means(line.expected),
        low=means(line.low),
        high=means(line.high),
    )


def _draw_scores(axes: Axes, assessment: Assessment, *, shown: slice) -> None:
    framed(axes)
    days, scores = assessment.series.dates[shown], assessment.scores[shown]
    drawn = np.clip(scores, -HIGHEST, HIGHEST)
    axes.fill_between(days, 0, drawn, facecolor=SOFT, edgecolor="none")
    axes.plot(days, drawn, color=INK, linewidth=1.2)
    known = drawn[np.isfinite(drawn)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    # Where falling is no alarm the score may go below -1, and there is no limit.
    falls = low > -1 or any(alert.score < 0 for alert in assessment.alerts)
    rises = high < 1 or any(alert.score > 0 for alert in assessment.alerts)
    limits = [limit for limit, there in ((1.0, rises), (-1.0, falls)) if there]
    for limit in limits:
        axes.axhline(limit, color=INK, linewidth=1, linestyle=DOTTED)
    axes.set_ylim(min(low * 1.1, -1.25), max(high * 1.1, 1.25))
    axes.set_yticks([*limits, 0], [*("limit" for _ in limits), "0"])
    axes.tick_params(labelsize=LETTERS)
    axes.set_ylabel("drift score", fontsize=LETTERS)
    held = np.flatnonzero(may_be_season(assessment)[shown])
    if held.size:
        place = int(held[len(held) // 2])
        above = bool(scores[place] > 0)
        axes.text(
            days[place],
            0.9 if above else -0.9,
            "may be a season",
            ha="center",
            va="top" if above else "bottom",
            fontsize=SMALL,
            fontstyle="italic",
        )
    learning = int(np.isnan(scores).argmin()) if known.size else len(scores)
    if learning > len(scores) / 8:
        axes.text(days[learning // 2], 0.15, "learning", ha="center", fontsize=LETTERS, fontstyle="italic")
    axes.set_xlabel(fill(smallest_change(assessment) or "", 92), fontsize=SMALL, loc="left")


def _draw_dates(both: tuple[Axes, Axes], assessment: Assessment, *, first: date) -> None:
    """When changes began, were found and were over, through both charts; dates of the last one are written above."""
    from matplotlib.dates import AutoDateLocator, date2num, num2date
    from matplotlib.ticker import FuncFormatter

    def day_at(place: float) -> date:
        day: date = num2date(place).date()  # type: ignore[no-untyped-call]
        return day

    def place_of(day: date) -> float:
        return float(date2num(day))  # type: ignore[no-untyped-call]

    series, (values, scores) = assessment.series, both
    last = series.known_on(series.dates[-1].item())
    scores.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=7))  # type: ignore[no-untyped-call]
    scores.xaxis.set_major_formatter(FuncFormatter(lambda at, place: _tick(day_at(at), place)))
    begin, end = place_of(first), place_of(last)
    margin = max((end - begin) / 60, 1)
    values.set_xlim(begin - margin, end + margin)
    for episode in assessment.episodes[:-1]:
        if episode.recovered_on is not None and episode.recovered_on > first:
            for axes in both:
                axes.axvspan(
                    max(place_of(episode.alerts[0].onset), begin),
                    place_of(series.known_on(episode.recovered_on)),
                    facecolor="none",
                    edgecolor=MIDDLE,
                    hatch="///",
                    linewidth=0,
                    zorder=0.5,
                    label="an earlier change",
                )
    rows = count()
    for mark in _dates_of(assessment.episodes[-1:], series):
        place = place_of(mark.day)
        if place < begin:
            continue
        for axes in both:
            axes.axvline(place, color=INK, linewidth=1.2, linestyle="-" if mark.found else DOTTED)
        late = place > (begin + end) / 2
        values.annotate(
            mark.words,
            (place, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3 if late else -3, 3 + 13 * next(rows)),
            textcoords="offset points",
            ha="right" if late else "left",
            fontsize=LETTERS,
        )


def _dates_of(episodes: Sequence[Episode], series: Series) -> Iterator[_Date]:
    last = series.dates[-1].item()
    for episode in episodes:
        first, *later = episode.alerts
        found = [alert.detected_on for alert in episode.alerts]
        days = [first.onset, *(series.known_on(day) for day in (*found, episode.recovered_on) if day)]
        beside = last if all(day.year == last.year for day in days) else None
        if episode.recovered_on is not None:
            words = found_in_words(episode.recovered_on, series, beside=beside)
            yield _Date(series.known_on(episode.recovered_on), f"over {words}")
        for alert in reversed(later):
            words = found_in_words(alert.detected_on, series, beside=beside)
            yield _Date(series.known_on(alert.detected_on), f"clearly worse {words}", found=True)
        words = found_in_words(first.detected_on, series, beside=beside)
        yield _Date(series.known_on(first.detected_on), f"found {words}", found=True)
        began = day_in_words(first.onset, grain=series.grain, beside=beside)
        yield _Date(first.onset, f"began about {began}")


def _on_an_axis(value: float, naming: Naming) -> str:
    return f"{100 * value:.4g}%" if naming.unit == "ratio" else short(value)


def _tick(day: date, place: int | None) -> str:
    """A date on the axis: a month where one begins, with the year at the first and at each January."""
    form = "MMM" if day.day == 1 else "d MMM"
    text = format_date(day, form, locale="en")
    return f"{text}\n{day.year}" if place == 0 or (day.month == 1 and day.day == 1) else text
