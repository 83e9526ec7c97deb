"""`earnest up`, `down` and `reset`: start an installation on this machine, stop it, delete it."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from earnest.commands import app
from earnest.hints import as_called
from earnest.local.processes import LocalError

if TYPE_CHECKING:
    from rich.console import Console

    from earnest.local.system import System

STOP_SECONDS = 120


@app.command()
def up(
    log: Annotated[
        Literal["postgres", "kafka"] | None,
        typer.Option(
            help="What carries the events: a table in PostgreSQL, or a local Apache Kafka. Chosen once per folder."
        ),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Play the demo company into a folder that is new.")] = False,
) -> None:
    """Start the database, the log and the services, and keep them running until Ctrl-C.

    DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS name servers to use instead of starting our own.
    """
    from rich.console import Console

    from earnest.local.home import Home
    from earnest.local.system import running_system

    console, home = Console(soft_wrap=True), Home.current()
    if demo:
        from earnest.company.play import play_once, prepare

        prepare(home)
    with stopping_on_signals(), console.status(f"Starting Earnest in {home.path}") as status:
        with running_system(home, log) as system:
            status.stop()
            _show_addresses(system, console)
            if demo:
                play_once(system, console)
            try:
                console.print(as_called("Running. Ctrl-C stops it; `earnest up` goes on where it stopped."))
                while True:  # not signal.pause(): a signal just before it would be waited for in vain
                    time.sleep(1)
            except KeyboardInterrupt:
                status.update("Stopping: what was begun is finished first (Ctrl-C again to stop at once)")
                status.start()
        status.stop()
        console.print("Stopped.")


@app.command()
def down() -> None:
    """Stop the installation that runs in this folder. Deletes nothing."""
    from rich.console import Console

    from earnest.local.claims import holder
    from earnest.local.home import Home
    from earnest.local.system import end_services

    console, home = Console(soft_wrap=True), Home.current()
    pid = holder(home.path)
    if pid is None:
        end_services(home)
        console.print(f"Nothing runs in {home.path}.")
        return
    with console.status(f"Stopping the installation in {home.path}"):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while holder(home.path) is not None:
            if time.monotonic() > deadline:
                raise LocalError(f"process {pid} did not stop within {STOP_SECONDS} seconds")
            time.sleep(0.1)
    console.print("Stopped. Nothing was deleted.")


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete everything that the installation in this folder holds, after saying what that is."""
    from rich.console import Console

    from earnest.local.claims import claim_folder
    from earnest.local.home import Home
    from earnest.local.postgres import Postgres
    from earnest.local.system import end_services

    console, home = Console(soft_wrap=True), Home.current()
    if not home.keys_file.exists():
        console.print(f"There is no installation in {home.path}: nothing to delete.")
        return
    # Claimed first: an installation that runs is never deleted under its processes.
    with claim_folder(home.path):
        end_services(home)
        deleted = {home.path: "events, credits, earnings, ledger, payroll files, keys and logs"}
        # Data that had to live outside the folder goes with it.
        database = Postgres(home.postgres).home
        if database.exists() and not database.is_relative_to(home.path):
            deleted[database] = "the database of that installation"
        console.print("This deletes for ever:")
        for path, what in deleted.items():
            console.print(f"  {path} ({_size(path)}): {what}")
        if "DATABASE_URL" in os.environ:
            console.print("It does not touch the database that DATABASE_URL names.")
        if not yes:
            typer.confirm("Delete it?", abort=True)
        for path in deleted:
            shutil.rmtree(path)
    console.print("Deleted.")


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Let the first Ctrl-C, SIGTERM or SIGHUP end the block in order, as KeyboardInterrupt, and a second one end the
    process.

    Child processes are tied to this one and end with it either way.
    """
    asked = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal asked
        if asked:
            # At once, without cleaning up: the kernel ends the children, and the next start recovers.
            os._exit(128 + number)
        asked = True
        raise KeyboardInterrupt

    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    handled = [number for number in signals if signal.getsignal(number) != signal.SIG_IGN]  # as under nohup
    before = [signal.signal(number, stop) for number in handled]
    try:
        yield
    finally:
        for number, handler in zip(handled, before, strict=True):
            signal.signal(number, handler)


def _show_addresses(system: System, console: Console) -> None:
    from earnest.local.condition import services_of
    from earnest.local.postgres import Postgres

    for service in services_of(system.settings):
        console.print(f"  {service.name:<8} {service.url}/docs", highlight=False)
        for remark in service.remarks:
            console.print(f"    to be mended: {remark}", highlight=False, markup=False)
    console.print(f"  log      {system.settings.log_kind}", highlight=False)
    console.print(f"  folder   {system.home.path} (keys/, logs/, files/)", highlight=False)
    database = Postgres(system.home.postgres).home
    if "DATABASE_URL" not in os.environ and not database.is_relative_to(system.home.path):
        console.print(f"  database {database}: its user cannot enter the folder above", highlight=False)


def _size(folder: Path) -> str:
    size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    return f"{size / 1_000_000:,.1f} MB"
