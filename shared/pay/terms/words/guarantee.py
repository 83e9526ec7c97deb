"""The word `guarantee`: what is paid at least, for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import model_validator

from shared.kernel.language.findings import Finding
from shared.pay.terms.words.base import Floor, Money, SpannedLevel, Walk, Word, Wording


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
    guarantee = ruled.secures(GUARANTEE)
    if guarantee is None or (guarantee.settled == "at_end" and not ruled.has_ended):
        return None
    return Floor(ruled.secured(guarantee, by_days=guarantee.prorate == "days"), "guarantee")


def _slips(terms: Wording, name: str) -> Iterator[Finding]:
    guarantee = terms[GUARANTEE]
    if guarantee is None:
        return
    for field, month, edge in (("since", guarantee.since, "first"), ("until", guarantee.until, "last")):
        over = None if month is None else guarantee.over(month)
        if over is not None and month != getattr(over, edge):
            said = (
                f"payment terms {name}: {field} of the guarantee lies within {over}, of which at_end guarantees all or"
                " nothing, and running the months in which it holds"
            )
            mend = f"say {field}: {getattr(over, edge)}, or that of another span"
            yield Finding(code="P703", severity="warning", path=("guarantee", field), message=said, mend=mend)


GUARANTEE: Final[Word[Guarantee | None]] = Word(
    name="guarantee",
    type=Guarantee,
    about="What is paid at least.",
    place=2,
    absent=None,
    pays_unearned=lambda _: True,
    slips=_slips,
    floor=_floor,
    explains={"guarantee": "Guaranteed"},
)
WORD: Final = GUARANTEE
