"""The word `maximum`: the most that a pay period pays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from shared.kernel.language.findings import Finding
from shared.pay.terms.words.base import Level, Money, Walk, Word, Wording
from shared.pay.terms.words.draw import DRAW
from shared.pay.terms.words.guarantee import GUARANTEE
from shared.pay.terms.words.minimum import MINIMUM


class Maximum(Level):
    """The most that a pay period pays."""

    amount: Money
    """The most that is paid."""
    above: Literal["carry", "forfeit"] = "carry"
    """carry: what is above is paid later, within the maximum of its time. forfeit: it is lost."""


def _ceiling(walk: Walk, pay_period: str, brought: int) -> int:
    ruled = walk.ruled[pay_period]
    maximum = ruled.in_force(MAXIMUM)
    if maximum is None or maximum.above != "forfeit":
        return 0
    return max(0, brought - ruled.terms.minor(maximum))


def _limit(walk: Walk, paid: int) -> int:
    """More than the maximum is carried. It is per pay period: what earlier runs paid for it counts."""
    maximum = walk.own.in_force(MAXIMUM)
    if maximum is None or maximum.above != "carry":
        return paid
    return min(paid, max(0, walk.terms.minor(maximum) - walk.position.paid_before))


def _slips(terms: Wording, name: str) -> Iterator[Finding]:
    maximum = terms[MAXIMUM]
    for word, least in (("draw", terms[DRAW]), ("guarantee", terms[GUARANTEE]), ("minimum", terms[MINIMUM])):
        if least and maximum and least.amount > maximum.amount and least.overlaps(maximum):
            said = f"payment terms {name}: the maximum is below the {word}, which is then never paid in full"
            yield Finding(
                code="P702",
                severity="warning",
                path=("maximum", "amount"),
                message=said,
                mend=f"raise the maximum, or lower the {word}",
            )


MAXIMUM: Final[Word[Maximum | None]] = Word(
    name="maximum",
    type=Maximum,
    about="The most that is paid.",
    place=4,
    absent=None,
    slips=_slips,
    ceiling=_ceiling,
    limit=_limit,
    explains={"forfeit": "Paid at most"},
)
WORD: Final = MAXIMUM
