"""What payment terms say about a step of the pay, in words for whoever is paid."""

from __future__ import annotations

from decimal import Decimal

from shared.money import minor_digits
from shared.pay.steps import StepName
from shared.pay.terms.policy import Terms


def step_words(kind: StepName, terms: Terms) -> str:
    """The rule behind a step; nothing where the step says all there is to say."""
    match kind:
        case "guarantee" if terms.guarantee is not None:
            return f"Guaranteed: {_money(terms.guarantee.amount, terms)}"
        case "minimum" if terms.minimum is not None:
            return f"Paid at least: {_money(terms.minimum.amount, terms)}"
        case "forfeit" if terms.maximum is not None:
            return f"Paid at most: {_money(terms.maximum.amount, terms)}"
        case "draw" | "guarantee" if terms.draw is not None:  # a draw that is never taken back is a guarantee
            return f"Draw: {_money(terms.draw.amount, terms)}"
        case "recovery" if terms.draw is not None:
            return f"Recovered from pay above the draw: at most {_percent(terms.draw.recover)} of it"
        case "repayment":
            return f"From this pay: at most {_percent(terms.negative.recover)} of it"
    return ""


def _money(amount: Decimal, terms: Terms) -> str:
    digits = minor_digits(terms.currency)
    return f"{amount:,.{digits}f} {terms.currency}"


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"
