"""Files about what was earned, about deals and about what happened, as the facts that pay is computed from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from earnest.files.cells import BadCell, dated_amounts
from earnest.files.cost_cells import amount, currency_of, day, needed, optional, text
from earnest.files.rejected import BAD_VALUE, FileError
from earnest.files.rows import ROW, read_rows
from services.payout.deal_facts import DealFact
from services.payout.runs.pay_facts import Deal, Entry
from services.payout.terms.release import Collection
from shared.decimals import NotDecimal, moved, plain_decimal
from shared.periods import last_day, period_of

Row = Mapping[str, str | None]
Fact = TypeVar("Fact")
Refused = list[tuple[str, int | None, str | None, str, str]]
"""Rows that were not used, as `earnest.files.rejected` tells them."""
SCALE: Final = 6
"""Decimals of the amounts of deals, of which only proportions matter here."""


def earned_file(path: Path) -> Path:
    """The file with what was earned: the path itself, or of the folder of a calculation the lines, which know their deals.

    Raises:
        FileError: the folder has neither lines.csv nor earnings.csv.
    """
    if not path.is_dir():
        return path
    for name in ("lines.csv", "earnings.csv"):
        if (path / name).is_file():
            return path / name
    raise FileError(f"{path}: there is neither lines.csv nor earnings.csv in this folder")


def read_earned(path: Path, refused: Refused) -> list[Entry]:
    """What was earned, a row each; rows of the same month and component add up."""
    return [fact for _, fact in facts_of(path, ("participant_id", "period", "amount", "currency"), _earned, refused)]


def _earned(row: Row) -> Entry:
    who, currency, month = text(row, "participant_id"), currency_of(row), period(row, "period")
    earned = needed(amount(row, "amount", currency), "amount: it is missing")
    version = row.get("version") or "1"
    if not version.isdecimal():
        raise BadCell(f"version: {version!r} is not a whole number")
    return Entry(
        "earning",
        who,
        currency,
        month,
        earned,
        day(row, "credit_date") or last_day(month),
        day(row, "known_from"),
        optional(row, "component") or "commission",
        optional(row, "plan"),
        int(version),
        optional(row, "deal_id") or None,
    )


def period(row: Row, name: str) -> str:
    """A month like 2026-01."""
    found = needed(row.get(name), f"{name}: it is missing")
    try:
        if period_of(date.fromisoformat(f"{found}-01")) == found:
            return found
    except ValueError:
        pass
    raise BadCell(f"{name}: {found!r} is not a month like 2026-01")


def read_deals(path: Path, refused: Refused) -> dict[str, Deal]:
    """What is known of deals; of several rows of a deal the later ones change what they say."""
    merged: dict[str, dict[str, Any]] = {}
    for row, facts in facts_of(path, ("deal_id",), _deal, refused):
        merged.setdefault(row["deal_id"] or "", {}).update(
            {name: value for name, value in facts.items() if value is not None}
        )
    return {name: _known(facts) for name, facts in merged.items()}


def _deal(row: Row) -> dict[str, Any]:
    text(row, "deal_id")
    found: dict[str, Any] = {name: day(row, name) for name in ("close_date", "start_date", "cancel_date")}
    found["amount"] = _scaled("amount", row["amount"] or "") if row.get("amount") else None
    for name in ("payments", "refunds"):
        if row.get(name):
            found[name] = [
                Collection(needed(day(each, "date"), f"{name}: a date is missing"), _scaled(name, each["amount"]))
                for each in dated_amounts(name, row[name] or "").values()
            ]
    return found


def _scaled(name: str, cell: str) -> int:
    try:
        plain_decimal(cell)  # without exponent, as in every file
        whole, _, rest = moved(cell, SCALE).partition(".")
        found = None if rest.strip("0") else int(whole)
    except NotDecimal:
        found = None
    if found is None or abs(found) >= 10**18:
        raise BadCell(f"{name}: {cell!r} is not an amount like 1200.50")
    return found


def _known(facts: Mapping[str, Any]) -> Deal:
    refunds: list[Collection] = facts.get("refunds", [])
    came_in = [*facts.get("payments", []), *(Collection(each.day, -each.amount) for each in refunds)]
    since = facts.get("start_date") or facts.get("close_date")
    lost = [each.day for each in refunds] + ([facts["cancel_date"]] if facts.get("cancel_date") else [])
    how: Literal["cancelled", "refunded"] = "cancelled" if facts.get("cancel_date") else "refunded"
    fact = DealFact(since, max(lost, default=None), how if lost else None) if since else None
    return Deal(facts.get("amount"), sorted(came_in), facts.get("start_date"), fact)


def facts_of(
    path: Path, required: tuple[str, ...], fact: Callable[[Row], Fact], refused: Refused
) -> Iterator[tuple[Row, Fact]]:
    """Each row of a file as a fact; rows that are none are added to `refused`."""
    rows = read_rows(path, path.name, required)
    refused += rows.rejected.rows()
    for row in rows.frame.iter_rows(named=True):
        try:
            yield row, fact(row)
        except BadCell as error:
            name = row.get("participant_id") or row.get("deal_id")
            refused.append((path.name, row[ROW], name, BAD_VALUE, str(error)))
