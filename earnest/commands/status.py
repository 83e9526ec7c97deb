"""`earnest status`: what runs and since when, how far it is behind, and what waits for somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import Actor, app
from earnest.hints import as_called

if TYPE_CHECKING:
    from earnest.local.condition import Condition
    from earnest.local.home import Home


@app.command()
def status(
    json: Annotated[bool, typer.Option("--json", help="As JSON, one document.")] = False, who: Actor = "ops"
) -> None:
    """What runs and since when, how far services are behind, and what waits for somebody.

    Exit code 1 where a service does not do its work.
    """
    from earnest.local.condition import condition_of
    from earnest.local.home import Home

    home = Home.current()
    condition = condition_of(home, who=who)
    if json:
        _as_json(condition, home)
    else:
        _as_text(condition, home)
    if not all(service.ready for service in condition.services):
        raise typer.Exit(1)


def _as_json(condition: Condition, home: Home) -> None:
    import orjson

    document = {
        "home": str(home.path),
        "process": condition.process,
        "since": condition.since,
        "log": condition.log,
        "services": condition.services,
        "behind": condition.behind,
        "waiting": [{"what": what, "command": command} for what, command in condition.waiting],
    }
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def _as_text(condition: Condition, home: Home) -> None:
    if condition.since is None:
        typer.echo(f"{home.path}: nothing of it runs on this machine")
    else:
        typer.echo(f"{home.path}: runs since {condition.since:%Y-%m-%d %H:%M} UTC (process {condition.process})")
    for service in condition.services:
        state = "ready" if service.ready else f"not ready: {'; '.join(service.reasons)}"
        typer.echo(f"  {service.name:<8} {service.url}  {state}")
        for remark in service.remarks:
            typer.echo(f"    to be mended: {remark}")
    late = {where: number for where, number in condition.behind.items() if number}
    if condition.behind:
        typer.echo("Behind: " + (", ".join(f"{where}: {number:,}" for where, number in late.items()) or "nothing"))
    if not condition.waiting:
        typer.echo("Nothing waits for anybody." if condition.behind else as_called("Nothing answers: earnest up"))
    for what, command in condition.waiting:
        typer.echo(as_called(f"Waits: {what} -> {command}"))
