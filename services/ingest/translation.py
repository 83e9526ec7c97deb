"""What a document of a source became, and the values of its fields: read by rules, with what was changed on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

import polars as pl

from services.ingest.acceptance import RefusedItem
from services.ingest.rules import ABSENT, Item, Rules, as_text
from services.ingest.splits import Unit
from shared.contracts import deals
from shared.kernel.crediting.custom_columns import kind_of
from shared.value_rules import PLAIN, Kind, Notation, Unreadable

CUSTOM: Final = "custom."
SHARES: Final[tuple[Unit, ...]] = ("percent", "fraction", "amount")
KINDS: Final[Mapping[str, Kind | Literal["instant"]]] = {
    **dict.fromkeys((*deals.MONEY, *(f"{name}.amount" for name in deals.ENTRIES)), "money"),
    **dict.fromkeys((f"splits.{share}" for share in SHARES), "number"),
    **dict.fromkeys((*deals.DATES, *(f"{name}.date" for name in deals.ENTRIES)), "date"),
    "time": "instant",
}
"""What fields are, but for texts."""


class NoItems(ValueError):
    """A document has nothing where the source file looks for items; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A value that was changed on the way in."""

    index: int
    field: str
    was: str
    now: str


@dataclass(slots=True)
class Translation:
    """What a document became: events, the places of items passed over, and repairs. `notation` is its source's; the
    company's own fields are what the `columns` of plans declare, with dates in the company's `zone`.
    """

    notation: Notation = PLAIN
    columns: Mapping[str, pl.DataType] = field(default_factory=dict)
    zone: str | None = None
    events: list[dict[str, Any] | RefusedItem] = field(default_factory=list)
    passed_over: list[int] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)

    def value_of(
        self,
        item: Item,
        name: str,
        *,
        index: int,
        rules: Rules,
        unread: list[dict[str, str]],
        place: str | None = None,
    ) -> Any:
        """The value of a field of an item by the first of its rules that finds one, as JSON has it; null where they
        find nothing but that. Of one that cannot be read, field and reason are added to `unread`;
        `place` is how the field is called there, where that is not its name.
        """
        value, rule = ABSENT, rules[0]
        for each in rules:
            found = each.value_in(item)
            value, rule = (found, each) if found is not ABSENT else (value, rule)
            if value is not ABSENT and value is not None:
                break
        if value is ABSENT or value is None or isinstance(value, dict | list):
            return value
        kind, notation = rule.type or self._kind(name), self.notation
        own = isinstance(value, bool) or (
            isinstance(value, int)
            and name.startswith(CUSTOM)
            and not (rule.scale or rule.format or rule.zone or kind in ("date", "yes_no"))
        )
        if own and not rule.values and as_text(value) not in rule.repairs:
            return value  # a company's own field may be a number, or yes or no
        text = as_text(value)
        # The signs of a notation are those of texts: the number 1.234 of JSON is no thousand.
        if isinstance(value, int | Decimal) and kind in ("money", "number") and rule.format is None:
            rule, notation = rule.of_typed(), notation.of_typed()
        # Dates of other fields are those of the contract, whose validation knows the zone.
        if kind == "date" and name.startswith(CUSTOM) and notation.zone is None:
            notation = notation.model_copy(update={"zone": self.zone})
        try:
            reading = rule.read(text, kind, notation=notation)
        except Unreadable as error:
            unread.append({"field": _placed(place or name), "reason": str(error)})
            return text
        if reading.repaired:
            self.repairs.append(Repair(index=index, field=name, was=text, now=rule.repairs[text]))
        if reading.unrounded is not None:
            self.repairs.append(Repair(index=index, field=name, was=reading.unrounded, now=reading.value or ""))
        return reading.value

    def _kind(self, name: str) -> Kind | Literal["instant"]:
        declared = self.columns.get(name.removeprefix(CUSTOM)) if name.startswith(CUSTOM) else None
        return KINDS.get(name, "text") if declared is None else kind_of(declared)


def _placed(name: str) -> str:
    """Where a field stands in an event."""
    if name in ("id", "time"):
        return name
    return f"data.{name}" if name in ("deal_id", "sequence") else f"data.fields.{name}"
