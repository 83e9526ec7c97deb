"""`earnest alerts`: KPIs that are not what they were, in a file or in the running system."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from earnest.commands import a_file, app
from earnest.terminal import print_table

if TYPE_CHECKING:
    from earnest.files.series import SegmentSeries
    from shared.drift.series import Assessment, Floats
    from shared.drift.words import Naming

alerts = typer.Typer(no_args_is_help=True, help="KPIs that are no longer what they were.")
app.add_typer(alerts, name="alerts")

MANY: Final = 20
"""Segments of one column, of which somebody may not know that they are some."""


@alerts.command()
def detect(
    file: Annotated[
        Path,
        typer.Argument(help="A CSV, XLSX or Parquet file: columns date and value; more columns are segments."),
    ],
    false_alarms: Annotated[
        float,
        typer.Option(
            "--false-alarms-per-year",
            min=0.001,
            max=52,
            help="How many are accepted, over all segments.",
        ),
    ] = 0.2,
    calendar: Annotated[
        Path | None,
        typer.Option(help="A YAML file that says `calendar:`, as in the folder of KPIs: holidays, fiscal year."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    picture: Annotated[Path | None, typer.Option(help="A picture to write: x.svg or x.png.", callback=a_file)] = None,
) -> None:
    """Whether the values of a file drift, and since when: each alert dated as a running system would have raised it."""
    from earnest.files.series import read_series
    from earnest.kpi_files import calendar_of
    from shared.calendars import CompanyCalendar
    from shared.drift.detection import assess
    from shared.drift.learning import judged_since
    from shared.drift.series import DriftSettings

    found = read_series(file)
    since = [day for each in found if (day := judged_since(each.series)) is not None]
    settings = DriftSettings(false_alarms_per_year=false_alarms, judged_since=since)
    days = CompanyCalendar() if calendar is None else calendar_of(calendar)
    assessed = [(each, assess(each.series, settings, calendar=days)) for each in found]
    if picture is not None:
        _draw(assessed, file, out=picture)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(_as_data(assessed, file), option=orjson.OPT_INDENT_2))
        return
    if said := _segments_in_words(found):
        typer.echo(said)
    for each, assessment in assessed:
        _show(assessment, _naming(file, each))
    if picture is not None:
        typer.echo(f"Written: {picture}")


def _segments_in_words(found: list[SegmentSeries]) -> str:
    segments = {tuple(each.segment.values()) for each in found}
    if len(segments) == 1:
        return ""
    numbers = {name: len({each.segment[name] for each in found}) for name in found[0].segment}
    said = f"{len(segments)} segments: {', '.join(f'{number} of {name}' for name, number in numbers.items())}"
    most = max(numbers, key=lambda name: numbers[name])
    if numbers[most] > MANY:
        said += f"; if {most} tells no segments apart, leave it out of the file"
    return said


def _as_data(assessed: list[tuple[SegmentSeries, Assessment]], file: Path) -> dict[str, Any]:
    from shared.drift.series import State

    gravest = (State.DRIFTING, State.SUSPECT, State.RECOVERED, State.STEADY, State.LEARNING)
    states = [assessment.state for _, assessment in assessed]
    alerts = [
        _which(each)
        | {
            "detected_on": alert.detected_on,
            "onset": alert.onset,
            "direction": alert.direction,
            "score": abs(alert.score),
            "rule": alert.rule,
            "seen": _digits(alert.value),
            "expected": _digits(alert.expected),
            "recovered_on": episode.recovered_on,
            "recovery": episode.recovery,
        }
        for each, assessment in assessed
        for episode in assessment.episodes
        for alert in episode.alerts
    ]
    data: dict[str, Any] = {
        "name": _title(file),
        "state": min(states, key=gravest.index),
        "alerts": sorted(alerts, key=lambda alert: alert["detected_on"]),
    }
    if any(_which(each) for each, _ in assessed):
        data["segments"] = [
            _which(each) | {"state": assessment.state, "smallest_change": _smallest_change(assessment)}
            for each, assessment in assessed
        ]
    else:
        data["smallest_change"] = _smallest_change(assessed[0][1])
    return data


def _which(each: SegmentSeries) -> dict[str, Any]:
    """By what a series is told from the others of its file."""
    return ({"segment": each.segment} if each.segment else {}) | ({"part": each.part} if each.part else {})


def _smallest_change(assessment: Assessment) -> dict[str, float | None] | None:
    """Parts of what is expected, and within how many values they are found half of the times; none while learning."""
    found = {"rise": assessment.smallest_change, "fall": assessment.smallest_fall}
    known = {name: part if part is not None and isfinite(part) else None for name, part in found.items()}
    return {**known, "within": assessment.within} if any(part is not None for part in known.values()) else None


def _show(assessment: Assessment, naming: Naming) -> None:
    from rich.table import Table

    from shared.drift.words import headline, smallest_change

    typer.echo(headline(assessment, naming))
    if assessment.alerts:
        table = Table("found with the value of", "began about", "", "seen", "expected", "score", "rule", "over since")
        for episode in assessment.episodes:
            for number, alert in enumerate(episode.alerts):
                table.add_row(
                    f"{'worse ' if number else ''}{alert.detected_on}",
                    str(alert.onset),
                    alert.direction,
                    naming.figure(alert.value, beside=alert.expected),
                    naming.figure(alert.expected, beside=alert.value),
                    f"{alert.score:.1f}",
                    alert.rule,
                    "" if number else str(episode.recovered_on or ""),
                )
        print_table(table)
    if sentence := smallest_change(assessment):
        typer.echo(sentence)


def _naming(file: Path, each: SegmentSeries) -> Naming:
    """What a file is called, and of a segment which; shares are told in percent."""
    from shared.drift.words import Naming

    title = _title(file)
    return Naming(title=f"{title}, {each.name}" if each.name else title, unit=_unit(each.series.values))


def _digits(value: float) -> float:
    """Without the last digits, which depend on how much of the series came later."""
    return float(f"{value:.10g}")


def _title(file: Path) -> str:
    words = file.stem.replace("_", " ").replace("-", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _unit(values: Floats) -> Literal["ratio", "number"]:
    """Shares lie between nothing and all, and are more than that."""
    known = values[values == values]  # without what is missing
    shares = known.size and known.min() >= 0 and known.max() <= 1 and (known % 1 != 0).any()
    return "ratio" if shares else "number"


def _draw(assessed: list[tuple[SegmentSeries, Assessment]], file: Path, *, out: Path) -> None:
    import numpy as np

    from earnest.files.rejections import FileError
    from shared.charts import form_of
    from shared.drift.picture import picture

    form = form_of(out)
    if form is None:
        raise FileError(f"{out}: a picture is an .svg or a .png file")
    segments = len({tuple(each.segment.values()) for each, _ in assessed})
    if segments > 1:
        raise FileError(f"{file} has {segments} segments, and a picture shows one series: leave one in the file")
    # Of a series in two parts the one of which there is more to be seen.
    each, assessment = max(
        assessed, key=lambda both: float(np.abs(np.append(np.nan_to_num(both[1].scores), 0.0)).max())
    )
    try:
        out.write_bytes(picture(assessment, form, naming=_naming(file, each)))
    except OSError as error:
        raise FileError(f"{out}: {error.strerror or error}") from None
