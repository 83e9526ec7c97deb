"""`earnest reconcile`: what payroll says it paid against what was released, to the cent, with or without an
installation.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earnest.commands import AUTHOR, Actor, app
from earnest.terminal import money, print_table
from shared.formatting import counted

if TYPE_CHECKING:
    from earnest.files.payments_file import PaymentColumns


@app.command()
def reconcile(
    paid: Annotated[Path, typer.Option("--paid", metavar="FILE", help="Payroll's export, CSV or XLSX, with headings.")],
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="BATCH", help="The released batch, of a running installation.")
    ] = None,
    released: Annotated[
        Path | None,
        typer.Option("--released", metavar="FILE", help="Or the file that was released: no installation is needed."),
    ] = None,
    person: Annotated[str, typer.Option(help="The column with payroll's id of the person.")] = "person",
    amount: Annotated[str, typer.Option(help="The column with the amount paid.")] = "amount",
    currency: Annotated[str, typer.Option(help="The column with the currency, or the currency of all.")] = "currency",
    code: Annotated[
        str | None, typer.Option(help="The column with payroll's pay code; without, sums per person.")
    ] = None,
    delimiter: Annotated[str, typer.Option(help="The sign between columns of a CSV; `tab` for tabs.")] = ",",
    decimal: Annotated[str, typer.Option(help="The sign before the decimals.")] = ".",
    released_person: Annotated[
        str,
        typer.Option(help="The person's column of the released file; of all these the plain CSV's unless said."),
    ] = "participant_id",
    released_amount: Annotated[str, typer.Option(help="Its column with the amount.")] = "amount",
    released_currency: Annotated[
        str, typer.Option(help="Its column with the currency, or the currency of all.")
    ] = "currency",
    released_code: Annotated[str, typer.Option(help="Its column with the pay code, used with --code.")] = "pay_code",
    released_delimiter: Annotated[str, typer.Option(help="Its sign between columns.")] = ",",
    released_decimal: Annotated[str, typer.Option(help="Its sign before the decimals.")] = ".",
    who: Actor = AUTHOR,
) -> None:
    """Compare what payroll paid with what was released: underpaid, overpaid, missing, unexpected. Exit code 1 where
    they differ.

    With --batch the comparison is kept, and what payroll returned is left out; with --released it is of two files.
    """
    from earnest.client import connected
    from earnest.files.payments_file import PaymentsFileError, compare, read_payments
    from earnest.local.processes import LocalError

    if (batch is None) == (released is None):
        raise LocalError("say either --batch, which an installation released, or --released, a file")
    of_paid = _columns(person=person, amount=amount, currency=currency, code=code, delimiter=delimiter, decimal=decimal)
    try:
        payments = read_payments(paid, of_paid)
        if released is not None:
            of_released = _columns(
                person=released_person,
                amount=released_amount,
                currency=released_currency,
                code=released_code if code else None,
                delimiter=released_delimiter,
                decimal=released_decimal,
                options="--released-",
            )
            comparison = compare(read_payments(released, of_released), payments)
    except PaymentsFileError as error:
        raise LocalError(str(error)) from None
    if batch is not None:
        body = {"source": paid.name, "paid": payments}
        comparison = connected().post(f"/v1/payroll/batches/{batch}/reconciliation", who=who, body=body)
    _show(batch or str(released), comparison)
    if comparison["findings"]:
        raise typer.Exit(1)


def _columns(*, delimiter: str, decimal: str, **names: Any) -> PaymentColumns:
    from earnest.files.payments_file import PaymentColumns
    from earnest.local.processes import LocalError

    sign = "\t" if delimiter == "tab" else delimiter
    if len(sign) != 1 or decimal not in {".", ","}:
        raise LocalError("the delimiter is one sign, and the decimal sign is . or ,")
    return PaymentColumns(delimiter=sign, decimal=decimal, **names)


def _show(what: str, comparison: dict[str, Any]) -> None:
    """What agrees, and each difference: what was paid less what was released."""
    from rich.console import Console
    from rich.table import Table

    sums = "; ".join(_sums(comparison)) or "nothing released and nothing paid"
    agree = f"{counted(comparison['matched'], 'line')} {'agrees' if comparison['matched'] == 1 else 'agree'}"
    Console(soft_wrap=True, highlight=False).print(f"{what}: {agree}; {sums}.")
    if not comparison["findings"]:
        return
    table = Table()
    figures = ("released", "paid", "difference")
    for name in ("what", "person", "code", *figures, "currency"):
        table.add_column(name, justify="right" if name in figures else "left", no_wrap=True)
    for line in comparison["findings"]:
        difference = money(str(Decimal(line["paid"]) - Decimal(line["released"])))
        words = (line["kind"], line["person"], line["code"] or "")
        table.add_row(*words, line["released"], line["paid"], difference, line["currency"])
    print_table(table)


def _sums(comparison: dict[str, Any]) -> Iterator[str]:
    released, paid = comparison["released"], comparison["paid"]
    for currency in sorted(released | paid):
        yield f"{released.get(currency, '0')} released and {paid.get(currency, '0')} paid in {currency}"
