"""`earnest payout deliver`: a released batch, or a file, is put where a policy of kind `delivery` says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from earnest.commands.payout import payout


def register(_: typer.Typer) -> None:
    """The command is in the group `payout`."""


@payout.command()
def deliver(
    what: Annotated[str, typer.Argument(metavar="BATCH|FILE", help="A released batch's id, or a file to send.")],
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="The id of a policy of kind delivery.")],
    who: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Who acts: the name of a key in the folder's keys/.")
    ] = "dana",
) -> None:
    """Have a released batch delivered; the service tries until it is there. A file is sent at once, from here."""
    from earnest.client import Client
    from earnest.local.home import Home

    home = Home.current()
    client = Client(home, home.settings())
    if Path(what).is_file():
        _send(Path(what), client.ask("payout", "GET", f"/v1/policies/delivery/{to}", who)["policy"])
        return
    found = client.ask("payout", "POST", "/v1/deliveries", who, {"batch": what, "to": to})
    typer.echo(_told(found))


@payout.command()
def deliveries(
    batch: Annotated[str | None, typer.Argument(metavar="BATCH", help="Those of one batch.")] = None,
    who: Annotated[
        str, typer.Option("--as", metavar="NAME", help="Whose key asks: one in the folder's keys/.")
    ] = "dana",
) -> None:
    """What was delivered, and what is on its way and why."""
    from urllib.parse import urlencode

    from earnest.client import Client
    from earnest.local.home import Home

    home = Home.current()
    query = f"?{urlencode({'batch': batch})}" if batch else ""
    delivered = Client(home, home.settings()).ask("payout", "GET", f"/v1/deliveries{query}", who)["deliveries"]
    for found in delivered:
        typer.echo(_told(found))
    if not delivered:
        typer.echo(f"Nothing{f' of {batch}' if batch else ''} was delivered or is on its way.")


def _send(file: Path, policy: dict[str, Any]) -> None:
    from earnest.files.rejected import FileError
    from earnest.local.home import Home
    from services.payout.delivery.encryption import wrapped
    from services.payout.delivery.parcels import DeliveryFailed, DropFile
    from services.payout.delivery.policy import Delivery
    from services.payout.delivery.secret_files import SecretFiles
    from services.payout.delivery.sftp import drop

    delivery = Delivery.of(policy)
    secrets = SecretFiles(Home.current().settings().deliveries_dir, delivery.id)
    try:
        sent = wrapped(DropFile(file.name, file.read_bytes()), delivery, secrets)
        put = drop(delivery, secrets, [sent])
    except DeliveryFailed as error:
        raise FileError(str(error)) from None
    typer.echo(f"{'Delivered' if put else 'There already'}: {sent.name} to {delivery.id}, sha256 {sent.sha256}")


def _told(found: dict[str, Any]) -> str:
    if found["state"] == "delivered":
        return f"{found['batch']} to {found['to']}: delivered at {found['delivered_at']}"
    why = f" ({found['error']})" if found["error"] else ""
    return f"{found['batch']} to {found['to']}: on its way, {found['attempts']} attempts{why}"
