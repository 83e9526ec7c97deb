"""Why a payee is not confirmed."""

from __future__ import annotations

from datetime import date

from services.payout.errors import Refusal


class NothingToConfirm(Refusal):
    """No run has paid them yet, or the roster says what is confirmed."""

    type = "nothing-to-confirm"
    title = "Nothing waits to be confirmed"

    def __init__(self, participant_id: str, day: date) -> None:
        super().__init__(
            f"nothing about where pay of {participant_id} goes waits on {day}: whom no run has paid yet is looked at "
            "with the run"
        )
        self.participant_id = participant_id


class PayeeChanged(Refusal):
    """The roster says something else than was looked at."""

    type = "payee-changed"
    title = "The roster says something else by now"

    def __init__(self, participant_id: str) -> None:
        super().__init__(f"the roster says something else of {participant_id} than was looked at: look again")
        self.participant_id = participant_id
