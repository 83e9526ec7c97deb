"""`earnest simulate`: what a plan would cost and whom it would pay, over history or over many sampled years."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import a_folder, app
from earnest.terminal import tell_unused
from shared.formatting import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from earnest.files.kernel_inputs import KernelInputs
    from earnest.simulation.run import Simulation
    from shared.kernel import PlanSet


@app.command()
def simulate(
    plan: Annotated[list[Path], typer.Option(help="A plan file, or a folder of plan files; may be repeated.")],
    folder: Annotated[Path | None, typer.Argument(help="With --mapping: the folder with the company's files.")] = None,
    deals: Annotated[Path | None, typer.Option(help="History: CSV, XLSX or Parquet.")] = None,
    roster: Annotated[Path | None, typer.Option(help="Participants: CSV, XLSX or Parquet.")] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="A mapping file: how the company's own files are read (docs/mapping.md).")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="The plan to compare with, a file or folder; may be repeated.")
    ] = None,
    years: Annotated[
        int, typer.Option(min=0, max=10_000, help="Years to draw; 0 is the year of history as it was.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same years.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder for tables and charts; made if needed.", callback=a_folder)
    ] = None,
) -> None:
    """What a plan would cost, how people would attain, who would win and lose, and what its conventions move."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from earnest.files.kernel_inputs import read_inputs
    from earnest.imports.given import Places, given
    from earnest.plans.files import read_plans
    from earnest.simulation.run import simulate as simulated

    console = Console(highlight=False)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True
    ) as progress:
        task = progress.add_task("Reading", total=None)
        places = Places(deals=deals, roster=roster, mapping=mapping, folder=folder)

        def read(plans: PlanSet) -> KernelInputs:
            files = given(places, plans, step=lambda what: progress.update(task, description=what))
            return read_inputs(files.deals, files.roster, plans=plans)

        now = read(read_plans(plan))
        before = read(read_plans(against)) if against else None
        outcome = simulated(
            now, before, years=years, seed=seed, step=lambda what: progress.update(task, description=what)
        )
        written = []
        if out is not None:
            from earnest.simulation.report import write

            progress.update(task, description="Drawing")
            written = write(outcome, out)
    tell_unused(now.rejected)
    _show(outcome, console)
    if written:
        console.print(f"Written to {out}: {', '.join(path.name for path in written)}", soft_wrap=True, markup=False)
    else:
        console.print("Add --out DIR to get the tables and charts.")


def _show(outcome: Simulation, console: Console) -> None:
    what = f"{outcome.years.height:,} years drawn from" if outcome.drawn else "The year"
    of = f"{counted(outcome.base.deals.height, 'deal')}, {counted(len(outcome.base.people), 'participant')}"
    console.print(f"{what} {outcome.base.year}: {of}.")
    for table in (_costs(outcome), _bands(outcome), *_changes(outcome), _conventions(outcome)):
        console.print(table)
    for each in outcome.refused:
        console.print(f"Left out, {each.convention} {each.other}: {each.why}.", soft_wrap=True, markup=False)


def _costs(outcome: Simulation) -> Table:
    from rich.table import Table

    from earnest.simulation.statistics import distribution

    table = Table(title=f"Cost of a year, {outcome.currency}")
    sides = [("", outcome.years)] + ([("before: ", outcome.years_before)] if outcome.years_before is not None else [])
    columns = [(f"{name}{column}", years[column]) for name, years in sides for column in ("cost", "share")]
    if not outcome.drawn:
        for name in ("", *(name for name, _ in columns)):
            table.add_column(name, justify="right")
        table.add_row(str(outcome.base.year), *(_cell(name, values[0], outcome=outcome) for name, values in columns))
        return table
    spreads = {name: distribution(values) for name, values in columns}
    for name in ("", *spreads):
        table.add_column(name, justify="right")
    for row in next(iter(spreads.values())):
        table.add_row(row, *(_cell(name, spread[row], outcome=outcome) for name, spread in spreads.items()))
    return table


def _cell(name: str, value: float, *, outcome: Simulation) -> str:
    from shared.money import minor_digits

    return f"{100 * value:.2f}%" if name.endswith("share") else f"{value / 10 ** minor_digits(outcome.currency):,.0f}"


def _bands(outcome: Simulation) -> Table:
    from rich.table import Table

    from earnest.simulation.statistics import bands

    table = Table("measure", "band", title="Attainment")
    for name in ("people and periods", "pay"):
        table.add_column(name, justify="right")
    for measure, band, share, pay in bands(outcome.attained).iter_rows():
        table.add_row(measure, band, f"{100 * share:.1f}%", f"{100 * pay:.1f}%" if pay == pay else "")
    return table


def _changes(outcome: Simulation) -> Iterator[Table]:
    """Winners and losers, if there is a plan to compare with."""
    import polars as pl
    from rich.table import Table

    if outcome.changes is None or outcome.people is None:
        return
    counts = outcome.changes.select(
        won=(pl.col("change") > 0).sum(), lost=(pl.col("change") < 0).sum(), same=(pl.col("change") == 0).sum()
    ).row(0)
    whole = sum(counts)
    title = f"Pay of a person and year: {counts[0]:,} of {whole:,} win, {counts[1]:,} lose, {counts[2]:,} stay the same"
    table = Table(title=title)
    for name in ("participant", "before", "now", "change", "won", "lost"):
        table.add_column(name, justify="left" if name == "participant" else "right")
    # Both ends of the order: a screen is for a look.
    shown = (
        outcome.people if outcome.people.height <= 10 else pl.concat([outcome.people.head(5), outcome.people.tail(5)])
    )
    for number, (who, before, now, change, won, lost) in enumerate(shown.iter_rows()):
        if outcome.people.height > 10 and number == 5:
            table.add_section()
        amounts = (_cell("", amount, outcome=outcome) for amount in (before, now, change))
        table.add_row(who, *amounts, f"{100 * won:.0f}%", f"{100 * lost:.0f}%")
    yield table


def _conventions(outcome: Simulation) -> Table | str:
    from rich.table import Table

    from shared.money import from_minor

    moving = [move for move in outcome.conventions if move.earnings]
    still = [f"{move.convention} {move.other}" for move in outcome.conventions if not move.earnings]
    title = f"What conventions would move in {outcome.base.year}"
    unmoved = f"Nothing would be moved by: {', '.join(still)}." if still else ""
    if not moving:
        return unmoved
    table = Table(title=title, caption=unmoved or None)
    for name in ("convention", "now", "instead", "said"):
        table.add_column(name, overflow="fold")
    for name in (f"pay, {outcome.currency}", "people", "earnings"):
        table.add_column(name, justify="right", no_wrap=True)
    for move in moving:
        change, said = f"{from_minor(move.change, outcome.currency):+,f}", "yes" if move.said else "no"
        people, earnings = f"{move.participants:,}", f"{move.earnings:,}"
        table.add_row(move.convention, move.now, move.other, said, change, people, earnings)
    return table
