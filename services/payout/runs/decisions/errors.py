"""Why an adjustment is not booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus

from services.payout.errors import Refusal
from shared.periods import Month


class AdjustedAlready(Refusal):
    """An adjustment is made once; who means another one of the same amount says why in other words."""

    type = "adjusted-already"
    title = "There is the same adjustment already"

    def __init__(self, adjustment: str, participant_id: str, *, month: Month, actor: str, day: date) -> None:
        super().__init__(
            f"{participant_id} is adjusted by this amount about {month} for this reason already, by {actor} on {day} "
            f"({adjustment}): nothing is booked; where another one is meant, give the reason for it"
        )
        self.adjustment, self.participant_id, self.month = adjustment, participant_id, month


class NotThePayCurrency(Refusal):
    """Pay in another currency would be a payment of its own, beside what the participant is paid in."""

    type = "not-the-pay-currency"
    title = "The participant is paid in another currency"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, participant_id: str, currency: str, *, paid_in: Sequence[str]) -> None:
        own = " and ".join(paid_in)
        super().__init__(f"{participant_id} is paid in {own}, not in {currency}: say the amount in {own}")
        self.participant_id, self.currency, self.paid_in = participant_id, currency, list(paid_in)
