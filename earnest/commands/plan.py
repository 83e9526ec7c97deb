"""`earnest plan`: the tools of whoever writes plans: check, assert, show, curve, diff and the schema for editors."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from earnest.commands import app

plan = typer.Typer(help="Check, test, read, draw and compare plan files.", no_args_is_help=True)
app.add_typer(plan, name="plan")

PlanFile = Annotated[Path, typer.Argument(help="A plan file.")]
PlanFiles = Annotated[list[Path], typer.Argument(help="Plan files, or folders of plan files.")]


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"


@plan.command()
def check(
    files: PlanFiles,
    format_: Annotated[Format, typer.Option("--format", help="Text for people, JSON for programs.")] = Format.TEXT,
) -> None:
    """Say what is wrong, doubtful or unsaid in plan files. Exit code 1 where there is an error or a warning."""
    from earnest.plans.check import check_files
    from earnest.plans.files import plan_files
    from shared.kernel.plan.report import as_json, as_text, is_clean

    every = [file for path in files for file in plan_files(path)]
    findings = check_files(every)
    typer.echo(as_json(findings) if format_ is Format.JSON else as_text(findings, len(every)))
    if not is_clean(findings):
        raise typer.Exit(1)


@plan.command("assert")
def assert_(files: PlanFiles) -> None:
    """Run the assertions written in plan files. Exit code 1 where one does not hold, or a file has none."""
    from earnest.plans.assertions import assertion_report
    from earnest.plans.files import plan_files, read_plan_file

    plans = [(str(file), plan) for path in files for file in plan_files(path) for plan in read_plan_file(file)]
    text, hold = assertion_report(plans)
    typer.echo(text)
    if not hold:
        raise typer.Exit(1)


@plan.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="A file to write; otherwise it is printed.")] = None,
) -> None:
    """The JSON Schema of plan files, by which editors complete and explain what they hold."""
    from earnest.plans.json_schema import plan_schema

    _give(plan_schema(), out)


@plan.command()
def show(
    file: PlanFile,
    html: Annotated[bool, typer.Option("--html", help="A web page instead of Markdown.")] = False,
    out: Annotated[Path | None, typer.Option(help="A file to write; otherwise it is printed.")] = None,
) -> None:
    """The plan document in plain words, as it can be handed to whoever is paid by it."""
    from earnest.plans.files import read_one_plan
    from earnest.plans.page import page
    from shared.kernel.plan.document import document

    plan = read_one_plan(file)
    text = document(plan)
    _give(page(plan.name, text) if html else text, out)


@plan.command()
def curve(
    file: PlanFile,
    component: Annotated[str | None, typer.Option(help="One component; otherwise all, and their sum.")] = None,
    measure: Annotated[str | None, typer.Option(help="The measure that grows; otherwise the one that is paid.")] = None,
    quota: Annotated[str | None, typer.Option(help="The quota, in major units; otherwise the plan's default.")] = None,
    up_to: Annotated[str, typer.Option("--up-to", help="How far, in percent of quota.")] = "200%",
    term: Annotated[
        list[str] | None, typer.Option(help="A figure of the participant's own, name=figure; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A chart to write: x.svg or x.png.")] = None,
) -> None:
    """Payout against attainment: a table, and with --out a chart. All else is at 100%."""
    from earnest.plans import curves
    from earnest.plans.chart import draw
    from earnest.plans.files import read_one_plan

    plan = read_one_plan(file)
    payout = curves.payout(plan, component, measure=measure, quota=quota, up_to=up_to, terms=term or [])
    typer.echo(curves.table(payout))
    if out is not None:
        draw(payout, out)
        typer.echo(f"Written: {out}")


@plan.command()
def diff(
    old: PlanFile,
    new: Annotated[Path, typer.Argument(help="The plan file to compare with it.")],
    deals: Annotated[Path | None, typer.Option(help="Deals over which both are computed.")] = None,
    roster: Annotated[Path | None, typer.Option(help="The roster for these deals.")] = None,
) -> None:
    """What changed between two versions: in words, and with --deals and --roster in money, for everyone."""
    from earnest.plans.changes import differences
    from earnest.plans.cost_of_change import compared, cost_table
    from earnest.plans.files import read_one_plan

    if (deals is None) != (roster is None):
        raise typer.BadParameter("give --deals and --roster together")
    before, after = read_one_plan(old), read_one_plan(new)
    typer.echo("\n".join(differences(before, after)))
    if deals is not None and roster is not None:
        typer.echo("\n" + cost_table(compared(before, after, deals=deals, roster=roster)))


def _give(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"Written: {out}")
