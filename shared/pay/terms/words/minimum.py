"""The word `minimum`: what happens with little pay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from shared.kernel.language.findings import Finding
from shared.pay.terms.words.base import Floor, Level, Money, Walk, Word, Wording
from shared.pay.terms.words.draw import DRAW


class Minimum(Level):
    """What happens with less than `amount`."""

    amount: Money
    """The least that is paid."""
    below: Literal["carry", "top_up"] = "carry"
    """carry: less than the minimum waits until it has grown to it. top_up: it is paid up to the minimum."""


def _floor(walk: Walk, pay_period: str) -> Floor | None:
    ruled = walk.ruled[pay_period]
    minimum = ruled.secures(MINIMUM)
    if minimum is None or minimum.below != "top_up":
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


def _slips(terms: Wording, name: str) -> Iterator[Finding]:
    minimum, draw = terms[MINIMUM], terms[DRAW]
    if minimum is None or draw is None or minimum.below != "carry" or draw.kind == "non_recoverable":
        return
    # What waits counts for the draw of the next pay period, which then advances nothing: so it never grows.
    if draw.amount < minimum.amount and draw.overlaps(minimum):
        said = f"payment terms {name}: the draw is below the minimum, which is waited for: it is never paid by itself"
        yield Finding(
            code="P702",
            severity="warning",
            path=("minimum", "amount"),
            message=said,
            mend="raise the draw, or lower the minimum",
        )


MINIMUM: Final[Word[Minimum | None]] = Word(
    name="minimum",
    type=Minimum,
    about="The least that is paid.",
    place=3,
    absent=None,
    pays_unearned=_is_topped_up,
    slips=_slips,
    floor=_floor,
    limit=_limit,
    explains={"minimum": "Paid at least"},
)
WORD: Final = MINIMUM
