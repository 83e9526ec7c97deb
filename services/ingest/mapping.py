"""Mapping a foreign document to deal events by configuration alone: JSON path to field, with named repairs.

What it changes on the way it reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from services.ingest.rules import (
    ABSENT,
    Conditions,
    EntryRules,
    EventRules,
    Item,
    JsonPath,
    PaymentRules,
    Rule,
    Rules,
    SplitRules,
    as_text,
    holds,
    several,
)
from services.ingest.sections import Section, SourceError
from services.ingest.signatures import Signing
from services.ingest.splits import Unit, percentages
from shared.contracts import account_payments, deals
from shared.contracts.account_payments import Order
from shared.contracts.base import Identifier
from shared.kernel.plan.exact_yaml import PlanFileError, read_yaml
from shared.problems import field_errors
from shared.value_rules import PLAIN, Kind, Notation, Unreadable

CUSTOM: Final = "custom."
DEEPEST: Final = 4
"""Items within each other."""
SHARES: Final[tuple[Unit, ...]] = ("percent", "fraction", "amount")
KINDS: Final[Mapping[str, Kind | Literal["instant"]]] = {
    **dict.fromkeys((*deals.MONEY, *(f"{name}.amount" for name in deals.ENTRIES)), "money"),
    **dict.fromkeys((f"splits.{share}" for share in SHARES), "number"),
    **dict.fromkeys((*deals.DATES, *(f"{name}.date" for name in deals.ENTRIES)), "date"),
    "time": "instant",
}
"""What fields are, but for texts."""
ValueOf = Callable[..., Any]
"""`Translation.value_of` of one item: of what, of which field, and by which `rules`."""
FieldOf = Callable[..., dict[str, Any]]
"""The same as a field of an event: name and value, or nothing where the item does not have it."""


class Source(Section):
    """A source of deals or of payments by account: how it signs, where they are in what it sends, which field is which.

    Payments and refunds are entries with ids of their own: an item has one payment and one refund at most. Payments
    with an account are of that account, and `allocate` says where goes what names no deal and equals none.
    """

    source: Identifier
    owner: Identifier | None = None
    """The name of the key of whoever answers for this file: a hand in all pay that what it reads moves."""
    signing: Signing | None = None
    notation: Notation = PLAIN
    items: Annotated[tuple[str, ...], BeforeValidator(several), Field(min_length=1, max_length=DEEPEST)] = ("$",)
    when: Conditions = ()
    event: EventRules = EventRules()
    deal_id: Rules | None = None
    fields: dict[str, Rules] = Field(default_factory=dict)
    splits: SplitRules | None = None
    payments: PaymentRules | None = None
    allocate: Order = "oldest_first"
    refunds: EntryRules | None = None

    @field_validator("items")
    @classmethod
    def _items_compile(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if JsonPath(path).out:
                raise ValueError(f"{path!r}: what is within an item is looked for from $ on")
        # Each look below may find the same place many times over, and the next looks below each of them again.
        if sum(path.count("..") for path in paths) > 1:
            raise ValueError("together they may look below (..) once only")
        return paths

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, fields: dict[str, Rules]) -> dict[str, Rules]:
        known = set(deals.DealFields.model_fields) - {*deals.ENTRIES, "custom", "splits"}
        if unknown := sorted(name for name in fields if name not in known and not name.startswith(CUSTOM)):
            raise ValueError(
                f"unknown fields {', '.join(unknown)}; known are {', '.join(sorted(known))} and custom.<name>"
            )
        return fields

    @model_validator(mode="after")
    def _has_something(self) -> Source:
        by_account = self.payments is not None and self.payments.account is not None
        if self.deal_id is None and not by_account:
            raise ValueError("deal_id is missing: say where the id of a deal stands, or of payments which account paid")
        if self.deal_id is None and (self.fields or self.splits or self.refunds):
            raise ValueError("fields, splits and refunds are of deals: name the deal_id, too")
        return self

    @model_validator(mode="after")
    def _looks_out_no_further_than_the_body(self) -> Source:
        for name, rules, depth in self._places():
            for rule in rules:
                if rule.reach > depth:
                    raise ValueError(f"{name} looks {rule.reach} out (^), and the body is {depth} out from there")
        return self

    def _places(self) -> Iterator[tuple[str, tuple[Rule, ...], int]]:
        """Every field with its rules, and in how many places an item lies where these look."""
        depth = len(self.items)
        yield "when", tuple(condition.path for condition in self.when), depth
        yield "deal_id", self.deal_id or (), depth
        yield from ((f"fields.{name}", rules, depth) for name, rules in self.fields.items())
        for part in ("event", "payments", "refunds", "splits"):
            section = getattr(self, part)
            for name in type(section).model_fields if section is not None else ():
                if isinstance(rules := getattr(section, name), tuple):
                    yield f"{part}.{name}", rules, depth + (part == "splits")

    @cached_property
    def item_paths(self) -> tuple[JsonPath, ...]:
        """The paths that lead to the items, each within what the one before has found."""
        return tuple(map(JsonPath, self.items))

    def _items(self, document: Any) -> list[Item]:
        items = [Item((document,))]
        for path in self.item_paths:
            items = [part for item in items for part in path.parts_of(item)]
        return items

    def translate(self, document: Mapping[str, Any] | Sequence[Any], delivery: str, *, occurred_at: str) -> Translation:
        """The deal events of a document, as the data of CloudEvents, not yet validated.

        Numbers must have been parsed exactly, never as float (`Delivery.read`). An item whose rules name no id or time
        of its own gets the delivery's: `<delivery>-<index>`, and `occurred_at`.
        """
        translation = Translation(self.notation)
        for index, item in enumerate(self._items(document)):
            if holds(self.when, item):
                value_of = partial(translation.value_of, index=index)
                for event in self._events(item, value_of, name=f"{delivery}-{index}", occurred_at=occurred_at):
                    translation.events.append(event)
            else:
                translation.passed_over.append(index)
        return translation

    def _events(self, item: Item, value_of: ValueOf, *, name: str, occurred_at: str) -> Iterator[dict[str, Any]]:
        """What an item says: of a deal, of a payment on an account, or of both."""

        # Absent and null are two things all the way: what an item does not have leaves a field as it is, null clears.
        def field_of(field: str, rules: Rules | None, otherwise: Any = ABSENT) -> dict[str, Any]:
            value = ABSENT if rules is None else value_of(item, field, rules=rules)
            value = otherwise if value is ABSENT else value
            return {} if value is ABSENT else {field.removeprefix(CUSTOM): value}

        said: list[tuple[str, dict[str, Any]]] = []
        by_account = self._account_payment(field_of) if self.payments and self.payments.account else {}
        deal_id = field_of("deal_id", self.deal_id)
        if by_account or self.deal_id is None:
            said.append((account_payments.TYPE, by_account))
        # Where an item has the id of neither, the event without one is refused, so that nothing is passed over unseen.
        if deal_id or (self.deal_id is not None and not by_account):
            said.append((deals.TYPE, deal_id | {"fields": self._deal(item, value_of, field_of)}))
        for kind, data in said:
            yield {
                "specversion": "1.0",
                **field_of("id", self.event.id, name),
                "source": self.source,
                "type": kind,
                **field_of("time", self.event.time, occurred_at),
                "data": {**data, **field_of("sequence", self.event.sequence)},
            }

    def _deal(self, item: Item, value_of: ValueOf, field_of: FieldOf) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for path, rules in self.fields.items():
            (custom if path.startswith(CUSTOM) else fields).update(field_of(path, rules))
        if self.splits is not None:
            fields |= self._splits(self.splits, item, value_of=value_of)
        for entries in deals.ENTRIES:
            fields |= self._entry(entries, field_of)
        return fields | ({"custom": custom} if custom else {})

    def _account_payment(self, field_of: FieldOf) -> dict[str, Any]:
        rules = self.payments
        assert rules is not None
        key = field_of("payments.id", rules.id).get("payments.id")
        if key is None:
            return {}
        names = ("account", "currency", "amount", "date", "reference")
        said = {name: field_of(f"payments.{name}", getattr(rules, name)) for name in names}
        values = {name: value for name in names for value in said[name].values()}
        # As of a deal's payment: one whose amount is null never was.
        gone = "amount" in values and values["amount"] is None
        return {"payment_id": str(key), "payment": None if gone else values | {"allocate": self.allocate}}

    def _splits(self, rules: SplitRules, item: Item, *, value_of: ValueOf) -> dict[str, Any]:
        there = rules.path.all_in(item)
        if not there or there == [None]:
            return {"splits": None} if there else {}
        unit = next(share for share in SHARES if getattr(rules, share) is not None)
        shares: list[tuple[str, str | None]] = []
        for number, part in enumerate(rules.path.parts_of(item), 1):
            who = value_of(part, "splits.participant", rules=rules.participant)
            share = value_of(part, f"splits.{unit}", rules=getattr(rules, unit))
            # A name that no participant has, so that validation names it.
            nobody = f"holder {number} without a participant"
            shares.append((nobody if who is ABSENT or who is None else str(who), None if share is ABSENT else share))
        return {"splits": percentages(shares, unit) if shares else None}

    def _entry(self, name: str, field_of: FieldOf) -> dict[str, Any]:
        rules: EntryRules | None = getattr(self, name)
        if isinstance(rules, PaymentRules) and rules.account is not None:
            return {}
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

    def value_of(self, item: Item, name: str, *, index: int, rules: Rules) -> Any:
        """The value of a field of an item by the first of its rules that finds one, as JSON has it; null where they
        find nothing but that. One that cannot be read stays, for validation to name.
        """
        value, rule = ABSENT, rules[0]
        for each in rules:
            found = each.value_in(item)
            value, rule = (found, each) if found is not ABSENT else (value, rule)
            if value is not ABSENT and value is not None:
                break
        if value is ABSENT or value is None or isinstance(value, dict | list):
            return value
        own = isinstance(value, bool) or (isinstance(value, int) and name.startswith(CUSTOM) and not rule.scale)
        if own and not rule.values and as_text(value) not in rule.repairs:
            return value  # a company's own field may be a number, or yes or no
        text = as_text(value)
        try:
            reading = rule.read(text, KINDS.get(name, "text"), notation=self.notation)
        except Unreadable:
            # In quotes no field takes it: as it stands, it could be read by other signs than its notation has.
            return text if rule.within(self.notation) == PLAIN else repr(text)
        if reading.repaired:
            self.repairs.append(Repair(index=index, field=name, was=text, now=rule.repairs[text]))
        if reading.unrounded is not None:
            self.repairs.append(Repair(index=index, field=name, was=reading.unrounded, now=reading.value or ""))
        return reading.value


def source_of_text(text: str) -> Source:
    """The source of a YAML text.

    Raises:
        SourceError: it is no source.
    """
    try:
        return Source.model_validate(read_yaml(text))
    except PlanFileError as error:
        raise SourceError(str(error)) from None
    except RecursionError:
        raise SourceError("the file contains itself") from None
    except ValidationError as error:
        raise SourceError(
            "; ".join(f"{mistake['field']}: {mistake['reason']}" for mistake in field_errors(error))
        ) from None
