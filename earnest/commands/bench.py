"""`earnest bench`: what detection promises, measured on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import app
from earnest.terminal import print_table

if TYPE_CHECKING:
    from shared.drift.bench import Finding

bench = typer.Typer(no_args_is_help=True, help="What Earnest promises, measured.")
app.add_typer(bench, name="bench")


@bench.command()
def drift(
    series: Annotated[int, typer.Option(min=5, help="Series of each sort of the incentive KPI.")] = 200,
    others: Annotated[int, typer.Option(min=5, help="Series of each other sort.")] = 40,
) -> None:
    """False alarms, and how soon drifts are found, on seeded series of many sorts; an error where a floor is broken.

    Beside it, on the incentive KPI, a textbook CUSUM of weekly means. Of each drift: the share that was found in time,
    and after how many values of the series (median).
    """
    from rich.table import Table

    from shared.drift.bench import bench as benched
    from shared.drift.bench import broken

    table = Table("series", "false alarms a year", "watched years with one", title="Drift: share found / values until")
    below: list[str] = []
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
        below += broken(name, figures)
    print_table(table)
    for floor in below:
        typer.echo(floor, err=True)
    if below:
        raise typer.Exit(1)


def _told(finding: Finding) -> str:
    return f"{finding.found:.2f} / {finding.delay:.0f}"
