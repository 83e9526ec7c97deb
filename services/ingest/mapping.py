"""Mapping a foreign document to deal events by configuration alone: JSON path to field, with named repairs.

The same mapping reads a CRM's webhook body and a row of its export. What it changes on the way it reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import jsonpath
import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from services.ingest.json_paths import compiled
from services.ingest.sections import Section, SourceError
from services.ingest.signatures import Signing
from shared.contracts import deals
from shared.contracts.base import Identifier
from shared.decimals import NotDecimal, bounded_decimal
from shared.limits import TooMuch, load_yaml
from shared.problems import field_errors
from shared.value_rules import PLAIN, Kind, Notation, Unreadable, ValueRule

ABSENT = object()
CUSTOM = "custom."
KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys((*deals.MONEY, *(f"{name}.amount" for name in deals.ENTRIES)), "number"),
    **dict.fromkeys(
        ("open_date", "close_date", "cancel_date", "start_date", *(f"{name}.date" for name in deals.ENTRIES)), "date"
    ),
}
"""What fields are, but for texts."""


class Rule(ValueRule):
    """Where a field comes from, and how it is read (`shared.value_rules`)."""

    path: str | None = None
    constant: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, given: Any) -> Any:
        return {"path": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Rule:
        if (self.path is None) == (self.constant is None):
            raise ValueError("name either a path or a constant")
        return self

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str | None) -> str | None:
        if path is not None:
            compiled(path)
        return path

    @cached_property
    def _query(self) -> jsonpath.JSONPath | None:
        return None if self.path is None else compiled(self.path)

    def value_in(self, document: Any) -> Any:
        """The value in the document as it stands there; `ABSENT` where nothing is."""
        if self._query is None:
            return self.constant
        # The library would read a text as JSON of its own.
        values = self._query.findall(document) if isinstance(document, Mapping | list) else []
        return values[0] if values else ABSENT


class Condition(Section):
    """Which items are about deals of interest; others are passed over without an error."""

    path: Rule
    among: list[str] = Field(min_length=1, alias="in")


class EventRules(Section):
    """Where an item's identity and its time come from. A row of an export may do without: the caller gives them."""

    id: Rule | None = None
    time: Rule | None = None
    sequence: Rule | None = None


class EntryRules(Section):
    """Where a payment or refund comes from. An item without its id has none; one whose amount is null takes it back."""

    id: Rule
    amount: Rule
    date: Rule


class Source(Section):
    """A source of deals: how it signs, where the deals are in what it sends, and which field is which.

    Payments and refunds are entries with ids of their own: an item has one payment and one refund at most.
    """

    source: Identifier
    owner: Identifier | None = None
    """The name of the key of whoever answers for this file: a hand in all pay that what it reads moves."""
    signing: Signing | None = None
    notation: Notation = PLAIN
    items: str = "$"
    when: Condition | None = None
    event: EventRules = EventRules()
    deal_id: Rule
    fields: dict[str, Rule] = Field(default_factory=dict)
    payments: EntryRules | None = None
    refunds: EntryRules | None = None

    @field_validator("items")
    @classmethod
    def _items_compile(cls, path: str) -> str:
        compiled(path)
        return path

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, fields: dict[str, Rule]) -> dict[str, Rule]:
        known = set(deals.DealFields.model_fields) - {*deals.ENTRIES, "custom", "splits"}
        if unknown := sorted(name for name in fields if name not in known and not name.startswith(CUSTOM)):
            raise ValueError(
                f"unknown fields {', '.join(unknown)}; known are {', '.join(sorted(known))} and custom.<name>"
            )
        return fields

    @cached_property
    def _items(self) -> jsonpath.JSONPath:
        return compiled(self.items)

    def translate(self, document: Mapping[str, Any] | Sequence[Any], delivery: str, *, occurred_at: str) -> Translation:
        """The deal events of a document, as the data of CloudEvents, not yet validated.

        Numbers must have been parsed exactly, never as float (`Delivery.read`). An item whose rules name no id or time
        of its own gets the delivery's: `<delivery>-<index>`, and `occurred_at`.
        """
        translation = Translation(self.notation)
        for index, item in enumerate(self._items.findall(document)):
            if self.when is not None and _text(self.when.path.value_in(item)) not in self.when.among:
                translation.passed_over.append(index)
            else:
                value_of = partial(translation.value_of, item, index=index)
                translation.events.append(self._event(value_of, name=f"{delivery}-{index}", occurred_at=occurred_at))
        return translation

    # Absent and null are two things all the way: what an item does not have leaves a field as it is, null clears it.
    def _event(self, value_of: Callable[..., Any], *, name: str, occurred_at: str) -> dict[str, Any]:
        def field_of(field: str, rule: Rule | None, otherwise: Any = ABSENT) -> dict[str, Any]:
            value = ABSENT if rule is None else value_of(field, rule=rule)
            value = otherwise if value is ABSENT else value
            return {} if value is ABSENT else {field.removeprefix(CUSTOM): value}

        fields: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for path, rule in self.fields.items():
            (custom if path.startswith(CUSTOM) else fields).update(field_of(path, rule))
        for entries in deals.ENTRIES:
            fields |= self._entry(entries, field_of)
        return {
            "specversion": "1.0",
            **field_of("id", self.event.id, name),
            "source": self.source,
            "type": deals.TYPE,
            **field_of("time", self.event.time, occurred_at),
            "data": {
                **field_of("deal_id", self.deal_id),
                "fields": fields | ({"custom": custom} if custom else {}),
                **field_of("sequence", self.event.sequence),
            },
        }

    def _entry(self, name: str, field_of: Callable[[str, Rule], dict[str, Any]]) -> dict[str, Any]:
        rules: EntryRules | None = getattr(self, name)
        key = None if rules is None else field_of(f"{name}.id", rules.id).get(f"{name}.id")
        if rules is None or key is None:
            return {}
        amount = field_of(f"{name}.amount", rules.amount)
        if None in amount.values():  # the CRM took it back: the entry is cleared under its id, and no date matters
            return {name: {str(key): None}}
        entry = amount | field_of(f"{name}.date", rules.date)
        return {name: {str(key): {field.removeprefix(f"{name}."): value for field, value in entry.items()}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A value that was changed on the way in."""

    index: int
    field: str
    was: str
    now: str


@dataclass(slots=True)
class Translation:
    """What a document became: events, the places of items passed over, and repairs. `notation` is its source's."""

    notation: Notation = PLAIN
    events: list[dict[str, Any]] = field(default_factory=list)
    passed_over: list[int] = field(default_factory=list)
    repairs: list[Repair] = field(default_factory=list)

    def value_of(self, item: Any, name: str, *, index: int, rule: Rule) -> Any:
        """The value of a field of an item by its rule, as JSON has it; one that the rule cannot read stays, for
        validation to name.
        """
        value = rule.value_in(item)
        if value is ABSENT or value is None or isinstance(value, dict | list):
            return value
        own = isinstance(value, bool) or (isinstance(value, int) and name.startswith(CUSTOM) and not rule.scale)
        if own and not rule.values and _text(value) not in rule.repairs:
            return value  # a company's own field may be a number, or yes or no
        text = _text(value)
        try:
            reading = rule.read(text, KINDS.get(name, "text"), notation=self.notation)
        except Unreadable:
            # In quotes no field takes it: as it stands, it could be read by other signs than its notation has.
            return text if rule.within(self.notation) == PLAIN else repr(text)
        if reading.repaired:
            self.repairs.append(Repair(index=index, field=name, was=text, now=rule.repairs[text]))
        return reading.value


def _text(value: Any) -> str:
    """A value as people write it: yes and no as `true` and `false`, numbers in plain digits."""
    if isinstance(value, bool):
        return str(value).lower()
    return _plain(value) if isinstance(value, Decimal) else str(value).strip()


def _plain(value: Decimal) -> str:
    """A number in plain digits; beyond any amount it stays as it is, for validation to refuse."""
    try:
        return f"{bounded_decimal(str(value)):f}"
    except NotDecimal:
        return str(value)


def load_source(path: Path) -> Source:
    """The source of a YAML file.

    Raises:
        SourceError: the file is no source.
        OSError: it cannot be read.
    """
    try:
        return Source.model_validate(load_yaml(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, TooMuch, UnicodeDecodeError) as error:
        raise SourceError(f"{path.name}: {error}") from None
    except ValidationError as error:
        mistakes = "; ".join(f"{mistake['field']}: {mistake['reason']}" for mistake in field_errors(error))
        raise SourceError(f"{path.name}: {mistakes}") from None
