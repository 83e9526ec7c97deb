"""Topics `account_payments` and `reallocations`: what customers paid on their account, for no deal in particular, and
the accounts whose payments are to be allocated to their deals again.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, model_validator

from shared.allocation_order import Order
from shared.contracts.base import (
    LONGEST_TEXT,
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

TYPE: Final = "earnest.account_payment.received"
REALLOCATE_TYPE: Final = "earnest.account.reallocate"
PAYMENT: Final = "payment"
"""The one field of such a fact: a payment is said whole, so that no statement can leave half of another."""

AccountName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00\r\n]*$")]
"""What deals call a customer in `account`, in one line."""


class PaymentOnAccount(Contract):
    """What a customer paid on its account on a day; negative where it bounced, or the bank took it back.

    `reference` is the deal (by its id, or its `contract`) that it is for, or the payment that it takes back; `allocate`
    is where goes what names no deal and equals none.
    """

    account: AccountName
    currency: CurrencyCode
    amount: ExactDecimal
    date: BusinessDate
    reference: Text | None = None
    allocate: Order = "oldest_first"

    @model_validator(mode="after")
    def _is_some_of_its_currency(self) -> Self:
        if not self.amount:
            raise ValueError("a payment of nothing is none: write what came in, or with a minus what was taken back")
        try:
            to_minor(self.amount, self.currency)
        except MoneyError as error:
            raise ValueError(str(error)) from None
        return self


class AccountPaymentPatch(Submission):
    """What a source says about a payment on an account: the body (`data`) of a CloudEvent sent to ingest.

    Null: there is no such payment. `sequence` orders statements of one source that share an instant.
    """

    payment_id: Identifier
    payment: PaymentOnAccount | None
    sequence: WholeNumber = Field(default=0, ge=0, lt=2**63)

    def flat(self) -> dict[str, Any]:
        """The flat map of the road, of one path."""
        return {PAYMENT: None if self.payment is None else self.payment.model_dump(mode="json")}


class AccountPaymentFact(FactPatch):
    """A payment on an account, on the road."""

    payment_id: Identifier


class Reallocation(Contract):
    """An account whose payments are to be allocated again, because its deals changed, or its payments."""

    account: AccountName
