"""No route answers with more than somebody may wait for: what lists gives pages, or is worked on among the few requests
that read everything, or lists what a company has few of.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import create_engine

from services.alerts.app import create_app as alerts
from services.ingest.app import create_app as ingest
from services.payout.app import create_app as payout
from services.scoring.app import create_app as scoring
from shared.deps import HEAVY, utc_now
from shared.settings import Settings

LARGEST_PAGE: Final = 10_000
FEW: Final[Mapping[str, str]] = {
    # payout
    "show_summary": "a sum per currency",
    "list_periods": "a company's months",
    "show_balance": "a balance per account and currency",
    "show_policy": "versions that people wrote of one document",
    "list_policies": "documents that people wrote",
    "list_policy_kinds": "kinds are code",
    "list_pay_periods": "of one year",
    "show_pay_period": "the months that it closes",
    "list_runs": "some dozens a year",
    "show_run": "one run, and everyone in it",
    "show_pay": "one person's pay of one period",
    "list_reconciliations": "one run's",
    "list_holds": "what people decided one by one",
    "list_adjustments": "what people decided one by one",
    "list_bookings": "one month's, per entity",
    "show_contract": "one contract",
    "list_statements_of_participant": "one person's, per run",
    "show_statement": "one person's",
    "show_batch": "its files",
    "list_returned_lines": "what waits for somebody",
    "list_deliveries": "one per batch and destination",
    "list_gl_formats": "formats are code",
    "list_gl_batches": "one per month and entity",
    "show_gl_batch": "entries are per account, not per person",
    "show_change": "who stands behind one change",
    # scoring
    "list_earnings": "one person's, per month and component",
    "explain_earning": "one person's, of one component",
    "list_credits": "one person's of one month",
    "list_plans": "documents that people wrote",
    "get_summary": "a sum per currency",
    "get_deal": "one deal",
    "list_quarantine": "what waits for somebody",
    # alerts
    "list_kpis": "of a catalogue that people wrote",
    "kpi_series": "one series, of as many days as are kept",
    "get_alert": "one alert",
    "list_mutes": "what people declared and is not over",
    "get_proposal": "one proposal",
}
"""Why there is little of it."""


def _made(create: Callable[..., FastAPI]) -> FastAPI:
    """An app that is only looked at."""
    engine = create_engine("postgresql+psycopg://nowhere/none")
    given = {
        "settings": Settings(database_url="postgresql://nowhere/none"),
        "engine": engine,
        "view": engine,
        "now": utc_now,
        "ready": list,
        "sources": SimpleNamespace(remarks=list),
    }
    wanted = inspect.signature(create).parameters.values()
    return create(
        **{
            each.name: given.get(each.name, SimpleNamespace())
            for each in wanted
            if each.name in given or each.default is inspect.Parameter.empty
        }
    )


def _lists(schema: dict[str, Any], document: dict[str, Any]) -> bool:
    """Whether an answer is a list, or has one among its fields."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    choices = [each for word in ("anyOf", "oneOf", "allOf") for each in schema.get(word, ())]
    kinds = [schema.get("type"), *(field.get("type") for field in schema.get("properties", {}).values())]
    return "array" in kinds or any(_lists(each, document) for each in choices)


def _heavy(routes: Iterable[Any]) -> Iterator[str]:
    """The operations that are worked on among the few that read everything."""
    for route in routes:
        if isinstance(route, APIRoute):
            if HEAVY in route.dependencies:
                yield route.name
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from _heavy(included.routes)


def _listing(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations that answer with a list, by name."""
    document = app.openapi()
    for operations in document["paths"].values():
        if (operation := operations.get("get")) is None:
            continue
        answers = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        if _lists(answers.get("schema", {}), document):
            yield operation["operationId"], operation


APPS: Final = (alerts, ingest, payout, scoring)


def test_a_route_that_lists_gives_pages_or_is_heavy_or_lists_what_there_is_little_of() -> None:
    few = set(FEW)
    for app in map(_made, APPS):
        found = dict(_listing(app))
        assert found, "the test looks at nothing"
        limits = {
            name: parameter["schema"]
            for name, operation in found.items()
            for parameter in operation.get("parameters", [])
            if parameter["name"] == "limit"
        }
        assert {name for name in set(found) - set(limits) - set(_heavy(app.routes)) if name not in FEW} == set()
        endless = [name for name, limit in limits.items() if not limit["default"] <= limit["maximum"] <= LARGEST_PAGE]
        assert endless == []
        few -= set(found)
    assert few == set()  # nothing is excused that is not there
