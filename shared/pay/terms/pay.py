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
from shared.pay.terms.words.base import LIMITS, Floor, PeriodTerms, Position, TermLine, Walk

_NOTHING_SECURED: Final = Floor(0, "guarantee")
"""What was topped up by words that do not hold any more goes back as a guarantee: which of them it was is not
remembered.
"""

_ACTS: Final = sorted((act for word in WORDS for act in word.acts), key=lambda act: act.order)


class Pay(NamedTuple):
    """What the run does: the lines of the terms, what is paid, and what stays payable for the next run (negative or
    positive); `limited` says why it stays.
    """

    lines: list[TermLine]
    paid: int
    carried: int
    draw: int
    receivable: int
    limited: str = ""


def pay(position: Position, ruled: Mapping[str, PeriodTerms]) -> Pay:
    """Walk what is due through the terms.

    First the floors and the ceiling of every pay period in question, and then of every span, since they are about what
    it brought, whenever it is paid. Then what the words do to what is due, in the order of their acts: a draw is
    advanced or recovered, what is owed is repaid, a negative rest is settled. Then the limits, which only say how much
    of the rest is paid now. Last what is done to that: a draw is recovered of what is paid, its balance is closed.

    Args:
        position: where the participant stands.
        ruled: the terms of each pay period and span of `position.bases`, and of the run's.

    Raises:
        KeyError: the terms of a pay period are missing.
    """
    walk = Walk(position, ruled)
    for name in sorted(position.bases, key=lambda name: (_length(ruled[name]), name)):
        _settle_period(walk, name)
    for act in _ACTS:
        if act.order < LIMITS:
            act.do(walk)
    walk.paid = max(0, walk.rest)
    for word in WORDS:
        if word.limit is not None:
            walk.paid = word.limit(walk, walk.paid)
    for act in _ACTS:
        if act.order >= LIMITS:
            act.do(walk)
    return Pay(
        lines=walk.lines,
        paid=walk.paid,
        carried=walk.rest - walk.paid,
        draw=walk.draw,
        receivable=walk.receivable,
        limited="; ".join(walk.limited),
    )


def _length(ruled: PeriodTerms) -> int:
    """In months; of a pay period 0, so that it comes before every span that it is in."""
    return ruled.over.months if ruled.over else 0


def _settle_period(walk: Walk, pay_period: str) -> None:
    """Bring what was topped up and lost of a pay period or span to what it should be, given what it brought as known
    now.

    Of several floors the highest counts: a guarantee above a minimum secures the minimum too.
    """
    base = walk.brought(pay_period)
    floors = [floor for word in WORDS if word.floor and (floor := word.floor(walk, pay_period)) is not None]
    floor = max(floors, default=_NOTHING_SECURED)
    before = walk.position.topped.get(pay_period, 0)
    # For whoever left, what a span brings after that is no part of what is guaranteed.
    counted = walk.brought(pay_period, but_for=walk.ruled[pay_period].uncounted)
    topped = max(0, floor.amount - counted) if floors else 0
    # An off-cycle run pays in advance of its pay period: more than that is known to bring by now, it may still bring.
    if not walk.position.settles and walk.position.is_open(pay_period):
        topped = min(topped, before)
    if change := topped - before:
        walk.change(floor.step, change, pay_period=pay_period)
    lost = max((word.ceiling(walk, pay_period, base + topped) for word in WORDS if word.ceiling), default=0)
    if change := walk.position.forfeited.get(pay_period, 0) - lost:
        walk.change("forfeit", change, pay_period=pay_period)
