"""The word `maximum`: the most that a pay period, or a longer span, pays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from shared.formatting import money
from shared.kernel.language.findings import Finding
from shared.pay.spans import Span
from shared.pay.terms.words.base import Level, Money, SpannedLevel, Terms, Walk, Word, Wording
from shared.pay.terms.words.draw import DRAW, Draw, advance_beyond, lent_beside, recovers_of_payments
from shared.pay.terms.words.guarantee import GUARANTEE
from shared.pay.terms.words.minimum import MINIMUM


class Maximum(SpannedLevel):
    """The most that a pay period, or a longer span, pays."""

    amount: Money
    """The most that is paid."""
    above: Literal["carry", "forfeit"] = "carry"
    """carry: what is above is paid later, within the maximum of its time. forfeit: it is lost."""


def _ceiling(walk: Walk, pay_period: str, brought: int) -> int:
    ruled = walk.ruled[pay_period]
    forfeits = (each for each in maxima(ruled.terms) if each.above == "forfeit" and ruled.asks(each))
    return max((max(0, brought - ruled.terms.minor(maximum)) for maximum in forfeits), default=0)


def _limit(walk: Walk, paid: int) -> int:
    """More than a maximum is carried. It is per pay period or span: what earlier runs paid for it counts.

    Of a draw that is recovered after the maximum the balance is a loan: what was lent is no pay, until it is recovered
    of pay, given up, or owed as a claim by whoever leaves. So the maximum is of what is paid less what that balance
    grew by.
    """
    position, month, lent = walk.position, walk.own.month, lent_beside(walk)
    due = paid - lent
    for maximum in maxima(walk.terms):
        if maximum.above == "carry" and maximum.holds_in(month):
            over = maximum.over(month)
            paid_for = position.paid_before(over)
            before = paid_for.paid - (paid_for.lent if recovers_of_payments(walk.terms) else 0)
            left = max(0, walk.terms.minor(maximum) - before)
            if due > left:
                due = left
                walk.limited.append(_said(walk.terms, maximum, over=over, before=before))
    return advance_beyond(walk, due + lent, of=paid)


def _said(terms: Terms, maximum: Maximum, *, over: Span | None, before: int) -> str:
    said = f"Paid at most: {maximum.in_words(terms.currency)}{f' from {over}' if over else ''}"
    return f"{said}, and {money(before, terms.currency)} of it before" if before else said


def maxima(terms: Wording) -> tuple[Maximum, ...]:
    """Every maximum of terms."""
    said = terms[MAXIMUM]
    return () if said is None else said if isinstance(said, tuple) else (said,)


def _one_for_each_span(said: Said) -> None:
    every = [(each.every, each.year_starts, each.above) for each in said] if isinstance(said, tuple) else []
    if len(set(every)) < len(every):
        raise ValueError("say one maximum for each span: two for the same one would be the lower of them")


def _is_beside(maximum: Maximum, draw: Draw) -> bool:
    return maximum.above == "forfeit" or draw.recovered == "after_maximum"


def _slips(terms: Wording, name: str) -> Iterator[Finding]:
    draw = terms[DRAW]
    floors: tuple[tuple[str, Level | None], ...] = (
        ("draw", draw),
        ("guarantee", terms[GUARANTEE]),
        ("minimum", terms[MINIMUM]),
    )
    for maximum, (word, least) in product(maxima(terms), floors):
        every = getattr(least, "every", "pay_period")
        # Up to a draw is advanced what a maximum that forfeits leaves, or one after which it is recovered lets through.
        if word == "draw" and draw and draw.kind != "non_recoverable" and _is_beside(maximum, draw):
            continue
        if least and every == maximum.every and least.amount > maximum.amount and least.overlaps(maximum):
            said = f"payment terms {name}: the maximum is below the {word}, which is then never paid in full"
            yield Finding(
                code="P702",
                severity="warning",
                path=("maximum",) if isinstance(terms[MAXIMUM], tuple) else ("maximum", "amount"),
                message=said,
                mend=f"raise the maximum, or lower the {word}",
            )


Said: TypeAlias = Maximum | tuple[Maximum, ...]

MAXIMUM: Final[Word[Said | None]] = Word(
    name="maximum",
    # Which of the two is meant is told by what is written, so that a slip is told once and in its own place.
    type=Annotated[
        Annotated[Maximum, Tag("one")] | Annotated[tuple[Maximum, ...], Field(min_length=1), Tag("several")],
        Discriminator(lambda said: "several" if isinstance(said, list | tuple) else "one"),
    ],
    about="The most that is paid: one amount, or a list of them, each for another span.",
    place=4,
    absent=None,
    check=_one_for_each_span,
    slips=_slips,
    ceiling=_ceiling,
    limit=_limit,
    explains={"forfeit": "Paid at most"},
)
WORD: Final = MAXIMUM
