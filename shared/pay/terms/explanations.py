"""What the words of the terms say about a step of the pay."""

from __future__ import annotations

from shared.pay.steps import StepName
from shared.pay.terms.words import WORDS
from shared.pay.terms.words.base import Terms


def reason(step: StepName, terms: Terms) -> str:
    """The rule behind a step, for whoever is paid; nothing where the step says all there is to say."""
    return next((said for word in WORDS if word.reason and (said := word.reason(terms, step))), "")


def rule(step: StepName, terms: Terms) -> str:
    """What the terms add to the sentence of a step, for whoever calculates it again."""
    return next((said for word in WORDS if word.rule and (said := word.rule(terms, step))), "")
