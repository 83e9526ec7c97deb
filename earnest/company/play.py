"""The play: eighteen months of the demo company through a running installation, with its payroll, in under a minute."""

from __future__ import annotations

import base64
import secrets
import shutil
from collections import Counter
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from earnest.client import Client
from earnest.company import FOLDER
from earnest.company.deliveries import CRM, deliveries, roster_files
from earnest.company.late import late_changes
from earnest.company.payroll import Payroll
from earnest.company.people import People
from earnest.company.selling import deal_reports
from earnest.company.sending import DeliverySender
from earnest.company.summary import summarise
from earnest.company.world import FERNHILL
from earnest.local.claims import write_private
from earnest.local.drain import wait_until_drained
from earnest.local.home import Home
from earnest.local.system import System
from shared.contracts.topics import DEALS, PLANS, ROSTER
from shared.log.open import open_log
from shared.periods import Month, next_period
from shared.settings import Settings

FIRST_RUN: Final = Month("2025-01")
BEFORE_LATE_CHANGES: Final = Month("2026-04")
LAST_RUN: Final = Month("2026-05")
"""June 2026 stays open, for whoever looks around afterwards."""
DISPUTED: Final = "OPP-18324"
"""A deal of June, of mara.jovic."""


def prepare(home: Home) -> None:
    """Make the company's name and CRM known to an installation, with a secret of its own, before its services start."""
    if not home.keys_file.exists():  # an installation that is there already is somebody's own
        home.path.mkdir(parents=True, exist_ok=True)
        home.company.write_text("Fernhill Instruments\n")
    home.sources.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(FOLDER / "sources" / f"{CRM}.yaml", home.sources / f"{CRM}.yaml")
    secret = home.sources / f"{CRM}.secret"
    if not secret.exists():
        write_private(secret, f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}\n")


def play_once(system: System, console: Console) -> bool:
    """Play the company into an installation that is empty or in which the play was interrupted; sum it up where it was
    played.

    Returns:
        False where the installation holds data of its own, into which nothing is played.
    """
    note = system.home.path / "demo"
    if not note.exists():
        if not _is_empty(system.settings):
            console.print(f"{system.home.path} holds data of its own: the demo company is not played into it.")
            return False
        # Noted before anything is sent: a play that was interrupted goes on, and is not taken for somebody's own data.
        note.write_text("begun")
    if note.read_text() == "played":
        console.print("The demo company was played here before; this is how it stands.")
        summarise(system, console, sent=Counter(), late=[])
    else:
        play(system, console)
        note.write_text("played")
    return True


def play(system: System, console: Console) -> None:
    """Send everything, wait until it is paid, run payroll, send the late changes, run payroll again, and sum up.

    Everything converges: playing again what was played before changes nothing.

    Raises:
        LocalError: a service does not answer or refuses something.
    """
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        counts = _send(system, progress)
        _settle(system, progress, what="Crediting, earning, booking")
        payroll = Payroll(Client(system.home, system.settings), system.home.files)
        payroll.publish((FOLDER / "policies").glob("*.yaml"))
        _run_months(payroll, progress)
        late = late_changes(deal_reports(FERNHILL, People.of_files(roster_files())))
        _sender(system).send([change.delivery for change in late], lambda _: None)
        _settle(system, progress, what="Late changes of closed months")
        payroll.run(LAST_RUN)
        payroll.dispute(DISPUTED)
    summarise(system, console, sent=counts, late=late)


def _sender(system: System) -> DeliverySender:
    secret = (system.home.sources / f"{CRM}.secret").read_text().strip()
    return DeliverySender(system.urls["ingest"], secret, key=system.key)


def _send(system: System, progress: Progress) -> Counter[str]:
    task = progress.add_task("Business from January 2025 to June 2026", total=None)
    everything = deliveries()
    progress.update(task, total=sum(delivery.events for delivery in everything))
    return _sender(system).send(everything, lambda delivery: progress.advance(task, delivery.events))


def _settle(system: System, progress: Progress, *, what: str) -> None:
    task = progress.add_task(what, total=1)
    most = 0

    def waiting(left: int) -> None:
        nonlocal most
        most = max(most, left, 1)
        progress.update(task, total=most, completed=most - left)

    wait_until_drained(system.settings, waiting)


def _run_months(payroll: Payroll, progress: Progress) -> None:
    periods = [FIRST_RUN]
    while periods[-1] < BEFORE_LATE_CHANGES:
        periods.append(next_period(periods[-1]))
    for period in progress.track(periods, description="Payroll, month by month: dana makes the run, frank approves it"):
        payroll.run(period)


def _is_empty(settings: Settings) -> bool:
    log = open_log(settings)
    try:
        return not any(end for topic in (PLANS, ROSTER, DEALS) for end in log.ends(topic).values())
    finally:
        log.close()
