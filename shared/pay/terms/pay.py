"""What a run pays one participant in one currency: what is due, walked through the words of the terms, each change a
line of its own.

Top-ups and what is lost above a maximum are functions of what a pay period brought, so that a later correction of it
corrects them too. Draw balance, receivable and what is carried are remembered by the ledger. Amounts are in minor
units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.pay.terms.words import WORDS
from shared.pay.terms.words.base import Floor, PeriodTerms, Position, TermLine, Walk

_NOTHING_SECURED: Final = Floor(0, "guarantee")
"""What was topped up by words that do not hold any more goes back as a guarantee: which of them it was is not
remembered.
"""

_ACTS: Final = sorted((act for word in WORDS for act in word.acts), key=lambda act: act.order)


class Pay(NamedTuple):
    """What the run does: the lines of the terms, what is paid, and what stays payable for the next run (negative or
    positive).
    """

    lines: list[TermLine]
    paid: int
    carried: int
    draw: int
    receivable: int


def pay(position: Position, ruled: Mapping[str, PeriodTerms]) -> Pay:
    """Walk what is due through the terms.

    First the floors and the ceiling of every pay period in question, since they are about what it brought, whenever it
    is paid. Then what the words do to what is due, in the order of their acts: a draw is advanced or recovered, what is
    owed is repaid, a negative rest is settled, the balance of a draw is closed. Last the limits, which only say how
    much of the rest is paid now.

    Args:
        position: where the participant stands.
        ruled: the terms of each pay period of `position.bases`, and of the run's.

    Raises:
        KeyError: the terms of a pay period are missing.
    """
    walk = Walk(position, ruled)
    for pay_period in sorted(position.bases):
        # An off-cycle run pays in advance of its pay period: what that brings is not known before it ends.
        if position.settles or pay_period != position.pay_period:
            _settle_period(walk, pay_period)
    for act in _ACTS:
        act.do(walk)
    paid = max(0, walk.rest)
    for word in WORDS:
        if word.limit is not None:
            paid = word.limit(walk, paid)
    return Pay(lines=walk.lines, paid=paid, carried=walk.rest - paid, draw=walk.draw, receivable=walk.receivable)


def _settle_period(walk: Walk, pay_period: str) -> None:
    """Bring what was topped up and lost of a pay period to what it should be, given what the pay period brought as
    known now.

    Of several floors the highest counts: a guarantee above a minimum secures the minimum too.
    """
    base = walk.position.bases[pay_period]
    floors = [floor for word in WORDS if word.floor and (floor := word.floor(walk, pay_period)) is not None]
    floor = max(floors, default=_NOTHING_SECURED)
    topped = max(0, floor.amount - base) if floors else 0
    if change := topped - walk.position.topped.get(pay_period, 0):
        walk.change(floor.step, change, pay_period=pay_period)
    lost = max((word.ceiling(walk, pay_period, base + topped) for word in WORDS if word.ceiling), default=0)
    if change := walk.position.forfeited.get(pay_period, 0) - lost:
        walk.change("forfeit", change, pay_period=pay_period)
