"""`earnest costs tell`, `told`, `contract`, `entries`: contract costs of a running installation."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from earnest.client import connected, pages
from earnest.commands import AUTHOR, Actor, a_file
from earnest.commands.costs import costs
from earnest.terminal import print_table

PAGE = 10_000
SHOWN = 100
"""Entries on a screen; a table of many thousands takes minutes to lay out, and nobody reads it."""


class What(StrEnum):
    """What can be told."""

    COST = "cost"
    EVENT = "event"


@costs.command("tell")
def tell(
    what: Annotated[What, typer.Argument(help="A cost that no run paid, or what happens to a contract.")],
    name: Annotated[str, typer.Argument(metavar="ID", help="What to call it; telling it again changes nothing.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON, with the fields that the API takes.")],
    who: Actor = AUTHOR,
) -> None:
    """Tell the running installation a cost, or an event of a contract, with a reason in the file."""
    import yaml

    from earnest.files.rejections import FileError
    from shared.limits import TextLoader, load_yaml

    try:
        body: Any = load_yaml(file.read_text(encoding="utf-8"), TextLoader)  # amounts and dates stay text
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise FileError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    place = "lines" if what is What.COST else "events"
    connected().post(f"/v1/contract-costs/{place}/{quote(name, safe='')}", who=who, body=body)
    typer.echo(f"{name} is told")


@costs.command("told")
def told(
    contract: Annotated[str | None, typer.Option("--contract", metavar="ID", help="Only this contract's.")] = None,
    who: Actor = AUTHOR,
) -> None:
    """What was told to happen to contracts."""
    query = f"?{urlencode({'contract': contract})}" if contract else ""
    _print(connected().get(f"/v1/contract-costs/events{query}", who=who))


@costs.command("contract")
def contract(name: Annotated[str, typer.Argument(metavar="CONTRACT", help="Its id.")], who: Actor = AUTHOR) -> None:
    """A contract in words: what was capitalised, over how long, and what is booked of it."""
    account = connected().get(f"/v1/contract-costs/contracts/{quote(name, safe='')}", who=who)
    for sentence in account["words"]:
        typer.echo(sentence)
    _print(account["booked"])


@costs.command("entries")
def entries(
    first: Annotated[str, typer.Option("--from", help="First month, as 2026-01.")],
    last: Annotated[str, typer.Option("--through", help="Last month, as 2026-12.")],
    contract: Annotated[str | None, typer.Option("--contract", metavar="ID", help="Only this contract's.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all of them here, as CSV.", callback=a_file)
    ] = None,
    who: Actor = AUTHOR,
) -> None:
    """What was booked in some months, entry by entry: the first ones on the screen, all of them with --out."""
    from earnest.files.cost_results import write_table

    query: dict[str, Any] = {"first": first, "last": last} | ({"contract": contract} if contract else {})
    query |= {"limit": PAGE if out else SHOWN, "after": 0}
    listed = pages(connected(), "/v1/contract-costs/entries", query=query, who=who)
    if out is None:
        page = next(listed)
        _print(page["entries"])
        if page["next"] is not None:
            typer.echo(f"These are the first {SHOWN}. --out FILE.csv writes all of them.")
        return
    rows = [entry for page in listed for entry in page["entries"]]
    write_table(list(rows[0]) if rows else [], rows, path=out)
    typer.echo(f"Written: {out}, {len(rows):,} entries")


def _print(rows: Any) -> None:
    """A table of what is not blank in all rows."""
    from rich.table import Table

    if not rows:
        typer.echo("There is nothing.")
        return
    names = [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]
    table = Table(*(name.replace("_", " ") for name in names))
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in names))
    print_table(table)
