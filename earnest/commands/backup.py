"""`earnest backup` and `restore`: everything that an installation holds, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earnest.commands import app
from earnest.hints import as_called


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not be there.")],
) -> None:
    """Write everything into one file: database with log, facts and ledger, keys, sources, deliveries, files.

    It may run meanwhile. The file holds pay and secrets, and only you can read it.
    """
    from rich.console import Console

    from earnest.local.backup import backup as write
    from earnest.local.home import Home

    console = Console(soft_wrap=True, highlight=False)
    with console.status(f"Backing up to {file}"):
        size = write(Home.current(), file)
    written = f"Written: {file} ({size / 1_000_000:,.1f} MB). It holds pay and secrets: keep it as such."
    console.print(written, markup=False)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `earnest backup` has written.")],
) -> None:
    """Make an installation of a backup, in a folder where none is.

    `earnest up` starts it, `earnest verify` proves it.
    """
    from rich.console import Console

    from earnest.local.backup import restore as read
    from earnest.local.home import Home

    console, home = Console(soft_wrap=True, highlight=False), Home.current()
    with console.status(f"Restoring {file}"):
        at = read(home, file)
    restored = f"Restored in {home.path} as it was at {at}. Next: earnest up, and beside it earnest verify"
    console.print(as_called(f"{restored}, which proves it"), markup=False)
