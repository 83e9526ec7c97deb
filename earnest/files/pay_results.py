"""The files that a calculation of pay leaves: payments.csv, steps.csv and rejected.csv, the same bytes for the same
input.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from earnest.files.pay import PayResult, terms_of
from earnest.files.rejections import output_folder
from shared.money import from_minor
from shared.pay.explanation import ExplainedStep, explained
from shared.pay.projection import ProjectedRun
from shared.pay.settlement import Settlement
from shared.spreadsheets import write_csv

PAYMENTS = (
    "participant_id",
    "pay_period",
    "run",
    "ends",
    "pay_date",
    "currency",
    "paid",
    "carried",
    "draw_balance",
    "owed",
    "held",
)
STEPS = (
    "participant_id",
    "pay_period",
    "run",
    "currency",
    "number",
    "step",
    "amount",
    "about",
    "component",
    "deal_id",
    "payable",
    "words",
)


def tables(result: PayResult) -> dict[str, pl.DataFrame]:
    """What is written, by the name of the file."""
    return {
        "payments": _table(PAYMENTS, (_payment(*pair) for pair in settlements(result))),
        "steps": _table(STEPS, (row for pair in settlements(result) for row in _steps(*pair))),
        "rejected": result.rejected,
    }


def write_pay(result: PayResult, folder: Path) -> list[Path]:
    """Write the files into a folder, which is made when it is not there.

    Raises:
        FileError: the folder cannot be written.
    """
    written = []
    with output_folder(folder):
        for name, table in tables(result).items():
            written.append(folder / f"{name}.csv")
            write_csv(table, written[-1])
    return written


def settlements(result: PayResult) -> Iterator[tuple[ProjectedRun, Settlement]]:
    """Everybody's pay, by participant and currency, each in the order of the runs."""
    # A stable sort: the runs of a person stay in the order in which they were made.
    every = [(projected, settlement) for projected in result.runs for settlement in projected.settlements]
    yield from sorted(every, key=lambda pair: (pair[1].participant_id, pair[1].currency))


def explained_steps(projected: ProjectedRun, settlement: Settlement) -> Iterator[ExplainedStep]:
    """The steps of a settlement in words."""
    yield from explained(settlement, terms_of(projected, settlement), month=projected.run.month)


def _payment(projected: ProjectedRun, settlement: Settlement) -> tuple[str, ...]:
    run = projected.run
    held = sum(minor.held for minor in settlement.held.values())
    amounts = (settlement.paid, settlement.carried, settlement.draw, settlement.receivable, held)
    who = (settlement.participant_id, run.pay_period, run.kind, run.ends.isoformat(), run.pay_date.isoformat())
    return (*who, settlement.currency, *(str(from_minor(minor, settlement.currency)) for minor in amounts))


def _steps(projected: ProjectedRun, settlement: Settlement) -> Iterator[tuple[str, ...]]:
    for number, (line, after, words) in enumerate(explained_steps(projected, settlement), 1):
        amount, payable = (str(from_minor(minor, settlement.currency)) for minor in (line.amount, after))
        who = (
            settlement.participant_id,
            projected.run.pay_period,
            projected.run.kind,
            settlement.currency,
            str(number),
        )
        yield (*who, line.step, amount, line.about, line.component or "", line.deal_id or "", payable, words)


def _table(columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict.fromkeys(columns, pl.String), orient="row")
