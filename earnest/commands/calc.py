"""`earnest calc`: pay from files alone, with the kernel and nothing else: no server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import a_folder, app
from shared.formatting import counted

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from earnest.files.calculation import Calculation
    from earnest.imports.reading import CompanyFiles

STEPS = {"Reading the plans": 1, "Reading the roster": 5, "Reading the deals": 8, "Crediting": 10, "Earning": 7}
"""What is done before anything is written, and which part of the time it takes where there are many deals: the bar of
progress is to be believed.
"""
LINES = 70
"""The part of the time that the lines take."""
SHOWN = 20
"""Kinds of rows that were not used that a screen shows."""
MANY = 24
"""Rows of totals that a screen shows; where there would be more, a component has one row for all its periods."""


@app.command()
def calc(
    plan: Annotated[list[Path], typer.Option(help="A plan file, or a folder of plan files; may be repeated.")],
    folder: Annotated[Path | None, typer.Argument(help="With --mapping: the folder with the company's files.")] = None,
    deals: Annotated[
        Path | None, typer.Option(help="Deals: CSV, XLSX or Parquet, one row per deal or per change of a deal.")
    ] = None,
    roster: Annotated[Path | None, typer.Option(help="Participants: CSV, XLSX or Parquet, dated rows.")] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="A mapping file: how the company's own files are read (docs/mapping.md).")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for earnings.csv, lines.csv and rejected.csv; made if needed.", callback=a_folder),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The --out folder of an earlier calculation: its months stay, and what is different is a correction.",
        ),
    ] = None,
    known_from: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", help="With --before: when the corrections became known; the day of a refund or cancellation."
        ),
    ] = None,
) -> None:
    """Compute earnings and their lines from files: --deals and --roster, or a folder with a --mapping.

    docs/analyst.md describes the files, docs/mapping.md the mapping.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *Progress.get_default_columns()[1:2],
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Reading the plans", total=sum(STEPS.values()) + (LINES if out else 0))
        # Now that something is seen: data frames and the kernel take a second to load.
        from dataclasses import replace

        import polars as pl

        from earnest.files.calculation import calculate
        from earnest.files.corrections import changed_on, corrected, day_of, in_words
        from earnest.files.deals import deal_rows
        from earnest.files.rejections import in_order, keep_inputs
        from earnest.files.results import lines_of, write_results
        from earnest.files.rows import Rows
        from earnest.imports.given import Places, given
        from earnest.plans.check import slips_in
        from earnest.plans.files import plan_files, read_plans

        if known_from is not None and before is None:
            raise typer.BadParameter("--known-from goes with --before, which names the earlier calculation")
        if out is not None:
            names = ("earnings.csv", "lines.csv", "rejected.csv")
            of_before = [before / name for name in names] if before else []
            keep_inputs([out / name for name in names], read=[deals, roster, *of_before])
        order = list(STEPS)

        def step(what: str) -> None:
            done = sum(STEPS[before] for before in order[: order.index(what)])
            progress.update(task, description=what, completed=done)

        plans = read_plans(plan)
        places = Places(deals=deals, roster=roster, mapping=mapping, folder=folder)
        read = given(places, plans, step=lambda what: progress.update(task, description=what))
        sold = deal_rows(read.deals, plans) if before and isinstance(read.deals, Path) else read.deals
        calculation = calculate(sold, read.roster, plans=plans, step=step)
        if read.company is not None:
            calculation = replace(
                calculation,
                rejected=in_order(pl.concat([read.company.located(calculation.rejected), read.company.rejected])),
            )
        outcome = None
        if before is not None and isinstance(sold, Rows):
            day = None if known_from is None else day_of(known_from)
            outcome = corrected(lines_of(calculation), before, changed_on=changed_on(sold.frame), known_from=day)
        if out is not None:
            progress.update(task, description="Explaining and writing", completed=sum(STEPS.values()))
            # About one line for a credit, as far as can be told before.
            each = LINES / max(calculation.credits.height, 1)
            write_results(
                calculation,
                out,
                written=lambda lines: progress.update(task, advance=lines * each),
                lines=outcome.lines if outcome else None,
            )
    if read.company is not None:
        _tell_of_files(read.company, calculation, console=console)
    _summarise(calculation, slips_in([file for path in plan for file in plan_files(path)]), out=out, console=console)
    if outcome is not None:
        console.print(f"Since {before}: {in_words(outcome.corrections)}", highlight=False, soft_wrap=True, markup=False)
    if calculation.credited:
        return
    refused = calculation.refused_deals + (0 if read.company is None else read.company.refused_deals)
    if calculation.won:
        console.print(f"Warning: 0 of {calculation.won:,} won deals are credited.", highlight=False)
    elif refused:
        console.print(f"Warning: no won deal can be used: {counted(refused, 'row')} of deals refused.", highlight=False)
    # A mapping that credits nobody is a slip more often than anything else, and so is a file without a deal to use.
    if refused if not calculation.won else read.company is not None:
        raise typer.Exit(1)


def _tell_of_files(company: CompanyFiles, calculation: Calculation, *, console: Console) -> None:
    from earnest.imports.summary import tell_of_rows

    tell_of_rows(company, calculation.unread, report=company.notes(), console=console)


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
        f"{counted(calculation.deals, 'deal')}, {calculation.won:,} of them won, {calculation.credited:,} credited; "
        f"{counted(calculation.participants, 'participant')}.",
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

    from earnest.files.rejections import BAD_VALUE, alike

    table = Table("file", "reason", "rows", "for example", title=title)
    # A bad value is many things: each that is wrong in its own way has a row.
    way = pl.col("message").map_elements(alike, return_dtype=pl.String)
    ways = rejected.with_columns(way=pl.when(pl.col("reason") == BAD_VALUE).then(way))
    by_reason = (
        ways.group_by("file", "reason", "way")
        .agg(pl.len(), pl.col("id", "message").first())
        .sort("file", "reason", "len", "way", descending=[False, False, True, False])
    )
    for file, reason, _, count, name, message in by_reason.head(SHOWN).iter_rows():
        table.add_row(file, reason, f"{count:,}", f"{name or ''}: {message}")
    if by_reason.height > SHOWN:
        table.add_row("", "", "", f"and {by_reason.height - SHOWN:,} more kinds")
    console.print(table)
