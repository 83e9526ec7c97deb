"""`earnest key`: who may ask what of an installation of one's own: keys with their scopes, roles and pay groups."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from earnest.commands import app
from earnest.terminal import print_table

key = typer.Typer(
    no_args_is_help=True,
    help="API keys of this folder's installation: who may do what, and which roles approve runs.",
)
app.add_typer(key, name="key")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose key; it is what journals and approvals record.")]


@key.command("list")
def list_keys() -> None:
    """Every key: its name, scopes, roles and pay groups. Keys themselves are not shown; they are files in keys/."""
    from rich.table import Table

    from earnest.local.home import Home
    from earnest.local.keys import read_keys

    table = Table("name", "scopes", "roles", "pay groups")
    for entry in read_keys(Home.current().keys_file):
        groups = entry.get("pay_groups")
        table.add_row(
            entry["name"],
            ", ".join(entry["scopes"]),
            ", ".join(entry.get("roles", [])),
            "all" if groups is None else ", ".join(groups),
        )
    print_table(table)


@key.command("set")
def set_key(
    name: Name,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="What it may do, instead of what it might; may be repeated."),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE", help="As whom it approves runs, as finance or cfo; may be repeated."),
    ] = None,
    pay_group: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP", help="Only payroll files of this pay group; may be repeated."),
    ] = None,
) -> None:
    """Give somebody a key, or change what theirs allows. What is not said stays. Services know it at once."""
    from earnest.local.home import Home
    from earnest.local.keys import set_key as change
    from earnest.local.processes import LocalError
    from shared.access import Scope

    known = get_args(Scope)
    if wrong := [given for given in scope or [] if given not in known]:
        raise LocalError(f"there is no scope {wrong[0]}: there are {', '.join(known)}")
    home = Home.current()
    if change(home.path / "keys", home.keys_file, name=name, scopes=scope, roles=role, pay_groups=pay_group):
        typer.echo(f"Made: {home.path / 'keys' / name}; hand it to {name} and to nobody else")
    else:
        typer.echo(f"{name} is changed")


@key.command()
def remove(name: Name) -> None:
    """Take a key back. Services refuse it at once; what was done with it stays recorded."""
    from earnest.local.home import Home
    from earnest.local.keys import remove_key

    home = Home.current()
    remove_key(home.path / "keys", home.keys_file, name=name)
    typer.echo(f"{name} has no key any more")
