"""Fields that every deal has, and that a plan may name once it declares them.

A column of such a name means the field, on every road by which deals come in: said in two places, one of them would be
paid on and the other corrected.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

from shared.kernel.language.findings import did_you_mean

DECLARED_FIELDS: Final[dict[str, Literal["date", "number", "text"]]] = {
    "cancel_date": "date",
    "start_date": "date",
    "term_months": "number",
    "contract": "text",
}
"""The fields with the types by which a plan declares them."""
NO_COLUMNS: Final = frozenset(
    {
        # Of a deal, and no single value.
        *("splits", "refunds", "payments", "custom", "problem"),
        # Of a credit and of whoever is credited, beside the deal's own while it is credited.
        *("participant_id", "plan", "version", "share", "credit_date", "bucket"),
        *("manager", "active", "on_leave", "position", "effective_from"),
    }
)
"""Names that no column may have."""


def meant_column(name: str, known: Collection[str], *, what: str) -> str:
    """What to write in place of a name that is no column of deals: the declaration of a field, or the `known` name that
    is nearest."""
    if (kind := DECLARED_FIELDS.get(name)) is not None:
        return f"every deal has it: declare it, as in columns: {{{name}: {kind}}}"
    return did_you_mean(name, known, what=what)
