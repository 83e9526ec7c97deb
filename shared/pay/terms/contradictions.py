"""Payment terms in which some words take back what others promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.kernel.language.findings import Finding

if TYPE_CHECKING:
    from shared.pay.terms.policy import PaymentTerms


def contradictions(terms: PaymentTerms) -> Iterator[Finding]:
    """What is allowed and probably not meant. Without amounts, which may be those of one person."""
    if terms.draw is not None and terms.draw.kind == "recoverable" and not terms.draw.recover:
        said = f"payment terms {terms.id}: what the draw advances is never recovered, since recover is 0%"
        yield Finding(
            "P701",
            "warning",
            ("draw", "recover"),
            said,
            "say kind: non_recoverable, or how much of later pay recovers it",
        )
    if terms.negative is not None and terms.negative.balance == "receivable" and not terms.negative.recover:
        said = f"payment terms {terms.id}: what participants owe is never taken from later pay, since recover is 0%"
        yield Finding(
            "P701",
            "warning",
            ("negative", "recover"),
            said,
            "say balance: write_off, or how much of later pay recovers it",
        )
    for name in ("draw", "guarantee", "minimum"):
        least = getattr(terms, name)
        if (
            least is not None
            and terms.maximum is not None
            and least.amount > terms.maximum.amount
            and least.overlaps(terms.maximum)
        ):
            said = f"payment terms {terms.id}: the maximum is below the {name}, which is then never paid in full"
            yield Finding("P702", "warning", ("maximum", "amount"), said, f"raise the maximum, or lower the {name}")
