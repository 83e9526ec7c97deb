"""A roster comes as a CSV file, as `earnest calc` reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.contracts.topics import ROSTER as ROSTER_TOPIC
from tests.services.ingest.conftest import Ingest


def test_a_roster_comes_as_csv_and_blank_cells_say_nothing(ingest: Ingest) -> None:
    csv = (
        "participant_id,effective_from,manager,quota.bookings,active\nann,2025-01-01,dee,,\nann,2025-07-01,,60000,no\n"
    )
    answer = ingest.client.post("/v1/roster", content=csv, headers={"content-type": "text/csv"})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    fields = {path: value for fact in ingest.in_log(ROSTER_TOPIC) for path, value in fact["fields"].items()}
    assert fields == {
        "2025-01-01/manager": "dee",
        "2025-07-01/quota.bookings": "60000",
        "2025-07-01/active": False,
    }


def test_a_roster_file_has_the_figures_that_plans_ask_for(ingest: Ingest) -> None:
    csv = "participant_id,effective_from,term.rate,score.teamwork,quota.bookings\nann,2025-01-01,6.5%,0.85,100\n"
    answer = ingest.client.post("/v1/roster", content=csv, headers={"content-type": "text/csv"})
    assert answer.status_code == 202
    [fact] = ingest.in_log(ROSTER_TOPIC)
    assert fact["fields"] == {
        "2025-01-01/term.rate": "0.065",
        "2025-01-01/score.teamwork": "0.85",
        "2025-01-01/quota.bookings": "100",
    }


def test_figures_of_everyone_come_in_a_row_of_their_own(ingest: Ingest) -> None:
    csv = "participant_id,effective_from,plan,score.ebitda\n*,2025-03-31,,97%\n*,2025-04-01,rep,\n"
    answer = ingest.client.post("/v1/roster", content=csv, headers={"content-type": "text/csv"})
    [taken, refused] = answer.json()["results"]
    assert (taken["status"], refused["status"]) == ("accepted", "rejected")
    assert "participant_id * is everyone" in refused["errors"][0]["reason"]
    [fact] = ingest.in_log(ROSTER_TOPIC)
    assert (fact["participant_id"], fact["fields"]) == ("*", {"2025-03-31/score.ebitda": "0.97"})


def test_a_row_with_more_cells_than_the_header_is_refused_and_the_others_are_taken(ingest: Ingest) -> None:
    body = "participant_id,manager\nann,dee\n\nbob,dee,rep\ncy,dee,,\n"
    answer = ingest.client.post("/v1/roster", content=body, headers={"content-type": "text/csv"})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    [refused] = [result for result in answer.json()["results"] if result["status"] == "rejected"]
    assert refused["id"].endswith("-4")
    assert refused["errors"] == [{"field": "data", "reason": "row 4: the row has 3 cells, the header 2"}]
    assert {fact["participant_id"] for fact in ingest.in_log(ROSTER_TOPIC)} == {"ann", "cy"}


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("", 422, "the first row must name the columns"),
        ("participant_id,effective_from\n\n,\n", 422, "there is no event"),
        ("participant_id,boss\nann,dee\n", 422, "unknown columns boss; known are participant_id"),
        ("effective_from\n2025-01-01\n", 422, "there is no column participant_id"),
        ("participant_id,effective_from,quota.a,quota.a\nann,2025-01-01,1,2\n", 422, "column quota.a is there twice"),
        ('participant_id,effective_from\n"ann,2025-01-01\n', 422, "is not CSV"),
        (b"participant_id,effective_from\n\xff,2025-01-01\n", 422, "is not UTF-8"),
        ("participant_id,effective_from\n" + "ann,2025-01-01\n" * 10_001, 413, "10,000 at most"),
    ],
)
def test_a_roster_file_that_cannot_be_read_is_refused_as_a_whole(
    ingest: Ingest, body: str | bytes, status: int, reason: str
) -> None:
    answer = ingest.client.post("/v1/roster", content=body, headers={"content-type": "text/csv"})
    assert (answer.status_code, reason in answer.json()["detail"]) == (status, True), answer.text
    assert ingest.in_log(ROSTER_TOPIC) == []


def test_an_instant_in_a_roster_file_is_a_date_in_the_companys_time_zone(start_ingest: Callable[..., Ingest]) -> None:
    ingest = start_ingest(time_zone="Asia/Tokyo")
    body = "participant_id,effective_from,plan\nann,2024-12-31T15:00:00Z,rep\n"
    ingest.client.post("/v1/roster", content=body, headers={"content-type": "text/csv; charset=utf-8"})
    assert ingest.in_log(ROSTER_TOPIC)[0]["fields"] == {"2025-01-01/plan": "rep"}


def test_a_file_for_calc_is_a_file_for_ingest(ingest: Ingest) -> None:
    body = "\ufeff participant_id , quota ,active,,\n ann , 50% , YES ,,\nbob,100000,,\n"
    answer = ingest.client.post("/v1/roster", content=body.encode(), headers={"content-type": "text/csv"})
    assert answer.status_code == 202, answer.text
    found = {fact["participant_id"]: fact["fields"] for fact in ingest.in_log(ROSTER_TOPIC)}
    assert found == {
        "ann": {"1900-01-01/quota.*": "0.50", "1900-01-01/active": True},
        "bob": {"1900-01-01/quota.*": "100000"},
    }


@pytest.mark.parametrize("cell", ["1e999999999%", "1e999999999", "9" * 5000, "1,000", "x"])
def test_a_figure_that_is_no_amount_is_refused_by_its_field(ingest: Ingest, cell: str) -> None:
    body = f'participant_id,term.rate\nann,"{cell}"\n'
    answer = ingest.client.post("/v1/roster", content=body, headers={"content-type": "text/csv"})
    assert answer.status_code == 422
    assert answer.json()["results"][0]["errors"][0]["field"] == "data.fields.terms.rate"
