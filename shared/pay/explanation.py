"""The steps of somebody's pay in words that a calculator can check: each says what it adds, and what is payable after
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shared.formatting import money
from shared.pay.settlement import PayLine, Settlement
from shared.pay.spans import span_named
from shared.pay.steps import BESIDE, STEPS
from shared.pay.terms.words import rule
from shared.pay.terms.words.base import Terms
from shared.periods import Month


class ExplainedStep(NamedTuple):
    """A step, what is payable after it in minor units, and its sentence."""

    line: PayLine
    after: int
    words: str


def explained(settlement: Settlement, terms: Terms, *, month: Month) -> Iterator[ExplainedStep]:
    """Every step of a settlement, in order.

    Args:
        settlement: what the run does.
        terms: the terms of the run's pay period.
        month: the run's.
    """
    after, currency = 0, settlement.currency
    for line in settlement.lines:
        sentence = _sentence(line, terms, about=f" for {line.about}" if line.about != month else "")
        sentence += _numbers(line, settlement)
        if line.step in ("carried_forward", "dismissal"):
            key = (line.deal_id or "", line.about, line.component or "")
            why = settlement.dismissal_reasons.get(key) or settlement.reasons.get((line.step, line.about))
            sentence += f" ({why})" if why else ""
        if line.step in BESIDE:
            moved = f"{money(line.amount, currency)}, which changes nothing payable"
        else:
            after += line.amount
            moved = money(line.amount, currency, signed=True)
        yield ExplainedStep(line, after, f"{sentence}: {moved}; {money(after, currency)}")


def _sentence(line: PayLine, terms: Terms, *, about: str) -> str:
    """What a step is, with what of the terms made it."""
    of = " ".join(filter(None, (line.component, f"deal {line.deal_id}" if line.deal_id else "")))
    over = span_named(line.over) if line.over else None
    return STEPS[line.step].sentence.format(of=of, about=about, rule=rule(line.step, terms, over=over))


def _numbers(line: PayLine, settlement: Settlement) -> str:
    """What a span brought that a line is about, and what of the step was made before."""
    if line.over is None or line.over not in settlement.settled:
        return ""
    span, currency = settlement.settled[line.over], settlement.currency
    before = span.topped - line.amount if STEPS[line.step].remembered == "topped" else span.forfeited + line.amount
    part = f" and has to bring {money(span.base + span.topped, currency)} by now" if span.topped else ""
    said = f", from {span_named(line.over)}, which brought {money(span.base, currency)}{part}"
    return f"{said}, less {money(before, currency)} of earlier runs" if before else said
