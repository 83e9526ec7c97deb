"""What the HTTP interface of ingest takes and gives, with requests that work as they stand."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from services.ingest.mapping import Repair
from shared.contracts.message import structured_event


class Mistake(BaseModel):
    """What is wrong with an event: the field, and the reason."""

    field: str
    reason: str


class ItemResult(BaseModel):
    """What became of one event of a request, by its place in the request."""

    index: int
    id: str | None
    status: Literal["accepted", "rejected"]
    errors: list[Mistake] = []
    warnings: list[str] = Field(
        default=[], description="What was accepted and looks like a slip that moves pay; left out where there is none"
    )


class Receipt(BaseModel):
    """The answer to a request: accepted events are durable in the log; rejected ones were not taken."""

    accepted: int
    rejected: int
    results: list[ItemResult]


class DeliveryReceipt(Receipt):
    """The answer to a delivery. `passed_over` items were of no interest; `repairs` are values the source file mends."""

    passed_over: int
    repairs: list[Repair]


REFERENCE: Final = "#/components/schemas/{model}"


_event = partial(structured_event, source="crm", time="2025-03-31T16:20:00Z")
DEAL = _event(
    "earnest.deal.patched",
    "evt-1001",
    data={
        "deal_id": "D-1001",
        "fields": {
            "stage": "won",
            "amount": "12500.00",
            "currency": "USD",
            "close_date": "2025-03-31",
            "owner": "ann",
            "splits": {"ann": "60", "bob": "40"},
            "payments": {"p1": {"amount": "6250.00", "date": "2025-04-30"}},
            "start_date": "2025-04-01",
            "term_months": 12,
        },
    },
)
ROSTER = _event(
    "earnest.roster.patched",
    "hr-2001",
    data={
        "participant_id": "ann",
        "effective_from": "2025-01-01",
        "fields": {"manager": "dee", "plan": "rep", "quotas": {"bookings": "50000.00"}},
    },
)
PLAN = _event(
    "earnest.plan.published",
    "plan-3001",
    data={
        "document": {
            "plan": "rep",
            "version": 1,
            "name": "Sales representative",
            "currency": "USD",
            "effective_from": "2025-01-01",
            "credits": [{"rule": "own"}],
            "measures": [{"measure": "bookings", "sum_of": ["own"]}],
            "components": [{"component": "commission", "kind": "flat", "measure": "bookings", "rate": "5%"}],
        }
    },
)
WEBHOOK: dict[str, Any] = {"id": "77", "updated": "2025-03-31T16:20:00Z", "amount": 12500, "status": "won"}


def body_of(example: dict[str, Any], model: type[BaseModel] | None = None) -> dict[str, Any]:
    """What OpenAPI says of a body that is read as bytes: an event of the model or an array of them, or any JSON
    object.
    """
    schema: dict[str, Any] = {"type": "object"}
    if model is not None:
        one = {"$ref": REFERENCE.format(model=model.__name__)}
        schema = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}
