"""`earnest demo`: the demo company through a whole installation on this machine, from the first deal to the payroll
file.
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from earnest.commands import app
from earnest.hints import as_called
from earnest.local.processes import LocalError


@app.command()
def demo(
    log: Annotated[
        Literal["postgres", "kafka"] | None,
        typer.Option(help="What carries the events, as for `earnest up`."),
    ] = None,
) -> None:
    """Start everything, play the demo company, say what came of it, and stop. What it made stays for `earnest up`."""
    from rich.console import Console

    from earnest.commands.up import stopping_on_signals
    from earnest.company.play import play_once, prepare
    from earnest.local.home import Home
    from earnest.local.system import running_system

    console, home = Console(), Home.current()
    prepare(home)
    with stopping_on_signals(), console.status(f"Starting Earnest in {home.path}") as status:
        with running_system(home, log) as system:
            status.stop()
            played = play_once(system, console)
            status.update("Stopping")
            status.start()
        status.stop()
    if not played:
        raise LocalError("choose another folder: earnest --home FOLDER demo")
    console.print(as_called("Stopped. `earnest up` starts it again with all this in it."))
