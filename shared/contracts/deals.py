"""Topic `deals`: one patch per event, keyed by deal id. A patch says which fields changed, and when.

On the road a patch is flat: a map of field path to JSON value, so that merging needs to know nothing about deals.
Accumulating things are entries with their own id: `refunds.<id>`, `payments.<id>`.
"""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from shared.contracts.base import (
    LONGEST_TEXT,
    NAME,
    BusinessDate,
    Contract,
    CurrencyCode,
    ExactDecimal,
    FactPatch,
    Identifier,
    Submission,
    Text,
    WholeNumber,
)
from shared.money import MoneyError, to_minor

TYPE = "earnest.deal.patched"

Stage = Literal["open", "won", "lost", "cancelled"]


def _own(value: object) -> object:
    """See that a value of the company's own is one that every column could have; which one it has is said by the
    plans.
    """
    if isinstance(value, bool) or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    if isinstance(value, int):
        raise ValueError(f"a whole number must be less than {2**63}, and not below -{2**63}")
    if isinstance(value, Real):
        raise ValueError('write a decimal number as text, for example "0.25": a JSON number is not exact')
    if not isinstance(value, str):
        raise ValueError("write a text, a whole number, or true or false, and nothing that has parts")
    if len(value) > LONGEST_TEXT or "\x00" in value:
        raise ValueError(f"a text has at most {LONGEST_TEXT} characters, and no character NUL")
    return value


Custom = Annotated[str | int | bool, BeforeValidator(_own)]
"""A value of a column of the company's own."""


class Refund(Contract):
    """Money given back on a deal; it lowers the deal's credited amount."""

    amount: ExactDecimal = Field(gt=0)
    date: BusinessDate


class Payment(Contract):
    """Money collected from the customer on a deal; what is paid on collection waits for it. It changes no credit.

    A negative one is money that went: a payment that bounced, or that the bank took back.
    """

    amount: ExactDecimal
    date: BusinessDate

    @field_validator("amount")
    @classmethod
    def _is_some(cls, amount: Decimal) -> Decimal:
        if not amount:
            raise ValueError("a payment of nothing is none: write what came in, or with a minus what was taken back")
        return amount


ENTRIES: Final = ("payments", "refunds")
"""The fields of a deal that are entries with an amount and a date, each under an id of its own."""
MONEY: Final = ("amount", "list_amount")
DATES: Final = ("open_date", "close_date", "cancel_date", "start_date")


class DealFields(Contract):
    """The fields of a deal that a patch may set. Absent: unchanged. Null: cleared; entries and custom fields one by
    one.

    Amounts are in major units of `currency`, as text. `splits` maps participants to percentages that sum to 100 and
    replaces `owner` for crediting. `custom` holds the company's own fields, usable in plan filters once declared there.

    `payments`, `cancel_date`, `start_date`, `term_months` and `contract` change no credit, unless a plan declares one
    of the last four: holds, clawbacks and contract costs look at them. `contract` is the id of the contract that the
    deal belongs to, by default the deal's own.
    """

    stage: Stage | None = None
    currency: CurrencyCode | None = None
    amount: ExactDecimal | None = None
    list_amount: ExactDecimal | None = None
    open_date: BusinessDate | None = None
    close_date: BusinessDate | None = None
    owner: Identifier | None = None
    splits: dict[Identifier, Annotated[ExactDecimal, Field(gt=0, le=100, decimal_places=6)]] | None = None
    product: Text | None = None
    account: Text | None = None
    territory: Text | None = None
    refunds: dict[Identifier, Refund | None] = Field(default_factory=dict)
    payments: dict[Identifier, Payment | None] = Field(default_factory=dict)
    cancel_date: BusinessDate | None = None
    start_date: BusinessDate | None = None
    term_months: Annotated[WholeNumber, Field(gt=0, le=1200)] | None = None
    contract: Identifier | None = None
    custom: dict[Annotated[str, StringConstraints(pattern=NAME)], Custom | None] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _splits_sum_to_whole(self) -> DealFields:
        # In whole percent or not, to the last digit: a share that is nobody's would be paid to nobody.
        if self.splits is not None and sum(self.splits.values()) != Decimal(100):
            raise ValueError(f"splits must sum to 100 percent, not {sum(self.splits.values())}")
        return self

    @field_validator("custom")
    @classmethod
    def _are_no_fields_of_deals(cls, custom: dict[str, Any]) -> dict[str, Any]:
        # Said in two places, one of them would be paid on and the other corrected.
        if taken := next((name for name in custom if name in cls.model_fields), None):
            raise ValueError(f"{taken} is a field of every deal: say it beside `custom`, not in it")
        return custom

    @field_validator(*MONEY, *ENTRIES)
    @classmethod
    def _no_finer_than_the_currency(cls, value: Any, info: ValidationInfo) -> Any:
        """Where a patch says both: a currency that comes by itself is held against the amounts by crediting."""
        currency = info.data.get("currency")
        if currency is None or value is None:
            return value
        entries = value.items() if isinstance(value, dict) else [("", value)]
        for key, entry in entries:
            amount = entry if isinstance(entry, Decimal | None) else entry.amount
            try:
                if amount is not None:
                    to_minor(amount, currency)
            except MoneyError as error:
                raise ValueError(f"{key}: {error}" if key else str(error)) from None
        return value

    def flat(self) -> dict[str, Any]:
        """The set fields as the flat map of the road: path -> JSON value."""
        fields: dict[str, Any] = {}
        # Only what was set: an absent field leaves things as they are, null clears. Splits stay one value, because they
        # sum to 100 only as a whole; entries are merged one by one.
        for name, value in self.model_dump(mode="json", exclude_unset=True).items():
            if name in (*ENTRIES, "custom"):
                fields |= {f"{name}.{key}": entry for key, entry in value.items()}
            else:
                fields[name] = value
        return fields


class DealPatch(Submission):
    """What a source says about a deal: the body (`data`) of a CloudEvent sent to ingest.

    `sequence` orders patches of one source that share an instant (a CRM's revision number).
    """

    deal_id: Identifier
    fields: DealFields
    sequence: WholeNumber = Field(default=0, ge=0, lt=2**63)


class DealFact(FactPatch):
    """A patch of a deal on the road."""

    deal_id: Identifier
