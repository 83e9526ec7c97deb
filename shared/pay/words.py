"""The steps of somebody's pay in words that a calculator can check: each says what it adds, and what is payable after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shared.money import from_minor
from shared.pay.settlement import BESIDE, PayLine, Settlement
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
        sentence = _sentence(line, terms, found.currency).format(about=about)
        beside = ", which changes nothing payable" if line.step in BESIDE else ""
        sign = "" if line.amount < 0 or line.step in BESIDE else "+"
        yield ExplainedStep(
            line,
            after,
            f"{sentence}: {sign}{_money(line.amount, found.currency)}{beside}; {_money(after, found.currency)}",
        )


def _sentence(line: PayLine, terms: Terms, currency: str) -> str:
    """What a step is; `{about}` stands for the month it concerns, where that is another."""
    of = " ".join(filter(None, (line.component, f"deal {line.deal_id}" if line.deal_id else "")))
    match line.step:
        case "carried_in":
            return "Carried in from the pay period before"
        case "earnings":
            return "Earned"
        case "prior_period":
            return "Correction{about}"
        case "adjustment":
            return "Adjusted by hand{about}"
        case "returned":
            return "Given back by payroll, to be paid again"
        case "hold":
            return f"Held until it is due, {of}{{about}}"
        case "release":
            return f"Released, {of}{{about}}"
        case "lapse":
            return f"Held pay lost by leaving, {of}{{about}}"
        case "dismissal":
            return f"Stays with the participant although it was lost, {of}{{about}}"
        case "guarantee":
            level = terms.guarantee or terms.draw
            return f"Guarantee{_level(level, currency)}{{about}}"
        case "minimum":
            return f"Topped up to the minimum{_level(terms.minimum, currency)}{{about}}"
        case "forfeit":
            return f"Lost above the maximum{_level(terms.maximum, currency)}{{about}}"
        case "draw":
            return f"Advanced up to the draw{_level(terms.draw, currency)}"
        case "recovery":
            return f"Taken back of what was advanced{_recover(terms)}"
        case "forgiveness":
            return "Balance of the draw given up"
        case "receivable":
            return "Becomes owed by the participant"
        case "repayment":
            return "Taken from pay for what is owed"
        case "write_off":
            return "Negative balance that the company bears"
        case "carried_forward":
            return "Carried to the next pay period"


def _level(rule: Draw | Guarantee | Minimum | Maximum | None, currency: str) -> str:
    return "" if rule is None else f" of {rule.amount:,f} {currency}"


def _recover(terms: Terms) -> str:
    draw = terms.draw
    if draw is None or draw.recover == 1:
        return ""
    return f", at most {draw.recover * 100:f}% of the pay above the draw"


def _money(amount: int, currency: str) -> str:
    return f"{from_minor(amount, currency):,f}"
