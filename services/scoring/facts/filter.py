"""Which deals are wanted, by their facts as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

WHERE: Final = r"^[A-Za-z_][A-Za-z0-9_.]{0,127}=[^\x00-\x1f\x7f]{0,512}$"
"""A field, an equals sign, and the value as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Deals that closed from the first to the last of these dates (None: no bound), and whose fields have these
    values.
    """

    closed_from: date | None
    closed_to: date | None
    fields: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, closed_from: date | None, closed_to: date | None, *, where: Sequence[str]) -> Wanted | None:
        """What is asked for, each of `where` as `field=value`; None where it is every deal."""
        if closed_from is None and closed_to is None and not where:
            return None
        pairs = [(field, value) for field, _, value in (each.partition("=") for each in where)]
        return cls(closed_from=closed_from, closed_to=closed_to, fields=pairs)

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether a deal with these values in force is one of them."""
        if self.closed_from is not None or self.closed_to is not None:
            closed = str(facts.get("close_date") or "")
            # Dates on the road are written so that texts sort as dates do.
            if not closed or not str(self.closed_from or "") <= closed <= str(self.closed_to or "9999"):
                return False
        return all(str(facts.get(field)) == value for field, value in self.fields)
