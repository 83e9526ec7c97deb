"""`earnest statement`: pay statements of a run as files: one participant's, a manager's team's, or everybody's."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from earnest.client import connected, write_whole
from earnest.commands import a_folder, app

AT_ONCE = 4
"""Requests under way at the same time: the service lays out as many as it has processors, while others arrive or leave.
"""


class Form(StrEnum):
    """What a statement is written as."""

    pdf = "pdf"
    html = "html"
    json = "json"


@app.command("statement")
def statement(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    participant: Annotated[
        str | None, typer.Argument(metavar="PARTICIPANT", help="Whose; a manager's id with --team.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's of the run.")] = False,
    team: Annotated[bool, typer.Option("--team", help="That of the team below PARTICIPANT.")] = False,
    form: Annotated[Form, typer.Option("--format", help="As what.")] = Form.pdf,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder to write to; files/statements/RUN of the installation's.", callback=a_folder),
    ] = None,
    who: Annotated[str, typer.Option("--as", metavar="NAME", help="Who asks: a key in the folder's keys/.")] = "dana",
) -> None:
    """Write pay statements of a run. Those of a run that is approved are the same bytes whenever they are asked for."""
    from earnest.local.home import Home
    from earnest.local.processes import LocalError

    if everybody == (participant is not None) or (everybody and team):
        raise LocalError("say whose statement: a participant, or --all; --team goes with a participant")
    client, folder = connected(), out or Home.current().files / "statements" / run_id
    address = f"/v1/statements/{_quoted(run_id)}"

    def write(of: str) -> Path:
        # Named as the service's address, so that links between pages lead to files, too.
        name = f"{_quoted(of)}{'/team' if team else ''}.{form}"
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, client.fetch(f"{address}/{name}", who=who))
        return file

    if participant is not None:
        typer.echo(f"Written: {write(participant)}")
        return
    people = [str(entry["participant_id"]) for entry in client.get(address, who=who)["statements"]]
    _write_all(write, people)
    typer.echo(f"Written: {len(people)} statements to {folder}")


def _write_all(write: Callable[[str], Path], people: list[str]) -> None:
    """Write everybody's, a few at once, and show how far it is."""
    from concurrent.futures import ThreadPoolExecutor

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("statements"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        task = progress.add_task("", total=len(people))
        for _ in pool.map(write, people):
            progress.advance(task)


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")  # an id may hold a slash, which would lead elsewhere
