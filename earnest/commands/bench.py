"""`earnest bench`: what detection promises, measured on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import app
from earnest.terminal import print_table

if TYPE_CHECKING:
    from earnest.company.drift_bench import FalseAlarms
    from shared.drift.bench import Finding

bench = typer.Typer(no_args_is_help=True, help="What Earnest promises, measured.")
app.add_typer(bench, name="bench")


@bench.command()
def drift(
    series: Annotated[int, typer.Option(min=5, help="Series of each sort of the incentive KPI.")] = 200,
    others: Annotated[int, typer.Option(min=5, help="Series of each other sort.")] = 40,
    company: Annotated[
        bool, typer.Option("--company", help="Companies like that of the demo instead of series.")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="Companies without drift, and with each kind of it.")] = 20,
) -> None:
    """False alarms, and how soon drifts are found, on seeded series of many sorts; an error where a floor is broken.

    Beside it, on the incentive KPI, a textbook CUSUM of weekly means. Of each drift: the share that was found in time,
    and after how many values of the series (median). Takes some minutes of one processor, in proportion to --series and
    --others, and says each sort as it goes on.

    With --company on all KPIs of companies like that of the demo: without drift, and with each kind of drift planted
    at a place, on a day and as strongly as the seed says. Of each kind: in how many companies it was found, after how
    many weeks, and where its segment was named first, when the alert was raised and in the end.
    """
    below = list(_of_companies(seeds) if company else _of_series(series, others))
    for floor in below:
        typer.echo(floor, err=True)
    if below:
        raise typer.Exit(1)


def _of_series(series: int, others: int) -> Iterator[str]:
    """The floors that series do not hold; the figures are printed."""
    from rich.table import Table

    from shared.drift.bench import bench as benched
    from shared.drift.bench import broken

    table = Table("series", "false alarms a year", "watched years with one", title="Drift: share found / values until")
    for name, figures in benched(series, others=others):
        if not table.row_count:
            for drift_name in figures.findings:
                table.add_column(drift_name)
        table.add_row(
            name,
            f"{figures.false_alarms:.2f}",
            f"{figures.years_with_alarm:.2f}",
            *map(_told, figures.findings.values()),
        )
        _progress(f"{name}: {figures.false_alarms:.2f} false alarms a year")
        yield from broken(name, figures)
    print_table(table)


def _told(finding: Finding) -> str:
    return f"{finding.found:.2f} / {finding.delay:.0f}"


def _of_companies(seeds: int) -> Iterator[str]:
    """The floors that companies do not hold; the figures are printed, and what was found in each as it goes on."""
    from statistics import median

    from rich.table import Table

    from earnest.company import drift_bench

    alarms = drift_bench.NONE
    for seed in range(seeds):
        of_one = drift_bench.false_alarms(seed)
        alarms = alarms.and_those_of(of_one)
        _progress(f"company {seed}, nothing wrong: {', '.join(of_one.alerts.elements()) or 'no alarm'}")
    table = Table("KPI", "years of series", "false alarms", "in 5 years", title="Companies without drift")
    for kpi, days in sorted(alarms.days.items()):
        of_kpi = drift_bench.FalseAlarms(Counter({kpi: days}), Counter({kpi: alarms.alerts[kpi]}))
        table.add_row(*_alarms(kpi, of_kpi))
    table.add_row(*_alarms("all", alarms), style="bold")
    print_table(table)
    yield from drift_bench.broken_by_false_alarms(alarms)
    table = Table("drift", "found", "weeks: half, all", "named first at once", "in the end", title="Planted drifts")
    for kind in drift_bench.KINDS:
        found = []
        for seed in range(seeds):
            drift = drift_bench.planted(kind, seed)
            found.append(alert := drift_bench.found_in(drift, seed=seed))
            after = "not found" if alert is None else f"{alert.kpi} after {alert.weeks} weeks"
            _progress(f"company {seed}, {kind} in {drift.dimension} {drift.segment}: {after}")
        weeks = [alert.weeks for alert in found if alert is not None]
        named = [sum(getattr(alert, when) == 1 for alert in found if alert) for when in ("at_once", "in_the_end")]
        lasted = f"{median(weeks):.0f}, {max(weeks)}" if weeks else ""
        table.add_row(kind, f"{len(weeks)} of {seeds}", lasted, *map(str, named))
        yield from drift_bench.broken_by_findings(kind, found)
    print_table(table)


def _alarms(name: str, alarms: FalseAlarms) -> tuple[str, str, str, str]:
    years = alarms.days.total() / 365.25
    return name, f"{years:.0f}", str(alarms.alerts.total()), f"{alarms.per_five_years():.2f}"


def _progress(line: str) -> None:
    typer.echo(line, err=True)
