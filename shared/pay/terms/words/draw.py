"""The word `draw`: an advance, and what becomes of its balance."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from shared.contracts.base import PeriodName
from shared.formatting import percent
from shared.kernel.language.findings import Finding
from shared.pay.spans import span_of
from shared.pay.steps import StepName
from shared.pay.terms.words.base import (
    ADVANCE,
    BALANCE,
    RECOVERY_OF_PAYMENT,
    Act,
    Floor,
    Level,
    Money,
    Share,
    Terms,
    Walk,
    Word,
    Wording,
)
from shared.pay.terms.words.leaver import LEAVER
from shared.periods import Month, first_day, month_number


class Draw(Level):
    """An advance: every pay period pays at least `amount`."""

    amount: Money
    """What a pay period pays at least."""
    prorate: Literal["no", "days"] = "no"
    """For whoever joins or leaves within a pay period: all of the amount, or the part of its days on which they were
    there.
    """
    kind: Literal["recoverable", "non_recoverable", "forgiven"] = "recoverable"
    """recoverable: what was advanced is taken from later pay above the draw. non_recoverable: it is never taken back.
    forgiven: recoverable, and what is left at the end of `forgive_every` is given up."""
    recover: Share = Decimal(1)
    """How much of the pay above the draw goes into recovery in one pay period."""
    recovered: Literal["before_maximum", "after_maximum"] = "before_maximum"
    """before_maximum: of what is due, before a maximum that carries limits what is paid of the rest. after_maximum: of
    what is within the maximum, which counts what is recovered as paid, and nothing of what is advanced and still to be
    recovered. A maximum that forfeits cuts before both."""
    recover_since: PeriodName | None = None
    """The first month in which anything is recovered; at once where absent."""
    recover_after_months: Annotated[int, Field(ge=1, le=600)] | None = None
    """So many months without recovery, counted from the month in which the draw begins or, if that is later, in which
    the participant joins."""
    forgive_every: Literal["quarter", "half_year", "year", "end"] = "end"
    """When the balance of a forgiven draw is given up: at the end of each such span, also of that in which the draw
    ends, or with the draw's last month."""

    @model_validator(mode="after")
    def _ends_where_it_is_forgiven(self) -> Draw:
        if self.kind == "forgiven" and self.forgive_every == "end" and self.until is None:
            raise ValueError(
                "a draw forgiven at its end needs `until`, or say forgive_every: quarter, half_year or year"
            )
        if self.recover_since is not None and self.recover_after_months is not None:
            raise ValueError("say either recover_since or recover_after_months")
        if self.kind == "non_recoverable" and self.model_fields_set & _OF_RECOVERY:
            raise ValueError("a non-recoverable draw is never taken back: leave out what is said of its recovery")
        return self

    def recovers_in(self, month: Month, *, joined: Month | None) -> bool:
        """Whether anything is recovered in a month by then."""
        if self.recover_after_months is None:
            return self.recover_since is None or self.recover_since <= month
        begins = max(filter(None, (self.since, joined)), default=None)
        # Whose first day nobody said was always there.
        return begins is None or month_number(first_day(month)) - month_number(first_day(Month(begins))) >= (
            self.recover_after_months
        )

    def forgives_in(self, period: Month) -> bool:
        """Whether the balance is given up once the pay of the month is settled, also of a draw that has ended."""
        if self.kind != "forgiven":
            return False
        if self.forgive_every == "end":
            return period == self.until
        span = span_of(self.forgive_every, period, year_starts=1)
        return span is not None and period == span.last


_OF_RECOVERY: Final = frozenset({"recovered", "recover_since", "recover_after_months"})


def recovers_of_payments(terms: Wording) -> bool:
    """Whether a draw is recovered of what is about to be paid, within its maximum."""
    draw = terms[DRAW]
    return draw is not None and draw.recovered == "after_maximum"


def lent_beside(walk: Walk) -> int:
    """What the run advanced so far that no maximum limits: of a draw that is recovered after it."""
    return walk.draw - walk.position.draw if recovers_of_payments(walk.terms) else 0


def advance_beyond(walk: Walk, paid: int, *, of: int) -> int:
    """What is paid with a draw that is recovered after the maximum: what that lets `paid` through `of`, or the draw
    where it is more. The difference is advanced, so that who earns more is never paid less.
    """
    least = min(_secured_still(walk), of)
    if paid >= least or not (walk.position.settles and recovers_of_payments(walk.terms)):
        return paid
    _advance(walk, least - paid)
    return least


def _advance(walk: Walk, amount: int) -> None:
    walk.draw += amount
    walk.change("draw", amount)


# A draw that is never taken back is a guarantee: nothing of it is owed, so it is booked and shown as one.
def _floor(walk: Walk, pay_period: str) -> Floor | None:
    ruled = walk.ruled[pay_period]
    draw = ruled.secures(DRAW)
    if draw is None or draw.kind != "non_recoverable":
        return None
    return Floor(ruled.secured(draw, by_days=draw.prorate == "days"), "guarantee")


def _advance_or_recover(walk: Walk) -> None:
    """Advance what lacks to the draw, or recover earlier advances from what is above it.

    Only the excess over the draw recovers it, as in the published cases WE-48 and WE-50 (docs/conformance.md). Whoever
    leaves, and whoever has a balance and no draw any more, gives all of the excess. A part of it is rounded down:
    nobody gives back more than was agreed.
    """
    level = _level(walk)
    walk.secured = level or 0
    # An off-cycle run advances nothing: what its pay period brings is not known before it ends.
    if level is not None and walk.position.settles and walk.rest < (left := _secured_still(walk)):
        _advance(walk, left - walk.rest)
    elif not recovers_of_payments(walk.terms):
        before = walk.position.paid_before()
        _recover(walk, walk.rest, beside=before.recovered + before.repaid)


def _recover_of_payment(walk: Walk) -> None:
    """Recover earlier advances from what is above the draw of what a maximum lets through."""
    advanced = walk.draw > walk.position.draw
    if recovers_of_payments(walk.terms) and not advanced:
        walk.paid -= _recover(walk, walk.paid, beside=walk.position.paid_before().recovered)


def _recover(walk: Walk, pay: int, *, beside: int) -> int:
    """Recover from pay, and say how much."""
    draw, leaves = walk.terms[DRAW], walk.position.leaves
    if walk.draw <= 0 or not (leaves or draw is None or draw.recovers_in(walk.own.month, joined=walk.own.joined)):
        return 0
    share = Fraction(1) if leaves or draw is None else Fraction(draw.recover)
    taken = walk.position.paid_before().recovered
    if recovered := min(walk.draw, part_above_draw(walk, pay, share=share, taken=taken, beside=beside)):
        walk.draw -= recovered
        walk.change("recovery", -recovered)
    return recovered


def part_above_draw(walk: Walk, pay: int, *, share: Fraction, taken: int, beside: int) -> int:
    """What may be taken from pay: a share of what is above a draw in force, rounded down.

    It is a share of the whole pay period, less what earlier runs took of it, so that a pay period gives back the same
    whether one run pays it or an off-cycle run paid some of it before.

    Args:
        walk: what is on its way.
        pay: of which it is taken.
        share: the most of what is above the draw.
        taken: what earlier runs took of the pay period for the same.
        beside: what they had of the same pay and did not pay.
    """
    whole = pay + walk.position.paid_before().paid + beside
    more = int(max(0, whole - walk.secured) * share) - taken
    return max(0, min(more, pay - _secured_still(walk)))


def _secured_still(walk: Walk) -> int:
    """What is left of a draw: it is per pay period, not per run, so what earlier runs paid counts."""
    return max(0, walk.secured - walk.position.paid_before().paid)


def _level(walk: Walk) -> int | None:
    """What a recoverable draw pays in the pay period; None where there is none."""
    draw = walk.own.secures(DRAW)
    if draw is None or draw.kind == "non_recoverable":
        return None
    return walk.own.secured(draw, by_days=draw.prorate == "days")


def _settle_balance(walk: Walk) -> None:
    """Give up what is left of a draw, or make it a claim: at its end where it is forgiven, and when a participant
    leaves.
    """
    draw, at_leaving = walk.terms[DRAW], walk.terms[LEAVER].draw_balance
    if walk.draw <= 0:
        return
    balance = walk.draw
    if walk.position.leaves and at_leaving == "receivable":
        # Two steps that change nothing payable together, so that both balances say what became of them.
        walk.change("recovery", -balance)
        walk.change("receivable", balance)
        walk.receivable += balance
    elif (walk.position.leaves and at_leaving == "forgive") or (
        walk.position.settles and walk.own.ends_month and draw is not None and draw.forgives_in(walk.own.month)
    ):
        walk.change("forgiveness", balance)
    else:
        return
    walk.draw = 0


def _reason(terms: Terms, step: StepName) -> str:
    draw = terms[DRAW]
    if draw is None or step != "recovery":
        return ""
    return f"Recovered from pay above the draw: at most {percent(draw.recover)} of it"


def _rule(terms: Terms, step: StepName) -> str:
    draw = terms[DRAW]
    if draw is None or step != "recovery" or draw.recover == 1:
        return ""
    return f", at most {percent(draw.recover)} of the pay above the draw"


def _slips(terms: Wording, name: str) -> Iterator[Finding]:
    draw = terms[DRAW]
    if draw is not None and draw.kind == "recoverable" and not draw.recover:
        said = f"payment terms {name}: what the draw advances is never recovered, since recover is 0%"
        mend = "say kind: non_recoverable, or how much of later pay recovers it"
        yield Finding(code="P701", severity="warning", path=("draw", "recover"), message=said, mend=mend)


DRAW: Final[Word[Draw | None]] = Word(
    name="draw",
    type=Draw,
    about="An advance against later pay.",
    place=1,
    absent=None,
    slips=_slips,
    pays_unearned=lambda _: True,
    floor=_floor,
    acts=(
        Act(ADVANCE, _advance_or_recover),
        Act(RECOVERY_OF_PAYMENT, _recover_of_payment),
        Act(BALANCE, _settle_balance),
    ),
    # A draw that is never taken back makes the step of a guarantee, unless the terms have one, which comes after it.
    explains={"draw": "Draw", "guarantee": "Draw"},
    reason=_reason,
    rule=_rule,
)
WORD: Final = DRAW
