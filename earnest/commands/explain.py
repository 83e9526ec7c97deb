"""`earnest explain`: how an earning came about, in words and numbers, from files or of the running installation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import ANALYST, Actor, app
from earnest.terminal import tell_unused

if TYPE_CHECKING:
    from rich.console import Console

    from earnest.files.earning_explanations import EarningExplanation


@app.command()
def explain(
    participant: Annotated[str, typer.Option(help="Whose earnings.")],
    plan: Annotated[
        list[Path] | None, typer.Option(help="A plan file, or a folder of plan files; may be repeated.")
    ] = None,
    deals: Annotated[Path | None, typer.Option(help="Deals: CSV, XLSX or Parquet.")] = None,
    roster: Annotated[Path | None, typer.Option(help="Participants: CSV, XLSX or Parquet.")] = None,
    period: Annotated[str | None, typer.Option(help="Of one period only, such as 2025-03.")] = None,
    component: Annotated[str | None, typer.Option(help="Of one component only.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, one document.")] = False,
    who: Actor = ANALYST,
) -> None:
    """Tell the lines of someone's earnings: every deal, tier, rate and rounding, to be checked with a calculator.

    From files where --plan, --deals and --roster are named, otherwise of the running installation.
    """
    from rich.console import Console

    from earnest.files.earning_explanations import explain_earnings
    from earnest.live.facts import inputs_given

    inputs = inputs_given(plan, deals, roster=roster, who=who)
    tell_unused(inputs.rejected)
    explanations = explain_earnings(inputs, participant, period=period, component=component)
    if json:
        import orjson

        documents = [explanation.model_dump(mode="json") for explanation in explanations]
        typer.echo(orjson.dumps({"earnings": documents}, option=orjson.OPT_INDENT_2).decode())
        return
    console = Console(highlight=False)
    for explanation in explanations:
        _show(explanation, console)


def _show(explanation: EarningExplanation, console: Console) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    head = f"{explanation.component}, {explanation.period}: {explanation.amount:,f} {explanation.currency}"
    console.print(f"[bold]{escape(head)}[/bold]")
    for part in explanation.parts:
        console.print(Padding(escape(part.sentence), (0, 0, 0, 2)))
        for line in part.lines:
            console.print(Padding(escape(f"{line.line}. {line.sentence}"), (0, 0, 0, 4)))
    console.print()
