"""`earnest import`: a company's own files by a mapping, through ingest like any other facts, or as files for
`earnest calc`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import ANALYST, Out, a_file, a_folder, app, give_schema
from shared.formatting import counted

if TYPE_CHECKING:
    from rich.console import Console

    from earnest.imports.crediting import Crediting
    from earnest.imports.reading import CompanyFiles
    from shared.kernel import PlanSet
    from shared.pay.deal_payments import Allocated


mapping_files = typer.Typer(help="Mapping files, by which a company's own files are read.", no_args_is_help=True)
app.add_typer(mapping_files, name="mapping")


@mapping_files.command()
def schema(out: Out = None) -> None:
    """The JSON Schema of mapping files, by which editors complete and explain what they hold."""
    from earnest.imports.mapping_file import MappingFile
    from shared.json_schema import json_schema

    give_schema(json_schema(MappingFile, "Earnest mapping"), out)


@app.command("import")
def import_files(
    folder: Annotated[Path, typer.Argument(help="The folder with the company's files: CSV, XLSX or Parquet.")],
    mapping: Annotated[
        Path,
        typer.Option("--mapping", "--with", help="The mapping file, or a folder with a mapping.yaml."),
    ],
    plan: Annotated[
        list[Path] | None,
        typer.Option(
            help="A plan file, or a folder of plan files; may be repeated.", show_default="plans/ beside the mapping"
        ),
    ] = None,
    files_only: Annotated[
        Path | None,
        typer.Option(
            "--files-only", help="Only write deals.csv and roster.csv there, for `earnest calc`.", callback=a_folder
        ),
    ] = None,
    report: Annotated[
        Path, typer.Option(help="Where to write every row that was not simply taken, and why.", callback=a_file)
    ] = Path("import-report.csv"),
) -> None:
    """Bring a company's files into the running installation: plans, then the roster, then every deal.

    docs/mapping.md describes the mapping file. Exit code 1 where won deals came in and not one of them credits anybody.
    """
    from rich.console import Console

    console = Console()
    with console.status("Reading the mapping and the plans") as status:
        # Now that something is seen: data frames and the kernel take a second to load.
        import polars as pl

        from earnest.client import connected
        from earnest.files.deals import read_deals
        from earnest.files.kernel_inputs import KernelInputs
        from earnest.files.rejections import keep_inputs
        from earnest.files.roster import read_roster
        from earnest.imports.crediting import crediting
        from earnest.imports.mapping_file import read_mapping
        from earnest.imports.reading import read_company
        from earnest.imports.summary import tell_of_rows, won_in_words
        from earnest.imports.writing import report_table, write_files, write_report
        from earnest.live.facts import live_roster, participant_values
        from earnest.plans.check import slips_in
        from earnest.plans.files import plan_files, read_plans
        from earnest.plans.published import published_plans
        from shared.kernel import PlanSet
        from shared.kernel.crediting.aliases import with_participants

        read, beside = read_mapping(mapping)
        places = plan or ([beside / "plans"] if (beside / "plans").is_dir() else [])
        # Without files of plans, rows are read by those that the installation has.
        plans = (
            read_plans(places) if places else PlanSet([]) if files_only else published_plans(connected(), who=ANALYST)
        )
        company = read_company(read, folder, plans=plans, step=status.update)
        if files_only:
            report = files_only / report.name
            written = [files_only / "deals.csv", files_only / "roster.csv", report]
            keep_inputs(written, read=[folder / part.read.file for part in company.parts])
        status.update("Checking the rows")
        people, sold = read_roster(company.roster, plans), read_deals(company.deals, plans)
        unfit = pl.concat([people.rejected, sold.rejected])
    known = people.roster
    allocation: Allocated | None
    if files_only:
        deals, allocation = company.allocated()
        write_files(deals, company.roster, folder=files_only)
    else:
        allocation = _send(company, plans if places else PlanSet([]), console=console)
        # There, others may have said more of people and plans than these files do.
        known = live_roster(participant_values(connected(), who=ANALYST))
        plans = published_plans(connected(), who=ANALYST)
        sold = read_deals(company.deals, plans)
    with console.status("Crediting"):
        held = with_participants(sold.table, known, plans=plans)
        credited = crediting(KernelInputs(held, known, plans)) if plans.holding else None
    rows = report_table(company, pl.concat([company.rejected, company.located(unfit)]), allocation=allocation)
    write_report(rows, report)
    tell_of_rows(company, unfit, report=rows, console=console)
    console.print(f"{won_in_words(company, unfit)} {counted(people.size, 'participant')}.", highlight=False)
    if not rows.is_empty():
        console.print(f"Every row that was not simply taken is in {report}.", highlight=False, soft_wrap=True)
    if credited is not None:
        slips = slips_in([file for place in places for file in plan_files(place)])
        _tell(credited, [*people.notes, *slips], console=console)
    else:
        console.print("There is no plan, so that nobody is credited yet: add --plan.", highlight=False)
    came_to_nothing = sold.table.filter(stage="won").is_empty() and not rows.filter(kind="refused").is_empty()
    if came_to_nothing or (credited is not None and credited.nobody):
        console.print("Warning: this import credits nobody.", highlight=False)
        raise typer.Exit(1)


def _send(company: CompanyFiles, plans: PlanSet, *, console: Console) -> Allocated | None:
    from datetime import UTC, datetime

    from earnest.client import Client
    from earnest.files.events import deal_events, roster_events
    from earnest.imports.payments import left_in_the_system, payment_events, unknown_in_the_system
    from earnest.live.sending import EventSender
    from earnest.local.home import Home
    from shared.contracts.base import instant_text
    from shared.pay.deal_payments import Allocated

    home, mapping = Home.current(), company.mapping
    sender = EventSender(home, home.settings(), console=console)
    time = mapping.occurred_at.isoformat() if mapping.occurred_at else instant_text(datetime.now(UTC))
    times = {row: (own, sequence) for row, own, sequence in company.times.iter_rows()}
    with sender.working("Making events of the rows"):
        people = roster_events(company.roster, source=mapping.source, time=time)
        sold = deal_events(company.deals, plans, source=mapping.source, time=time, times=times)
    # In the order in which they need each other: nobody is credited before they are on a plan.
    sender.publish(plans)
    sender.send("roster", "hr", events=people.events)
    sender.send("deals", "crm", events=sold.events)
    sender.wait_until_drained()
    if not company.payments:
        return None
    # To the deals as they stand there, which may be more than the files have.
    sender.send("account-payments", "crm", events=payment_events(company, time))
    sender.wait_until_drained()
    client, payments = Client(home, home.settings()), company.payments
    left = left_in_the_system(client, payments, who=ANALYST)
    return Allocated({}, left, unknown_in_the_system(client, payments, who=ANALYST))


def _tell(crediting: Crediting, notes: list[str], *, console: Console) -> None:
    if crediting.won:
        console.print(f"Credited: {crediting.credited:,} of {crediting.won:,} won deals.", highlight=False)
    for warning in [*(missed.in_words for missed in crediting.missed), *notes, *crediting.remarks]:
        console.print(f"Warning: {warning}", highlight=False, markup=False, soft_wrap=True)
