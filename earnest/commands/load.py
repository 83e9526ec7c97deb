"""`earnest roster load` and `earnest deals load`: the files of `earnest calc` into the running installation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import a_file, app

if TYPE_CHECKING:
    from earnest.live.loading import Loaded

roster = typer.Typer(no_args_is_help=True, help="The roster of the running installation: load a file.")
deals = typer.Typer(no_args_is_help=True, help="Deals of the running installation: load a file.")
app.add_typer(roster, name="roster")
app.add_typer(deals, name="deals")

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV, XLSX or Parquet, as `earnest calc` reads it.")]
Rejected = Annotated[
    Path | None,
    typer.Option(
        "--rejected", help="Write the refused rows there; the screen then shows some of them.", callback=a_file
    ),
]
Sender = Annotated[str, typer.Option("--as", metavar="NAME", help="Who says so: the name of a key.")]


@roster.command("load")
def load_roster(file: File, rejected: Rejected = None, who: Sender = "hr") -> None:
    """Load a roster file: participants, plans, managers, quotas and other figures, each from its date on.

    What it says holds against what was said before. Loading it again changes nothing. Exit code 1 where a row was
    refused.
    """
    from earnest.live.loading import load_roster as load

    _load(load, file, rejected=rejected, who=who)


@deals.command("load")
def load_deals(file: File, rejected: Rejected = None, who: Sender = "crm") -> None:
    """Load a deals file: a deal without a stage is won, one without a currency has that of the plans.

    What it says holds against what was said before. Loading it again changes nothing. Exit code 1 where a row was
    refused.
    """
    from earnest.live.loading import load_deals as load

    _load(load, file, rejected=rejected, who=who)


def _load(load: Callable[..., Loaded], file: Path, *, rejected: Path | None, who: str) -> None:
    from rich.console import Console

    from earnest.client import Client
    from earnest.files.rejections import keep_inputs
    from earnest.live.loading import outcome, tell
    from earnest.live.sending import EventSender
    from earnest.local.home import Home

    if rejected is not None:
        keep_inputs([rejected], read=[file])
    console, home = Console(), Home.current()
    settings = home.settings()
    sender = EventSender(home, settings, console=console)
    client = Client(home, settings)
    loaded = load(client, file, sender=sender, who=who)
    tell(loaded, file, rejected_to=rejected, console=console)
    if loaded.taken:
        sender.wait_until_drained()
        for line in outcome(client, loaded):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    if not loaded.rejected.is_empty():
        raise typer.Exit(1)
