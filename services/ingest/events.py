"""The CloudEvents that ingest takes, and the records they become on the road."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

import orjson
import polars as pl
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    ValidationError,
    model_validator,
)
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

from shared.contracts import account_payments, deals, roster
from shared.contracts.base import WITHOUT_CONTROLS, Identifier, instant_text
from shared.contracts.message import cloud_event
from shared.contracts.topics import ACCOUNT_PAYMENTS, DEALS, PLANS, ROSTER, Topic
from shared.kernel.checks import slips
from shared.kernel.checks.assertions import wrong_assertions
from shared.kernel.checks.trial import try_out
from shared.kernel.crediting.custom_columns import column_mistakes
from shared.kernel.plan.plan_file import in_sentences, mistakes
from shared.kernel.plan.version import Plan
from shared.kernel.remarks.deals import far_from, one_far_ahead
from shared.log.port import Record


def _as_text(_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    return no_info_after_validator_function(instant_text, handler(datetime))


InstantText = Annotated[str, GetPydanticSchema(_as_text)]
"""An instant as JSON has it, which becomes text that sorts."""

EventId = Annotated[str, Field(min_length=1, max_length=256, pattern=WITHOUT_CONTROLS)]


Columns = Callable[[], Mapping[str, pl.DataType]]
"""Gives the company's own columns of deals as the published plans declare them; asked only for deals that have such
fields.
"""


class Unfit(ValueError):
    """An event that reads well but cannot be taken; `mistakes` are fields and reasons."""

    def __init__(self, mistakes: Iterable[tuple[str, str]]) -> None:
        self.mistakes = [{"field": field, "reason": reason} for field, reason in mistakes]
        super().__init__("; ".join(f"{mistake['field']}: {mistake['reason']}" for mistake in self.mistakes))


class Event(BaseModel):
    """The attributes of a CloudEvent (1.0) that Earnest reads; extensions are accepted and left alone.

    `time` is when the fact became so: of two statements about a field the later one holds, in whatever order they
    arrive.
    """

    # Strict: "5" is no number and 1 is no truth. Extensions are ignored, for CloudEvents says that anybody may add
    # some.
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)
    topic: ClassVar[Topic]

    specversion: Literal["1.0"] = "1.0"
    id: EventId
    source: Identifier
    time: InstantText
    type: str

    @classmethod
    def read(cls, raw: bytes, zone: ZoneInfo) -> Self:
        """The event of a JSON text; instants given for dates become business dates of the company's time zone.

        Raises:
            pydantic.ValidationError: it is not such an event.
        """
        return cls.model_validate_json(raw, context={"zone": zone})

    def check(self, columns: Columns) -> None:
        """Hold the event against the company's own columns of deals, as the published plans declare them.

        Raises:
            Unfit: a field is not what its column needs.
        """

    def warnings(self) -> Iterable[str]:
        """What of it is allowed and yet looks like a slip that moves pay."""
        return ()

    def record(self, by: str) -> Record:
        """The record for the log: the fact as value, the CloudEvent's attributes as headers (binary mode for Kafka).

        `by` names the key or the signature it was sent with: `source` is what a sender likes to say.
        """
        # The value is ours, validated and flat; of the event itself the attributes stay, as headers, for whoever reads
        # the topic.
        headers = {
            **cloud_event(event_id=self.id, source=self.source, kind=self.type),
            "ce_time": self.time,
            "content-type": "application/json",
        }
        return Record(self.key, orjson.dumps(self.fact(by)), headers)

    @property
    @abstractmethod
    def key(self) -> str:
        """What the record is ordered by."""

    @abstractmethod
    def fact(self, by: str) -> dict[str, Any]:
        """The record's value, with whoever sent it."""

    def _patch(self, by: str, *, fields: dict[str, Any], sequence: int) -> dict[str, Any]:
        """A `FactPatch`: flat fields, and what orders them."""
        # `by` is said only where it is something else than the source, which mostly it is not.
        sent = {} if by == self.source else {"by": by}
        return {"fields": fields, "occurred_at": self.time, "sequence": sequence, "source": self.source, **sent}


class DealEvent(Event):
    """Something became known about a deal."""

    topic = DEALS

    type: Literal["earnest.deal.patched"] = "earnest.deal.patched"
    data: deals.DealPatch

    def check(self, columns: Columns) -> None:
        """Each of the company's own fields is what its column needs, or text that says it."""
        if (custom := self.data.fields.custom) and (unfit := list(column_mistakes(custom, columns()))):
            raise Unfit((f"data.fields.custom.{name}", reason) for name, reason in unfit)

    def warnings(self) -> Iterable[str]:
        """A close date that is years after the event."""
        day = self.data.fields.close_date
        if day is not None and day > far_from(date.fromisoformat(self.time[:10])):
            yield one_far_ahead(self.data.deal_id, day).message

    @property
    def key(self) -> str:
        """The deal."""
        return self.data.deal_id

    def fact(self, by: str) -> dict[str, Any]:
        """A `DealFact`."""
        said = self._patch(by, fields=self.data.fields.flat(), sequence=self.data.sequence)
        return {"deal_id": self.data.deal_id, **said}


class AccountPaymentEvent(Event):
    """A customer paid on its account, or a payment was taken back."""

    topic = ACCOUNT_PAYMENTS

    type: Literal["earnest.account_payment.received"] = "earnest.account_payment.received"
    data: account_payments.AccountPaymentPatch

    @property
    def key(self) -> str:
        """The payment."""
        return self.data.payment_id

    def fact(self, by: str) -> dict[str, Any]:
        """An `AccountPaymentFact`."""
        said = self._patch(by, fields=self.data.flat(), sequence=self.data.sequence)
        return {"payment_id": self.data.payment_id, **said}


class RosterEvent(Event):
    """Something became known about a participant, from a date on."""

    topic = ROSTER

    type: Literal["earnest.roster.patched"] = "earnest.roster.patched"
    data: roster.RosterPatch

    @property
    def key(self) -> str:
        """The participant."""
        return self.data.participant_id

    def fact(self, by: str) -> dict[str, Any]:
        """A `RosterFact`."""
        said = self._patch(by, fields=self.data.flat(), sequence=self.data.sequence)
        return {"participant_id": self.data.participant_id, **said}


class PlanDocument(BaseModel):
    """A plan version to publish: the plan file as data, with which can be calculated. Reading one is work for
    `shared.bounded`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: dict[str, Any]

    @cached_property
    def plan(self) -> Plan:
        """The plan of the document."""
        return Plan.model_validate(self.document)

    @model_validator(mode="after")
    def _is_a_plan(self) -> Self:
        try:
            try_out(self.plan)
        except ValidationError as error:
            raise ValueError("; ".join(mistakes(error))) from None
        if wrong := list(wrong_assertions(self.plan)):
            raise ValueError("; ".join(in_sentences(wrong)))
        return self


class PlanEvent(Event):
    """A plan version is to be in force from its effective date on."""

    topic = PLANS

    type: Literal["earnest.plan.published"] = "earnest.plan.published"
    data: PlanDocument

    def warnings(self) -> Iterable[str]:
        """Numbers and parts of the plan that look like a slip, as `earnest plan check` names them."""
        return (slip.in_words for slip in slips(self.data.plan, self.data.document))

    @property
    def key(self) -> str:
        """Plan and version."""
        return self.data.plan.key

    def fact(self, by: str) -> dict[str, Any]:
        """A `PlanPublished`."""
        plan = self.data.plan
        return {
            "plan_id": plan.plan,
            "version": plan.version,
            "effective_from": plan.effective_from.isoformat(),
            "document": plan.document(),
            "author": by,
        }
