"""`earnest payout ledger`: what is booked: balances, the journal of a participant, the trial balance of a month."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from earnest.client import connected, pages
from earnest.commands import AUTHOR, Actor
from earnest.commands.payout import payout
from earnest.terminal import money, print_table

ledger = typer.Typer(no_args_is_help=True, help="What is booked: balances, journals, the trial balance of a month.")
payout.add_typer(ledger, name="ledger")

ACCOUNTS = ("earned", "adjusted", "guaranteed", "paid", "held", "payable", "draw", "clawback")
ALWAYS = ("earned", "paid", "payable")
EQUATION = "earned + adjusted + guaranteed = paid + held + payable - draw - clawback"
"""That debits equal credits, with every account on the side on which it is positive."""
PAGE = 1000
"""How many keys one request asks for; the journal asks for as many as it shows."""


class Key(StrEnum):
    """What balances can be summed by."""

    PARTICIPANT = "participant"
    COST_CENTER = "cost-center"
    ENTITY = "entity"
    PAY_GROUP = "pay-group"


@ledger.command()
def balances(
    participant: Annotated[str | None, typer.Argument(metavar="[PARTICIPANT]", help="Only this one.")] = None,
    by: Annotated[Key, typer.Option(help="What to sum by.")] = Key.PARTICIPANT,
    who: Actor = AUTHOR,
) -> None:
    """Every account, per currency, of one participant or summed by participant, cost center, entity or pay group."""
    from rich.console import Console
    from rich.table import Table

    client = connected()
    if participant is not None:
        path = f"/v1/participants/{quote(participant)}/balance"
        rows = [{"key": participant, **row} for row in client.get(path, who=who)["balances"]]
    else:
        query = {"by": by.value.replace("-", "_"), "limit": PAGE}
        rows = [row for page in pages(client, "/v1/balances", query=query, who=who) for row in page["balances"]]
    table = Table(by.value.replace("-", " ") if participant is None else "participant", "currency")
    used = [account for account in ACCOUNTS if account in ALWAYS or any(Decimal(row[account]) for row in rows)]
    for account in used:
        table.add_column(account, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row["key"] or "(none)", row["currency"], *(money(row[account]) for account in used))
    console = Console(highlight=False)
    if not rows:
        console.print(f"Nothing is booked{'' if participant is None else f' for {participant}'}.", soft_wrap=True)
        return
    print_table(table)
    console.print(EQUATION)
    if len(used) < len(ACCOUNTS):
        console.print(f"Nothing on {', '.join(account for account in ACCOUNTS if account not in used)}.")


@ledger.command()
def journal(
    participant: Annotated[str, typer.Argument(metavar="PARTICIPANT", help="Whose journal.")],
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many entries, the latest first.")] = 50,
    who: Actor = AUTHOR,
) -> None:
    """What was booked for a participant, the latest first: when, about which month, on which accounts, and why."""
    from rich.console import Console
    from rich.table import Table

    path = f"/v1/participants/{quote(participant)}/journal?{urlencode({'limit': limit})}"
    page = connected().get(path, who=who)
    table = Table("no.", "month", "about", "kind", "account", "amount", "for", "cause", "sha256")
    table.columns[5].justify = "right"
    for entry in page["journals"]:
        head = (str(entry["number"]), entry["period"], entry["origin_period"], entry["kind"])
        tail = (_cause(entry), entry["sha256"][:12])
        for number, posting in enumerate(entry["postings"]):
            amount = f"{money(posting['amount'])} {posting['currency']}"
            line = (posting["account"], amount, _part(posting))
            table.add_row(*(head if number == 0 else ("",) * 4), *line, *(tail if number == 0 else ("", "")))
    console = Console(highlight=False)
    print_table(table, f"Nothing is booked for {participant}.")
    if page["next"] is not None:
        console.print("There are older entries: ask for more with --limit.")


@ledger.command("trial-balance")
def trial_balance(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="The month, as 2025-03.")],
    entity: Annotated[str | None, typer.Option(help="Of this legal entity only.")] = None,
    who: Actor = AUTHOR,
) -> None:
    """What a month found on each account, debited, credited and left there. Debits are positive."""
    from rich.table import Table

    query = {"period": period} | ({} if entity is None else {"entity": entity})
    balance = connected().get(f"/v1/trial-balance?{urlencode(query)}", who=who)
    columns = ("opening", "debits", "credits", "closing")
    table = Table("account", "currency", title=f"{period}{'' if entity is None else f', entity {entity}'}")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for row in balance["accounts"]:
        table.add_row(row["account"], row["currency"], *(money(row[name]) for name in columns))
    for currency in sorted({row["currency"] for row in balance["accounts"]}):
        rows = [row for row in balance["accounts"] if row["currency"] == currency]
        sums = [sum((Decimal(row[name]) for row in rows), Decimal()) for name in columns]
        table.add_section()
        table.add_row("sum", currency, *(f"{amount:,}" for amount in sums))
    print_table(table, f"Nothing is booked up to {period}{'' if entity is None else f' of entity {entity}'}.")


def _cause(entry: dict[str, Any]) -> str:
    cause = ", ".join(f"{name} {value}" for name, value in entry["cause"].items())
    return f"{cause} ({entry['actor']})"


def _part(posting: dict[str, Any]) -> str:
    if posting["component"] is None:
        return ""
    deal = f", deal {posting['deal']}" if posting["deal"] else ""
    return f"{posting['component']} of {posting['plan']} {posting['version']}{deal}"
