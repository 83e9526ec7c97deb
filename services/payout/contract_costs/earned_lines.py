"""Lines of pay as costs of contracts: what one participant earned by one component on one deal in one month is one
cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import NamedTuple

import polars as pl

from shared.contract_costs.facts import CostLine
from shared.periods import Month, first_day, last_day


class EarnedLine(NamedTuple):
    """A line of a statement with the facts of its deal; the amount in minor units."""

    participant_id: str
    period: Month
    component: str
    deal_id: str | None
    credit_date: date
    amount: int
    currency: str
    entity: str = ""
    contract: str | None = None
    closed_on: date | None = None
    start_date: date | None = None
    term_months: int | None = None


def costs_of(lines: Iterable[EarnedLine]) -> Iterator[CostLine]:
    """The costs that lines of pay are. What belongs to no deal obtains no contract and is not here; it stays expense.

    A cost of a month is earned in it, on the day of its last credit. Its id does not change when lines are computed
    again: amounts are booked as differences by it, so a new id would book the cost a second time and the old one back.
    """
    alike: dict[tuple[str, Month, str, str, str], list[EarnedLine]] = defaultdict(list)
    for line in lines:
        if line.deal_id is not None:
            alike[line.participant_id, line.period, line.component, line.deal_id, line.currency].append(line)
    for (participant, period, component, deal, currency), parts in sorted(alike.items()):
        amount, last = sum(line.amount for line in parts), max(parts, key=lambda line: line.credit_date)
        if amount:  # lines that take each other back are no cost
            # A credit may be of another month than the one that pays it (a late deal): the liability arises with the
            # pay.
            earned = min(max(last.credit_date, first_day(period)), last_day(period))
            yield CostLine(
                earning_line_id=f"{participant}/{period}/{component}/{deal}/{currency}",
                contract_id=last.contract or deal,
                signed=last.closed_on or last.credit_date,
                amount=amount,
                currency=currency,
                entity=last.entity,
                component=component,
                service_start=last.start_date,
                earned=earned,
                term_months=last.term_months,
            )


def lines_of(table: pl.DataFrame, entity_of: Callable[[str, Month], str]) -> Iterator[EarnedLine]:
    """The lines of a bulk table (`shared.contracts.lines`); `entity_of` says the legal entity of a participant in a
    month.
    """
    exploded = table.select("participant_id", "period", "lines").explode("lines").drop_nulls("lines").unnest("lines")
    # Only what is used becomes objects of Python: most of a line are its lists of payments and refunds.
    wanted = [name for name in EarnedLine._fields if name != "entity"]
    for row in exploded.select(wanted).iter_rows(named=True):
        yield EarnedLine(**row, entity=entity_of(row["participant_id"], row["period"]))
