"""`earnest payroll`: released batches from the command line: fetch, acknowledge, and what payroll returned."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from earnest.client import Client, connected
from earnest.commands import AUTHOR, Actor, a_folder, app
from earnest.terminal import money, print_table

payroll = typer.Typer(
    no_args_is_help=True,
    help="Payroll batches: list and fetch them, acknowledge them as payroll, and deal with what payroll returned.",
)
app.add_typer(payroll, name="payroll")

BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="The batch's id, as `earnest payroll list` names it.")]


@payroll.command("list")
def list_batches(
    run: Annotated[str | None, typer.Option("--run", help="Those of one run only.")] = None, who: Actor = "payroll"
) -> None:
    """Released batches, the latest first, and what payroll did about them."""
    from rich.table import Table

    table = Table()
    for name in ("batch", "state", "pay group", "entity", "format", "pay date", "records", "total"):
        table.add_column(name, justify="right" if name in {"records", "total"} else "left", no_wrap=True)
    query = f"?run={quote(run)}" if run else ""
    for batch in connected().get(f"/v1/payroll/batches{query}", who=who)["batches"]:
        totals = "\n".join(f"{money(total)} {currency}" for currency, total in batch["control_totals"].items())
        table.add_row(
            batch["id"],
            batch["state"],
            batch["pay_group"],
            batch["entity"] or "",
            batch["format"],
            batch["pay_date"],
            str(batch["record_count"]),
            totals,
        )
    print_table(table, f"There are no batches{f' of {run}' if run else ''}: they are made when a run is exported.")


@payroll.command()
def show(batch: BatchId, who: Actor = "payroll") -> None:
    """A batch with its files, as JSON."""
    _print(connected().get(f"/v1/payroll/batches/{quote(batch)}", who=who))


@payroll.command()
def fetch(
    batch: BatchId,
    out: Annotated[
        Path | None, typer.Option(help="Where to write; files/ of the folder unless said.", callback=a_folder)
    ] = None,
    who: Actor = "payroll",
) -> None:
    """Fetch the files of a batch and its manifest, whole or not at all."""
    from earnest.local.home import Home

    for file, sha256 in download(connected(), batch, folder=out or Home.current().files, who=who):
        typer.echo(f"Written: {file}, sha256 {sha256}")


def download(client: Client, batch: str, *, folder: Path, who: str) -> list[tuple[Path, str]]:
    """Write the files of a batch and its manifest; the files with their hashes."""
    path = f"/v1/payroll/batches/{quote(batch)}"
    return client.download_batch(path, folder, batch=batch, address=lambda _, name: f"file?name={quote(name)}", who=who)


@payroll.command()
def ack(
    batch: BatchId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file that payroll took, its manifest beside it.")],
    reject: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW:CODE:WHY",
            help="A payment that payroll does not take: the first of the file is row 1; may be repeated.",
        ),
    ] = None,
    reject_all: Annotated[bool, typer.Option("--reject-all", help="Payroll does not take the batch at all.")] = False,
    who: Actor = "payroll",
) -> None:
    """Acknowledge a batch as payroll: with the hash of the file that arrived and the totals of the manifest beside
    it.
    """
    from earnest.local.processes import LocalError

    if reject and reject_all:
        raise LocalError("say either which rows payroll does not take with --reject, or --reject-all")
    content, manifest = file.read_bytes(), _manifest(file, batch)
    try:
        rows = [rejection.split(":", 2) for rejection in reject or []]
        rejected = [{"row": int(row), "code": code, "message": message} for row, code, message in rows]
    except ValueError:
        raise LocalError("write a rejected row as ROW:CODE:WHY, for example 3:inactive:no such employee") from None
    # The hash is that of the file that arrived, and not the manifest's: that it arrived whole is what is acknowledged.
    body = {
        "status": "rejected" if reject_all else "partial" if rejected else "accepted",
        "sha256": hashlib.sha256(content).hexdigest(),
        "record_count": manifest["record_count"],
        "control_totals": manifest["control_totals"],
        "rejected": rejected,
    }
    # By content: the same answer given again is recognised, and another one about the batch is not taken for it.
    key = hashlib.sha256(json.dumps([batch, body]).encode()).hexdigest()
    path = f"/v1/payroll/batches/{quote(batch)}/ack"
    acknowledged = connected().post(path, who=who, body=body, headers={"idempotency-key": key})
    typer.echo(f"{batch} is acknowledged: {acknowledged['state']}")


def _manifest(file: Path, batch: str) -> dict[str, Any]:
    """The manifest beside a file of a batch."""
    from earnest.local.processes import LocalError

    beside = file.parent / f"{batch}.manifest.json"
    if not beside.is_file():
        raise LocalError(
            f"beside {file} there is no {beside.name}, which says what the file adds up to: "
            f"`earnest payroll fetch {batch} --out {file.parent}` writes both"
        )
    try:
        manifest: dict[str, Any] = json.loads(beside.read_bytes())
        _ = manifest["record_count"], manifest["control_totals"]
    except (ValueError, KeyError, TypeError):
        raise LocalError(f"{beside} is not a manifest as it was released: fetch it again") from None
    return manifest


@payroll.command()
def returned(who: Actor = AUTHOR) -> None:
    """The lines that payroll returned and nobody has dealt with, the longest waiting first."""
    from rich.table import Table

    table = Table()
    for name in ("batch", "line", "participant", "amount", "why"):
        table.add_column(name, justify="right" if name == "amount" else "left", no_wrap=name != "why")
    for line in connected().get("/v1/payroll/returned", who=who)["lines"]:
        amount, why = f"{money(line['amount'])} {line['currency']}", f"{line['code']}: {line['message']}"
        table.add_row(line["batch"], line["line"], line["participant_id"], amount, why)
    print_table(table, "Payroll has returned nothing that waits for somebody.")


@payroll.command()
def resolve(
    batch: BatchId,
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line, as `earnest payroll returned` names it.")],
    reason: Annotated[str, typer.Option("--reason", help="What was done about it; kept.")],
    who: Actor = AUTHOR,
) -> None:
    """Say what was done about a line that payroll returned."""
    body = {"batch": batch, "line": line, "reason": reason}
    connected().post("/v1/payroll/returned/resolve", who=who, body=body)
    typer.echo(f"{line} of {batch} is resolved")


def _print(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
