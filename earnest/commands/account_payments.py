"""`earnest account-payments`: what customers paid on their accounts, and what of it no deal takes."""

from __future__ import annotations

from typing import Annotated

import typer

from earnest.commands import ANALYST, Actor, app


@app.command("account-payments")
def account_payments(
    left: Annotated[bool, typer.Option("--left", help="Only those of which something is left.")] = False,
    account: Annotated[str | None, typer.Option(help="Of this account only.")] = None,
    who: Actor = ANALYST,
) -> None:
    """Payments by account in the running installation: to which deals each is allocated, and what is left of it."""
    from rich.table import Table

    from earnest.client import connected
    from earnest.live.facts import account_payments as payments
    from earnest.terminal import money, print_table

    table = Table("date", "account", "payment", "reference")
    table.add_column("amount", justify="right", no_wrap=True)
    table.add_column("allocated to")
    table.add_column("left", justify="right", no_wrap=True)
    for paid in payments(connected(), left=left, account=account, who=who):
        deals = ", ".join(f"{share['deal_id']} {money(share['amount'])}" for share in paid["deals"])
        table.add_row(
            paid["date"],
            paid["account"],
            paid["payment_id"],
            paid["reference"] or "",
            f"{money(paid['amount'])} {paid['currency']}",
            deals,
            money(paid["left"]) if paid["left"] else "",
        )
    print_table(table, "Nothing is left of any payment." if left else "No payment by account has come in.")
