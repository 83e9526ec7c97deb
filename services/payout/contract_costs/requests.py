"""What the API of contract costs takes: costs that no line of pay has, and what happens to contracts."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.contract_costs.facts import CostEvent, CostLine, EventKind, Occasion
from shared.contracts.base import IDENTIFIER, BusinessDate, CurrencyCode, ExactDecimal, Identifier
from shared.money import to_minor

LineId = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=IDENTIFIER)]
"""Longer than other ids: that of a line of pay is put together of participant, month, component, deal and currency."""
Word = Annotated[str, StringConstraints(max_length=128, pattern=r"^([A-Za-z0-9][A-Za-z0-9 ._:@/+&,-]*)?$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00]+$")]
Months = Annotated[int, Field(ge=1, le=600)]


class NewCost(BaseModel):
    """A cost that no line of pay has: of a contract from before, of a lawyer, of a partner. The columns of
    docs/contract-costs.md.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "contract_id": "K-1001",
                    "signed_date": "2026-01-31",
                    "service_start": "2026-02-01",
                    "amount": "10000.00",
                    "currency": "USD",
                    "entity": "us",
                    "term_months": 36,
                    "reason": "Taken over from the spreadsheet.",
                }
            ]
        },
    )

    contract_id: Identifier
    signed_date: BusinessDate = Field(validation_alias=AliasChoices("date", "signed_date"))
    amount: ExactDecimal
    currency: CurrencyCode
    entity: Word = ""
    component: Word = ""
    service_start: BusinessDate | None = Field(
        default=None, validation_alias=AliasChoices("service_start", "service_start_date")
    )
    earned_date: BusinessDate | None = None
    event: Occasion = "new"
    cost: Word = "commission"
    product: Word = ""
    term_months: Months | None = None
    renewal_months: int | None = Field(default=None, ge=0, le=600)
    renewal_commensurate: bool | None = None
    months: Months | None = None
    incremental: bool | None = None
    corrects: LineId | None = None
    reason: Reason

    @model_validator(mode="after")
    def _is_an_amount(self) -> NewCost:
        if not to_minor(self.amount, self.currency):
            raise ValueError("the amount is 0: there is nothing to account for")
        return self

    def line(self, line_id: str) -> CostLine:
        """The cost in minor units."""
        return CostLine(
            earning_line_id=line_id,
            contract_id=self.contract_id,
            signed=self.signed_date,
            amount=to_minor(self.amount, self.currency),
            currency=self.currency,
            entity=self.entity,
            component=self.component,
            service_start=self.service_start,
            earned=self.earned_date,
            occasion=self.event,
            cost=self.cost or "commission",
            product=self.product,
            term_months=self.term_months,
            renewal_months=self.renewal_months,
            renewal_commensurate=self.renewal_commensurate,
            months=self.months,
            incremental=self.incremental,
            corrects=self.corrects,
            source=line_id,
        )


class NewEvent(BaseModel):
    """What happens to a contract; docs/contract-costs.md says what each kind needs and does."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"contract_id": "K-1001", "kind": "termination", "date": "2026-06-30", "reason": "The customer left."},
                {
                    "contract_id": "K-1001",
                    "kind": "clawback",
                    "date": "2026-06-30",
                    "amount": "4000.00",
                    "currency": "USD",
                    "reason": "Refund within the window.",
                },
            ]
        },
    )

    contract_id: Identifier
    # As the columns of files name it, which are those of the page.
    kind: EventKind = Field(validation_alias=AliasChoices("event", "kind"))
    date: BusinessDate
    earning_line_id: LineId | None = None
    amount: ExactDecimal | None = Field(default=None, ge=0)
    currency: CurrencyCode | None = None
    months: int | None = Field(default=None, ge=1, le=600)
    remaining_months: int | None = Field(default=None, ge=0, le=600)
    ends: BusinessDate | None = None
    reason: Reason

    @model_validator(mode="after")
    def _is_whole(self) -> NewEvent:
        with_amount = self.kind in {"clawback", "impairment", "reversal"}
        if with_amount != (self.amount is not None) or (with_amount and self.currency is None):
            raise ValueError(
                "a clawback, impairment or reversal has an amount and its currency, no other event has one"
            )
        # An estimate in two ways could disagree with itself, so exactly one is given.
        periods = [self.months, self.remaining_months, self.ends]
        needed = {"estimate": 1, "extension": 1}.get(self.kind, 0)
        if sum(given is not None for given in periods) != needed or (self.kind == "extension" and self.months is None):
            raise ValueError("an estimate has one of months, remaining_months and ends, an extension has months")
        if self.amount is not None and self.currency is not None:  # raises for a fraction of a minor unit
            to_minor(self.amount, self.currency)
        return self

    def event(self) -> CostEvent:
        """The event in minor units."""
        amount = None if self.amount is None or self.currency is None else to_minor(self.amount, self.currency)
        return CostEvent(
            contract_id=self.contract_id,
            kind=self.kind,
            on=self.date,
            earning_line_id=self.earning_line_id,
            amount=amount,
            currency=self.currency,
            months=self.months,
            remaining_months=self.remaining_months,
            ends=self.ends,
        )
