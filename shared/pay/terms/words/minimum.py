"""The word `minimum`: what happens with little pay."""

from __future__ import annotations

from typing import Final, Literal

from shared.pay.terms.words.base import Floor, Level, Money, Walk, Word
from shared.pay.terms.words.leaver import is_secured


class Minimum(Level):
    """What happens with less than `amount`."""

    amount: Money
    """The least that is paid."""
    below: Literal["carry", "top_up"] = "carry"
    """carry: less than the minimum waits until it has grown to it. top_up: it is paid up to the minimum."""


def _floor(walk: Walk, pay_period: str) -> Floor | None:
    ruled = walk.ruled[pay_period]
    minimum = ruled.in_force(MINIMUM)
    if minimum is None or minimum.below != "top_up" or not is_secured(walk, pay_period):
        return None
    return Floor(ruled.terms.minor(minimum), "minimum")


def _limit(walk: Walk, paid: int) -> int:
    """Less than the minimum waits, but not for somebody who leaves: no later pay would bring it up."""
    minimum = walk.own.in_force(MINIMUM)
    if minimum is None or minimum.below != "carry" or walk.position.leaves:
        return paid
    if paid >= walk.terms.minor(minimum):
        return paid
    if paid:
        walk.limited.append(f"Paid once there are {minimum.in_words(walk.terms.currency)}")
    return 0


def _is_topped_up(minimum: Minimum) -> bool:
    return minimum.below == "top_up"


MINIMUM: Final[Word[Minimum | None]] = Word(
    name="minimum",
    type=Minimum,
    about="The least that is paid.",
    place=3,
    absent=None,
    pays_unearned=_is_topped_up,
    floor=_floor,
    limit=_limit,
    explains={"minimum": "Paid at least"},
)
WORD: Final = MINIMUM
