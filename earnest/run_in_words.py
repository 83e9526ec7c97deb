"""A payout run on a terminal: what it pays whom, what stands out, who cannot approve it, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from earnest.tables import print_table
from shared.formatting import grouped

SOME = 6
"""Names that a line lists before it only counts."""
NEXT = {
    "calculated": "Next: earnest payout submit {run}",
    "approved": "Next: earnest payout export {run}",
    "exported": "Next: payroll fetches the files and acknowledges them (earnest payroll list, earnest payroll ack)",
    "acknowledged": "Next, when payroll has paid: earnest payout paid {run}",
}


def show_run(found: dict[str, Any], simulated: bool = False) -> None:
    """Print a run as the API tells it; `simulated` is what a run would be that is not made."""
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=True, highlight=False, markup=False)
    by = "".join(f", approved by {each['approver']}{_as_role(each['role'])}" for each in found["approvals"])
    head = "Simulated, nothing is kept" if simulated else f"{found['id']}: {found['state']}, by {found['author']}{by}"
    console.print(head)
    console.print(
        f"Pay group {found['pay_group']}, {found['starts']} to {found['ends']}, paid on {found['pay_date']}; "
        + (f"its approval closes {found['closes']}" if found["closes"] else "it closes no month")
    )
    if found["lines"]:
        table = Table("participant")
        for name in ("paid", "carried forward"):
            table.add_column(name, justify="right")
        table.add_column("currency")
        for line in found["lines"]:
            carried = money(line["carried_forward"]) if Decimal(line["carried_forward"]) else ""
            table.add_row(line["participant_id"], money(line["paid"]), carried, line["currency"])
        print_table(table)
    else:
        console.print(
            f"Nothing is due to anybody in pay group {found['pay_group']}. Other groups: earnest policy list --kind pay_group"
        )
    for total in found["totals"]:
        people = "1 participant" if total["participants"] == 1 else f"{total['participants']} participants"
        carried = f", {money(total['carried_forward'])} carried forward" if Decimal(total["carried_forward"]) else ""
        console.print(f"{money(total['paid'])} {total['currency']} to {people}{carried}")
    for words in _findings(found["findings"]):
        console.print(words)
    if found["touched_by"]:
        hands = ", ".join(f"{who} ({', '.join(what)})" for who, what in found["touched_by"].items())
        console.print(f"Cannot approve it, having set what it pays on: {hands}")
    if not simulated and (hint := _next(found)) is not None:
        console.print(hint)


def money(amount: str) -> str:
    """An amount with commas, as people read it."""
    return grouped(Decimal(amount))


def _findings(findings: list[dict[str, Any]]) -> Iterator[str]:
    """What stands out, each reason once with everybody whom it is about."""
    alike: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        alike.setdefault((finding["kind"], finding["why"]), []).append(finding["participant_id"])
    for (kind, why), who in alike.items():
        more = f" and {len(who) - SOME} more" if len(who) > SOME else ""
        yield f"Look at {', '.join(who[:SOME]) or 'this'}{more}: {why} ({kind.replace('_', ' ')})"


def _next(found: dict[str, Any]) -> str | None:
    if found["state"] == "submitted":
        left = found["steps"][len(found["approvals"]) :]
        role = _as_role(left[0]) if left else ""
        return f"Next, by somebody else{role}: earnest payout approve {found['id']} --as NAME"
    hint = NEXT.get(found["state"])
    return None if hint is None else hint.format(run=found["id"])


def _as_role(role: str) -> str:
    """`approver` is what a step is called where no policy asks for a role."""
    return "" if role == "approver" else f" as {role}"
