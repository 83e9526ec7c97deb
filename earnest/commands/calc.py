"""`earnest calc`: pay from files alone, with the kernel and nothing else: no server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import app

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from earnest.files.calculation import Calculation

STEPS = 6
"""What `calculate` says that it does, and the reading of the plans before it."""
MANY = 24
"""Rows of totals that a screen shows; where there would be more, a component has one row for all its periods."""


@app.command()
def calc(
    plan: Annotated[list[Path], typer.Option(help="A plan file, or a folder of plan files; may be repeated.")],
    deals: Annotated[Path, typer.Option(help="Deals: CSV, XLSX or Parquet, one row per deal or per change of a deal.")],
    roster: Annotated[Path, typer.Option(help="Participants: CSV, XLSX or Parquet, dated rows.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for earnings.csv, lines.csv and rejected.csv; made if needed.")
    ] = None,
) -> None:
    """Compute earnings and their lines from files. docs/analyst.md describes the files."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from earnest.files.calculation import calculate
    from earnest.files.results import write_results
    from earnest.plans.check import slips_in
    from earnest.plans.files import plan_files, read_plans

    console = Console()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *Progress.get_default_columns()[1:2],
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Reading the plans", total=STEPS)

        def step(what: str) -> None:
            progress.update(task, description=what, advance=1)

        calculation = calculate(deals, roster, plans=read_plans(plan), step=step)
        if out is not None:
            step("Writing")
            write_results(calculation, out)
    _summarise(calculation, slips_in([file for path in plan for file in plan_files(path)]), out=out, console=console)


def _summarise(calculation: Calculation, of_plans: list[str], *, out: Path | None, console: Console) -> None:
    from rich.table import Table

    for note in calculation.notes:
        console.print(f"Note: {note}", highlight=False, markup=False)
    for warning in [*of_plans, *calculation.warnings]:
        console.print(f"Warning: {warning}", highlight=False, markup=False)
    table = Table(title="Earnings")
    for name in ("component", "period", "participants"):
        table.add_column(name, justify="right" if name == "participants" else "left")
    table.add_column("amount", justify="right")
    table.add_column("currency")
    for row in _totals(calculation).iter_rows():
        table.add_row(*(str(cell) for cell in row))
    console.print(table)
    console.print(
        f"{calculation.deals:,} deals, {calculation.won:,} of them won, {calculation.credited:,} credited; "
        f"{calculation.participants:,} participants.",
        highlight=False,
    )
    for rows, title in ((calculation.rejected, "Not used"), (calculation.unpaid, "Paid nothing, as the plan says")):
        if not rows.is_empty():
            _tell(rows, title, console=console)
    if out is None:
        console.print("Add --out DIR to get earnings.csv, lines.csv and rejected.csv.", highlight=False)
    else:
        console.print(
            f"Written: {', '.join(str(out / f'{name}.csv') for name in ('earnings', 'lines', 'rejected'))}",
            highlight=False,
            soft_wrap=True,
            markup=False,
        )


def _totals(calculation: Calculation) -> pl.DataFrame:
    """Per component and period, or per component where that would be long."""
    import polars as pl

    from earnest.files.display import money

    earned, by = calculation.earnings, ["component", "period", "currency"]
    if earned.select(by).n_unique() > MANY:
        first_to_last = pl.format("{} to {}", pl.col("period").min(), pl.col("period").max())
        earned = earned.with_columns(period=first_to_last)
    sums = earned.group_by(by).agg(pl.col("participant_id").n_unique(), pl.col("amount").sum()).sort(by)
    return sums.select("component", "period", "participant_id", money("amount", sums["currency"].unique()), "currency")


def _tell(rejected: pl.DataFrame, title: str, *, console: Console) -> None:
    import polars as pl
    from rich.table import Table

    table = Table("file", "reason", "rows", "for example", title=title)
    by_reason = (
        rejected.group_by("file", "reason").agg(pl.len(), pl.col("id", "message").first()).sort("file", "reason")
    )
    for file, reason, count, name, message in by_reason.iter_rows():
        table.add_row(file, reason, f"{count:,}", f"{name or ''}: {message}")
    console.print(table)
