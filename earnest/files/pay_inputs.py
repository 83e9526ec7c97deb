"""Files about what was earned, about deals and about what happened, as the facts that pay is computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

from earnest.files.cells import DEAL_COLUMNS, BadCell, Row, identifier, refusing
from earnest.files.cost_cells import amount, currency_of, day, needed, optional
from earnest.files.deals import merged_values
from earnest.files.rejections import FileError, Rejection
from earnest.files.rows import ROW, Rows, read_rows
from shared.decimals import moved
from shared.pay.deal_facts import LOST, dated_amounts, deal_history
from shared.pay.facts import Deal, Entry
from shared.periods import Month, last_day, month_named

Fact = TypeVar("Fact")
EARNED: Final = (
    "participant_id", "period", "amount", "currency", "component", "plan", "version", "deal_id", "credit_date",
    "known_from",
)  # fmt: skip
"""The columns of what was earned."""
SCALE: Final = 6
"""Decimals of the amounts of deals, of which only proportions matter here."""


def earned_file(path: Path) -> Path:
    """The file with what was earned: the path itself, or of the folder of a calculation the lines, which know their
    deals.

    Raises:
        FileError: the folder has neither lines.csv nor earnings.csv.
    """
    if not path.is_dir():
        return path
    # Lines first: terms that wait for a deal's payment or start need to know the deal.
    for name in ("lines.csv", "earnings.csv"):
        if (path / name).is_file():
            return path / name
    raise FileError(f"{path}: there is neither lines.csv nor earnings.csv in this folder")


def read_earned(path: Path, refused: list[Rejection], *, warnings: list[str]) -> list[Entry]:
    """What was earned, a row each; rows of the same month and component add up. A column that seems to be another one
    is warned of.
    """

    def warn(_: Path, names: list[str]) -> None:
        for name in names:
            near = get_close_matches(name.lower(), EARNED, n=1, cutoff=0.8)
            if name not in EARNED and near and near[0] not in names:
                warnings.append(f"{path.name} has a column {name}, which is not used: is {near[0]} meant?")

    required = ("participant_id", "period", "amount", "currency")
    return [fact for _, fact in facts_of(path, required, fact=_earned, refused=refused, columns=warn)]


def _earned(row: Row) -> Entry:
    who, currency, month = identifier(row, "participant_id"), currency_of(row), period(row, "period")
    earned = needed(amount(row, "amount", currency=currency), "amount: it is missing")
    version = row.get("version") or "1"
    if not version.isdecimal():
        raise BadCell(f"version: {version!r} is not a whole number")
    return Entry(
        kind="earning",
        participant_id=who,
        currency=currency,
        period=month,
        amount=earned,
        day=day(row, "credit_date") or last_day(month),
        known_from=day(row, "known_from"),
        component=optional(row, "component") or "commission",
        plan=optional(row, "plan"),
        version=int(version),
        deal_id=identifier(row, "deal_id") if row.get("deal_id") else None,
    )


def period(row: Row, name: str) -> Month:
    """A month like 2026-01."""
    month = needed(row.get(name), f"{name}: it is missing")
    try:
        return month_named(month)
    except ValueError:
        raise BadCell(f"{name}: {month!r} is not a month like 2026-01") from None


def read_deal_facts(deals: Path | Rows, refused: list[Rejection]) -> dict[str, dict[str, Any]]:
    """The values of what is known of deals by path, by the rules of `earnest calc`, of a file or of rows as a mapping
    reads them; of several rows of a deal the later ones change what they say.
    """
    file, rows = "deals", deals
    if isinstance(rows, Path):
        file = rows.name
        rows = read_rows(rows, file, required=("deal_id",), used=DEAL_COLUMNS.__contains__)
    values, bad = merged_values(rows.frame, unsaid={"stage": "won"}, file=file)
    refused += [*rows.rejected.rows(), *bad]
    return values


def known_deal(values: Mapping[str, Any]) -> Deal:
    """What pay knows of a deal, from the values of its facts by path."""
    amount = None if values.get("amount") is None else _scaled(values["amount"])
    payments, refunds = (dated_amounts(values, name, units=_scaled) for name in ("payments", "refunds"))
    # With one collection that cannot be counted, no share of the deal is known: rather none than one of some of them.
    if payments is None or refunds is None:
        amount = None
    start = values.get("start_date")
    fact = deal_history(values, _scaled)
    started = date.fromisoformat(start) if start else None
    return Deal(
        amount=amount,
        payments=payments or (),
        refunds=refunds or (),
        started_on=started,
        fact=fact,
        is_lost=values.get("stage") in LOST,
    )


def _scaled(amount: str) -> int | None:
    """An amount in units of 10^-6; None where it is finer or larger than what can be counted in them."""
    whole, _, rest = moved(amount, SCALE).partition(".")
    return int(whole) if not rest.strip("0") and abs(int(whole)) < 10**18 else None


def facts_of(
    path: Path,
    required: tuple[str, ...],
    *,
    fact: Callable[[Row], Fact],
    refused: list[Rejection],
    columns: Callable[[Path, list[str]], None] | None = None,
) -> Iterator[tuple[Row, Fact]]:
    """Each row of a file as a fact; rows that are none are added to `refused`. `columns` is told the names of the
    columns.
    """
    rows = read_rows(path, path.name, required=required)
    if columns is not None:
        columns(path, [name for name in rows.frame.columns if name != ROW])
    refused += rows.rejected.rows()
    for row in rows.frame.iter_rows(named=True):
        with refusing(refused, path.name, row=row[ROW], name=row.get("participant_id") or row.get("deal_id")):
            yield row, fact(row)
