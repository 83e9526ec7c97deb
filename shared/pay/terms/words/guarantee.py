"""The word `guarantee`: what is paid at least, for good."""

from __future__ import annotations

from typing import Final, Literal

from shared.pay.terms.words.base import Floor, Level, Money, Walk, Word
from shared.pay.terms.words.leaver import is_secured


class Guarantee(Level):
    """What a pay period pays at least, for good: what earnings lack is topped up and never taken back."""

    amount: Money
    """What a pay period pays at least."""
    prorate: Literal["no", "days"] = "no"
    """For whoever joins or leaves within a pay period: all of the amount, or the part of its days on which they were
    there.
    """


def _floor(walk: Walk, pay_period: str) -> Floor | None:
    ruled = walk.ruled[pay_period]
    guarantee = ruled.in_force(GUARANTEE)
    if guarantee is None or not is_secured(walk, pay_period):
        return None
    return Floor(ruled.secured(guarantee, by_days=guarantee.prorate == "days"), "guarantee")


GUARANTEE: Final[Word[Guarantee | None]] = Word(
    name="guarantee",
    type=Guarantee,
    about="What is paid at least.",
    place=2,
    absent=None,
    pays_unearned=lambda _: True,
    prorated=True,
    floor=_floor,
    explains={"guarantee": "Guaranteed"},
)
WORD: Final = GUARANTEE
