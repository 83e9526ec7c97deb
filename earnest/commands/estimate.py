"""`earnest estimate`: what somebody would earn if open deals closed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import ANALYST, Actor, app

if TYPE_CHECKING:
    from earnest.simulation.estimate import Estimate


@app.command()
def estimate(
    participant: Annotated[str, typer.Option(help="Whose earnings.")],
    close: Annotated[
        list[str],
        typer.Option(help="Deals that close, D1,D2, each with a date where it is not the expected: D2:2025-03-31."),
    ],
    plan: Annotated[
        list[Path] | None, typer.Option(help="A plan file, or a folder of plan files; may be repeated.")
    ] = None,
    deals: Annotated[Path | None, typer.Option(help="Deals, the open ones among them: CSV, XLSX or Parquet.")] = None,
    roster: Annotated[Path | None, typer.Option(help="Participants: CSV, XLSX or Parquet.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, one document.")] = False,
    who: Actor = ANALYST,
) -> None:
    """What would I earn if these open deals closed? The calculation itself, on the deals as they would be.

    From files where --plan, --deals and --roster are named, otherwise of the running installation.
    """
    from earnest.live.facts import inputs_given
    from earnest.simulation.estimate import closings
    from earnest.simulation.estimate import estimate as estimated

    inputs = inputs_given(plan, deals, roster=roster, who=who)
    result = estimated(inputs, participant, closing=closings(close))
    if json:
        _as_json(result, participant)
    else:
        _as_table(result, participant)


def _rows(result: Estimate) -> list[dict[str, str]]:
    from earnest.files.display import money

    currencies = result.earnings["currency"].unique()
    table = result.earnings.with_columns(money(name, currencies).alias(name) for name in ("now", "then", "change"))
    return table.to_dicts()


def _as_json(result: Estimate, participant: str) -> None:
    import orjson

    from earnest.files.display import money

    currencies = result.credits["currency"].unique()
    credits = result.credits.select(
        "deal_id", "rule", "credit_date", amount=money("amount", currencies), currency="currency"
    ).to_dicts()
    document = {"participant_id": participant, "earnings": _rows(result), "credits": credits}
    typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def _as_table(result: Estimate, participant: str) -> None:
    from decimal import Decimal

    from rich.console import Console
    from rich.table import Table

    rows = _rows(result)
    table = Table("period", "component", title=f"What {participant} would earn")
    for name in ("now", "then", "change"):
        table.add_column(name, justify="right")
    table.add_column("currency")
    for row in rows:
        if row["change"].strip("-0."):
            table.add_row(*(row[name] for name in ("period", "component", "now", "then", "change", "currency")))
    console = Console(highlight=False)
    if not table.rows:
        console.print(f"These deals would not change what {participant} earns.", markup=False)
        return
    for currency in sorted({row["currency"] for row in rows}):
        of = [row for row in rows if row["currency"] == currency]
        now, then, change = (f"{sum(Decimal(row[name]) for row in of):f}" for name in ("now", "then", "change"))
        table.add_section()
        table.add_row("all", "all", now, then, change, currency)
    console.print(table)
