"""The words of payment terms, one module each. A new word is a new module here, and the steps that it makes in
`shared.pay.steps`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from shared.pay.spans import Span
from shared.pay.steps import StepName
from shared.pay.terms.words.base import Level, PeriodTerms, Terms, Word, Wording, levels

_names = (module.name for module in iter_modules(__path__) if module.name != "base")

WORDS: Final[tuple[Word[Any], ...]] = tuple(
    sorted((import_module(f"{__name__}.{name}").WORD for name in _names), key=lambda word: word.place)
)
"""Every word, in the order of their places."""


def pays_unearned(terms: Wording) -> bool:
    """Whether by these terms somebody may be paid who earned nothing."""
    return any(
        word.pays_unearned is not None and (said := terms[word]) is not None and word.pays_unearned(said)
        for word in WORDS
    )


def reason(step: StepName, ruled: PeriodTerms) -> str:
    """The rule behind a step, for whoever is paid; nothing where the step says all there is to say."""
    terms = ruled.terms
    if (explaining := _explaining(step, terms, over=ruled.over)) is not None:
        word, level = explaining
        over = f" from {ruled.over}" if ruled.over else ""
        return f"{word.explains[step]}: {level.in_words(terms.currency)}{over}"
    return next((said for word in WORDS if word.reason and (said := word.reason(terms, step))), "")


def rule(step: StepName, terms: Terms, *, over: Span | None = None) -> str:
    """What the terms add to the sentence of a step, for whoever calculates it again."""
    if (explaining := _explaining(step, terms, over=over)) is not None:
        return f" of {explaining[1].amount:,f} {terms.currency}"
    return next((said for word in WORDS if word.rule and (said := word.rule(terms, step))), "")


def _explaining(step: StepName, terms: Terms, *, over: Span | None) -> tuple[Word[Any], Level] | None:
    """The word whose amount stands behind a step, and what it says for a pay period, or for the span."""
    words = (word for word in reversed(WORDS) if step in word.explains)
    said = ((word, level) for word in words for level in levels(terms[word]))
    return next(((word, level) for word, level in said if level.is_for(over)), None)
