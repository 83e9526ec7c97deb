"""The company's own fields of deals are held against the columns of published plans where they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.ingest.schemas import PLAN
from tests.services.ingest.conftest import Ingest
from tests.services.ingest.test_ingest_takes_events import deal


def with_columns(version: int = 1, **columns: str) -> dict[str, Any]:
    document = PLAN["data"]["document"] | {"version": version, "columns": columns}
    return PLAN | {"data": {"document": document | {"effective_from": f"2025-0{version}-01"}}}


def test_the_companys_own_fields_are_held_against_what_plans_declare(ingest: Ingest) -> None:
    free = deal(1, custom={"flag": "perhaps", "seats": "many"})
    assert ingest.client.post("/v1/deals", json=free).status_code == 202, "no plan asks for them yet"
    assert ingest.client.post("/v1/plans", json=with_columns(flag="yes_no")).status_code == 202
    assert ingest.client.post("/v1/plans", json=with_columns(2, seats="number", paid="date")).status_code == 202
    wrong = deal(2, custom={"flag": "perhaps", "seats": "many", "paid": "1/2/2025", "note": "anything"})
    right = deal(3, custom={"flag": "Yes", "seats": "5", "paid": "2025-02-01", "note": "anything"})
    answer = ingest.client.post("/v1/deals", json=[wrong, right])
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 1)
    assert answer.json()["results"][0]["errors"] == [
        {"field": "data.fields.custom.flag", "reason": "'perhaps' is neither yes nor no"},
        {"field": "data.fields.custom.seats", "reason": "'many' is not a whole number of up to 18 digits"},
        {"field": "data.fields.custom.paid", "reason": "'1/2/2025' is not a date like 2025-03-31"},
    ]


def test_columns_that_another_process_published_are_known_too(
    ingest: Ingest, start_ingest: Callable[..., Ingest]
) -> None:
    assert ingest.client.post("/v1/plans", json=with_columns(flag="yes_no")).status_code == 202
    another = start_ingest()
    assert another.client.post("/v1/deals", json=deal(1, custom={"flag": "perhaps"})).status_code == 422
