"""The roll-forward of the asset that ASC 340-40-50 and IFRS 15.127-128 ask for, and what of it is current."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, NamedTuple

from shared.contract_costs.entries import Entry, EntryKind
from shared.contract_costs.schedule import ContractCostBooks
from shared.periods import Month, first_day, month_number, month_of_number

By = Literal["month", "quarter", "year"]
SIZES: Final[dict[By, int]] = {"month": 1, "quarter": 3, "year": 12}
REDUCTIONS: Final[tuple[EntryKind, ...]] = ("amortisation", "impairment", "reversal", "clawback")
"""What takes off the asset what is capitalised; expense never was on it."""
InAYear = Callable[[str, str, int], int | None]
"""What of an entity's and currency's asset at the end of a month is still carried a year later; None where that month
was not closed."""


class Movement(NamedTuple):
    """The asset of an entity and currency over a period, in minor units. What reduces it is negative, so that the row
    adds up.
    """

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
    current: int | None
    """What of the closing balance becomes expense in the twelve months after, as things stand at the end of the
    period."""
    non_current: int | None
    expensed: int
    """What was expensed without an asset, less what was taken back beyond it: beside the asset, for the reader."""


def rollforward(
    moved: Iterable[Entry], in_a_year: InAYear, *, first: Month, last: Month, by: By = "month"
) -> Iterator[Movement]:
    """One row per period, entity and currency, from the period of month `first` through that of month `last`, without
    gaps.

    Quarters and years are those of the calendar, and are whole: the last ends where it ends even if `last` is earlier.

    Args:
        moved: all entries from the beginning on, so that the first period opens with what is carried into it.
        in_a_year: tells the non-current part at a month's end.
        first: a month of the first period.
        last: a month of the last period.
        by: how long a period is.
    """
    months: dict[tuple[str, str], dict[int, Counter[EntryKind]]] = defaultdict(lambda: defaultdict(Counter))
    for entry in moved:
        # By the month it is booked in and not the one it is about: what was disclosed of a closed month does not move.
        booked_in = month_number(first_day(entry.period))
        months[entry.key.entity, entry.key.currency][booked_in][entry.key.kind] += entry.amount.amount
    size = SIZES[by]
    begin, finish = (month_number(first_day(month)) // size * size for month in (first, last))
    for (entity, currency), kinds_of in sorted(months.items()):
        opening = sum(_on_the_asset(kinds) for month, kinds in kinds_of.items() if month < begin)
        for start in range(begin, finish + 1, size):
            kinds = Counter[EntryKind]()
            for month in range(start, start + size):
                kinds.update(kinds_of.get(month, {}))
            closing = opening + _on_the_asset(kinds)
            later = in_a_year(entity, currency, start + size - 1)
            yield Movement(
                period=period_name(start, by),
                entity=entity,
                currency=currency,
                opening=opening,
                additions=kinds["capitalisation"],
                amortisation=-kinds["amortisation"],
                impairment=-kinds["impairment"],
                reversal=-kinds["reversal"],
                clawback=-kinds["clawback"],
                closing=closing,
                current=None if later is None else closing - later,
                non_current=later,
                expensed=kinds["expense"],
            )
            opening = closing


def calculated_in_a_year(books: ContractCostBooks) -> InAYear:
    """The non-current part of what was just calculated, of every month."""
    later: Counter[tuple[str, str, int]] = Counter()
    for closing in books.closings:
        later[closing.asset.line.entity, closing.asset.line.currency, closing.month] += closing.in_a_year
    return lambda entity, currency, month: later[entity, currency, month]


def period_name(start: int, by: By) -> str:
    """The name of the period that begins with a month: `2026-01`, `2026-Q1`, `2026`."""
    if by == "month":
        return month_of_number(start)
    return f"{start // 12:04d}" + (f"-Q{start % 12 // 3 + 1}" if by == "quarter" else "")


def _on_the_asset(kinds: Counter[EntryKind]) -> int:
    return kinds["capitalisation"] - sum(kinds[kind] for kind in REDUCTIONS)
