"""The word `negative`: what happens when more was taken back than was earned."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from shared.formatting import percent
from shared.kernel.language.findings import Finding
from shared.pay.policy import PolicyPart
from shared.pay.steps import StepName
from shared.pay.terms.words.base import NEGATIVE_REST, REPAYMENT, Act, Share, Terms, Walk, Word, Wording
from shared.pay.terms.words.draw import part_above_draw


class Negative(PolicyPart):
    """What happens when more was taken back than was earned."""

    balance: Literal["carry", "receivable", "write_off"] = "carry"
    """carry: the next pay begins with it. receivable: it is booked as owed by the participant and taken from later pay.
    write_off: the company bears it."""
    recover: Share = Decimal(1)
    """How much of a pay period's pay may go into what is receivable."""


def _repay(walk: Walk) -> None:
    """Take from pay what is owed: from what is above a draw in force, and of that no more than was agreed, rounded
    down.
    """
    share, before = Fraction(walk.terms[NEGATIVE].recover), walk.position.paid_before()
    most = part_above_draw(walk, walk.rest, share=share, taken=before.repaid, beside=before.repaid)
    if walk.receivable > 0 and (repaid := min(walk.receivable, most)):
        walk.receivable -= repaid
        walk.change("repayment", -repaid)


def _settle_negative(walk: Walk) -> None:
    """Nobody pays in: a rest below zero is carried, becomes a claim, or is borne by the company.

    An off-cycle run carries it: the rest of the pay period may still make up for it.
    """
    balance = walk.terms[NEGATIVE].balance
    if walk.rest >= 0 or balance == "carry" or not walk.position.settles:
        return
    if balance == "receivable":
        walk.receivable -= walk.rest
    walk.change(balance, -walk.rest)


def _reason(terms: Terms, step: StepName) -> str:
    return f"From this pay: at most {percent(terms[NEGATIVE].recover)} of it" if step == "repayment" else ""


def _slips(terms: Wording, name: str) -> Iterator[Finding]:
    negative = terms[NEGATIVE]
    if negative.balance == "receivable" and not negative.recover:
        said = f"payment terms {name}: what participants owe is never taken from later pay, since recover is 0%"
        mend = "say balance: write_off, or how much of later pay recovers it"
        yield Finding(code="P701", severity="warning", path=("negative", "recover"), message=said, mend=mend)


NEGATIVE: Final[Word[Negative]] = Word(
    name="negative",
    type=Negative,
    about="What happens when more was taken back than was earned.",
    place=5,
    absent=Negative(),
    slips=_slips,
    acts=(Act(REPAYMENT, _repay), Act(NEGATIVE_REST, _settle_negative)),
    reason=_reason,
)
WORD: Final = NEGATIVE
