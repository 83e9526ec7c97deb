"""`earnest import`: a CRM's export, through ingest like any other facts, or as files for `earnest calc`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import app

if TYPE_CHECKING:
    from rich.console import Console

    from earnest.imports.crediting import Crediting
    from earnest.imports.reading import Export

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "crm-opportunities"


@app.command("import")
def import_export(
    folder: Annotated[Path, typer.Argument(help="The folder with the export's CSV files.")],
    recipe_folder: Annotated[
        Path,
        typer.Option(
            "--with",
            help="The folder with import.yaml and plans/: how the files are read and paid.",
            show_default="examples/crm-opportunities",
        ),
    ] = EXAMPLE,
    files_only: Annotated[
        Path | None, typer.Option("--files-only", help="Only write deals.csv and roster.csv there, for `earnest calc`.")
    ] = None,
    report: Annotated[Path, typer.Option(help="Where to write every repaired, remarked and rejected row.")] = Path(
        "import-report.csv"
    ),
) -> None:
    """Import a CRM's export into the running installation: plans, roster with quotas, then every opportunity.

    Exit code 1 where won deals came in and not one of them credits anybody.
    """
    from tempfile import TemporaryDirectory

    from rich.console import Console

    from earnest.imports.crediting import crediting
    from earnest.imports.reading import read_deals
    from earnest.imports.recipe import read_recipe
    from earnest.imports.sending import ImportSender
    from earnest.imports.team import roster_events, team
    from earnest.imports.writing import write_deals, write_report, write_roster
    from earnest.local.home import Home
    from earnest.plans.check import slips_in
    from earnest.plans.files import plan_files, read_plans
    from shared.kernel import PlanSet
    from shared.settings import Settings

    console = Console()
    recipe = read_recipe(recipe_folder)
    home = Home.current()
    settings = Settings(database_url="postgresql://") if files_only else home.settings()
    files = recipe_folder / "plans"
    plans = read_plans([files]) if not files_only or files.is_dir() else PlanSet([])
    members = team(folder, recipe)
    people = frozenset(member.participant_id for member in members)
    export = read_deals(folder, recipe, people=people, settings=settings, columns=plans.columns)
    roster = roster_events(members, export.events, recipe=recipe)
    # Whom it credits is computed from the files that `earnest calc` would read, also where nobody asked for them.
    with TemporaryDirectory() as temporary:
        written = files_only or Path(temporary)
        write_deals(written / "deals.csv", export.events)
        write_roster(written / "roster.csv", roster, measure=recipe.quotas.measure)
        credited = crediting(written / "deals.csv", written / "roster.csv", plans=plans) if plans.holding else None
    if files_only:
        report = files_only / report.name
    else:
        sender = ImportSender(home, settings, console=console)
        # In the order in which they need each other: nobody is credited before they are on a plan.
        sender.publish(plans)
        sender.send("roster", "hr", events=roster)
        sender.send("deals", "crm", events=export.events)
        sender.wait_until_drained()
    write_report(report, export.notes)
    _summarise(export, len(members), report=report, console=console)
    if credited is not None:
        _tell(credited, slips_in(plan_files(files)), console=console)
    won_taken = any(event["data"]["fields"].get("stage") == "won" for event in export.events)
    if (export.won_rows > 0 and not won_taken) or (credited is not None and credited.nobody):
        console.print("Warning: this import credits nobody.", highlight=False)
        raise typer.Exit(1)


def _summarise(export: Export, members: int, *, report: Path, console: Console) -> None:
    from collections import Counter

    from rich.table import Table

    notes = Counter((note.kind, note.field, note.reason) for note in export.notes)
    table = Table("rows", "what", "field", "reason", title=f"{export.rows:,} rows read, {members} participants")
    table.add_row(f"{len(export.events):,}", "taken", "", "")
    for (kind, field, reason), number in notes.most_common(20):
        table.add_row(f"{number:,}", kind, field, reason)
    console.print(table)
    console.print(
        f"Won: {export.won_rows:,} rows worth {export.won_value_in:,} came in, {export.won_value_taken:,} were taken, "
        f"{export.won_value_in - export.won_value_taken:,} were rejected. Every row with a remark is in {report}.",
        highlight=False,
    )


def _tell(crediting: Crediting, of_plans: list[str], *, console: Console) -> None:
    console.print(f"Credited: {crediting.credited:,} of {crediting.won:,} won deals.", highlight=False)
    for warning in [*(missed.in_words for missed in crediting.missed), *of_plans, *crediting.remarks]:
        console.print(f"Warning: {warning}", highlight=False, markup=False, soft_wrap=True)
