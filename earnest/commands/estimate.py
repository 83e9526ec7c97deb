"""`earnest estimate`: what somebody would earn if open deals closed, and what it takes to earn so much."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from earnest.commands import ANALYST, Actor, app
from earnest.terminal import tell_unused

if TYPE_CHECKING:
    from earnest.files.kernel_inputs import KernelInputs
    from earnest.simulation.estimate import Estimate
    from earnest.simulation.target import Question, Span


@app.command()
def estimate(
    participant: Annotated[str, typer.Option(help="Whose earnings.")],
    close: Annotated[
        list[str] | None,
        typer.Option(help="Deals that close, D1,D2, each with a date where it is not the expected: D2:2025-03-31."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The pay to reach, in major units: how much must one further deal be worth?")
    ] = None,
    by: Annotated[str | None, typer.Option(help="With --target: the day on which the further deal closes.")] = None,
    over: Annotated[
        Literal["month", "quarter", "half_year", "year"],
        typer.Option(help="With --target: of which time the pay counts, that in which --by lies."),
    ] = "month",
    sell: Annotated[
        list[str] | None,
        typer.Option(help="With --target: a column of the further deal, as product=Pro; may be repeated."),
    ] = None,
    number: Annotated[int, typer.Option(min=1, max=50, help="With --target: so many further deals, equal ones.")] = 1,
    plan: Annotated[
        list[Path] | None, typer.Option(help="A plan file, or a folder of plan files; may be repeated.")
    ] = None,
    deals: Annotated[Path | None, typer.Option(help="Deals, the open ones among them: CSV, XLSX or Parquet.")] = None,
    roster: Annotated[Path | None, typer.Option(help="Participants: CSV, XLSX or Parquet.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, one document.")] = False,
    who: Actor = ANALYST,
) -> None:
    """What would I earn if these open deals closed? And what must I sell to earn so much?

    The calculation itself, on the deals as they would be. With --target: the least amount of one further deal with
    which the pay of a month, quarter or year reaches it. From files where --plan, --deals and --roster are named,
    otherwise of the running installation.
    """
    from earnest.live.facts import inputs_given
    from earnest.simulation.estimate import closings, with_closed
    from earnest.simulation.estimate import estimate as estimated

    if target is None and not close:
        raise typer.BadParameter("say with --close which deals close, or with --target what you want to earn")
    for option, given in {"--by": by, "--sell": sell}.items():
        if target is None and given:
            raise typer.BadParameter(f"{option} goes with --target, which says how much is to be earned")
    closing = closings(close or [])
    inputs = inputs_given(plan, deals, roster=roster, who=who)
    tell_unused(inputs.rejected)
    if target is not None:
        question = _question(participant, target, by=by, over=over, sell=sell, number=number)
        _tell_target(with_closed(inputs, closing), question, json=json)
        return
    result = estimated(inputs, participant, closing=closing)
    if json:
        _as_json(result, participant)
    else:
        _as_table(result, participant)


def _question(
    participant: str, target: str, *, by: str | None, over: Span, sell: list[str] | None, number: int
) -> Question:
    from datetime import date

    from earnest.files.rejections import FileError
    from earnest.simulation.target import Question
    from shared.decimals import NotDecimal, plain_decimal

    if by is None:
        raise FileError("--target: say with --by on which day the further deal closes, as --by 2025-03-31")
    try:
        # Only whole groups of three: 6,5 may be six and a half, and is not guessed at.
        grouped = re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", target)
        wanted, day = plain_decimal(target.replace(",", "") if grouped else target), date.fromisoformat(by)
    except NotDecimal as error:
        raise FileError(f"--target: {error}") from None
    except ValueError:
        raise FileError(f"--by: {by} is no date; write it as 2025-03-31") from None
    columns = dict(_named(text) for text in sell or [])
    return Question(participant=participant, target=wanted, by=day, over=over, columns=columns, number=number)


def _named(text: str) -> tuple[str, str]:
    from earnest.files.rejections import FileError

    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise FileError(f"--sell {text}: write the column and what it is, as product=Pro")
    return name.strip(), value.strip()


def _tell_target(inputs: KernelInputs, question: Question, *, json: bool) -> None:
    from earnest.local.home import company_zone
    from earnest.simulation.target import answer
    from earnest.simulation.target_words import document, sentences

    found = answer(inputs, question, zone=company_zone())
    if json:
        import orjson

        typer.echo(orjson.dumps(document(found, question), option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo("\n".join(sentences(found, question)))


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
    document = {
        "participant_id": participant,
        "earnings": _rows(result),
        "credits": credits,
        "used_up": result.used_up,
    }
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
    changes = bool(table.rows)
    for currency in sorted({row["currency"] for row in rows}):
        of = [row for row in rows if row["currency"] == currency]
        now, then, change = (f"{sum(Decimal(row[name]) for row in of):f}" for name in ("now", "then", "change"))
        table.add_section()
        table.add_row("all", "all", now, then, change, currency)
    if changes:
        console.print(table)
    else:
        console.print(f"These deals would not change what {participant} earns.", markup=False)
    for said in result.used_up:
        console.print(f"{said}.", markup=False, soft_wrap=True)
