"""`earnest pay`: what everybody is paid, from files alone: payment terms over what was earned, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.commands import a_folder, app
from shared.allocation_order import Order

if TYPE_CHECKING:
    import polars as pl

    from earnest.files.pay import PayResult

SHOWN = 24
ALWAYS = ("participant_id", "pay_period", "currency", "paid")


@app.command()
def pay(
    terms: Annotated[
        list[Path], typer.Option(help="Payment terms (YAML or JSON), or a folder of them; may be repeated.")
    ],
    earned: Annotated[
        Path, typer.Option(help="What was earned: CSV, XLSX or Parquet, or the --out folder of `earnest calc`.")
    ],
    folder: Annotated[Path | None, typer.Argument(help="With --mapping: the folder with the company's files.")] = None,
    deals: Annotated[Path | None, typer.Option(help="What is known of deals: dates, payments, refunds.")] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="A mapping file: how the company's own deals and payments are read.")
    ] = None,
    payments: Annotated[
        Path | None, typer.Option(help="Payments by account, which are allocated to the account's deals.")
    ] = None,
    allocate: Annotated[
        Order | None,
        typer.Option(
            help="To which deals goes what names none and equals none.",
            show_default="as the mapping says, oldest_first",
        ),
    ] = None,
    events: Annotated[
        Path | None, typer.Option(help="Who joined and left, adjustments, holds, runs in between, opening balances.")
    ] = None,
    group: Annotated[
        Path | None, typer.Option(help="The pay group, whose calendar has the pay periods; months without it.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="First month or day, as 2026-01; the first earned by default.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--through", help="Last month or day, as 2026-06; the last named by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for payments.csv, steps.csv and rejected.csv.", callback=a_folder)
    ] = None,
    explain: Annotated[
        str | None, typer.Option(metavar="PARTICIPANT", help="Tell this participant's pay step by step.")
    ] = None,
) -> None:
    """Compute what is paid, pay period after pay period, from files. docs/payment-terms.md describes them."""
    from dataclasses import replace

    import polars as pl

    from earnest.files.pay import PayFiles, pay_from_files
    from earnest.files.pay_results import tables, write_pay
    from earnest.files.rejections import keep_inputs
    from earnest.imports.given import Places, company_of
    from shared.kernel import PlanSet

    if out is not None:
        of_earned = [earned / "rejected.csv"] if earned.is_dir() else [earned]
        written = [out / f"{name}.csv" for name in ("payments", "steps", "rejected")]
        keep_inputs(written, read=[*of_earned, deals, events, payments])

    company = company_of(Places(mapping=mapping, folder=folder), PlanSet([]), step=lambda _: None)
    result = pay_from_files(
        PayFiles(
            terms=terms,
            earned=earned,
            deals=deals or (company.deals if company else None),
            unused=frozenset(company.rejected["id"].drop_nulls()) if company else frozenset(),
            payments=payments or (company.payments if company else ()),
            allocate=allocate,
            events=events,
            group=group,
            first=first,
            last=last,
        )
    )
    if company is not None:
        rejected = pl.concat([company.located(result.rejected), company.rejected])
        result = replace(result, rejected=rejected)
    if explain is not None:
        _explain(result, explain)
    else:
        _show(tables(result)["payments"])
    if last is None:
        _show_open(result)
    for warning in result.warnings:
        typer.echo(f"Warning: {warning}")
    _show_findings(result)
    _show_rejected(result)
    if out is not None:
        typer.echo(f"Written: {', '.join(map(str, write_pay(result, out)))}")
    elif explain is None:
        typer.echo("Add --out DIR to get payments.csv, steps.csv and rejected.csv, or --explain PARTICIPANT.")
    # Without a hold or a leaver that somebody wrote down, what is told of everybody is wrong pay.
    if events is not None and events.name in result.rejected["file"]:
        raise typer.Exit(1)


def _explain(result: PayResult, participant: str) -> None:
    from earnest.files.pay_results import explained_steps, settlements
    from earnest.local.processes import LocalError
    from shared.money import from_minor

    theirs = [pair for pair in settlements(result) if pair[1].participant_id == participant]
    if not theirs:
        raise LocalError(f"nothing is due to a participant {participant}")
    for projected, settlement in theirs:
        run, kind = projected.run, "" if projected.run.kind == "regular" else ", off-cycle"
        typer.echo(f"{run.pay_period}{kind}, as of {run.ends}, in {settlement.currency}")
        for step in explained_steps(projected, settlement):
            typer.echo(f"  {step.words}")
        balances = {
            "carried": settlement.carried,
            "draw balance": settlement.draw,
            "owed by the participant": settlement.receivable,
            "held": sum(line.held for line in settlement.held.values()),
        }
        rest = "".join(
            f"; {name} {from_minor(amount, settlement.currency):,f}" for name, amount in balances.items() if amount
        )
        typer.echo(f"  Paid: {from_minor(settlement.paid, settlement.currency):,f}{rest}")


def _show(payments: pl.DataFrame) -> None:
    from decimal import Decimal

    from rich.table import Table

    from earnest.terminal import money, print_table

    amounts = ("paid", "carried", "draw_balance", "owed", "held")
    there = [name for name in amounts if name in ALWAYS or any(map(Decimal, payments[name]))]
    table = Table("participant_id", "pay_period", "currency")
    for name in there:
        table.add_column(name, justify="right")
    rows = payments.select("participant_id", "pay_period", "currency", *there).rows()
    for participant_id, pay_period, currency, *figures in rows[:SHOWN]:
        table.add_row(participant_id, pay_period, currency, *map(money, figures))
    print_table(table)
    if len(rows) > SHOWN:
        typer.echo(f"and {len(rows) - SHOWN:,} more, in payments.csv")


def _show_open(result: PayResult) -> None:
    """What later pay periods decide, where nobody said through which to go."""
    from earnest.files.pay_results import settlements
    from shared.money import from_minor

    lasting = {(paid.participant_id, paid.currency): (run, paid) for run, paid in settlements(result)}
    balances: dict[tuple[str, str], int] = {}
    for _, paid in lasting.values():
        held = sum(line.held for line in paid.held.values())
        for name, minor in (("draw balance", paid.draw), ("held", held), ("carried", paid.carried)):
            if minor:
                balances[name, paid.currency] = balances.get((name, paid.currency), 0) + minor
    if balances:
        rest = ", ".join(
            f"{name} {from_minor(minor, currency):,f} {currency}" for (name, currency), minor in balances.items()
        )
        through = max(run.run.pay_period for run, _ in lasting.values())
        typer.echo(f"Still open after {through}: {rest}. --through, with a later month, continues.")


def _show_findings(result: PayResult) -> None:
    from earnest.files.pay_results import settlements
    from shared.pay.review_rules import of_collection

    findings = [
        f"{settlement.participant_id}, {projected.run.pay_period}: {finding.why}"
        for projected, settlement in settlements(result)
        for finding in of_collection(settlement, result.mends)
    ]
    for line in findings[:SHOWN]:
        typer.echo(line)
    if len(findings) > SHOWN:
        typer.echo(f"and {len(findings) - SHOWN:,} more of that kind")


def _show_rejected(result: PayResult) -> None:
    from earnest.files.rejections import in_sentences

    for sentence in in_sentences(result.rejected, SHOWN):
        typer.echo(sentence)
