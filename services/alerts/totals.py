"""What KPIs are computed from: sums per business date of deals that closed, and per period of what was earned.

A deal and an earning each contribute to one bucket of sums, as a function of what is known about them now. A correction
moves the difference, so the sums depend on the facts alone, never on their order or repetition.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias, TypeVar


class DaySums(NamedTuple):
    """Deals that closed on a date in one currency. Amounts are in minor units.

    `revenue` is what was won, less refunds. The average discount compares `net_amount` with `list_amount`: both count only
    the `listed` won deals, those with a list price; refunds are no discount.
    """

    won: int = 0
    lost: int = 0
    revenue: int = 0
    listed: int = 0
    list_amount: int = 0
    net_amount: int = 0


class PeriodSums(NamedTuple):
    """What a period earned in one currency. `amount` is in minor units, `measure` and `quota` are whole numbers of 10^-9.

    `amount` counts every component. `measure` and `quota` count only components with a quota, so that amounts credited
    without a quota (overrides, kickers) do not inflate attainment; `with_quota` says how many participants have any.
    """

    amount: int = 0
    measure: int = 0
    quota: int = 0
    with_quota: int = 0


Day: TypeAlias = tuple[date, str]
"""A business date and a currency; the currency is empty for deals that have none."""

Month: TypeAlias = tuple[str, str]
"""A period and a currency."""


_Bucket = TypeVar("_Bucket")
_Sums = TypeVar("_Sums", DaySums, PeriodSums)


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums that KPIs look at."""

    days: Mapping[Day, DaySums]
    months: Mapping[Month, PeriodSums]


def add(sums: dict[_Bucket, _Sums], bucket: _Bucket, change: _Sums) -> None:
    """Add a contribution to a bucket."""
    held = sums.get(bucket)
    sums[bucket] = change if held is None else type(change)(*map(operator.add, held, change))


def take_back(sums: dict[_Bucket, _Sums], bucket: _Bucket, change: _Sums) -> None:
    """Take a contribution back from a bucket."""
    add(sums, bucket, type(change)(*map(operator.neg, change)))
