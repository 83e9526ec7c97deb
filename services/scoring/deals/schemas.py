"""What the routes of deals take and give. Amounts are exact decimals in major units, written as text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import Identifier
from shared.explanation import RuleSkipped
from shared.explanation.numbers import share_percent
from shared.facts import set_by
from shared.kernel.tables import UNCREDITED
from shared.money import from_minor
from shared.periods import Month

MOST: Final = 1000
"""Deals that one request may name, or one page may have: some megabytes of answer."""


class DealsRequest(BaseModel):
    """The deals that are asked for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"deals": ["crm/1", "crm/2"]}]})

    deals: list[Identifier] = Field(max_length=MOST)


class CreditView(BaseModel):
    """Who is credited with how much of a deal, by which rule. `level` 0 holds the deal, 1 manages a holder, and so
    on.
    """

    deal_id: str
    participant_id: str
    plan: str
    version: int
    rule: str
    period: Month
    credit_date: date
    currency: str
    amount: Decimal
    share_percent: Decimal
    level: int

    @staticmethod
    def all_of(credits: pl.DataFrame) -> list[CreditView]:
        """From `CREDITS`, by date, deal, participant and rule."""
        return [
            CreditView(
                **{name: row[name] for name in CreditView.model_fields if name in row and name != "amount"},
                amount=from_minor(row["amount"], row["currency"]),
                share_percent=share_percent(row["share"]),
            )
            for row in credits.sort("credit_date", "deal_id", "participant_id", "rule").iter_rows(named=True)
        ]


class FactView(BaseModel):
    """The value in force of a field of a deal, and the event that set it.

    `source` is the event's own word for who says so; `by` is the key or the webhook source it was sent with.
    """

    value: Any
    occurred_at: str
    sequence: int
    source: str
    by: str

    @staticmethod
    def of(fact: Sequence[Any]) -> FactView:
        """From a fact as it is merged."""
        value, occurred_at, sequence, source, *_ = fact
        return FactView(value=value, occurred_at=occurred_at, sequence=sequence, source=source, by=set_by(fact))


class UncreditedView(BaseModel):
    """A won deal, or the share of a participant in it, that credits nobody, why, and in `rule_skipped` what that is
    about and a sentence.
    """

    deal_id: str
    participant_id: str | None
    reason: str
    rule_skipped: RuleSkipped

    @staticmethod
    def all_of(uncredited: pl.DataFrame) -> list[UncreditedView]:
        """From `UNCREDITED`."""
        return [
            UncreditedView(
                deal_id=deal_id,
                participant_id=who,
                reason=reason,
                rule_skipped=RuleSkipped.of(reason, about, who=who),
            )
            for deal_id, who, reason, about in uncredited.select(UNCREDITED.names()).iter_rows()
        ]


class SkippedView(BaseModel):
    """A component that this deal is credited for and that pays the participant nothing in the period, and why."""

    participant_id: str
    period: Month
    component: str
    rule_skipped: RuleSkipped


class DealView(BaseModel):
    """A deal as it stands: every field with the event that set it, whom it credits, and whom it does not and why.

    `unpaid` are the components that its credits count for and that pay nothing for a reason.
    """

    deal_id: str
    version: int
    facts: dict[str, FactView]
    credits: list[CreditView]
    uncredited: list[UncreditedView]
    unpaid: list[SkippedView]

    def participants(self) -> set[str]:
        """Everybody whom it is about."""
        uncredited = {share.participant_id for share in self.uncredited if share.participant_id is not None}
        return {credit.participant_id for credit in self.credits} | uncredited

    def of(self, participants: Collection[str]) -> DealView:
        """What of it is about some participants."""
        return DealView(
            deal_id=self.deal_id,
            version=self.version,
            facts=self.facts,
            credits=[credit for credit in self.credits if credit.participant_id in participants],
            uncredited=[share for share in self.uncredited if share.participant_id in participants],
            unpaid=[skipped for skipped in self.unpaid if skipped.participant_id in participants],
        )


class Deals(BaseModel):
    """Deals as they stand, by id."""

    deals: list[DealView]


class Uncredited(BaseModel):
    """Deals that credit not everyone they should, by id. `next` continues after this page; null at the end."""

    uncredited: list[UncreditedView]
    next: str | None


class ShareView(BaseModel):
    """The share of a deal that a rule gives a participant in a month."""

    deal_id: str
    participant_id: str
    period: Month
    rule: str
    share_percent: Decimal

    @staticmethod
    def all_of(shares: pl.DataFrame) -> list[ShareView]:
        """From `services.scoring.credit.shares.SHARES`."""
        return [
            ShareView(**row, share_percent=share_percent(share))
            for row, share in zip(shares.drop("share").iter_rows(named=True), shares["share"], strict=True)
        ]


class Shares(BaseModel):
    """By deal, participant and rule."""

    shares: list[ShareView]


class PaidLess(BaseModel):
    """Ids of deals."""

    deals: list[str]
