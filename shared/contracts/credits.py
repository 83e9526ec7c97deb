"""Topics `recredits` and `credits`: deals to credit again, and what crediting changed per participant."""

from __future__ import annotations

from pydantic import Field

from shared.contracts.base import Contract, CurrencyCode, Identifier, PeriodText

TYPE = "earnest.credits.changed"
RECREDIT_TYPE = "earnest.deals.recredited"


class Recredit(Contract):
    """Deals to be credited again under changed rosters or plans, without any new fact of their own."""

    deal_ids: list[Identifier]


class CreditChange(Contract):
    """The sum of credit differences that a batch made to one rule of one plan version in one calendar month and fiscal
    period.

    `bucket` tells credits apart that a measure counts or orders one by one. `amount` is in minor units of `currency`,
    `deals` the number of deals credited more (or less) than before. Both are differences, so that the order of changes
    does not matter.
    """

    plan: Identifier
    version: int
    rule: str
    period: PeriodText
    fiscal: int
    currency: CurrencyCode
    bucket: str = ""
    amount: int
    deals: int


class CreditsChanged(Contract):
    """All credit differences of one batch for one participant; which deals caused them, the deals' own credits say.

    An empty `changes` asks to earn again: the participant's quota or plan has changed, the credits have not.
    """

    participant_id: Identifier
    changes: list[CreditChange] = Field(default_factory=list)
