"""Whoever may publish plans cannot stop the service with one, and a plan that could not be used is refused before it is
taken.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from services.ingest.schemas import DEAL, PLAN
from shared.contracts.topics import DEALS, PLANS
from tests.services.ingest.conftest import Ingest
from tests.shared.kernel.hostile_plans import HOSTILE, PLAIN


def event(document: dict[str, Any]) -> dict[str, Any]:
    return PLAN | {"id": "e-1", "data": {"document": document}}


def test_hostile_plans_are_refused_by_their_limit_and_deals_go_on(ingest: Ingest) -> None:
    for name, (document, limit) in HOSTILE.items():
        answer = ingest.client.post("/v1/plans", json=event(document))
        assert (name, answer.status_code) == (name, 422)
        assert limit in answer.text
        assert ingest.client.post("/v1/deals", json=DEAL | {"id": name}).status_code == 202
    assert not ingest.in_log(PLANS)
    assert len(ingest.in_log(DEALS)) == len(HOSTILE)


def squares(number: int) -> dict[str, Any]:
    """A plan that is one, and whose numbers square again and again."""
    names = ["m", *(f"m{n}" for n in range(number))]
    formulas = [{"measure": name, "formula": f"{of} * {of}"} for of, name in pairwise(names)]
    component = {"component": "c", "kind": "flat", "measure": names[-1], "rate": "5%"}
    return PLAIN | {"measures": [*PLAIN["measures"], *formulas], "components": [component]}


def test_a_plan_that_no_machine_can_calculate_is_refused(ingest: Ingest) -> None:
    answer = ingest.client.post("/v1/plans", json=event(squares(60)))
    assert answer.status_code == 422
    assert "for a deal of 12345.67 already" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"data":' * 900 + b"1" + b"}" * 900, b'{"id": "\\u0000"}', b"\xff"])
def test_a_body_that_is_no_event_is_refused(ingest: Ingest, body: bytes) -> None:
    answer = ingest.client.post("/v1/plans", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert ingest.client.post("/v1/plans", json=event(PLAIN)).status_code == 202


def test_more_plans_than_can_be_calculated_in_a_request_are_refused(ingest: Ingest) -> None:
    answer = ingest.client.post("/v1/plans", json=[event(PLAIN)] * 101)
    assert (answer.status_code, answer.json()["limit"]) == (413, 100)


def test_the_next_version_from_the_same_day_replaces_the_one_before(ingest: Ingest) -> None:
    assert ingest.client.post("/v1/plans", json=event(PLAIN)).status_code == 202
    assert ingest.client.post("/v1/plans", json=event(PLAIN | {"version": 2})).status_code == 202
    assert [fact["version"] for fact in ingest.in_log(PLANS)] in ([1, 2], [2, 1])


def test_a_version_that_would_never_hold_is_refused_at_once(ingest: Ingest) -> None:
    assert ingest.client.post("/v1/plans", json=event(PLAIN | {"version": 3})).status_code == 202
    answer = ingest.client.post("/v1/plans", json=event(PLAIN | {"version": 2}))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:earnest:problem:plan-conflict")
    assert "harm@2 would never hold: harm@3" in answer.json()["detail"]
    assert len(ingest.in_log(PLANS)) == 1
    earlier = PLAIN | {"version": 2, "effective_from": "2024-07-01"}
    assert ingest.client.post("/v1/plans", json=event(earlier)).status_code == 202


def test_a_column_of_another_type_is_refused_at_once(ingest: Ingest) -> None:
    first = PLAIN | {"columns": {"segment": "number"}}
    assert ingest.client.post("/v1/plans", json=event(first)).status_code == 202
    other = PLAIN | {"plan": "other", "columns": {"segment": "text"}}
    answer = ingest.client.post("/v1/plans", json=event(other))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:earnest:problem:plan-conflict")
    assert "column segment" in answer.json()["detail"]
    mended = PLAIN | {"version": 2, "columns": {"segment": "text"}}
    assert ingest.client.post("/v1/plans", json=event(mended)).status_code == 202
    assert ingest.client.post("/v1/plans", json=event(other)).status_code == 202


def test_a_json_number_with_decimals_is_refused_with_how_to_write_it(ingest: Ingest) -> None:
    rate = {"component": "c", "kind": "flat", "measure": "m", "rate": 0.05}
    answer = ingest.client.post("/v1/plans", json=event(PLAIN | {"components": [rate]}))
    assert answer.status_code == 422
    assert (
        'write it as text, for example "0.05" or "5%": a JSON number with decimals is not exact'
        in answer.text.replace("\\", "")
    )
    assert (
        ingest.client.post("/v1/plans", json=event(PLAIN | {"components": [rate | {"rate": "0.05"}]})).status_code
        == 202
    )


def test_a_version_that_goes_on_in_another_calendar_is_refused_at_once(ingest: Ingest) -> None:
    goes_on = {"conventions": {"versions": "continue"}, "effective_from": "2024-03-01"}
    first = PLAIN | goes_on | {"effective_from": "2024-01-01"}
    assert ingest.client.post("/v1/plans", json=event(first)).status_code == 202
    shifted = PLAIN | goes_on | {"version": 2, "calendar": {"year_starts": 2}}
    answer = ingest.client.post("/v1/plans", json=event(shifted))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:earnest:problem:plan-conflict")
    assert "say `versions: restart` in harm@2" in answer.json()["detail"]
    assert ingest.client.post("/v1/plans", json=event(PLAIN | goes_on | {"version": 2})).status_code == 202
