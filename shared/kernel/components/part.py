"""What a component pays in parts, each so much at such a rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn, total, where
from shared.kernel.arithmetic.expressions import LEAST_OF_DEAL, MOST_OF_DEAL, NUMBER_SCALE, REST_OF_MOST
from shared.kernel.components.context import DealsInTurn, Moment
from shared.kernel.language.values import Figure


@dataclass(frozen=True, slots=True)
class Part:
    """So much of something at a rate: what they pay is their product. `reach` says in words which part it is, and of
    what is prorated `days` says row by row of how many days, and at which rate if that were all."""

    reach: str
    base: ExactColumn
    rate: ExactColumn | Fraction
    days: Callable[[], pl.Series] | None = None

    @property
    def pays(self) -> ExactColumn:
        """Base times rate."""
        return self.base * self.rate

    def taken(self, rows: pl.Series) -> Part:
        """The part in some rows, by their places."""
        rate = self.rate.taken(rows) if isinstance(self.rate, ExactColumn) else self.rate
        return Part(self.reach, self.base.taken(rows), rate)

    def prorated(self, moment: Moment, *, written: Callable[[Decimal], str]) -> Part:
        """The part of it that is for the days of a moment; `written` says how its rate reads."""
        return Part(
            self.reach, self.base, moment.part * self.rate, partial(_in_days, moment, self.rate, written=written)
        )


def within_limits(
    parts: Sequence[Part], deals: DealsInTurn, *, least: Figure | None, most: Figure | None
) -> list[Part]:
    """Parts of deals, and what the least and the most of a deal change: each credit pays what its deal pays with it
    within them, less what it pays without, so that all of them pay the deal's least or most together."""
    # A deal that takes back takes back within the same limits, so that it and the deal before come to nothing; one of
    # nothing pays nothing.
    if least is None and most is None:
        return list(parts)
    credited = deals.so_far(deals.credited)
    sign = where(credited > 0, 1, otherwise=where(credited < 0, -1, otherwise=0))
    pays = deals.so_far(total([part.pays for part in parts], deals.standing.height))
    found = list(parts)
    for limit, reach, within in (
        (least, LEAST_OF_DEAL, ExactColumn.greatest),
        (most, MOST_OF_DEAL, ExactColumn.least),
    ):
        if limit is not None:
            limited = within(pays * sign, deals.standing.figure(limit) * deals.share) * sign
            change = deals.step(limited - pays)
            if reach == MOST_OF_DEAL and deals.begins is not None:
                first = (limited - deals.step(limited)).equals(0)
                found.append(Part(REST_OF_MOST, where(first, 0, otherwise=change), Fraction(1)))
                change = where(first, change, otherwise=0)
            found.append(Part(reach, change, Fraction(1)))
            pays = limited
    return found


def _in_days(moment: Moment, rate: ExactColumn | Fraction, *, written: Callable[[Decimal], str]) -> pl.Series:
    """The days of a moment, and the rate that is prorated by them."""
    if isinstance(rate, Fraction) and rate == 1:
        return moment.days
    rates = rate if isinstance(rate, ExactColumn) else ExactColumn.constant(rate, moment.days.len())
    about = rates.shown(NUMBER_SCALE, "a rate").to_list()
    return pl.Series([written(Decimal(each) / NUMBER_SCALE) for each in about], dtype=pl.String) + " for " + moment.days
