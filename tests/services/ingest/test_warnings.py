"""Ingest takes what is allowed and says what of it looks like a slip, in the words of `earnest calc`."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.services.ingest.conftest import Ingest

REP = {
    "plan": "rep",
    "version": 1,
    "name": "Rep",
    "currency": "USD",
    "effective_from": "2025-01-01",
    "credits": [{"rule": "own"}],
    "measures": [{"measure": "sales", "sum_of": ["own"], "reset": "quarter"}],
    "components": [{"component": "kicker", "kind": "bonus", "amount": "300", "when": "attainment(sales) >= 100%"}],
}


def event(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    head = {"specversion": "1.0", "id": "1", "source": "crm", "time": "2025-01-02T00:00:00Z"}
    return {**head, "type": f"earnest.{kind}", "data": data}


def warnings(ingest: Ingest, path: str, body: Any, content_type: str = "application/json") -> list[list[str]]:
    content = body if isinstance(body, str) else orjson.dumps(body)
    answer = ingest.client.post(f"/v1/{path}", content=content, headers={"content-type": content_type})
    assert answer.status_code == 202, answer.text
    return [result.get("warnings", []) for result in answer.json()["results"]]


def roster(ingest: Ingest, rows: str) -> list[list[str]]:
    return warnings(ingest, "roster", f"participant_id,effective_from,plan,manager,quota.sales\n{rows}", "text/csv")


def test_a_roster_is_answered_with_what_it_newly_makes_look_like_a_slip(
    ingest: Ingest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert warnings(ingest, "plans", event("plan.published", {"document": REP})) == [[]]
    assert roster(ingest, "ann,2025-01-01,rep,bob,30000\nbob,2025-01-01,rep,,90000\n") == [[], []]
    late = "ann,2025-03-30,,,90000\n"
    assert roster(ingest, f"bob,2025-04-01,,,90000\n{late}") == [
        [],
        [
            "From 2025-03-30 the quota of ann for sales is 90,000 instead of 30,000, and on plan rep it counts for the whole of"
            " 2025-01-01 to 2025-03-31. If it is not meant for the days before, let it begin on 2025-04-01 or say in the plan that"
            " quotas change by_period."
        ],
    ]
    assert roster(ingest, late) == [[]]  # known already: a nightly export does not repeat it
    patch = {"participant_id": "bob", "effective_from": "2025-05-01", "fields": {"manager": "ann", "plan": "reps"}}
    [[plan, circle]] = warnings(ingest, "roster", event("roster.patched", patch))
    assert plan == "bob is on plan reps, which does not exist."
    assert circle.startswith("From 2025-05-01 managers report in a circle: ann, bob, ann.")
    logged = "".join(capsys.readouterr())
    assert "quota" not in logged, "figures of people are in the answer only"
    assert "in a circle" not in logged


def test_a_plan_is_answered_with_the_words_of_plan_check(ingest: Ingest) -> None:
    def published(version: int, rate: str) -> list[str]:
        flat = {"component": "base", "kind": "flat", "measure": "sales", "rate": rate}
        document = REP | {"version": version, "components": [*REP["components"], flat]}
        [said] = warnings(ingest, "plans", event("plan.published", {"document": document}))
        return said

    assert published(1, "8") == [
        "P213: a rate of 8 is 800%: it pays 8 for each 1 of the measure; write 8% if percent is meant"
    ]
    assert published(2, "800%") == published(3, "8%") == []


def test_a_deal_that_closes_years_after_its_event_is_taken_with_a_warning(ingest: Ingest) -> None:
    def sold(close_date: str) -> list[str]:
        fields = {"owner": "ann", "amount": "10", "currency": "USD", "stage": "won", "close_date": close_date}
        [said] = warnings(ingest, "deals", event("deal.patched", {"deal_id": "crm/1", "fields": fields}))
        return said

    [words] = sold("2052-01-02")
    assert words.startswith("Deal crm/1 closes on 2052-01-02, more than 5 years ahead")
    assert sold("2026-01-02") == sold("2015-01-02") == []


def test_an_alias_that_somebody_else_has_is_taken_with_a_warning(ingest: Ingest) -> None:
    rows = "participant_id,effective_from,alias.email,alias.crm\n"
    assert warnings(ingest, "roster", f"{rows}ann,2025-01-01,Ann@x.example,7\nbob,2025-01-01,,8\n", "text/csv") == [
        [],
        [],
    ]
    [[shared]] = warnings(ingest, "roster", f"{rows}bob,2025-03-01,ANN@x.example,\n", "text/csv")
    assert shared.startswith("ann@x.example is an alias of several participants: ann, bob.")
    [[taken]] = warnings(ingest, "roster", f"{rows}cy,2025-03-01,,bob\n", "text/csv")
    assert taken == "The alias bob of cy is the id of another participant, who is meant by it."
    taken_back = {"participant_id": "bob", "effective_from": "2025-03-01", "fields": {"aliases": {"email": None}}}
    assert warnings(ingest, "roster", event("roster.patched", taken_back)) == [[]]
