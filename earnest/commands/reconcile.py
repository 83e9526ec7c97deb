"""`earnest reconcile`: what payroll says it paid against what was released, to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from earnest.commands import app
from earnest.terminal import print_table


@app.command()
def reconcile(
    batch: Annotated[str, typer.Option("--batch", metavar="BATCH", help="The released batch.")],
    paid: Annotated[Path, typer.Option("--paid", metavar="FILE", help="Payroll's export, CSV or XLSX, with headings.")],
    person: Annotated[str, typer.Option(help="The column with payroll's id of the person.")] = "person",
    amount: Annotated[str, typer.Option(help="The column with the amount paid.")] = "amount",
    currency: Annotated[str, typer.Option(help="The column with the currency, or the currency of all.")] = "currency",
    code: Annotated[
        str | None, typer.Option(help="The column with payroll's pay code; without, sums per person.")
    ] = None,
    delimiter: Annotated[str, typer.Option(help="The sign between columns of a CSV; `tab` for tabs.")] = ",",
    decimal: Annotated[str, typer.Option(help="The sign before the decimals.")] = ".",
    who: Annotated[str, typer.Option("--as", metavar="NAME", help="Who acts: a key in the folder's keys/.")] = "dana",
) -> None:
    """Compare what payroll paid with what was released: underpaid, overpaid, missing, unexpected. Exit code 1 where
    they differ.
    """
    from rich.console import Console
    from rich.table import Table

    from earnest.client import connected
    from earnest.files.payments_file import PaymentColumns, PaymentsFileError, read_payments
    from earnest.local.processes import LocalError

    sign = "\t" if delimiter == "tab" else delimiter
    if len(sign) != 1 or decimal not in {".", ","}:
        raise LocalError("the delimiter is one sign, and the decimal sign is . or ,")
    try:
        payments = read_payments(
            paid,
            PaymentColumns(person=person, amount=amount, currency=currency, code=code, delimiter=sign, decimal=decimal),
        )
    except PaymentsFileError as error:
        raise LocalError(str(error)) from None
    body = {"source": paid.name, "paid": payments}
    path = f"/v1/payroll/batches/{batch}/reconciliation"
    comparison = connected().post(path, who=who, body=body)
    console = Console(soft_wrap=True, highlight=False)
    sums = "; ".join(_sums(comparison)) or "nothing released and nothing paid"
    console.print(f"{batch}: {comparison['matched']} lines agree; {sums}.")
    if not comparison["findings"]:
        return
    table = Table()
    for name in ("what", "person", "code", "released", "paid", "currency"):
        table.add_column(name, justify="right" if name in {"released", "paid"} else "left", no_wrap=True)
    for line in comparison["findings"]:
        table.add_row(
            line["kind"], line["person"], line["code"] or "", line["released"], line["paid"], line["currency"]
        )
    print_table(table)
    raise typer.Exit(1)


def _sums(comparison: dict[str, Any]) -> Iterator[str]:
    released, paid = comparison["released"], comparison["paid"]
    for currency in sorted(released | paid):
        yield f"{released.get(currency, '0')} released and {paid.get(currency, '0')} paid in {currency}"
