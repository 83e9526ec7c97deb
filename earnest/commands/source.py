"""`earnest source`: the webhook sources of an installation: check a file, try a body, load them again, list them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earnest.commands import ANALYST, Out, app, give_schema
from earnest.local.processes import LocalError

if TYPE_CHECKING:
    import polars as pl

    from services.ingest.operations import ProcessSources

source = typer.Typer(
    no_args_is_help=True,
    help="Webhook sources: check a file, try a body, load changed files, list them.",
)
app.add_typer(source, name="source")

RELOAD_SECONDS = 30


@source.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Source files, or folders of them.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs instead of text for people.")] = False,
) -> None:
    """Say what is wrong or doubtful in source files, with line and mend. Exit code 1 where something is."""
    from earnest.sources import check_files, source_files
    from shared.kernel.plan import report

    every = source_files(files)
    findings = check_files(every)
    typer.echo(report.as_json(findings) if as_json else report.as_text(findings, len(every)))
    if not report.is_clean(findings):
        raise typer.Exit(1)


@source.command()
def schema(out: Out = None) -> None:
    """The JSON Schema of source files, by which editors complete and explain what they hold."""
    from services.ingest import Source
    from shared.json_schema import json_schema

    give_schema(json_schema(Source, "Earnest source"), out)


@source.command("test")
def try_body(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="A source of this installation, or a source file.")],
    body: Annotated[Path, typer.Argument(metavar="BODYFILE", help="The body of a delivery, as it was sent.")],
    headers: Annotated[
        Path | None,
        typer.Option("--headers", help="Its headers, a line each as `Name: value`, which prove it or do not."),
    ] = None,
) -> None:
    """Show what a delivery would become: proven or not, which facts, what is passed over, what is wrong. Sends nothing.

    Exit code 1 where it is not proven, an item is not valid, or nothing is taken.
    """
    from datetime import UTC, datetime

    from earnest.local.home import company_zone
    from earnest.sources import named_source, tried

    file, source_of_file = named_source(name, _folder())
    declared = _declared() if source_of_file.own_fields else {}
    trial = tried(
        file,
        source_of_file,
        body=_read(body),
        head=None if headers is None else _read(headers).decode("latin-1"),
        now=datetime.now(UTC),
        zone=company_zone(),
        columns=lambda: declared or {},
    )
    receipt = trial.receipt
    typer.echo(f"Source {file.name} ({file.file})")
    typer.echo(f"Proven: {trial.proof or 'not looked at; give the headers with --headers'}")
    typer.echo(
        f"Items: {receipt['accepted']} taken, {receipt['rejected']} not valid, {receipt['passed_over']} passed over"
    )
    facts = iter(trial.facts)
    for result in receipt["results"]:
        if result["status"] == "accepted":
            _show(next(facts), result)
            continue
        whole = {error["field"] for error in result["errors"]} <= {"body", "items"}
        what = "The body" if whole else f"event {result['index']} ({result['id'] or 'without an id'})"
        typer.echo(f"{what} is not valid:")
        for error in result["errors"]:
            typer.echo(f"  {error['field']}: {error['reason']}")
    for repair in receipt["repairs"]:
        typer.echo(f"item {repair['index']}: {repair['field']} {repair['was']} is read as {repair['now']}")
    if declared is None:
        own = ", ".join(source_of_file.own_fields)
        typer.echo(f"Note: {own}: no plans are published where this runs, so these are not held against their columns.")
    if trial.nowhere:
        places = ", ".join(f"{field} ({paths})" for field, paths in trial.nowhere)
        typer.echo(f"Note: no item has anything for {places}.")
    if not receipt["accepted"] and not receipt["rejected"]:
        typer.echo("Nothing of this body is taken.")
    if not trial.is_proven or not receipt["accepted"] or receipt["rejected"]:
        raise typer.Exit(1)


def _show(fact: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    of = f"deal {fact['deal_id']}" if "deal_id" in fact else f"payment {fact['payment_id']} by account"
    typer.echo(f"event {result['index']} ({result['id']}): {of}, so since {fact['occurred_at']}")
    for path, value in (fact["fields"].get("payment") or fact["fields"]).items():
        typer.echo(f"  {path}: {'nothing (cleared)' if value is None else value}")
    for warning in result.get("warnings", []):
        typer.echo(f"  Warning: {warning}")


@source.command()
def reload(
    who: Annotated[str, typer.Option("--as", metavar="NAME", help="Who asks; it is kept.")] = "ops",
) -> None:
    """Have every process of ingest load the files again, without a restart, and wait until they have.

    A file that cannot be used stops its source, and no other; exit code 1 says that there is one.
    """
    from earnest.local.home import Home
    from services.ingest.operations import ask_for_reload, loaded_sources

    settings = Home.current().settings()
    if not loaded_sources(settings):
        raise LocalError("no process of ingest runs: it reads the files when it starts")
    number, deadline = ask_for_reload(settings, who), time.monotonic() + RELOAD_SECONDS
    found = loaded_sources(settings)
    while waiting := [each.member for each in found if each.reload < number]:
        if time.monotonic() > deadline:
            late = ", ".join(waiting)
            raise LocalError(f"{late} did not load the files within {RELOAD_SECONDS} seconds: look at its log")
        time.sleep(0.2)
        found = loaded_sources(settings)
    stopped = [f"{each.name} ({each.file}) is stopped: {each.reason}" for each in _all(found) if each.reason]
    used = sorted({each.name for each in _all(found) if not each.reason})
    typer.echo(f"Loaded by {len(found)} process{'es' if len(found) > 1 else ''}: {', '.join(used) or 'no source'}")
    for line in dict.fromkeys(stopped):
        typer.echo(line)
    if stopped:
        typer.echo("What is wrong, with line and mend: earnest source check")
        raise typer.Exit(1)


@source.command("list")
def list_sources() -> None:
    """Every source of the folder, how it proves itself, and whether ingest uses it as the file is now."""
    from rich.table import Table

    from earnest.terminal import print_table
    from services.ingest import read_sources

    folder = _folder()
    running = _running()
    table = Table("source", "file", "signing", "in ingest")
    for file in read_sources(folder):
        scheme = "" if file.source is None else file.source.signing.scheme if file.source.signing else "none"
        loaded = [each for each in _all(running) if each.file == file.file]
        if file.reason is not None:
            state = f"stopped: {file.reason}"
        elif not running:
            state = "not running"
        elif len(loaded) < len(running) or any(each.digest != file.digest or each.reason for each in loaded):
            state = "changed since it was loaded: earnest source reload"
        else:
            state = "used"
        table.add_row(file.name, file.file, scheme, state)
    typer.echo(f"Sources in {folder}")
    print_table(table, none="There is no source file.")


def _all(processes: list[ProcessSources]) -> list[Any]:
    return [each for process in processes for each in process.sources]


def _running() -> list[ProcessSources]:
    from sqlalchemy.exc import SQLAlchemyError

    from earnest.local.home import Home
    from services.ingest.operations import loaded_sources

    try:
        return loaded_sources(Home.current().settings())
    except (LocalError, SQLAlchemyError):
        return []


def _declared() -> Mapping[str, pl.DataType] | None:
    """The columns that the published plans declare; None where none can be asked for."""
    from earnest.client import connected
    from earnest.plans.published import published_plans

    try:
        plans = published_plans(connected(), who=ANALYST)
    except LocalError:
        return None
    return plans.columns if plans.holding else None


def _folder() -> Path:
    from earnest.local.home import Home

    home = Home.current()
    try:
        return home.settings().sources_dir or home.sources
    except LocalError:
        return home.sources


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalError(f"{path}: {error.strerror or error}") from None
