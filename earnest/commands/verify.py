"""`earnest verify` and `earnest anchor`: prove an installation, and keep what proves it elsewhere."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import a_file, app

if TYPE_CHECKING:
    from rich.progress import Progress

    from shared.settings import Settings


@app.command()
def verify(
    anchor: Annotated[
        list[Path] | None, typer.Option("--anchor", help="An anchor, or a folder of them, from elsewhere; repeatable.")
    ] = None,
    backup: Annotated[
        Path | None, typer.Option("--backup", help="Prove this backup, in a folder of its own; nothing has to run.")
    ] = None,
) -> None:
    """Compute everything again from the log and compare it with what the services hold; look at the log, the signed
    chains and anchors; exit code 1 where something differs.

    Waits until the services have worked off what they were sent. Changes nothing: what is rebuilt is dropped again.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    from earnest.files.rejections import FileError
    from earnest.local.backup import restored
    from earnest.local.home import Home
    from earnest.verification import proofs
    from shared.proof.anchor import NotAnAnchor, read_anchors

    try:
        anchors = [each for path in anchor or [] for each in read_anchors(path)]
    except NotAnAnchor as error:
        raise FileError(str(error)) from error
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress, ExitStack() as held:
        task = progress.add_task("restoring" if backup else "waiting for the services", total=None)
        if backup is not None:
            settings = held.enter_context(restored(backup))
        else:
            settings = Home.current().settings()
            _wait(settings, progress)

        def show(what: str, done: int | None, due: int | None) -> None:
            progress.update(task, description=what, completed=done or 0, total=due)

        results = list(proofs(settings, anchors=anchors, progress=show))
    table = Table("service", "what was proved", "result")
    for where, what, differences in results:
        table.add_row(where, what, "\n".join(differences) or "identical", style="red" if differences else None)
    console.print(table)
    raise typer.Exit(1 if any(differences for _, _, differences in results) else 0)


@app.command(name="anchor")
def anchor_command(
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to; by default it is printed.", callback=a_file),
    ] = None,
) -> None:
    """Write the signed heads of all chains, the log's among them: an anchor, to be kept where the owner of the database
    cannot reach.
    """
    from earnest.local.home import Home
    from earnest.verification import anchor

    written = anchor(Home.current().settings()).written()
    if out is None:
        typer.echo(written.decode(), nl=False)
        return
    out.write_bytes(written)
    typer.echo(f"Written: {out}")


def _wait(settings: Settings, progress: Progress) -> None:
    """Until nothing is on its way any more: it would look like a difference."""
    from earnest.local.drain import wait_until_drained

    waiting = progress.add_task("", total=None)
    wait_until_drained(settings, lambda left: progress.update(waiting, description=f"{left:,} records on their way"))
    progress.remove_task(waiting)
