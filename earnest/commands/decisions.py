"""`earnest hold`, `adjust`, `dismiss-clawback`: what people decide about pay, each with a reason and an author."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from earnest.client import connected
from earnest.commands import ANALYST, AUTHOR, Actor, Approver, TakesAmounts, app
from earnest.commands.change import next_person
from earnest.terminal import print_table

hold = typer.Typer(
    no_args_is_help=True, help="Holds: pay that is not released until somebody, a date or the customer's money does it."
)
app.add_typer(hold, name="hold")

Reason = Annotated[str, typer.Option("--reason", help="Why, in words that an auditor understands.")]


@hold.command("add")
def add(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help="participant, deal or plan.")],
    subject: Annotated[str, typer.Argument(metavar="ID", help="Which one.")],
    reason: Reason,
    name: Annotated[
        str | None, typer.Option("--id", help="What to call the hold; made up where nothing is said.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Lines of this month and later; the first open month.")] = None,
    until: Annotated[str | None, typer.Option(help="Released on this day, as 2026-06-30.")] = None,
    until_collected: Annotated[
        bool, typer.Option("--until-collected", help="Released when the customer has paid.")
    ] = False,
    expected: Annotated[
        bool, typer.Option("--expected", help="It is not known yet, and will come: a deal that is expected.")
    ] = False,
    dispute: Annotated[bool, typer.Option("--dispute", help="It is a dispute: runs show it as one.")] = False,
    who: Actor = ANALYST,
) -> None:
    """Put a participant, a deal or a plan on hold."""
    body = {"id": name or f"hold-{uuid4().hex[:8]}", "scope": scope, "subject": subject, "reason": reason}
    rest = {
        "since": since,
        "until": until,
        "until_collected": until_collected,
        "dispute": dispute,
        "expected": expected,
    }
    made = connected().post("/v1/holds", who=who, body=body | rest)
    typer.echo(f"{made['id']}: {made['scope']} {made['subject']} is on hold from {made['since']} on")
    _tell_other_holds(made, who=who)


@hold.command("release")
def release(
    name: Annotated[str, typer.Argument(metavar="HOLD", help="Its id, as `earnest hold list` tells it.")],
    reason: Reason,
    on: Annotated[str | None, typer.Option(help="From which day on; so that the next run pays.")] = None,
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="The day may be one that only a later run reaches.")
    ] = False,
    who: Actor = ANALYST,
) -> None:
    """Release a hold."""
    body = {"reason": reason, "on": on, "scheduled": scheduled}
    made = connected().post(f"/v1/holds/{name}/release", who=who, body=body)
    typer.echo(f"{made['id']} is released on {made['released_on']}")
    _tell_other_holds(made, who=who)


def _tell_other_holds(hold: dict[str, Any], *, who: str) -> None:
    """What else holds the same: each hold stops pay by itself, until it is released."""
    for other in connected().get("/v1/holds?open_only=true", who=who)["holds"]:
        if (other["scope"], other["subject"]) == (hold["scope"], hold["subject"]) and other["id"] != hold["id"]:
            typer.echo(
                f"{other['scope']} {other['subject']} is on hold by {other['id']}, too ({other['reason']}), which is"
                " released by itself"
            )


@hold.command("list")
def list_holds(
    every: Annotated[bool, typer.Option("--all", help="Also those that are released.")] = False, who: Actor = AUTHOR
) -> None:
    """Holds, and who put them on."""
    from rich.table import Table

    table = Table("hold", "on", "since", "until", "reason", "by", "released")
    for entry in connected().get(f"/v1/holds?open_only={str(not every).lower()}", who=who)["holds"]:
        released = f"{entry['released_on']} by {entry['released_by']}" if entry["released_on"] else ""
        table.add_row(
            entry["id"],
            f"{entry['scope']} {entry['subject']}",
            entry["since"],
            " or ".join(filter(None, [entry["until"], "collected" if entry["until_collected"] else None])),
            entry["reason"],
            entry["actor"],
            released,
        )
    print_table(
        table, "There are no holds." if every else "There are no open holds; --all shows those that are released."
    )


@app.command("adjust", cls=TakesAmounts)
def adjust(
    participant: Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Whose pay.")],
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="In major units, as 120.00; less than zero takes away.")
    ],
    currency: Annotated[str, typer.Argument(metavar="CURRENCY", help="As USD.")],
    month: Annotated[str, typer.Argument(metavar="MONTH", help="The month it is about, as 2026-06.")],
    reason: Reason,
    attachment: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="The document that it rests on.")],
    who: Actor = ANALYST,
) -> None:
    """Propose to adjust a participant's pay by hand. When somebody else approves it, it is booked, and the next run
    pays it; whoever proposed it cannot approve that run.
    """
    content = base64.b64encode(attachment.read_bytes()).decode()
    # The document travels with the adjustment: whoever decides has it before them.
    body = {"id": str(uuid4()), "participant_id": participant, "amount": amount, "currency": currency, "month": month}
    document = {"reason": reason, "attachment_name": attachment.name, "attachment": content}
    made = connected().post("/v1/adjustments", who=who, body=body | document)
    what = made["body"]
    typer.echo(f"{made['subject']}: {what['amount']} {what['currency']} for {participant} about {what['month']}")
    typer.echo(next_person(made))


@app.command("dismiss-clawback")
def dismiss(
    participant: Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Who keeps it.")],
    deal: Annotated[str, typer.Argument(metavar="DEAL", help="What the lost deal earned.")],
    reason: Reason,
    who: Approver,
) -> None:
    """Let a participant keep what a lost deal earned, as an approver. Who decides that does not approve the run."""
    connected().post(
        f"/v1/clawbacks/{deal}/dismissal",
        who=who,
        body={"participant_id": participant, "reason": reason},
    )
    typer.echo(f"{participant} keeps what {deal} earned")
