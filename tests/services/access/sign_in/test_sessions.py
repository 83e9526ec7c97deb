"""Sessions: what begins one, what renews it, what ends it, and who may act by its cookie."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from services.access.app import create_app
from shared.access.database import AccessDatabase
from shared.settings import Settings
from tests.services.access.persons import Company
from tests.services.access.sign_in.conftest import ADDRESS, PASSWORD, Browser, sign_in

ELSEWHERE = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "", "origin": "https://evil.example"},
    {"sec-fetch-site": "", "origin": "null"},
    {"sec-fetch-site": ""},
]


def who(client: TestClient) -> str | None:
    answer = client.get("/v1/me")
    return answer.json()["person"] if answer.status_code == 200 else None


def test_a_session_is_in_a_cookie_that_no_script_reads_and_its_token_asks_as_a_key_does(
    browser: Browser, dana: str, access_engine: Engine
) -> None:
    client = browser()
    answer = client.post("/v1/sign-in/password", json={"name": " Dana ", "password": PASSWORD})
    assert answer.json() == {"person": "dana"}
    said = answer.headers["set-cookie"].lower()
    assert said.startswith("earnest=es_")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in said.split(";")}
    token = client.cookies["earnest"]
    asked = browser().get("/v1/me", headers={"authorization": f"Bearer {token}"}).json()
    assert (asked["person"], asked["key"], asked["authenticated_at"] is not None) == ("dana", "password", True)
    with access_engine.connect() as connection:
        known = connection.execute(text("select sha256 from session")).scalar_one()
    assert known == hashlib.sha256(token.encode()).hexdigest()


def test_over_https_browsers_take_the_cookie_for_this_host_alone(
    service_engine: Engine, view_engine: Engine, dana: str
) -> None:
    settings = Settings(database_url="postgresql://nobody@localhost/unused", public_url="https://pay.example.com")
    app = create_app(settings, service_engine, view=view_engine, access=AccessDatabase(service_engine), ready=list)
    with TestClient(app, base_url="https://pay.example.com", headers={"origin": "https://pay.example.com"}) as client:
        answer = client.post("/v1/sign-in/password", json={"name": "dana", "password": PASSWORD})
        said = answer.headers["set-cookie"]
        assert said.startswith("__Host-earnest=es_")
        assert "Secure" in said
        assert who(client) == "dana"


@pytest.mark.parametrize("url", ["http://pay.example.com", "https://pay.example.com/path", "pay.example.com"])
def test_people_are_reached_over_https_or_on_their_own_machine(url: str) -> None:
    with pytest.raises(ValueError, match="write the address as"):
        Settings(database_url="postgresql://nobody@localhost/unused", public_url=url)


def test_a_token_that_somebody_put_into_the_browser_is_not_the_one_of_the_session(browser: Browser, dana: str) -> None:
    client, attacker = browser(), browser()
    sign_in(attacker)
    planted = attacker.cookies["earnest"]
    client.cookies.set("earnest", planted)
    assert sign_in(client) == 200
    tokens = {cookie.value for cookie in client.cookies.jar if cookie.domain}
    assert planted not in tokens
    assert who(attacker) is None  # the session that the browser came with is over


def test_another_site_neither_acts_by_the_cookie_nor_signs_anybody_in(browser: Browser, dana: str) -> None:
    client, stranger = browser(), browser()
    sign_in(client)
    for headers in ELSEWHERE:
        refused = client.delete("/v1/session", headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:earnest:problem:cross-site")
        told = stranger.post("/v1/sign-in/password", json={"name": "dana", "password": PASSWORD}, headers=headers)
        assert (told.status_code, told.json()["type"]) == (403, "urn:earnest:problem:cross-site")
    assert who(client) == "dana"
    # Without a browser nobody's cookie is sent along: a token in the header asks wherever it comes from.
    with_token = ELSEWHERE[0] | {"authorization": f"Bearer {client.cookies['earnest']}"}
    assert stranger.delete("/v1/session", headers=with_token).status_code == 204


def test_an_old_browser_says_with_origin_that_the_page_is_ours(browser: Browser, dana: str) -> None:
    client = browser()
    sign_in(client)
    headers = {"sec-fetch-site": "", "origin": ADDRESS}
    assert client.delete("/v1/session", headers=headers).status_code == 204


def test_people_see_where_they_are_signed_in_and_end_it(
    browser: Browser, dana: str, company: Company, audited: Callable[[], list[tuple[str, str, str]]]
) -> None:
    laptop, phone = browser(), browser()
    sign_in(laptop)
    sign_in(phone)
    listed = laptop.get("/v1/sessions").json()["sessions"]
    assert [(one["method"], one["current"]) for one in listed] == [("password", False), ("password", True)]
    assert laptop.delete(f"/v1/sessions/{listed[0]['id']}").status_code == 204
    assert (who(phone), who(laptop)) == (None, "dana")
    company.person("ada")
    stranger = browser().delete(f"/v1/sessions/{listed[1]['id']}", headers={"authorization": "Bearer key of ada"})
    assert stranger.status_code == 403  # a key has no sessions
    token = laptop.cookies["earnest"]
    assert laptop.delete("/v1/session").status_code == 204
    assert "earnest" not in laptop.cookies
    assert browser().get("/v1/me", headers={"authorization": f"Bearer {token}"}).status_code == 401
    assert [action for action, _, _ in audited() if action.startswith("signed")] == [
        "signed_in",
        "signed_in",
        "signed_out",
    ]


def test_nobody_ends_the_session_of_somebody_else(
    browser: Browser, dana: str, company: Company, service_engine: Engine
) -> None:
    client = browser()
    sign_in(client)
    session = client.get("/v1/sessions").json()["sessions"][0]["id"]
    company.person("mallory")
    company.do("insert into password select 'mallory', hash, now() from password")
    mallory = browser()
    sign_in(mallory, name="mallory")
    assert mallory.delete(f"/v1/sessions/{session}").status_code == 404
    assert who(client) == "dana"


def test_all_sessions_end_when_somebody_is_made_inactive_and_none_comes_back(
    browser: Browser, dana: str, company: Company
) -> None:
    client = browser()
    sign_in(client)
    company.do("update person set active = false where id = 'dana'")
    assert who(client) is None
    assert sign_in(browser()) == 401
    company.do("update person set active = true where id = 'dana'")
    assert who(client) is None
    assert sign_in(client) == 200


def test_what_matters_takes_somebody_who_has_just_signed_in(browser: Browser, dana: str, company: Company) -> None:
    client = browser()
    sign_in(client)
    assert client.post("/v1/passkeys/options").status_code == 200
    company.do("update session set authenticated_at = now() - interval '6 minutes'")
    refused = client.post("/v1/passkeys/options")
    assert (refused.status_code, refused.json()["type"]) == (401, "urn:earnest:problem:sign-in-again")
    assert 'max_age="300"' in refused.headers["www-authenticate"]
    assert who(client) == "dana"
    sign_in(client)
    assert client.post("/v1/passkeys/options").status_code == 200


def test_a_session_lasts_as_long_as_the_installation_says(
    app: FastAPI, browser: Browser, dana: str, access_engine: Engine
) -> None:
    app.state.settings = Settings(
        database_url="postgresql://nobody@localhost/unused", session_idle_minutes=10, session_hours=2
    )
    sign_in(browser())
    with access_engine.connect() as connection:
        row = connection.execute(text("select idle_seconds, expires_at - started_at as lasts from session")).one()
    assert (row.idle_seconds, row.lasts.total_seconds()) == (600, 7200)
