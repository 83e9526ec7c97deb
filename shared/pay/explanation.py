"""The steps of somebody's pay in words that a calculator can check: each says what it adds, and what is payable after
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shared.money import from_minor
from shared.pay.settlement import PayLine, Settlement
from shared.pay.steps import BESIDE, STEPS
from shared.pay.terms.words import rule
from shared.pay.terms.words.base import Terms
from shared.periods import Month


class ExplainedStep(NamedTuple):
    """A step, what is payable after it in minor units, and its sentence."""

    line: PayLine
    after: int
    words: str


def explained(found: Settlement, terms: Terms, *, month: Month) -> Iterator[ExplainedStep]:
    """Every step of a settlement, in order.

    Args:
        found: what the run does.
        terms: the terms of the run's pay period.
        month: the run's.
    """
    after = 0
    for line in found.lines:
        after += line.amount if line.step not in BESIDE else 0
        about = f" for {line.about}" if line.about != month else ""
        sentence = _sentence(line, terms, about=about)
        beside = ", which changes nothing payable" if line.step in BESIDE else ""
        sign = "" if line.amount < 0 or line.step in BESIDE else "+"
        yield ExplainedStep(
            line,
            after,
            f"{sentence}: {sign}{_money(line.amount, found.currency)}{beside}; {_money(after, found.currency)}",
        )


def _sentence(line: PayLine, terms: Terms, *, about: str) -> str:
    """What a step is, with what of the terms made it."""
    of = " ".join(filter(None, (line.component, f"deal {line.deal_id}" if line.deal_id else "")))
    return STEPS[line.step].sentence.format(of=of, about=about, rule=rule(line.step, terms))


def _money(amount: int, currency: str) -> str:
    return f"{from_minor(amount, currency):,f}"
