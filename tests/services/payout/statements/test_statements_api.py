"""Statements over HTTP: whose, in which form, and the same bytes for ever."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.payout.statements import routes as statements_api
from services.payout.statements.page import content_security_policy
from services.payout.statements.schemas import Statement, TeamStatement
from services.payout.statements.store import FileKey, damaged
from tests.services.payout.desk import Desk, problem
from tests.services.payout.statements.conftest import Drawer
from tests.services.payout.statements.samples import document, full

ADA = "/v1/statements/run-2026-06-1/ada.brandt"
DRAFT = "/v1/statements/run-2026-07-1/ada.brandt"


def test_a_statement_is_there_as_data_as_a_page_and_as_pdf(statement_desk: Desk) -> None:
    data = statement_desk.get(ADA)
    assert Statement.model_validate_json(data.content).state == "final"
    assert data.json()["pay"][0]["payment"] == "6538.92", "amounts are text"
    page = statement_desk.get(f"{ADA}.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "6,538.92" in page.text
    pdf = statement_desk.get(f"{ADA}.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.headers["content-disposition"] == 'inline; filename="statement-run-2026-06-1-ada.brandt.pdf"'
    assert pdf.content.startswith(b"%PDF")


def test_the_caller_may_say_the_form_in_the_header(statement_desk: Desk) -> None:
    assert statement_desk.get(ADA, accept="text/html").content == statement_desk.get(f"{ADA}.html").content
    assert statement_desk.get(ADA, accept="application/pdf").content == statement_desk.get(f"{ADA}.pdf").content
    assert statement_desk.get(ADA, accept="application/json").content == statement_desk.get(f"{ADA}.json").content
    assert problem(statement_desk.get(ADA, accept="image/png")) == (406, "not-acceptable")


@pytest.mark.parametrize("form", ["json", "html", "pdf"])
def test_the_etag_is_the_hash_of_the_bytes_and_who_has_them_is_not_sent_them_again(
    statement_desk: Desk, form: str
) -> None:
    answer = statement_desk.get(f"{ADA}.{form}")
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    again = statement_desk.get(f"{ADA}.{form}", **{"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_what_was_made_of_a_final_run_stays_even_when_pages_are_made_otherwise(
    statement_desk: Desk, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = statement_desk.get(f"{ADA}.{form}").content
    monkeypatch.setattr(statements_api, "page", lambda _: b"another age's page")
    monkeypatch.setattr(statements_api, "pdf", lambda _: b"another age's pdf")
    assert statement_desk.get(f"{ADA}.{form}").content == first


def test_a_draft_is_made_anew_each_time_and_nobody_keeps_it(statement_desk: Desk, drawer: Drawer) -> None:
    before = statement_desk.get(f"{DRAFT}.html")
    drawer.put("ada.brandt", document(full(company={"name": "Another", "locale": "en_US"})))
    after = statement_desk.get(f"{DRAFT}.html")
    assert before.headers["cache-control"] == "private, no-store"
    assert "Draft: not approved" in before.text
    assert "Another" in after.text


def test_ten_who_ask_first_at_once_get_the_same_bytes(statement_desk: Desk) -> None:
    with ThreadPoolExecutor(10) as pool:
        assert len({each.content for each in pool.map(lambda _: statement_desk.get(f"{ADA}.pdf"), range(10))}) == 1


@pytest.mark.parametrize(
    "attack", ["update statement_file set content = ''", "delete from statement_file", "truncate statement_file"]
)
def test_the_database_itself_refuses_to_change_what_was_kept(
    statement_desk: Desk, payout_engine: Engine, attack: str
) -> None:
    statement_desk.get(f"{ADA}.html")
    with pytest.raises(DBAPIError, match="only ever added to"), payout_engine.begin() as connection:
        connection.execute(text(attack))


def test_a_file_that_was_changed_all_the_same_is_found(statement_desk: Desk, payout_engine: Engine) -> None:
    statement_desk.get(f"{ADA}.html")
    statement_desk.get(f"{ADA}.pdf")
    with payout_engine.connect() as connection:
        assert damaged(connection) == []
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("update statement_file set content = 'more pay' where form = 'html'"))
        assert damaged(connection) == [FileKey("run-2026-06-1", "ada.brandt", "statement", "html")]


def test_a_page_comes_with_a_policy_and_is_not_guessed_at(statement_desk: Desk) -> None:
    headers = statement_desk.get(f"{ADA}.html").headers
    assert headers["content-security-policy"] == content_security_policy()
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "private, no-cache"


def test_a_team_is_there_in_all_forms_and_links_to_its_people(statement_desk: Desk) -> None:
    path = "/v1/statements/run-2026-06-1/mia/team"
    team = TeamStatement.model_validate_json(statement_desk.get(path).content)
    assert [(each.participant.id, each.level) for each in team.members] == [("ben", 1), ("dan", 2), ("cleo", 1)]
    assert team.manager.name == "Mia"
    for member in team.members:
        assert statement_desk.get(member.statement).status_code == 200
    assert '<a href="../ben.html">' in statement_desk.get(f"{path}.html").text
    assert statement_desk.get(path, accept="application/pdf").content == statement_desk.get(f"{path}.pdf").content


def test_statements_are_listed_by_run_and_by_participant(statement_desk: Desk) -> None:
    listed = statement_desk.get("/v1/statements/run-2026-06-1").json()["statements"]
    assert [each["name"] for each in listed] == ["Ada Brandt", "Ben", "Cleo", "Dan", "Mia"]
    assert listed[1]["manager"] == "mia"
    assert all(statement_desk.get(each["statement"]).status_code == 200 for each in listed)
    of_ada = statement_desk.get("/v1/participants/ada.brandt/statements").json()["statements"]
    assert [(each["run"], each["state"]) for each in of_ada] == [("run-2026-07-1", "draft"), ("run-2026-06-1", "final")]


def test_an_id_with_a_slash_has_a_statement_like_any_other(statement_desk: Desk, drawer: Drawer) -> None:
    made: dict[str, Any] = full()
    made["participant"] |= {"id": "eu/ada", "manager": {"id": "eu/mia", "name": "Mia"}}
    drawer.put("eu/ada", document(made))
    listed = statement_desk.get("/v1/statements/run-2026-06-1").json()["statements"]
    [path] = [each["statement"] for each in listed if each["participant_id"] == "eu/ada"]
    assert statement_desk.get(f"{path}.html").status_code == 200
    assert statement_desk.get("/v1/statements/run-2026-06-1/eu%2Fmia/team").json()["members"][0]["statement"] == path


def test_what_is_not_there_is_said_so(statement_desk: Desk) -> None:
    assert problem(statement_desk.get("/v1/statements/run-2020-01-1/ada.brandt")) == (404, "no-such-run")
    assert problem(statement_desk.get("/v1/statements/run-2026-06-1/nobody.pdf")) == (404, "not-found")
    assert problem(statement_desk.get("/v1/statements/run-2026-06-1/dan/team")) == (404, "not-found")


@pytest.mark.parametrize(
    "path", [ADA, f"{ADA}.pdf", f"{ADA}/team", "/v1/statements/run-2026-06-1", "/v1/participants/a/statements"]
)
def test_only_whoever_may_read_statements_reads_them(statement_desk: Desk, path: str) -> None:
    assert problem(statement_desk.get(path, "payroll")) == (403, "forbidden")
    assert problem(statement_desk.get(path, "stranger")) == (401, "unauthenticated")


def test_the_openapi_document_tells_all_three_forms(statement_desk: Desk) -> None:
    paths = statement_desk.client.get("/openapi.json").json()["paths"]
    for path in ("/v1/statements/{run_id}/{participant_id}", "/v1/statements/{run_id}/{manager_id}/team"):
        content = paths[path]["get"]["responses"]["200"]["content"]
        assert set(content) == {"application/json", "text/html", "application/pdf"}
