"""`earnest export`: what the running installation has, in the form of the files that `earnest calc` reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import ANALYST, Actor, Out, a_folder, app
from shared.formatting import counted

if TYPE_CHECKING:
    from earnest.live.exports import Exported

export = typer.Typer(
    no_args_is_help=True,
    help="Files of the running installation, for calc, simulate, explain and estimate: deals, roster, plans, lines.",
)
app.add_typer(export, name="export")


@export.command()
def deals(out: Out = None, who: Actor = ANALYST) -> None:
    """Every deal as it stands: a deals file."""
    from earnest.client import connected
    from earnest.live.exports import deals_file

    _write(deals_file(connected(), who=who), out)


@export.command()
def roster(out: Out = None, who: Actor = ANALYST) -> None:
    """Every participant with what is said of them from which date on: a roster file."""
    from earnest.client import connected
    from earnest.live.exports import roster_file

    _write(roster_file(connected(), who=who), out)


@export.command()
def quotas(out: Out = None, who: Actor = ANALYST) -> None:
    """The quotas alone: a roster file of them."""
    from earnest.client import connected
    from earnest.live.exports import quotas_file

    _write(quotas_file(connected(), who=who), out)


@export.command()
def plans(
    out: Annotated[Path, typer.Option(help="The folder for the plan files; made if needed.", callback=a_folder)],
    who: Actor = ANALYST,
) -> None:
    """The file of every published plan version, as it was published."""
    from earnest.client import connected
    from earnest.live.exports import plan_files

    for file in plan_files(connected(), out, who=who):
        typer.echo(f"Written: {file}")


@export.command()
def lines(
    period: Annotated[str | None, typer.Option(help="Of this month only, such as 2025-03.")] = None,
    out: Out = None,
    who: Actor = ANALYST,
) -> None:
    """The lines of all earnings, deal by deal, as calc writes them."""
    from earnest.client import connected
    from earnest.live.exports import lines_file

    _write(lines_file(connected(), period=period, who=who), out)


def _write(exported: Exported, out: Path | None) -> None:
    from shared.spreadsheets import csv_text, write_csv

    for note in exported.notes:
        typer.echo(f"Note: {note}", err=True)
    if out is None:
        typer.echo(csv_text(exported.table, ours=exported.ours), nl=False)
        return
    write_csv(exported.table, out, ours=exported.ours)
    typer.echo(f"Written: {out} ({counted(exported.table.height, 'row')})")
