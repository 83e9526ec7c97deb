"""`earnest change`: what controls money and waits for a second person: see, approve, reject, withdraw it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from earnest.client import connected
from earnest.commands import ANALYST, Actor, Approver, app
from earnest.terminal import print_table

change = typer.Typer(
    no_args_is_help=True,
    help="Changes of what controls money: proposed by one person, they take effect when another approves them.",
)
app.add_typer(change, name="change")

ChangeId = Annotated[
    str,
    typer.Argument(metavar="CHANGE", help="Its number, or what it is of, as pay_group/us-sales."),
]
Why = Annotated[str, typer.Option("--reason", help="Why, in words that an auditor understands.")]


@change.command("list")
def list_changes(
    every: Annotated[bool, typer.Option("--all", help="Also those that are decided, the last hundred.")] = False,
    who: Actor = ANALYST,
) -> None:
    """Changes that wait to be decided."""
    from rich.table import Table

    table = Table("change", "of", "by", "reason", "state")
    query = "" if every else f"?{urlencode({'state': 'proposed'})}"
    for each in connected().get(f"/v1/changes{query}", who=who)["changes"]:
        state = each["state"] if each["state"] == "proposed" else f"{each['state']} by {each['decided_by']}"
        table.add_row(str(each["id"]), _what(each), ", ".join(each["proposed_by"]), each["reason"], state)
    print_table(table, "There are no changes." if every else "No change waits; --all shows those that are decided.")


@change.command()
def show(change_id: ChangeId, who: Actor = ANALYST) -> None:
    """A change as YAML: what it will be, who proposed it and what became of it."""
    import yaml

    found = connected().get(f"/v1/changes/{_number(change_id, who=who)}", who=who)
    typer.echo(yaml.safe_dump(found, sort_keys=False, allow_unicode=True).rstrip())


@change.command()
def approve(
    change_id: ChangeId,
    who: Approver,
    reason: Annotated[str, typer.Option("--reason", help="Words that are kept with it.")] = "",
) -> None:
    """Approve a change that somebody else proposed. It takes effect at once."""
    _decide(change_id, "approve", reason=reason, who=who)


@change.command()
def reject(change_id: ChangeId, reason: Why, who: Approver) -> None:
    """Reject a change that somebody else proposed."""
    _decide(change_id, "reject", reason=reason, who=who)


@change.command()
def withdraw(change_id: ChangeId, reason: Why, who: Actor = ANALYST) -> None:
    """Take back a change of one's own."""
    _decide(change_id, "withdraw", reason=reason, who=who)


def next_person(proposed: dict[str, Any]) -> str:
    """What was proposed, and what somebody else does next."""
    return (
        f"change {proposed['id']}: {_what(proposed)} is proposed by {', '.join(proposed['proposed_by'])}\n"
        f"Next, by somebody else: earnest change approve {proposed['id']} --as NAME"
    )


def _decide(change_id: str, verb: str, *, reason: str, who: str) -> None:
    number = _number(change_id, who=who)
    decided = connected().post(f"/v1/changes/{number}/{verb}", who=who, body={"reason": reason})
    typer.echo(f"change {number}: {_what(decided)} is {decided['state']} by {decided['decided_by']}")


def _number(change_id: str, *, who: str) -> int:
    """The number that was said, or that of the one change of a subject that waits."""
    from earnest.local.processes import LocalError

    if change_id.isdecimal():
        return int(change_id)
    query = urlencode({"state": "proposed", "subject": change_id})
    for each in connected().get(f"/v1/changes?{query}", who=who)["changes"]:
        return int(each["id"])
    raise LocalError(f"no change of {change_id} waits: `earnest change list` says which do")


def _what(found: dict[str, Any]) -> str:
    return f"{found['kind']} {found['subject']}"
