"""The rules of a source file: where in an item a field comes from, and under which condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Final

from jsonpath import JSONPath
from jsonpath.selectors import Filter
from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from services.ingest.json_paths import compiled
from services.ingest.sections import Section
from shared.decimals import NotDecimal, bounded_decimal
from shared.value_rules import ValueRule, Word

ABSENT: Final = object()
"""Of a value: the item does not have it. Null is something else: it clears."""
OUT: Final = "^"
_IN_BRACES: Final = re.compile(r"\{([^{}]*)\}")
MOST_PATHS: Final = 10
"""In one text: each is looked for in each item."""


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a body that is one event, and what it lies in: the whole body first, the item itself last."""

    around: tuple[Any, ...]
    found: dict[tuple[str, int, int], list[Any]] = field(default_factory=dict)
    """What was looked for further out, which many items of a body have in common."""

    def within(self, part: Any) -> Item:
        """A part of this item."""
        return Item((*self.around, part), self.found)


class JsonPath:
    """A JSON path, `$` for the item; each `^` before it, instead of the `$`, goes one further out."""

    def __init__(self, text: str) -> None:
        """Raises:
        ValueError: it is none.
        """
        inner = text.lstrip(OUT)
        self.text, self.out = text, len(text) - len(inner)
        if not self.out and not text.startswith("$"):
            # The library would take `usd` for a path, and every deal would be without a currency.
            raise ValueError(f"{text!r} is no path, which begins with $ or ^; what is always the same is a constant")
        self._query = compiled(f"${inner}" if self.out else inner)

    def all_in(self, item: Item) -> list[Any]:
        """Everything that it finds. Looked for once in what several items lie in: a path may look at all of it."""
        if self.out >= len(item.around):
            return []
        place = len(item.around) - 1 - self.out
        document = item.around[place]
        if not isinstance(document, Mapping | list):  # the library would read a text as JSON of its own
            return [document] if self._query.empty() else []
        if not self.out:
            return self._query.findall(document)
        key = (self.text, place, id(document))
        if key not in item.found:
            item.found[key] = self._query.findall(document)
        return item.found[key]

    def is_empty_in(self, item: Item) -> bool:
        """Whether it finds nothing because there is nothing: the list in which it looks is empty, or its filter takes
        none of it. Otherwise what it names is not there at all.
        """
        if any(found == [] for found in self.all_in(item)):
            return True
        segments = self._query.segments
        for length in range(len(segments) - 1, -1, -1):
            found = JSONPath(env=self._query.env, segments=segments[:length]).findall(item.around[-1])
            if found:
                filters = any(isinstance(selector, Filter) for selector in segments[length].selectors)
                return any(isinstance(each, list) and (filters or not each) for each in found)
        return False

    @property
    def passes_lists(self) -> bool:
        """Whether there are several places on its way, none of which is one that `^` comes by."""
        before = JSONPath(env=self._query.env, segments=self._query.segments[:-1])
        return not before.singular_query()

    def parts_of(self, item: Item) -> Iterator[Item]:
        """The items that it finds in one. Where it names one list, that stands for what is in it."""
        for found in self.all_in(item):
            parts = found if isinstance(found, list) and self._query.singular_query() else [found]
            yield from map(item.within, parts)


def _paths(text: str) -> tuple[JsonPath, ...]:
    return tuple(JsonPath(path) for path in _IN_BRACES.findall(text))


def _as_word(given: Any) -> Any:
    """A value that YAML takes for something else, as the text that it was."""
    return (
        given.isoformat() if isinstance(given, date) else as_text(given) if isinstance(given, int | Decimal) else given
    )


def _as_words(given: Any) -> Any:
    return [_as_word(each) for each in several(given)]


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_words, json_schema_input_type=Word | list[Word])]


class Rule(ValueRule):
    """Where a field comes from, and how it is read (`shared.value_rules`)."""

    path: str | None = None
    """Where it stands, as a JSONPath: `$` is the item, each `^` goes one further out."""
    constant: Annotated[str | None, BeforeValidator(_as_word, json_schema_input_type=Word | None)] = None
    """Always the same."""
    text: str | None = None
    """A text with paths in braces: `{^.id}-{$.line}`."""
    when: Conditions = ()
    """Conditions without which the rule says nothing."""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, given: Any) -> Any:
        return {"path": given} if isinstance(given, str) else given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of a path alone, or of a rule."""
        return {"anyOf": [{"type": "string"}, handler(core)]}

    @model_validator(mode="after")
    def _one_origin(self) -> Rule:
        if sum(origin is not None for origin in (self.path, self.constant, self.text)) != 1:
            raise ValueError("name either a path or a constant, or a text with paths in braces")
        return self

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str | None) -> str | None:
        if path is not None:
            JsonPath(path)
        return path

    @field_validator("text")
    @classmethod
    def _names_paths(cls, text: str | None) -> str | None:
        if text is not None and not 1 <= len(_paths(text)) <= MOST_PATHS:
            raise ValueError(f"a text names from one to {MOST_PATHS} paths in braces, as {{^.id}}-{{$.line}}")
        return text

    @cached_property
    def paths(self) -> tuple[JsonPath, ...]:
        """The paths that it looks along."""
        return (JsonPath(self.path),) if self.path is not None else _paths(self.text or "")

    def said(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The texts that are said in our terms, whatever there is to read, each with its place in the rule."""
        if self.constant is not None and not self.values:
            yield ("constant",), self.constant
        yield from super().said()

    @property
    def reach(self) -> int:
        """How far out its paths look."""
        conditions = (condition.path.reach for condition in self.when)
        return max([*(path.out for path in self.paths), *conditions], default=0)

    @property
    def nearest(self) -> int:
        """How far out the nearest place is that it looks at."""
        return min((path.out for path in self.paths), default=0)

    def value_in(self, item: Item) -> Any:
        """The value in an item as it stands there; `ABSENT` where nothing is."""
        if not holds(self.when, item):
            return ABSENT
        if self.constant is not None:
            return self.constant
        found = [next(iter(path.all_in(item)), ABSENT) for path in self.paths]
        if self.text is None or ABSENT in found:
            return ABSENT if ABSENT in found else found[0]
        texts = iter(found)
        return None if None in found else _IN_BRACES.sub(lambda _: as_text(next(texts)), self.text)


class Condition(Section):
    """What an item must have at a path: one of some texts, or none of them. What is not there is the empty text."""

    path: Rule
    """Where the item has it."""
    among: Texts | None = Field(default=None, min_length=1, alias="in")
    """One of these texts."""
    not_among: Texts | None = Field(default=None, min_length=1, alias="not_in")
    """None of these texts."""

    @model_validator(mode="after")
    def _one_list(self) -> Condition:
        if (self.among is None) == (self.not_among is None):
            raise ValueError("say either `in` or `not_in`, and which texts")
        return self

    def holds(self, item: Item) -> bool:
        """Whether an item has it so."""
        value = self.path.value_in(item)
        text = "" if value is ABSENT or value is None else as_text(value)
        return text in self.among if self.among is not None else text not in (self.not_among or ())


def several(given: Any) -> Any:
    """One thing, or a list of them, as a list."""
    return given if isinstance(given, list | tuple) else [given]


Conditions = Annotated[
    tuple[Condition, ...], BeforeValidator(several, json_schema_input_type=Condition | list[Condition])
]
"""One condition, or a list of which all must hold."""
Rules = Annotated[
    tuple[Rule, ...], Field(min_length=1), BeforeValidator(several, json_schema_input_type=Rule | list[Rule])
]
"""One rule, or a list of which the first that finds something says it."""
Rule.model_rebuild()


def holds(conditions: Iterable[Condition], item: Item) -> bool:
    """Whether all of the conditions hold."""
    return all(condition.holds(item) for condition in conditions)


class EventRules(Section):
    """Where an item's identity and its time come from; what is not named is its delivery's."""

    id: Rules | None = None
    """The id of the event: what was taken once is not taken again."""
    time: Rules | None = None
    """Since when it is so."""
    sequence: Rules | None = None
    """What orders events of one instant."""


class EntryRules(Section):
    """Where a payment or refund comes from. An item without its id has none; one whose amount is null takes it back."""

    id: Rules
    """Its own id."""
    amount: Rules
    """How much it was."""
    date: Rules
    """The day on which it came."""


class PaymentRules(EntryRules):
    """Where a payment comes from: of the item's deal, or, with an `account`, of that account, in a `currency`, and for
    the deal that the `reference` names, if any.
    """

    account: Rules | None = None
    """The account that paid, where it is not the item's deal."""
    currency: Rules | None = None
    """The currency of a payment by account."""
    reference: Rules | None = None
    """The deal that a payment by account names, or the payment that one with a negative amount takes back."""

    @model_validator(mode="after")
    def _whole(self) -> PaymentRules:
        if self.account is None and (self.currency or self.reference):
            raise ValueError("currency and reference are of payments by account: name the account, too")
        if self.account is not None and self.currency is None:
            raise ValueError("a payment by account needs its currency, for example currency: {constant: EUR}")
        return self


class SplitRules(Section):
    """Where the holders of a deal stand, and in each who it is and its share. Holders of nothing are left out."""

    holders: str
    """The path of the holders."""
    participant: Rules
    """Who it is."""
    percent: Rules | None = None
    """The share in percent."""
    fraction: Rules | None = None
    """The share as a fraction of one."""
    amount: Rules | None = None
    """The share as an amount, of which percentages are made."""

    @field_validator("holders")
    @classmethod
    def _compiles(cls, path: str) -> str:
        JsonPath(path)
        return path

    @cached_property
    def path(self) -> JsonPath:
        """Where the holders are looked for."""
        return JsonPath(self.holders)

    @model_validator(mode="after")
    def _one_share(self) -> SplitRules:
        if sum(rules is not None for rules in (self.percent, self.fraction, self.amount)) != 1:
            raise ValueError("say the share as one of percent, fraction and amount")
        return self


def as_text(value: Any) -> str:
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
