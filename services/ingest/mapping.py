"""Mapping a foreign document to deal events by configuration alone: JSON path to field, with named repairs.

What it changes on the way it reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from services.ingest.acceptance import RefusedItem
from services.ingest.events import Columns
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
from services.ingest.splits import percentages
from services.ingest.translation import CUSTOM, KINDS, SHARES, NoItems, Translation
from shared.allocation_order import Order
from shared.contracts import account_payments, deals
from shared.contracts.base import Identifier
from shared.json_schema import names_among
from shared.kernel.language.findings import Finding, Flaws
from shared.kernel.plan.exact_yaml import PlanFileError, read_yaml
from shared.problems import field_errors
from shared.value_rules import PLAIN, Notation

DEEPEST: Final = 4
"""Items within each other."""
LONGEST_ID: Final = 256
_OTHERS: Final = ("when", "splits")
_FIELDS: Final = sorted(set(deals.DealFields.model_fields) - {*deals.ENTRIES, "custom", "splits"})
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
    """What it is called, here and in the address of its webhook."""
    owner: Identifier | None = None
    """The name of the key of whoever answers for this file: a hand in all pay that what it reads moves."""
    signing: Signing | None = None
    """How a delivery proves that this source sent it; without it no webhooks are taken."""
    notation: Notation = PLAIN
    """How values are written."""
    items: Annotated[
        tuple[str, ...],
        Field(min_length=1, max_length=DEEPEST),
        BeforeValidator(several, json_schema_input_type=str | list[str]),
    ] = ("$",)
    """The path of the items in a body, or paths each within what the one before has found."""
    when: Conditions = ()
    """Which items count: all of these conditions hold."""
    event: EventRules = EventRules()
    """Where the identity and the time of an item stand."""
    deal_id: Rules | None = None
    """Where the id of the deal stands."""
    fields: Annotated[dict[str, Rules], Field(json_schema_extra=names_among(_FIELDS, start=[CUSTOM]))] = Field(
        default_factory=dict
    )
    """The fields of deals, and `custom.<name>` for the company's own."""
    splits: SplitRules | None = None
    """Shares of the deal."""
    payments: PaymentRules | None = None
    """A payment that the item has."""
    allocate: Order = "oldest_first"
    """To which deals a payment by account goes that names none and equals none."""
    refunds: EntryRules | None = None
    """A refund that the item has."""

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
        if unknown := sorted(name for name in fields if name not in _FIELDS and not name.startswith(CUSTOM)):
            raise ValueError(f"unknown fields {', '.join(unknown)}; known are {', '.join(_FIELDS)} and custom.<name>")
        own = (name.removeprefix(CUSTOM) for name in fields if name.startswith(CUSTOM))
        if taken := next((name for name in own if name in deals.DealFields.model_fields), None):
            raise ValueError(
                f"custom.{taken} has the name of a field that every deal has: write {taken} where it is meant"
            )
        wrong = [
            Finding.error("P103", (name, number, *place), message=f"{text} is no {name}", mend=why)
            for name, rules in fields.items()
            if KINDS.get(name, "text") == "text" and not name.startswith(CUSTOM)
            for number, rule in enumerate(rules)
            for place, text in rule.said()
            if (why := _why_not(name, text)) is not None
        ]
        if wrong:
            raise Flaws(wrong)
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

    @property
    def looks_out(self) -> bool:
        """Whether anything is looked for in what an item lies in (`^`)."""
        return any(rule.reach for _, rules, _ in self._places() for rule in rules)

    @cached_property
    def own_fields(self) -> tuple[str, ...]:
        """Those of its fields that are the company's own."""
        return tuple(name for name in self.fields if name.startswith(CUSTOM))

    @cached_property
    def item_paths(self) -> tuple[JsonPath, ...]:
        """The paths that lead to the items, each within what the one before has found."""
        return tuple(map(JsonPath, self.items))

    def _items(self, document: Any) -> list[Item]:
        items = [Item((document,))]
        for level, path in enumerate(self.item_paths):
            found = [part for item in items for part in path.parts_of(item)]
            # Where nothing at all has what the path names, the sender's form is another one than the file's: unless
            # what lies around it says already that it is of no interest.
            if items and not found and not any(path.is_empty_in(item) for item in items):
                beyond = (None,) * (len(self.item_paths) - level)
                around = [condition for condition in self.when if condition.path.nearest >= len(beyond)]
                found = [Item((*item.around, *beyond)) for item in items]
                if any(holds(around, item) for item in found):
                    raise NoItems(f"there is nothing at {path.text}, where the source file looks for items")
                return found
            items = found
        return items

    def translate(
        self,
        document: Mapping[str, Any] | Sequence[Any],
        delivery: str,
        *,
        occurred_at: str,
        columns: Columns = dict,
        zone: ZoneInfo | None = None,
    ) -> Translation:
        """The deal events of a document, as the data of CloudEvents, not yet validated.

        Numbers must have been parsed exactly, never as float (`Delivery.read`). An item whose rules name no id or time
        of its own gets the delivery's: `<delivery>-<index>`, and `occurred_at`. The company's own fields are read as
        what plans declare their `columns`, dates in the company's `zone`.

        Raises:
            NoItems: there is nothing where its items would be.
        """
        translation = Translation(
            self.notation, columns() if self.own_fields else {}, None if zone is None else zone.key
        )
        for index, item in enumerate(self._items(document)):
            if holds(self.when, item):
                unread: list[dict[str, str]] = []
                value_of = partial(translation.value_of, index=index, unread=unread)
                events = [*self._events(item, value_of, name=f"{delivery}-{index}", occurred_at=occurred_at)]
                refused = [RefusedItem(as_text(events[0]["id"])[:LONGEST_ID], unread)] if unread else []
                translation.events += refused or events
            else:
                translation.passed_over.append(index)
        return translation

    def nowhere(self, document: Mapping[str, Any] | Sequence[Any]) -> list[tuple[str, str]]:
        """The fields of which no item of a document has anything, though the conditions of their rules hold, and the
        paths by which they were looked for.

        Raises:
            NoItems: there is nothing where its items would be.
        """
        items = self._items(document)
        counted = [item for item in items if holds(self.when, item)]
        # The conditions one by one, for each of them must be met; and of shares only where their holders are.
        conditions = [("when", (condition.path,), items) for condition in self.when]
        fields = [(name, rules, counted) for name, rules, _ in self._places() if name.partition(".")[0] not in _OTHERS]
        missing: list[tuple[str, str]] = []
        for name, rules, those in (*conditions, *fields):
            asked = [(rule, item) for rule in rules if rule.paths for item in those if holds(rule.when, item)]
            if asked and all(rule.value_in(item) is ABSENT for rule, item in asked):
                missing.append((name, ", ".join(dict.fromkeys(path.text for rule, _ in asked for path in rule.paths))))
        if self.splits is not None and counted and not any(self.splits.path.all_in(item) for item in counted):
            missing.append(("splits", self.splits.holders))
        return missing

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
            said.append((deals.TYPE, deal_id | {"fields": self._deal(item, value_of, field_of=field_of)}))
        for kind, data in said:
            yield {
                "specversion": "1.0",
                **field_of("id", self.event.id, name),
                "source": self.source,
                "type": kind,
                **field_of("time", self.event.time, occurred_at),
                "data": {**data, **field_of("sequence", self.event.sequence)},
            }

    def _deal(self, item: Item, value_of: ValueOf, *, field_of: FieldOf) -> dict[str, Any]:
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
            named = value_of(part, "splits.participant", rules=rules.participant)
            # A name that no participant has, so that validation names it.
            who = f"holder {number} without a participant" if named is ABSENT or named is None else str(named)
            share = value_of(part, f"splits.{unit}", rules=getattr(rules, unit), place=f"splits.{who}")
            shares.append((who, None if share is ABSENT else share))
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


def _why_not(name: str, text: str) -> str | None:
    """What to write instead of a text that a field cannot have; None where it can."""
    try:
        deals.DealFields.model_validate({name: text})
    except ValidationError as error:
        return field_errors(error)[0]["reason"]
    return None


def source_of_text(text: str) -> Source:
    """The source of a YAML text.

    Raises:
        SourceError: it is no source.
    """
    try:
        document = read_yaml(text)
        if not isinstance(document, dict):
            raise SourceError("it says nothing: a source file begins with `source: <name>`")
        return Source.model_validate(document)
    except PlanFileError as error:
        raise SourceError(str(error)) from None
    except RecursionError:
        raise SourceError("the file contains itself") from None
    except ValidationError as error:
        raise SourceError(
            "; ".join(f"{mistake['field']}: {mistake['reason']}" for mistake in field_errors(error))
        ) from None
