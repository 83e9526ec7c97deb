"""What the HTTP interface of ingest takes and gives, with requests that work as they stand."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from services.ingest.translation import Repair
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


class PlanFinding(BaseModel):
    """What `earnest plan check` says of a place in a plan file; an error keeps the plan from being used."""

    file: str
    line: int
    column: int
    severity: Literal["error", "warning", "note"]
    code: str
    path: list[str | int]
    message: str
    mend: str


class PlanOutcome(BaseModel):
    """What became of a plan of a file; `unchanged` is what was published before with the same content."""

    plan: str
    version: int
    name: str
    effective_from: date
    outcome: Literal["published", "unchanged", "checked"]


class PlanFileReceipt(BaseModel):
    """The answer to a plan file: its plans, and what there is to say about them."""

    plans: list[PlanOutcome]
    findings: list[PlanFinding]


class PlanVersionView(BaseModel):
    """A published plan version. It holds from its first day until the last, which is none while no later version of the
    plan begins; one that is `replaced_by` a version from the same day never holds.
    """

    plan: str
    version: int
    name: str
    currency: str
    effective_from: date
    until: date | None
    replaced_by: int | None
    author: str | None = Field(description="The key that it was published with")
    as_written: bool = Field(description="Whether its file is there as it was written; otherwise it came as an event")


class PlanVersions(BaseModel):
    """All published plan versions."""

    plans: list[PlanVersionView]


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
ACCOUNT_PAYMENT = _event(
    "earnest.account_payment.received",
    "bank-5001",
    data={
        "payment_id": "B-5001",
        "payment": {
            "account": "Acme",
            "currency": "USD",
            "amount": "6250.00",
            "date": "2025-04-30",
            "reference": "D-1001",
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
PLAN_FILE: Final = """\
plan: rep
version: 1
name: Sales representative
currency: USD
effective_from: 2025-01-01
credits:
  - {rule: own}
measures:
  - {measure: bookings, sum_of: [own]}
components:
  - {component: commission, kind: flat, measure: bookings, rate: 5%}
"""
WEBHOOK: dict[str, Any] = {"id": "77", "updated": "2025-03-31T16:20:00Z", "amount": 12500, "status": "won"}


def body_of(
    example: dict[str, Any], model: type[BaseModel] | None = None, *, text: str | None = None
) -> dict[str, Any]:
    """What OpenAPI says of a body that is read as bytes: an event of the model or an array of them, or any JSON
    object; and YAML such as `text`.
    """
    schema: dict[str, Any] = {"type": "object"}
    if model is not None:
        one = {"$ref": REFERENCE.format(model=model.__name__)}
        schema = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    content: dict[str, Any] = {"application/json": {"schema": schema, "example": example}}
    if text is not None:
        content["application/yaml"] = {"schema": {"type": "string"}, "example": text}
    return {"requestBody": {"required": True, "content": content}}
