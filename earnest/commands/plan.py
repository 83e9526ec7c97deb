"""`earnest plan`: the tools of whoever writes plans: check, assert, show, curve, diff and the schema for editors."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from earnest.commands import ANALYST, Actor, Out, a_file, app, give, give_schema

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
def schema(out: Out = None) -> None:
    """The JSON Schema of plan files, by which editors complete and explain what they hold."""
    from shared.json_schema import json_schema
    from shared.kernel.plan.version import Plan

    give_schema(json_schema(Plan, "Earnest plan"), out)


@plan.command()
def show(
    file: PlanFile,
    html: Annotated[bool, typer.Option("--html", help="A web page instead of Markdown.")] = False,
    out: Out = None,
) -> None:
    """The plan document in plain words, as it can be handed to whoever is paid by it."""
    from earnest.files.rejections import keep_inputs
    from earnest.plans.files import read_one_plan
    from earnest.plans.page import page
    from shared.kernel.plan.document import document

    plan = read_one_plan(file)
    text = document(plan)
    keep_inputs([out] if out else [], read=[file])
    give(page(plan.name, text) if html else text, out)


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
    category: Annotated[
        list[str] | None, typer.Option(help="A category of the participant, such as position=senior; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="A chart to write: x.svg or x.png.", callback=a_file)] = None,
) -> None:
    """Payout against attainment: a table, and with --out a chart. Measures of the same rules grow
    along; all else is at 100%.
    """
    from earnest.files.rejections import keep_inputs
    from earnest.plans import curves
    from earnest.plans.chart import draw
    from earnest.plans.files import read_one_plan

    plan = read_one_plan(file)
    keep_inputs([out] if out else [], read=[file])
    payout = curves.payout(
        plan, component, measure=measure, quota=quota, up_to=up_to, terms=term or [], categories=category or []
    )
    typer.echo(curves.table(payout))
    if out is not None:
        draw(payout, out)
        typer.echo(f"Written: {out}")


@plan.command()
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A plan file, or a published version: rep@1.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The plan file or version to compare with it.")],
    deals: Annotated[Path | None, typer.Option(help="Deals over which both are computed.")] = None,
    roster: Annotated[Path | None, typer.Option(help="The roster for these deals.")] = None,
    who: Actor = ANALYST,
) -> None:
    """What changed between two versions: in words, and with --deals and --roster in money, for everyone."""
    from earnest.plans.changes import differences
    from earnest.plans.cost_of_change import compared, cost_table
    from earnest.plans.published import plan_named
    from earnest.terminal import tell_unused

    if (deals is None) != (roster is None):
        raise typer.BadParameter("give --deals and --roster together")
    before, after = plan_named(old, who=who), plan_named(new, who=who)
    typer.echo("\n".join(differences(before, after)))
    if deals is not None and roster is not None:
        pay, unused = compared(before, after, deals=deals, roster=roster)
        typer.echo("\n" + cost_table(pay))
        tell_unused(unused)


@plan.command()
def publish(
    files: PlanFiles,
    yes: Annotated[bool, typer.Option("--yes", help="Publish without asking, also where it changes pay.")] = False,
    who: Actor = ANALYST,
) -> None:
    """Publish plan files in the running installation, as they are written.

    Each is checked first, and refused where it is not sound. What it touches is said, also in money, and where that is
    anybody's pay, you are asked. A published version never changes: the next one replaces it from its day on.
    """
    from rich.console import Console

    from earnest.client import connected
    from earnest.live.publishing import what_it_touches
    from earnest.local.processes import LocalError
    from earnest.plans.files import plan_files, read_plans
    from earnest.plans.published import checked, in_words, send

    client = connected()
    due = []
    plans = read_plans(files)  # together, before any is published: two of them may not stand side by side
    # All are checked before the first is published: of a folder with a slip nothing is.
    for file in (file for path in files for file in plan_files(path)):
        found = checked(client, file, who=who)
        for line in found.says:
            typer.echo(line)
        if not found.new:
            typer.echo(f"{file}: {in_words(found.plans)} published already; nothing changes.")
            continue
        due.append(found)
    new = [version for found in due for version in found.new]
    if new:
        with Console(stderr=True).status("Calculating what it changes"):
            touches = what_it_touches(client, [plans.plans[each["plan"], each["version"]] for each in new], who=who)
        typer.echo("\n".join(touches.lines))
        if touches.pay and not yes and not _agrees(f"Publish {in_words(new)}?"):
            raise LocalError("nothing was published: this changes pay; answer y, or say --yes")
    for found in due:
        typer.echo(f"Published: {in_words(send(client, found, who=who))}")


@plan.command("list")
def list_versions(who: Actor = ANALYST) -> None:
    """Every published plan version: when it holds, who published it."""
    from rich.table import Table

    from earnest.client import connected
    from earnest.plans.published import states
    from earnest.terminal import print_table

    table = Table("plan", "version", "name", "holds", "published by")
    for version, state in states(connected(), who=who):
        table.add_row(version["plan"], str(version["version"]), version["name"], state, version["author"] or "")
    print_table(table, "No plan is published: earnest plan publish FILE")


@plan.command()
def get(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Plan and version: rep@1.")],
    out: Out = None,
    who: Actor = ANALYST,
) -> None:
    """The file of a published version, byte by byte as it was published."""
    from earnest.client import connected
    from earnest.plans.published import file_of

    content = file_of(connected(), version, who=who)
    if out is None:
        typer.echo(content, nl=False)
    else:
        out.write_bytes(content)
        typer.echo(f"Written: {out}")


def _agrees(question: str) -> bool:
    """Whether somebody says yes; where nobody is there to ask, nobody does."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        return False
