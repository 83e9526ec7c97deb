"""`earnest costs`: contract costs under ASC 340-40 and IFRS 15 from files alone: schedule, roll-forward, journals, in
words.
"""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earnest.client import connected
from earnest.commands import AUTHOR, Actor, a_folder, app
from earnest.hints import as_called
from earnest.terminal import money
from shared.formatting import counted
from shared.money import minor_digits
from shared.periods import Month, month_named

if TYPE_CHECKING:
    from rich.console import Console

    from earnest.files.cost_results import Table

costs = typer.Typer(
    no_args_is_help=True,
    help="Contract costs (ASC 340-40, IFRS 15): capitalise commissions, expense them over the benefit period, "
    "roll forward.",
)
app.add_typer(costs, name="costs")

Contracts = Annotated[
    Path, typer.Option(help="Costs and events of contracts: CSV, XLSX, Parquet, YAML or JSON. docs/contract-costs.md.")
]
PolicyFile = Annotated[
    Path | None, typer.Option(help="The accounting policy: YAML or JSON; the documented defaults without it.")
]
SHOWN = 24
SAID = 3
"""Costs that a line names before it only counts: the same is mostly wrong with many."""
WIDTH = 116
"""Characters that eight amounts of some millions need; a narrower terminal wraps them rather than hiding digits."""
AMOUNTS = ("opening", "additions", "amortisation", "impairment", "reversal", "clawback", "closing", "current")
ALWAYS = ("opening", "additions", "amortisation", "closing", "current")


@costs.command()
def schedule(
    contracts: Contracts,
    policy: PolicyFile = None,
    first: Annotated[str | None, typer.Option("--from", help="First month, as 2026-01; all by default.")] = None,
    last: Annotated[str | None, typer.Option("--through", help="Last month, as 2027-12; all by default.")] = None,
    by: Annotated[str, typer.Option(help="Periods of the roll-forward: month, quarter or year.")] = "month",
    out: Annotated[Path | None, typer.Option(help="Folder for the files; made if needed.", callback=a_folder)] = None,
    form: Annotated[
        list[str] | None, typer.Option("--format", help="csv (default), json, xlsx; may be repeated.")
    ] = None,
) -> None:
    """Compute the schedule of every asset, the roll-forward and the journals, and write them with what was not used."""
    from earnest.files.contract_costs import read_costs
    from earnest.files.cost_results import tables, window, write_costs
    from earnest.local.processes import LocalError

    formats = form or ["csv"]
    if by not in {"month", "quarter", "year"}:
        raise LocalError(f"--by: {by!r} is none of month, quarter, year")
    if unknown := [name for name in formats if name not in {"csv", "json", "xlsx"}]:
        raise LocalError(f"--format: {unknown[0]!r} is none of csv, json, xlsx")
    file = read_costs(contracts, policy)
    moved_first, moved_last = window(file.books) or (first or "2026-01", last or first or "2026-01")
    begin = _month(first or moved_first, "--from")
    end = _month(last or max(moved_last, first or moved_last), "--through")
    if begin > end:
        raise LocalError(f"--from {begin} is after --through {end}")
    made = tables(file, begin, last=end, by=by)  # type: ignore[arg-type]  # checked above
    console = _wide_console()
    for note in file.notes:
        console.print(f"Note: {note}", markup=False)
    _show(made["rollforward"][1], f"Roll-forward {begin} to {end}", console=console)
    count = len(file.books.assets)
    console.print(
        f"{count:,} assets; {len(made['expensed'][1]):,} costs expensed at once; "
        f"{counted(file.rejected.height, 'row')} not used."
    )
    for row in made["rejected"][1][:SHOWN]:
        console.print(f"  row {row['row']}, {row['id'] or ''}: {row['message']}", markup=False)
    if out is None:
        console.print("Add --out DIR to get schedule, rollforward, journals, expensed and rejected as files.")
        return
    written = write_costs(made, out, formats=formats)  # type: ignore[arg-type]  # checked above
    console.print(f"Written: {', '.join(map(str, written))}", soft_wrap=True, markup=False)


@costs.command()
def explain(
    contracts: Contracts,
    contract: Annotated[str, typer.Option(help="Which contract.")],
    policy: PolicyFile = None,
) -> None:
    """Tell how a contract's costs are accounted for, to be checked with a calculator."""
    from earnest.files.contract_costs import read_costs
    from earnest.local.processes import LocalError
    from shared.contract_costs.words import in_words

    file = read_costs(contracts, policy)
    sentences = list(in_words(file.books, contract))
    for row in file.rejected.filter(file.rejected["id"] == contract).iter_rows(named=True):
        sentence = f"Not used: row {row['row']}: {row['message']}."
        if sentence not in sentences:
            sentences.append(sentence)
    if not sentences:
        raise LocalError(f"{contracts}: there is no contract {contract}")
    for sentence in sentences:
        typer.echo(sentence)


@costs.command()
def example(
    what: Annotated[str, typer.Argument(help="contracts (YAML), csv, or policy.")] = "contracts",
) -> None:
    """Print a commented input to begin with: `earnest costs example > contracts.yaml`."""
    from earnest.local.processes import LocalError

    names = {"contracts": "contracts.yaml", "csv": "contracts.csv", "policy": "policy.yaml"}
    if what not in names:
        raise LocalError(f"there is no example {what!r}; write contracts, csv or policy")
    typer.echo((files("earnest.files") / "cost_examples" / names[what]).read_text(encoding="utf-8"), nl=False)


@costs.command()
def book(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="The month, as 2026-06. It must have ended.")],
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Book earlier months that are not booked yet in this one, too.")
    ] = False,
    who: Actor = AUTHOR,
) -> None:
    """Book a month in the running installation: what the facts say by now, less what is booked."""
    query = "?catch_up=true" if catch_up else ""
    answer = connected().post(f"/v1/contract-costs/periods/{period}{query}", who=who)
    batch = answer["batch"]
    typer.echo(
        f"{batch['id']}: {batch['entries']:,} entries"
        if batch
        else f"{period} is booked, and nothing has changed since."
    )
    for row in batch["balances"] if batch else ():
        entity = f"{row['entity']}: " if row["entity"] else ""
        amounts = f"{money(row['carrying'])} {row['currency']} carried, {money(row['current'])} of it current"
        typer.echo(f"  {entity}{amounts}")
    alike: dict[str, list[str]] = {}
    for row in answer["not_used"]:
        alike.setdefault(row["message"], []).append(row["source"] or row["id"])
    for message, which in alike.items():
        more = f" and {len(which) - SAID:,} more" if len(which) > SAID else ""
        typer.echo(f"  not used: {', '.join(which[:SAID])}{more}: {message}")


@costs.command()
def rollforward(
    first: Annotated[str, typer.Option("--from", help="First month, as 2026-01.")],
    last: Annotated[str, typer.Option("--through", help="Last month, as 2026-12.")],
    who: Actor = AUTHOR,
) -> None:
    """The roll-forward of what is booked in the running installation."""
    answer = connected().get(f"/v1/contract-costs/rollforward?first={first}&last={last}", who=who)
    words = {"period", "entity", "currency"}
    rows: Table = [
        {name: cell if name in words else Decimal(cell or 0) for name, cell in row.items()}
        for row in answer["movements"]
    ]
    console = _wide_console()
    _show(rows, f"Booked {first} to {last}", console=console)
    if not rows:
        console.print(as_called("Nothing is booked: earnest costs book PERIOD"))


def _month(text: str, option: str) -> Month:
    from earnest.local.processes import LocalError

    try:
        return month_named(text)
    except ValueError:
        raise LocalError(f"{option}: {text!r} is not a month like 2026-01") from None


def _wide_console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.width >= WIDTH else Console(highlight=False, width=WIDTH)


def _show(rows: Table, title: str, *, console: Console) -> None:
    """A table per entity and currency, without the columns in which nothing happens."""
    from rich.box import SIMPLE
    from rich.table import Table as Shown

    for who in dict.fromkeys((row["entity"], row["currency"]) for row in rows):
        own = [row for row in rows if (row["entity"], row["currency"]) == who]
        names = [name for name in AMOUNTS if name in ALWAYS or any(row[name] for row in own)]
        shown = Shown(title=f"{title}, {' '.join(filter(None, who))}", box=SIMPLE)
        shown.add_column("period", no_wrap=True)
        for name in names:
            shown.add_column(name, justify="right", no_wrap=True)
        kept = own if len(own) <= SHOWN else [*own[: SHOWN // 2], *own[-SHOWN // 2 :]]
        for row in kept:
            digits = minor_digits(row["currency"])
            shown.add_row(row["period"], *(f"{row[name]:,.{digits}f}" for name in names))
        console.print(shown)
        if len(kept) < len(own):
            console.print(f"{len(own) - len(kept):,} periods in the middle are not shown; --by year makes fewer.")
