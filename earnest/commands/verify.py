"""`earnest verify`: prove credits, earnings, the ledger and the KPIs by computing them again from the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from earnest.commands import app

if TYPE_CHECKING:
    from rich.progress import Progress

    from shared.settings import Settings


@app.command()
def verify() -> None:
    """Compute everything again from the log and compare it with what the services hold; exit code 1 where they differ.

    Waits until the services have worked off what they were sent. Changes nothing: what is rebuilt is dropped again.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    from earnest.local.home import Home

    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        results = list(_verified(Home.current().settings(), progress))
    table = Table("service", "computed again from the log", "result")
    for service, what, differences in results:
        table.add_row(service, what, "\n".join(differences) or "identical", style="red" if differences else None)
    console.print(table)
    raise typer.Exit(1 if any(differences for _, _, differences in results) else 0)


def _verified(settings: Settings, progress: Progress) -> Iterator[tuple[str, str, list[str]]]:
    """Each service with what was compared and the differences found."""
    from earnest.local.drain import wait_until_drained
    from services.alerts.kpis import load
    from services.alerts.verify import verify as verify_alerts
    from services.payout.verify import verify as verify_payout
    from services.scoring.verify import verify as verify_scoring
    from shared.database import database_url, engine_for
    from shared.log.open import open_log

    waiting = progress.add_task("waiting for the services", total=None)
    # What is still on its way would look like a difference.
    wait_until_drained(settings, lambda left: progress.update(waiting, description=f"{left:,} records on their way"))
    progress.remove_task(waiting)
    log = open_log(settings)
    engines = {name: engine_for(database_url(settings), name, pool_size=2) for name in ("scoring", "payout", "alerts")}
    try:
        task = progress.add_task("scoring", total=None)
        result = verify_scoring(
            engines["scoring"], log, progress=lambda done, due: progress.update(task, completed=done, total=due)
        )
        yield "scoring", "deals, credits, sums and earnings", result
        task = progress.add_task("payout", total=None)
        yield "payout", "what was earned, paid and is owed", verify_payout(engines["payout"], log)
        progress.update(task, description="alerts")
        differences = verify_alerts(engines["alerts"], log, catalogue=load(settings.kpis_dir))
        yield "alerts", "sums of deals and earnings", differences
    finally:
        for engine in engines.values():
            engine.dispose()
        log.close()
