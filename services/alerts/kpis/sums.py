"""What KPIs are made of: sums over the deals that closed on a business date, and over the earnings of a month.

A deal and an earning each contribute to one bucket of sums, as a function of what is known about them now. A correction
moves the difference, so the sums depend on the facts alone, never on their order or repetition.

A sum is named and defined where it is first needed: in the module of its KPI, or here, where several KPIs look at it.
It is stored as a row of its own, so that a new one needs no migration (`verify.recount_if_sums_changed` counts what
came before it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from shared.contracts.earnings import ComponentEarning
from shared.facts import Facts
from shared.kernel.arithmetic.expressions import NUMBER_DIGITS
from shared.periods import Month

Day: TypeAlias = tuple[date, str]
"""A business date and a currency; the currency is empty for deals that have none."""

MonthKey: TypeAlias = tuple[Month, str]
"""A month and a currency."""

Sums: TypeAlias = Mapping[str, int]
"""Of one bucket, by the name of the sum; what is not there is zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDeal:
    """A deal that was won or lost on a known date. Amounts are in minor units of its currency.

    `net` is None where a won deal does not say its amount, or says one that cannot be represented; then nothing is said
    of refunds and list price either. `facts` are those that some sum looks at.
    """

    won: bool
    net: int | None = None
    refunded: int = 0
    list_price: int | None = None
    facts: Facts


@dataclass(frozen=True, slots=True)
class DealSum:
    """A sum over closed deals: what one adds to it. Its name is for ever; what is added otherwise is another sum with
    another name.

    `fields` are the fields of a deal that it looks at in `ClosedDeal.facts`, besides those that `ClosedDeal` is made
    from.
    """

    name: str
    of: Callable[[ClosedDeal], int]
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EarningSum:
    """A sum over participants: what one adds to it by the components that pay in a month and currency."""

    name: str
    of: Callable[[Sequence[ComponentEarning]], int]


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of some days and months. A bucket that is there had something in it, though its sums may be zero
    again.
    """

    days: Mapping[Day, Sums]
    months: Mapping[MonthKey, Sums]


WON: Final = DealSum("won", lambda deal: int(deal.won))
LOST: Final = DealSum("lost", lambda deal: int(not deal.won))
REVENUE: Final = DealSum("revenue", lambda deal: 0 if deal.net is None else deal.net - deal.refunded)
"""What was won, less refunds."""

# A discount compares a price with the list price, so that only deals with both count; a refund is no discount.
LISTED: Final = DealSum("listed", lambda deal: int(deal.list_price is not None))
LIST_AMOUNT: Final = DealSum("list_amount", lambda deal: deal.list_price or 0)
NET_AMOUNT: Final = DealSum("net_amount", lambda deal: 0 if deal.list_price is None else deal.net or 0)

EARNED: Final = EarningSum("amount", lambda earned: sum(component.amount for component in earned))
"""In minor units, of every component."""

# Attainment is of components with a quota: amounts that are credited without one (overrides, kickers) would inflate it.
# In whole numbers of 10^-9: measures of several kinds are added, and as minor units they would depend on the currency.
MEASURE: Final = EarningSum(
    "measure", lambda earned: sum(_billionths(component.measure) for component in earned if component.quota)
)
QUOTA: Final = EarningSum(
    "quota", lambda earned: sum(_billionths(component.quota) for component in earned if component.quota)
)
WITH_QUOTA: Final = EarningSum("with_quota", lambda earned: int(any(component.quota for component in earned)))
"""Participants: one with two quotas is one observation."""


def _billionths(number: str) -> int:
    """A measure or quota as it is published, with nine decimals at most: by its digits, for this is done for every
    component.
    """
    whole, _, decimals = number.partition(".")
    return int(whole + decimals.ljust(NUMBER_DIGITS, "0"))
