"""Passkeys: registered by whoever has just signed in, and then they sign in without a name."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from tests.services.access.persons import Company
from tests.services.access.sign_in.authenticator import Device
from tests.services.access.sign_in.conftest import ADDRESS, Browser, sign_in

NO_ANSWERS: list[dict[str, Any]] = [
    {},
    {"id": "x", "response": {}},
    {"id": 7, "response": {"clientDataJSON": 5}},
    {"id": "x", "response": {"clientDataJSON": "AAAA"}},
    {"id": "x", "response": {"clientDataJSON": "e30"}},
    {"id": "x", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOlsxXX0"}},
    {"id": "\0", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiJcdTAwMDAifQ"}},
    {"response": []},
]


@pytest.fixture
def device(browser: Browser, dana: str) -> Device:
    """Dana's phone, with her passkey."""
    client, made = browser(), Device(origin=ADDRESS)
    sign_in(client)
    assert register(client, made) == 201
    return made


def register(client: TestClient, device: Device) -> int:
    """The status of registering what a device makes."""
    credential = device.create(client.post("/v1/passkeys/options").json())
    return client.post("/v1/passkeys", json={"credential": credential, "label": "phone"}).status_code


def asked(client: TestClient) -> dict[str, Any]:
    """A challenge for whoever signs in."""
    options: dict[str, Any] = client.post("/v1/sign-in/passkey/options").json()
    return options


def answered(client: TestClient, credential: dict[str, Any]) -> int:
    """The status of signing in with what a device gave."""
    return client.post("/v1/sign-in/passkey", json={"credential": credential}).status_code


def test_a_passkey_signs_its_owner_in_without_a_name_and_anew_each_time(browser: Browser, device: Device) -> None:
    client = browser()
    options = asked(client)
    assert not options.get("allowCredentials")
    assert options["userVerification"] == "required"
    assert answered(client, device.get(options)) == 200
    assert client.get("/v1/me").json()["person"] == "dana"
    assert answered(browser(), device.get(asked(browser()))) == 200
    listed = client.get("/v1/passkeys").json()["passkeys"]
    assert [(key["label"], key["last_used_at"] is not None) for key in listed] == [("phone", True)]


def test_what_was_answered_once_opens_nothing_again(browser: Browser, device: Device) -> None:
    credential = device.get(asked(browser()))
    assert answered(browser(), credential) == 200
    assert answered(browser(), credential) == 401


def test_a_challenge_is_asked_anew_after_a_wrong_answer_and_after_five_minutes(
    browser: Browser, device: Device, company: Company
) -> None:
    options = asked(browser())
    right, wrong = device.get(options), device.get(options)
    wrong["response"]["signature"] = right["response"]["signature"]
    assert (answered(browser(), wrong), answered(browser(), right)) == (401, 401)
    late = device.get(asked(browser()))
    company.do("update passkey_challenge set at = at - interval '6 minutes'")
    assert answered(browser(), late) == 401


def test_another_site_gets_nothing_that_opens_ours(browser: Browser, device: Device) -> None:
    device.origin = "https://earnest.evil.example"
    assert answered(browser(), device.get(asked(browser()))) == 401


def test_a_device_that_has_not_seen_its_owner_neither_registers_nor_opens(browser: Browser, device: Device) -> None:
    device.verifies = False
    assert answered(browser(), device.get(asked(browser()))) == 401
    client = browser()
    sign_in(client)
    assert register(client, Device(origin=ADDRESS, verifies=False)) == 422


def test_a_copy_of_a_passkey_is_found_by_its_counter(browser: Browser, device: Device) -> None:
    assert answered(browser(), device.get(asked(browser()))) == 200
    device.soft.sign_count = 0
    assert answered(browser(), device.get(asked(browser()))) == 401


def test_a_passkey_of_nobody_or_in_the_name_of_another_opens_nothing(browser: Browser, device: Device) -> None:
    credential = device.get(asked(browser()))
    of_another = deepcopy(credential) | {"response": credential["response"] | {"userHandle": "bWFsbG9yeQ"}}
    assert answered(browser(), of_another) == 401
    stranger = Device(origin=ADDRESS)
    stranger.soft.cred_init("localhost", b"somebody")
    assert answered(browser(), stranger.get(asked(browser()))) == 401


def test_what_is_no_answer_of_a_device_is_refused(browser: Browser, dana: str) -> None:
    client = browser()
    sign_in(client)
    for credential in NO_ANSWERS:
        assert answered(browser(), credential) == 401
        assert client.post("/v1/passkeys", json={"credential": credential, "label": "x"}).status_code == 422


def test_a_passkey_whose_name_no_text_can_be_is_not_known(browser: Browser, device: Device) -> None:
    for name in ("\0", "", 7, None):
        credential = device.get(asked(browser())) | {"id": name}
        assert answered(browser(), credential) == 401


def test_a_challenge_registers_only_for_whom_it_was_asked(browser: Browser, dana: str, company: Company) -> None:
    company.person("mallory")
    company.do("insert into password select 'mallory', hash, now() from password")
    danas, mallorys = browser(), browser()
    sign_in(danas)
    sign_in(mallorys, name="mallory")
    credential = Device(origin=ADDRESS).create(mallorys.post("/v1/passkeys/options").json())
    answer = danas.post("/v1/passkeys", json={"credential": credential, "label": "planted"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:earnest:problem:no-passkey")


def test_a_passkey_is_taken_off_by_its_owner_alone(
    browser: Browser, device: Device, company: Company, access_engine: Engine
) -> None:
    company.person("mallory")
    company.do("insert into password select 'mallory', hash, now() from password")
    with access_engine.connect() as connection:
        key = connection.execute(text("select id from passkey")).scalar_one()
    mallory, dana = browser(), browser()
    sign_in(mallory, name="mallory")
    sign_in(dana)
    assert mallory.delete(f"/v1/passkeys/{key}").status_code == 404
    assert answered(browser(), device.get(asked(browser()))) == 200
    assert dana.delete(f"/v1/passkeys/{key}").status_code == 204
    assert answered(browser(), device.get(asked(browser()))) == 401


def test_the_handle_of_a_person_is_one_and_tells_nothing_of_them(browser: Browser, device: Device) -> None:
    client = browser()
    sign_in(client)
    user = client.post("/v1/passkeys/options").json()["user"]
    assert "dana" not in user["id"]
    second = Device(origin=ADDRESS)
    assert register(client, second) == 201
    assert second.soft.user_handle == device.soft.user_handle
    assert answered(browser(), second.get(asked(browser()))) == 200
