"""What is kept about pay, to look at: months and their closing, comparisons of runs, manual adjustments and their
documents.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlencode

import typer

from earnest.client import connected
from earnest.commands import AUTHOR, Actor, a_file, app
from earnest.commands.payout import RunId, payout
from earnest.terminal import money, print_table

adjustments = typer.Typer(
    no_args_is_help=True, help="Manual adjustments that were made, and the documents they rest on."
)
app.add_typer(adjustments, name="adjustments")


@payout.command("periods")
def periods(who: Actor = AUTHOR) -> None:
    """Every month in which something is booked, by pay group: open, soft-closed or closed, and by which run."""
    from rich.table import Table

    table = Table("pay group", "month", "state", "closed by")
    for period in connected().get("/v1/periods", who=who)["periods"]:
        table.add_row(period["pay_group"], period["period"], period["state"], period["closed_by"] or "")
    print_table(table, "Nothing is booked in any month yet.")


@payout.command("reconciliations")
def reconciliations(run_id: RunId, who: Actor = AUTHOR) -> None:
    """The comparisons that were made for a run, with their tolerance and who made them."""
    from rich.table import Table

    table = Table("comparison", "currency", title=run_id)
    for name in ("one", "other", "difference", "tolerance"):
        table.add_column(name, justify="right")
    for name in ("", "by", "at"):
        table.add_column(name)
    path = f"/v1/runs/{quote(run_id)}/reconciliations"
    for comparison in connected().get(path, who=who)["reconciliations"]:
        figures = [money(comparison[name]) for name in ("one", "other", "difference", "tolerance")]
        agrees = "agrees" if comparison["agrees"] else "differs"
        words = (comparison["kind"].replace("_", " "), comparison["currency"])
        table.add_row(*words, *figures, agrees, comparison["preparer"], comparison["at"][:19])
    print_table(table, f"Nothing of {run_id} has been compared yet: earnest payout reconcile {run_id}")


@payout.command("statements")
def statements(
    participant: Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Whose.")], who: Actor = AUTHOR
) -> None:
    """The runs in which a participant has a pay statement; `earnest statement RUN PARTICIPANT` writes it."""
    from rich.table import Table

    table = Table("run", "state")
    path = f"/v1/participants/{quote(participant, safe='')}/statements"
    for statement in connected().get(path, who=who)["statements"]:
        table.add_row(statement["run"], statement["state"])
    print_table(table, f"{participant} has no statement: no run has paid them yet.")


@adjustments.command("list")
def list_adjustments(
    participant: Annotated[str | None, typer.Option("--participant", metavar="ID", help="Only this one's.")] = None,
    who: Actor = AUTHOR,
) -> None:
    """Manual adjustments: of whom, how much, why, by whom, on which document."""
    from rich.table import Table

    table = Table("id", "participant", "about")
    table.add_column("amount", justify="right", no_wrap=True)
    for name in ("reason", "document", "by", "state"):
        table.add_column(name)
    query = f"?{urlencode({'participant_id': participant})}" if participant else ""
    for adjustment in connected().get(f"/v1/adjustments{query}", who=who)["adjustments"]:
        amount = f"{money(adjustment['amount'])} {adjustment['currency']}"
        head = (adjustment["id"], adjustment["participant_id"], adjustment["month"])
        decided_by = f" by {adjustment['decided_by']}" if adjustment["decided_by"] else ""
        why = (adjustment["reason"], adjustment["attachment_name"], adjustment["actor"])
        table.add_row(*head, amount, *why, f"{adjustment['state']}{decided_by}")
    print_table(table, f"Nothing was adjusted by hand{f' for {participant}' if participant else ''}.")


@adjustments.command()
def document(
    adjustment: Annotated[str, typer.Argument(metavar="ID", help="As `earnest adjustments list` names it.")],
    out: Annotated[Path, typer.Option(help="The file to write.", callback=a_file)],
    who: Actor = AUTHOR,
) -> None:
    """Fetch the document that an adjustment rests on."""
    out.write_bytes(connected().fetch(f"/v1/adjustments/{quote(adjustment, safe='')}/attachment", who=who))
    typer.echo(f"Written: {out}")
