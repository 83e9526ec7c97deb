"""`earnest payout gl`: a month of pay goes to the company's books: look at it, post it, fetch its files, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from earnest.client import Client, connected
from earnest.commands import AUTHOR, Actor, a_folder
from earnest.commands.payout import payout
from earnest.terminal import money, print_table

gl = typer.Typer(no_args_is_help=True, help="The general ledger: post a month of pay to the company's books.")
payout.add_typer(gl, name="gl")

Period = Annotated[str, typer.Argument(metavar="PERIOD", help="The month, as 2026-06.")]
Entity = Annotated[str, typer.Option(metavar="ENTITY", help="The legal entity; nothing where there are none.")]
Format = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="The file, instead of the policy's: see `formats`.")
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where to write the files; files/ of the folder.", callback=a_folder)
]
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="The batch's id, as `earnest payout gl list` names it.")]


@gl.command()
def preview(period: Period, entity: Entity = "", form: Format = None, who: Actor = AUTHOR) -> None:
    """What posting a month would write, checked as the file would be; nothing is written."""
    query = {"period": period, "entity": entity} | ({"format": form} if form else {})
    draft = connected().get(f"/v1/gl/preview?{urlencode(query)}", who=who)
    if not draft["entries"]:
        typer.echo(f"Nothing is booked in {period} that is not posted.")
        return
    _entries(f"{period} {entity}".strip() + f", not posted yet, as {draft['format']}", draft["entries"])


@gl.command()
def post(period: Period, entity: Entity = "", form: Format = None, out: Out = None, who: Actor = AUTHOR) -> None:
    """Post a month: the first time all of it, later what was booked since. Writes the files and their manifest."""
    body = {"period": period, "entity": entity} | ({"format": form} if form else {})
    client = connected()
    made = client.post("/v1/gl/batches", who=who, body=body)
    _entries(made["id"], made["entries"])
    _write(client, made, out=out, who=who)


@gl.command()
def fetch(batch: BatchId, out: Out = None, who: Actor = AUTHOR) -> None:
    """Write the files of a batch and their manifest again: the same bytes."""
    client = connected()
    _write(client, client.get(f"/v1/gl/batches/{batch}", who=who), out=out, who=who)


@gl.command()
def show(batch: BatchId, who: Actor = AUTHOR) -> None:
    """The entries of a batch."""
    posted = connected().get(f"/v1/gl/batches/{batch}", who=who)
    _entries(f"{batch}, {posted['format']}, posted by {posted['made_by']} at {posted['made_at']}", posted["entries"])


@gl.command("list")
def list_batches(
    period: Annotated[str | None, typer.Argument(metavar="[PERIOD]", help="Of this month only.")] = None,
    who: Actor = AUTHOR,
) -> None:
    """The batches, in the order in which they were made."""
    from rich.table import Table

    query = f"?{urlencode({'period': period})}" if period else ""
    table = Table("batch", "entity", "format", "entries", "debits", "by", "sha256")
    for batch in connected().get(f"/v1/gl/batches{query}", who=who)["batches"]:
        manifest = batch["manifest"]
        debits = "\n".join(f"{money(total)} {currency}" for currency, total in manifest["control_totals"].items())
        row = (batch["id"], batch["entity"], batch["format"], str(manifest["entry_count"]), debits)
        table.add_row(*row, batch["made_by"], batch["sha256"][:12])
    print_table(
        table, f"Nothing{f' of {period}' if period else ''} is posted yet: earnest payout gl post MONTH --entity ENTITY"
    )


@gl.command()
def reconcile(
    period: Period,
    entity: Entity = "",
    tolerance: Annotated[int, typer.Option(min=0, help="In minor units (cents), per account.")] = 0,
    who: Actor = AUTHOR,
) -> None:
    """Compare what was posted of a month with the ledger of pay, account by account. Exits with 1 where they differ."""
    from rich.table import Table

    query = urlencode({"period": period, "entity": entity, "tolerance": tolerance})
    comparison = connected().get(f"/v1/gl/reconciliation?{query}", who=who)
    columns = ("ledger", "gl", "difference")
    table = Table("account", "currency", title=f"{period} {entity}".strip())
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for row in comparison["balances"]:
        table.add_row(row["account"], row["currency"], *(money(row[name]) for name in columns))
    print_table(table, f"Nothing of {period} {entity}".strip() + " is booked or posted.")
    if not comparison["agrees"]:  # by the exit code, too: a script that closes months asks before it does
        typer.echo("They differ: post what was booked since, or see which batch was not made here.")
        raise typer.Exit(1)
    typer.echo("They agree.")


@gl.command()
def formats(who: Actor = AUTHOR) -> None:
    """The files that books take; their settings are in the policy gl_accounts."""
    for form in connected().get("/v1/gl/formats", who=who)["formats"]:
        settings = ", ".join(form["settings"].get("properties", {}))
        typer.echo(f"{form['name']:<20} {form['title']}: {settings}")


def _write(client: Client, batch: dict[str, Any], *, out: Path | None, who: str) -> None:
    from earnest.local.home import Home

    folder = out or Home.current().files
    path = f"/v1/gl/batches/{batch['id']}"
    for file, sha256 in client.download_batch(
        path, folder, batch=batch["id"], address=lambda number, _: f"files/{number}", who=who
    ):
        typer.echo(f"Written: {file}, sha256 {sha256}")


def _entries(title: str, entries: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("entry", "account", title=title)
    for name in ("debit", "credit"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("dimensions")
    for entry in entries:
        table.add_section()
        table.add_row(entry["id"], Text(entry["memo"], "bold"))
        for line in entry["lines"]:
            amounts = [f"{money(line[side])} {entry['currency']}" if line[side] else "" for side in ("debit", "credit")]
            dimensions = ", ".join(filter(None, line["dimensions"].values()))
            table.add_row("", line["account"], *amounts, dimensions)
    print_table(table)
