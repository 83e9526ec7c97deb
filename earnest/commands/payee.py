"""`earnest payee`: where pay goes: what changed and waits for a second person, and confirming it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from earnest.client import connected
from earnest.commands import AUTHOR, Actor, Approver, app
from earnest.local.processes import LocalError
from earnest.terminal import print_table

payee = typer.Typer(
    no_args_is_help=True,
    help="Payees: payroll id, names and legal entity. What changes of them is used once somebody else confirms it.",
)
app.add_typer(payee, name="payee")

On = Annotated[str | None, typer.Option("--on", metavar="DAY", help="As the roster has it on this day; today.")]


@payee.command()
def waiting(on: On = None, who: Actor = AUTHOR) -> None:
    """Whose payee data changed and wait: runs pay them as before."""
    from rich.table import Table

    table = Table("participant", "what", "paid as", "the roster says", "by")
    for one in _waiting(on, who=who):
        for what in one["payee"]:
            if one["payee"][what] != one["confirmed"][what]:
                row = (one["participant_id"], what, one["confirmed"][what] or "", one["payee"][what] or "")
                table.add_row(*row, ", ".join(one["set_by"]))
    print_table(table, "No payee waits.")


@payee.command()
def confirm(
    participant: Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Whose pay.")],
    reason: Annotated[str, typer.Option("--reason", help="How you know, in words that an auditor understands.")],
    who: Approver,
    on: On = None,
) -> None:
    """Confirm where somebody's pay goes, as the roster has it; not by who said it there. The next run pays so."""
    found = next((one for one in _waiting(on, who=who) if one["participant_id"] == participant), None)
    if found is None:
        raise LocalError(f"nothing of {participant} waits")
    body = {"payee": found["payee"], "reason": reason} | ({"on": on} if on else {})
    made = connected().post(f"/v1/payees/{quote(participant, safe='')}/confirm", who=who, body=body)
    said = ", ".join(f"{name} {value}" for name, value in found["payee"].items() if value)
    typer.echo(f"{participant} is paid as {said} from now on, confirmed by {made['decided_by']}")


def _waiting(on: str | None, *, who: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        asked = f"/v1/payees/waiting?after={quote(after, safe='')}{f'&on={on}' if on else ''}"
        page = connected().get(asked, who=who)
        found += page["payees"]
        after = page["next"]
    return found
