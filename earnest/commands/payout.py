"""`earnest payout`: runs from the command line: drafted by one person, approved by another, exported for payroll."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from earnest.client import Client

payout = typer.Typer(
    no_args_is_help=True,
    help="Payout runs: draft one, look at it, have somebody else approve it, export it for payroll.",
)

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `earnest payout list` names it.")]
Author = Annotated[str, typer.Option("--as", metavar="NAME", help="Who acts: the name of a key in the folder's keys/.")]
AUTHOR, APPROVER = "dana", "frank"


def register(app: typer.Typer) -> None:
    """Add `payout` to the command line."""
    app.add_typer(payout, name="payout")


@payout.command()
def run(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="The month, as 2025-03.")], who: Author = AUTHOR
) -> None:
    """Draft a run over a month that has ended: everything booked up to its end and not paid yet."""
    _show(_client().ask("payout", "POST", "/v1/runs", who, {"period": period}))


@payout.command()
def recalculate(run_id: RunId, who: Author = AUTHOR) -> None:
    """Calculate a draft again, as its author."""
    _show(_client().ask("payout", "POST", f"/v1/runs/{run_id}/recalculate", who))


@payout.command()
def cancel(run_id: RunId, who: Author = AUTHOR) -> None:
    """Give up a draft, as its author."""
    _show(_client().ask("payout", "POST", f"/v1/runs/{run_id}/cancel", who))


@payout.command()
def approve(run_id: RunId, who: Author = APPROVER) -> None:
    """Release a run for payment, as somebody other than its author. Closes its month for good."""
    _show(_client().ask("payout", "POST", f"/v1/runs/{run_id}/approve", who))


@payout.command()
def export(
    run_id: RunId,
    who: Author = AUTHOR,
    out: Annotated[
        Path | None, typer.Option(help="Where to write the file and its manifest; files/ of the folder.")
    ] = None,
) -> None:
    """Write the payroll file of an approved run, with the manifest of what it must add up to."""
    from rich.console import Console

    from earnest.local.home import Home
    from earnest.local.processes import LocalError

    client = _client()
    client.ask("payout", "POST", f"/v1/runs/{run_id}/export", who)
    manifest = client.fetch("payout", f"/v1/runs/{run_id}/manifest", who)
    told: dict[str, Any] = json.loads(manifest)
    folder = out or Home.current().files
    folder.mkdir(parents=True, exist_ok=True)
    content = client.fetch("payout", f"/v1/runs/{run_id}/file", who)
    if hashlib.sha256(content).hexdigest() != told["sha256"]:
        raise LocalError(f"the file of {run_id} did not arrive whole: export it again")
    file = folder / told["file"]
    _write(file, content)
    _write(file.with_suffix(".manifest.json"), manifest)  # last: where it is, the file is whole
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"Written: {file}, {told['record_count']} payments, sha256 {told['sha256']}")


@payout.command()
def show(run_id: RunId, who: Author = AUTHOR) -> None:
    """A run with its lines, and what it carries forward."""
    _show(_client().ask("payout", "GET", f"/v1/runs/{run_id}", who))


@payout.command("list")
def list_runs(who: Author = AUTHOR) -> None:
    """All runs, the latest month first."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in ("run", "state", "author,\napprover"):
        table.add_column(name, no_wrap=True)
    for name in ("paid", "people", "carried forward"):
        table.add_column(name, justify="right", no_wrap=name == "paid")
    for found in _client().ask("payout", "GET", "/v1/runs", who)["runs"]:
        sums = [("", "", "")] if not found["totals"] else [_sums(total) for total in found["totals"]]
        columns = ["\n".join(column) for column in zip(*sums, strict=True)]
        people = ", ".join(filter(None, (found["author"], found["approver"])))
        table.add_row(found["id"], found["state"], people, *columns)
    Console().print(table)


def _write(file: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(content)
    part.replace(file)


def _sums(total: dict[str, Any]) -> tuple[str, str, str]:
    return f"{_money(total['paid'])} {total['currency']}", str(total["participants"]), _money(total["carried_forward"])


def _money(amount: str) -> str:
    return f"{Decimal(amount):,}"


def _client() -> Client:
    from earnest.client import Client
    from earnest.local.home import Home

    home = Home.current()
    return Client(home, home.settings())


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    approved = f", approved by {found['approver']}" if found["approver"] else ""
    table = Table("participant", title=f"{found['id']}: {found['state']}, by {found['author']}{approved}")
    table.add_column("amount", justify="right")
    table.add_column("currency")
    if found["carried_forward"]:
        table.add_column()
    for line in found["lines"]:
        table.add_row(line["participant_id"], _money(line["amount"]), line["currency"])
    for line in found["carried_forward"]:
        table.add_row(line["participant_id"], _money(line["amount"]), line["currency"], "carried forward")
    console.print(table)
    for total in found["totals"]:
        console.print(
            f"{_money(total['paid'])} {total['currency']} to {total['participants']} participants, "
            f"{_money(total['carried_forward'])} carried forward",
            highlight=False,
        )
    if (hint := NEXT.get(found["state"])) is not None:
        console.print(hint.format(run=found["id"]), highlight=False)


NEXT = {
    "draft": "Next, by somebody else: earnest payout approve {run} --as frank",
    "approved": "Next: earnest payout export {run}",
}
