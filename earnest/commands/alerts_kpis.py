"""`earnest alerts kpis`: the KPIs that are watched, and files of a company's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from earnest.commands import Actor, Out, give, give_schema
from earnest.commands.alerts import alerts
from earnest.local.processes import LocalError

OTHER_FILES: Final = (
    "The running service was started with other files of KPIs: it watches by those of now after `earnest down` and "
    "`earnest up`."
)

kpis = typer.Typer(no_args_is_help=True, help="The KPIs that are watched: check a file of your own, list them.")
alerts.add_typer(kpis, name="kpis")


@kpis.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of KPIs, or folders of them.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs instead of text for people.")] = False,
) -> None:
    """Say what is wrong in files of KPIs, with line and mend. Exit code 1 where something is."""
    from earnest.kpi_files import check_kpi_files
    from earnest.sources import source_files
    from services.alerts.kpis import built_in
    from shared.kernel.plan import report

    every = source_files(files)
    findings = check_kpi_files(every, built_in())
    typer.echo(report.as_json(findings) if as_json else report.as_text(findings, len(every)))
    if not report.is_clean(findings):
        raise typer.Exit(1)


@kpis.command()
def schema(out: Out = None) -> None:
    """The JSON Schema of files of KPIs, by which editors complete and explain what they hold."""
    from services.alerts.kpis import KpiFile
    from shared.json_schema import json_schema

    give_schema(json_schema(KpiFile, "Earnest KPIs"), out)


@kpis.command()
def edges(
    plans: Annotated[list[Path], typer.Argument(metavar="PLAN...", help="Plan files, or folders of them.")],
    out: Out = None,
) -> None:
    """A file of KPIs that watch for bunching at the edges of the tiers of plans, besides quota."""
    from earnest.plans.files import read_plans
    from earnest.tier_edges import kpis_of_edges

    give(kpis_of_edges(read_plans(plans)), out)


@kpis.command("list")
def list_kpis(who: Actor = "ops") -> None:
    """Every KPI that is watched, with its threshold, whether it is watched for drift, and its segments; where the
    installation runs, also which lasting change of the whole company is usually found soon.
    """
    from rich.table import Table

    from earnest.terminal import print_table
    from services.alerts.kpis import load

    folder = _folder()
    catalogue = load(folder)
    running = _running(who)
    smallest = {} if running is None else _smallest_changes(running)
    table = Table("KPI", "title", "of", "every", "threshold", "drift", *(["smallest change"] if smallest else []), "by")
    for kpi in catalogue.kpis:
        limit = kpi.threshold
        side = "" if limit is None else f"{'above' if limit.side == 'upper' else 'below'} {limit.value.normalize():f}"
        grain = "" if kpi.about == "road" else kpi.grain.value
        drift = ["yes" if kpi.drift else "", *([smallest.get(kpi.name, "") if kpi.drift else ""] if smallest else [])]
        table.add_row(kpi.name, kpi.title, kpi.of, grain, side, *drift, ", ".join(kpi.segments))
    typer.echo(f"KPIs of Earnest, and of {folder}")
    print_table(table, none="There is no KPI.")
    if running is not None and running["catalogue"] != catalogue.hash:
        typer.echo(OTHER_FILES)
    for remark in catalogue.remarks:
        typer.echo(remark)
    if catalogue.remarks:
        typer.echo("What is wrong, with line and mend: earnest alerts kpis check")
        raise typer.Exit(1)


def _running(who: str) -> dict[str, Any] | None:
    """What the running service says of its KPIs; None where nothing runs."""
    from earnest.client import connected

    try:
        return connected().get("/v1/kpis", who=who, service="alerts")
    except LocalError:
        return None


def _smallest_changes(running: dict[str, Any]) -> dict[str, str]:
    """By KPI, how small a part of what is expected may change and still be found soon."""
    said: dict[str, list[str]] = {}
    for reading in running["kpis"]:
        if reading["dimension"] is None:
            change = reading["smallest_change"]
            of = f" {reading['currency']}" if reading["currency"] else ""
            lacks = "learning" if reading["value"] is not None else reading["missing"] or "learning"
            part = lacks if change is None else f"{change:.0%}"
            said.setdefault(reading["kpi"], []).append(part + of)
    return {kpi: ", ".join(dict.fromkeys(texts)) for kpi, texts in said.items()}


def _folder() -> Path:
    from earnest.local.home import Home

    home = Home.current()
    try:
        return home.settings().kpis_dir or home.kpis
    except LocalError:
        return home.kpis
