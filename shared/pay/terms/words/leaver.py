"""The word `leaver`: what happens to a participant's money when they leave."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from shared.pay.policy import PolicyPart
from shared.pay.terms.words.base import Word


class Leaver(PolicyPart):
    """What happens to a participant's money when they leave."""

    held: Literal["release_when_due", "release", "forfeit"] = "release_when_due"
    """What is not released yet: paid when it would have been, at once with the final pay, or lost."""
    days_to_collect: Annotated[int, Field(ge=0, le=3650)] = 0
    """For `forfeit`: what falls due within so many days after the last day is still paid, and what the customer
    pays later is not, whenever the run looks."""
    draw_balance: Literal["recover", "receivable", "forgive"] = "recover"
    """What is left of a draw after the final pay, which recovers as much as it can: it stays and is taken from any
    later pay, is booked as owed by the participant, or given up."""
    guarantee: Literal["ends", "final_month"] = "final_month"
    """Whether floors and the draw are paid for the pay period of the last day; of a guarantee over a quarter or longer,
    whether it ends with the month of the last day or with the one before."""


LEAVER: Final[Word[Leaver]] = Word(
    name="leaver",
    type=Leaver,
    about="What happens when a participant leaves.",
    place=8,
    absent=Leaver(),
)
WORD: Final = LEAVER
