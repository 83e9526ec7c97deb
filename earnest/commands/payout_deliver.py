"""`earnest payout deliver`: a released batch, or a file, is put where a policy of kind `delivery` says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from earnest.commands import AUTHOR, Actor
from earnest.commands.payout import payout
from shared.formatting import counted


@payout.command()
def deliver(
    what: Annotated[str, typer.Argument(metavar="BATCH|FILE", help="A released batch's id, or a file to send.")],
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="The id of a policy of kind delivery.")],
    who: Actor = AUTHOR,
) -> None:
    """Have a released batch delivered; the service tries until it is there. A file is sent at once, from here."""
    from earnest.client import connected

    client = connected()
    if Path(what).is_file():
        _send(Path(what), client.get(f"/v1/policies/delivery/{to}", who=who)["policy"])
        return
    delivery = client.post("/v1/deliveries", who=who, body={"batch": what, "to": to})
    typer.echo(_words(delivery))


@payout.command()
def deliveries(
    batch: Annotated[str | None, typer.Argument(metavar="BATCH", help="Those of one batch.")] = None,
    who: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Whose key asks: one in the folder's keys/.")
    ] = "dana",
) -> None:
    """What was delivered, and what is on its way and why."""
    from urllib.parse import urlencode

    from earnest.client import connected

    query = f"?{urlencode({'batch': batch})}" if batch else ""
    listed = connected().get(f"/v1/deliveries{query}", who=who)["deliveries"]
    for delivery in listed:
        typer.echo(_words(delivery))
    if not listed:
        typer.echo(f"Nothing{f' of {batch}' if batch else ''} was delivered or is on its way.")


def _send(file: Path, policy: dict[str, Any]) -> None:
    from earnest.files.rejections import FileError
    from earnest.local.home import Home
    from services.payout.delivery import DeliveryFailed, send

    secrets = Home.current().settings().deliveries_dir
    try:
        sent = send(file.name, file.read_bytes(), policy=policy, secrets=secrets)
    except DeliveryFailed as error:
        raise FileError(str(error)) from None
    done = "There already" if sent.there_before else "Delivered"
    typer.echo(f"{done}: {sent.name} to {policy['id']}, sha256 {sent.sha256}")


def _words(delivery: dict[str, Any]) -> str:
    where = f"{delivery['batch']} to {delivery['to']}"
    if delivery["state"] == "delivered":
        return f"{where}: delivered at {delivery['delivered_at']}"
    why = f" ({delivery['error']})" if delivery["error"] else ""
    return f"{where}: on its way, {counted(delivery['attempts'], 'attempt')}{why}"
