"""What services say, on a terminal: amounts, tables that never lose a digit, and a payout run with what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from earnest.hints import as_called
from shared.formatting import counted, grouped

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

WIDEST = 2000
"""Characters; wider than any table of ours."""
SHOWN = 24
"""Rows of one kind that a screen shows before it only counts."""
SOME = 6
"""Names that a line lists before it only counts."""
NEXT = {
    "calculated": "Next: earnest payout submit {run}",
    "approved": "Next: earnest payout export {run}",
    "exported": "Next: payroll fetches the files and acknowledges them (earnest payroll list, earnest payroll ack)",
    "acknowledged": "Next, when payroll has paid: earnest payout paid {run}",
}


def money(amount: str) -> str:
    """An amount with commas, as people read it."""
    return grouped(Decimal(amount))


def print_table(table: Table, none: str = "There is nothing.") -> None:
    """Print a table as wide as its figures and words need; `none` where it has no row."""
    from rich.console import Console
    from rich.measure import Measurement

    # Text is never read as markup: names and reasons come from outside, and may hold square brackets.
    console = Console(highlight=False, markup=False)
    if not table.row_count:
        console.print(as_called(none), soft_wrap=True)
        return
    # A terminal that is too narrow wraps lines; a table that is fitted into it would cut figures.
    needed = Measurement.get(console, console.options.update(width=WIDEST), table).maximum
    Console(highlight=False, markup=False, width=max(console.width, needed)).print(table)


def tell_unused(rejected: pl.DataFrame) -> None:
    """Say which rows of files are not used (`REJECTED`), beside a result that does without them."""
    import typer

    from earnest.files.rejections import in_sentences

    for sentence in in_sentences(rejected, SHOWN):
        typer.echo(sentence, err=True)  # stdout may be read by a program


def show_run(run: dict[str, Any], simulated: bool = False) -> None:
    """Print a run as the API tells it; `simulated` is what a run would be that is not made."""
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True, highlight=False, markup=False)
    by = "".join(f", approved by {approval['approver']}{_as_role(approval['role'])}" for approval in run["approvals"])
    head = "Simulated, nothing is kept" if simulated else f"{run['id']}: {run['state']}, by {run['author']}{by}"
    console.print(head)
    console.print(
        f"Pay group {run['pay_group']}, {run['starts']} to {run['ends']}, paid on {run['pay_date']}; "
        + (f"its approval closes {run['closes']}" if run["closes"] else "it closes no month")
    )
    if run["lines"]:
        table = Table("participant")
        for name in ("paid", "carried forward"):
            table.add_column(name, justify="right")
        table.add_column("currency")
        for line in run["lines"]:
            carried = money(line["carried_forward"]) if Decimal(line["carried_forward"]) else ""
            table.add_row(line["participant_id"], money(line["paid"]), carried, line["currency"])
        print_table(table)
    elif run["participants"]:
        console.print(f"Nothing is due to {', '.join(run['participants'])}.")
    else:
        console.print(
            as_called(
                f"Nothing is due to anybody in pay group {run['pay_group']}; what is held is due when it is released. "
                "Other groups: earnest policy list --kind pay_group"
            )
        )
    for total in run["totals"]:
        people = counted(total["participants"], "participant")
        carried = f", {money(total['carried_forward'])} carried forward" if Decimal(total["carried_forward"]) else ""
        console.print(f"{money(total['paid'])} {total['currency']} to {people}{carried}")
    for words in _findings(run["findings"]):
        console.print(words)
    if run["touched_by"]:
        hands = ", ".join(f"{who} ({', '.join(what)})" for who, what in run["touched_by"].items())
        console.print(f"Cannot approve it, having set what it pays on: {hands}")
    if not simulated and (hint := _next(run)) is not None:
        console.print(as_called(hint))


def _findings(findings: list[dict[str, Any]]) -> Iterator[str]:
    """What stands out, each reason once with everybody whom it is about."""
    alike: dict[tuple[str, str], list[str]] = {}  # one cause stops a hundred people more often than a hundred causes
    for finding in findings:
        alike.setdefault((finding["kind"], finding["why"]), []).append(finding["participant_id"])
    for (kind, why), who in alike.items():
        more = f" and {len(who) - SOME} more" if len(who) > SOME else ""
        yield f"Look at {', '.join(who[:SOME]) or 'this'}{more}: {why} ({kind.replace('_', ' ')})"


def _next(run: dict[str, Any]) -> str | None:
    if run["state"] == "submitted":
        left = run["steps"][len(run["approvals"]) :]
        role = _as_role(left[0]) if left else ""
        return f"Next, by somebody else{role}: earnest payout approve {run['id']} --as NAME"
    hint = NEXT.get(run["state"])
    return None if hint is None else hint.format(run=run["id"])


def _as_role(role: str) -> str:
    """`approver` is what a step is called where no policy asks for a role."""
    return "" if role == "approver" else f" as {role}"
