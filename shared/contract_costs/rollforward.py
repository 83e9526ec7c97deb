"""The roll-forward of the asset that ASC 340-40-50 and IFRS 15.127-128 ask for, and what of it is current."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal, NamedTuple

from shared.contract_costs.account import Accounted
from shared.contract_costs.months import month_of, name

By = Literal["month", "quarter", "year"]
SIZES: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}


class Movement(NamedTuple):
    """The asset of an entity and currency over a period, in minor units. What reduces it is negative, so that the row adds up."""

    period: str
    entity: str
    currency: str
    opening: int
    additions: int
    amortisation: int
    impairment: int
    reversal: int
    clawback: int
    closing: int
    current: int
    """What of the closing balance becomes expense in the twelve months after, as things stand at the end of the period."""
    non_current: int
    expensed: int
    """What was expensed without an asset, less what was taken back beyond it: beside the asset, for the reader."""


_CAUSES = {"run": 1, "estimate_change": 1, "impairment": 2, "reversal": 3, "clawback": 4}


def rollforward(found: Accounted, first: str, last: str, by: By = "month") -> Iterator[Movement]:
    """One row per period, entity and currency, from the period of month `first` through that of month `last`, without gaps.

    Quarters and years are those of the calendar, and are whole: the last ends where it ends even if `last` is earlier.
    """
    moved: dict[tuple[str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0] * 6))
    ends: dict[tuple[str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for asset in found.assets:
        moved[asset.line.entity, asset.line.currency][asset.recognised][0] += asset.total
    for row in found.rows:
        moved[row.asset.line.entity, row.asset.line.currency][row.month][_CAUSES[row.source]] -= row.amount
    for spent in found.expenses:
        moved[spent.entity, spent.currency][spent.month][5] += spent.total
    for closing in found.closings:
        end = ends[closing.asset.line.entity, closing.asset.line.currency][closing.month]
        end[0] += closing.carrying
        end[1] += closing.in_a_year
    size = SIZES[by]
    begin, finish = month_of(first) // size * size, month_of(last) // size * size
    for (entity, currency), months in sorted(moved.items()):
        opening = sum(sum(cells[:5]) for month, cells in months.items() if month < begin)
        for start in range(begin, finish + 1, size):
            within = [months[month] for month in range(start, start + size) if month in months]
            cells = [sum(column) for column in zip([0] * 6, *within, strict=True)]
            added, amortised, impaired, reversed_, clawed, expensed = cells
            closing_balance = opening + sum(cells[:5])
            _, later = ends[entity, currency].get(start + size - 1, (0, 0))
            yield Movement(
                period_name(start, by),
                entity,
                currency,
                opening,
                added,
                amortised,
                impaired,
                reversed_,
                clawed,
                closing_balance,
                closing_balance - later,
                later,
                expensed,
            )
            opening = closing_balance


def period_name(start: int, by: By) -> str:
    """The name of the period that begins with a month: `2026-01`, `2026-Q1`, `2026`."""
    if by == "month":
        return name(start)
    return f"{start // 12:04d}" + (f"-Q{start % 12 // 3 + 1}" if by == "quarter" else "")
