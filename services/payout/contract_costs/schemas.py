"""What the API of contract costs answers with. Amounts are decimal text in major units, as `"1234.50"`."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, Field

from services.payout.contract_costs.store import BookedBatch, BookedEntry
from shared.contract_costs.entries import CarryingAmount, EntryKind
from shared.contract_costs.facts import CostEvent, CostLine, EventKind
from shared.contract_costs.rollforward import Movement
from shared.contract_costs.schedule import ScheduleRow
from shared.money import from_minor
from shared.periods import Month, month_of_number


class LineView(BaseModel):
    """A cost that was added."""

    earning_line_id: str
    contract_id: str
    recognised: Date
    amount: Decimal
    currency: str

    @classmethod
    def of(cls, line: CostLine) -> Self:
        """In major units."""
        return cls(
            earning_line_id=line.earning_line_id,
            contract_id=line.contract_id,
            recognised=line.recognised,
            amount=from_minor(line.amount, line.currency),
            currency=line.currency,
        )


class EventView(BaseModel):
    """An event of a contract that was added."""

    id: str
    contract_id: str
    kind: EventKind
    date: Date
    earning_line_id: str | None
    amount: Decimal | None
    currency: str | None
    months: int | None
    remaining_months: int | None
    ends: Date | None

    @classmethod
    def of(cls, event_id: str, event: CostEvent) -> Self:
        """In major units."""
        amount = None if event.amount is None or event.currency is None else from_minor(event.amount, event.currency)
        return cls(
            id=event_id,
            contract_id=event.contract_id,
            kind=event.kind,
            date=event.on,
            earning_line_id=event.earning_line_id,
            amount=amount,
            currency=event.currency,
            months=event.months,
            remaining_months=event.remaining_months,
            ends=event.ends,
        )


class CarryingAmountView(BaseModel):
    """What is carried at the end of a month; `current` becomes expense within a year."""

    entity: str
    currency: str
    carrying: Decimal
    current: Decimal
    non_current: Decimal

    @classmethod
    def of(cls, balance: CarryingAmount) -> Self:
        """In major units."""
        carrying = from_minor(balance.carrying, balance.currency)
        later = from_minor(balance.in_a_year, balance.currency)
        return cls(
            entity=balance.entity,
            currency=balance.currency,
            carrying=carrying,
            current=carrying - later,
            non_current=later,
        )


class BatchView(BaseModel):
    """A booking of a month: how many entries, by whom, and what is carried after it."""

    id: str = Field(examples=["contract-costs-2026-06-1"])
    period: Month
    entries: int
    actor: str
    recorded_at: datetime
    balances: list[CarryingAmountView]

    @classmethod
    def of(cls, batch: BookedBatch) -> Self:
        """In major units."""
        return cls(
            id=batch.id,
            period=batch.period,
            entries=batch.entries,
            actor=batch.actor,
            recorded_at=batch.recorded_at,
            balances=[CarryingAmountView.of(balance) for balance in batch.balances],
        )


class NotUsed(BaseModel):
    """A cost or event that could not be used, and why."""

    source: str
    id: str
    reason: str
    message: str


class BookedMonth(BaseModel):
    """What booking a month did: no batch where nothing changed since it was booked."""

    period: Month
    batch: BatchView | None
    not_used: list[NotUsed]


class EntryView(BaseModel):
    """An entry as it was booked; `origin_period` is the month it is about."""

    batch: str
    period: Month
    origin_period: Month
    kind: EntryKind
    earning_line_id: str
    contract_id: str
    entity: str
    currency: str
    component: str
    amount: Decimal
    on_cost: Decimal

    @classmethod
    def of(cls, entry: BookedEntry) -> Self:
        """In major units."""
        key = entry.key
        return cls(
            batch=entry.batch,
            period=entry.period,
            origin_period=key.origin_period,
            kind=key.kind,
            earning_line_id=key.line_id,
            contract_id=key.contract_id,
            entity=key.entity,
            currency=key.currency,
            component=key.component,
            amount=from_minor(entry.amount.amount, key.currency),
            on_cost=from_minor(entry.amount.on_cost, key.currency),
        )


class Entries(BaseModel):
    """A page of entries, in the order in which they were booked; `next` is absent on the last page."""

    entries: list[EntryView]
    next: int | None = None


class MovementView(BaseModel):
    """A row of the roll-forward: it adds up, reductions are negative. `current` is there for months that are booked."""

    period: str
    entity: str
    currency: str
    opening: Decimal
    additions: Decimal
    amortisation: Decimal
    impairment: Decimal
    reversal: Decimal
    clawback: Decimal
    closing: Decimal
    current: Decimal | None
    non_current: Decimal | None
    expensed: Decimal

    @classmethod
    def of(cls, movement: Movement) -> Self:
        """The movement in major units."""
        fields = {
            field: from_minor(value, movement.currency) if isinstance(value, int) else value
            for field, value in movement._asdict().items()
        }
        return cls.model_validate(fields)


class RollForward(BaseModel):
    """The roll-forward by month, entity and currency."""

    movements: list[MovementView]


class ScheduleRowView(BaseModel):
    """A row of a schedule as the facts say now."""

    asset_id: str
    earning_line_id: str
    period: Month
    amount: Decimal
    cum_amount: Decimal
    carrying: Decimal
    months: int
    source: str

    @classmethod
    def of(cls, row: ScheduleRow) -> Self:
        """The row in major units."""
        currency = row.asset.line.currency
        return cls(
            asset_id=row.asset.id,
            earning_line_id=row.asset.line.earning_line_id,
            period=month_of_number(row.month),
            amount=from_minor(row.amount, currency),
            cum_amount=from_minor(row.cum_amount, currency),
            carrying=from_minor(row.carrying, currency),
            months=row.months,
            source=row.source,
        )


class ContractView(BaseModel):
    """A contract's costs in words and numbers."""

    contract_id: str
    words: list[str]
    schedule: list[ScheduleRowView]
    booked: list[EntryView]
