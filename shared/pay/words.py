"""The steps of somebody's pay in words that a calculator can check: each says what it adds, and what is payable after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shared.money import from_minor
from shared.pay.settlement import PayLine, Settlement
from shared.pay.steps import BESIDE, STEPS, StepName
from shared.pay.terms.policy import Draw, Guarantee, Maximum, Minimum, Terms


class ExplainedStep(NamedTuple):
    """A step, what is payable after it in minor units, and its sentence."""

    line: PayLine
    after: int
    words: str


def explained(found: Settlement, terms: Terms, month: str) -> Iterator[ExplainedStep]:
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
        sentence = _sentence(line, terms, currency=found.currency, about=about)
        beside = ", which changes nothing payable" if line.step in BESIDE else ""
        sign = "" if line.amount < 0 or line.step in BESIDE else "+"
        yield ExplainedStep(
            line,
            after,
            f"{sentence}: {sign}{_money(line.amount, found.currency)}{beside}; {_money(after, found.currency)}",
        )


def _sentence(line: PayLine, terms: Terms, *, currency: str, about: str) -> str:
    """What a step is, with what of the terms made it."""
    of = " ".join(filter(None, (line.component, f"deal {line.deal_id}" if line.deal_id else "")))
    return STEPS[line.step].sentence.format(of=of, about=about, rule=_rule(line.step, terms, currency))


def _rule(step: StepName, terms: Terms, currency: str) -> str:
    match step:
        case "guarantee":
            return _level(terms.guarantee or terms.draw, currency)
        case "minimum":
            return _level(terms.minimum, currency)
        case "forfeit":
            return _level(terms.maximum, currency)
        case "draw":
            return _level(terms.draw, currency)
        case "recovery":
            return _recover(terms)
    return ""


def _level(rule: Draw | Guarantee | Minimum | Maximum | None, currency: str) -> str:
    return "" if rule is None else f" of {rule.amount:,f} {currency}"


def _recover(terms: Terms) -> str:
    draw = terms.draw
    if draw is None or draw.recover == 1:
        return ""
    return f", at most {draw.recover * 100:f}% of the pay above the draw"


def _money(amount: int, currency: str) -> str:
    return f"{from_minor(amount, currency):,f}"
