"""The word `guarantee`: what is paid at least, for good."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import model_validator

from shared.pay.terms.words.base import Floor, Money, SpannedLevel, Walk, Word, part
from shared.pay.terms.words.leaver import is_secured


class Guarantee(SpannedLevel):
    """What a pay period, or a longer span, pays at least, for good: what earnings lack is topped up and never taken
    back.
    """

    amount: Money
    """What a pay period, or the span of `every`, pays at least."""
    settled: Literal["at_end", "running"] = "at_end"
    """When a span is topped up. at_end: with its last pay period, when what it brought is known. running: by the end of
    each of its months to that part of the amount; what a better month brings above that takes the place of what was
    topped up before it."""
    prorate: Literal["no", "days"] = "no"
    """For whoever joins or leaves within a pay period, or the span: all of the amount, or the part of its days on which
    they were there.
    """

    @model_validator(mode="after")
    def _settles_a_span(self) -> Guarantee:
        if "settled" in self.model_fields_set and not self.is_spanned:
            raise ValueError("`settled` is about a quarter, a half-year or a year: say which with `every`")
        return self


def _floor(walk: Walk, pay_period: str) -> Floor | None:
    ruled = walk.ruled[pay_period]
    guarantee = ruled.in_force(GUARANTEE)
    # A span that somebody left in has ended for them as far as `ended` says.
    if guarantee is None or (ruled.over is None and not is_secured(walk, pay_period)):
        return None
    if guarantee.settled == "at_end" and ruled.ended < 1:
        return None
    return Floor(part(ruled.secured(guarantee, by_days=guarantee.prorate == "days"), ruled.ended), "guarantee")


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
