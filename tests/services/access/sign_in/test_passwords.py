"""Passwords: the same answer whoever asks, as many tries as a person needs, and two people for a new one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from services.access.passwords import rules, service, store
from services.access.passwords.service import new_link, open_link
from shared.problems import Unprocessable
from tests.services.access.persons import Company
from tests.services.access.sign_in.conftest import PASSWORD, Browser, sign_in

NEW = "nine geese swim downstream"
Audited = Callable[[], list[tuple[str, str, str]]]


def test_a_password_is_kept_as_argon2id_and_e_mail_is_a_name_as_well(
    browser: Browser, dana: str, company: Company, access_engine: Engine
) -> None:
    company.do("update person set email = 'Dana.W@example.com' where id = 'dana'")
    assert sign_in(browser(), name="dana.w@EXAMPLE.com") == 200
    with access_engine.connect() as connection:
        assert connection.execute(text("select hash from password")).scalar_one().startswith("$argon2id$v=19$m=65536,")


def test_whatever_was_wrong_the_answer_is_the_same_and_costs_the_same_work(
    browser: Browser, dana: str, company: Company, audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.person("emil")  # has no password
    company.person("gone")
    company.do("insert into password select 'gone', hash, now() from password")
    company.do("update person set active = false where id = 'gone'")
    company.person("crm", kind="system")
    compared: list[str] = []
    real = service._matches
    monkeypatch.setattr(service, "_matches", lambda hash_, said: compared.append(hash_) or real(hash_, said))
    answers = {
        (answer.status_code, answer.content, tuple(answer.headers.keys()))
        for name in ("dana", "emil", "gone", "crm", "nobody", "")
        for answer in [browser().post("/v1/sign-in/password", json={"name": name, "password": NEW})]
    }
    assert len(answers) == 1
    assert len(compared) == 6
    assert {cost.rpartition("$")[0].rpartition("$")[0] for cost in compared} == {"$argon2id$v=19$m=65536,t=3,p=4"}
    # Who is not known is not named: it may be a password that was typed there.
    assert [(action, who) for action, who, _ in audited()] == [
        ("sign_in_refused", "dana"),
        ("sign_in_refused", "emil"),
        *[("sign_in_refused", "")] * 4,
    ]


def test_after_five_wrong_ones_the_name_waits_and_nothing_tells_so(
    browser: Browser, dana: str, company: Company, audited: Audited
) -> None:
    for name in ("dana", "nobody"):
        assert [sign_in(browser(), name=name, password=NEW) for _ in range(5)] == [401] * 5
    right = browser().post("/v1/sign-in/password", json={"name": "dana", "password": PASSWORD})
    nobody = browser().post("/v1/sign-in/password", json={"name": "nobody", "password": PASSWORD})
    assert (right.status_code, right.content) == (401, nobody.content)
    assert audited()[-2] == ("sign_in_refused", "dana", "too many tries")
    company.do("update password_try set at = at - interval '16 minutes'")
    assert sign_in(browser()) == 200


def test_a_right_password_forgets_the_wrong_ones_before_it(browser: Browser, dana: str) -> None:
    for _ in range(3):
        assert [sign_in(browser(), password=NEW) for _ in range(3)] == [401] * 3
        assert sign_in(browser()) == 200


def test_twenty_guesses_at_once_are_five(service_engine: Engine, dana: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(service, "_matches", lambda hash_, _: compared.append(hash_) or False)

    def guess(number: int) -> None:
        with pytest.raises(service.SignInRefused):
            service.check(service_engine, "dana", password=f"guess {number}", address=f"198.51.100.{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(20)))
    assert len([hash_ for hash_ in compared if hash_ != service._NOBODYS]) == 5


def test_an_address_tries_the_names_of_an_office_and_not_of_a_town(
    service_engine: Engine, dana: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_matches", lambda *_: False)
    for number in range(service.MOST_OF_ADDRESS):
        with pytest.raises(service.SignInRefused):
            service.check(service_engine, f"name{number}", password=NEW, address="203.0.113.9")
    monkeypatch.undo()
    with pytest.raises(service.SignInRefused) as refused:
        service.check(service_engine, "dana", password=PASSWORD, address="203.0.113.9")
    assert refused.value.cause == "too many tries"
    assert service.check(service_engine, "dana", password=PASSWORD, address="203.0.113.10").person == "dana"


def test_changing_a_password_takes_the_old_one_and_ends_every_other_session(browser: Browser, dana: str) -> None:
    laptop, phone = browser(), browser()
    sign_in(laptop)
    sign_in(phone)
    wrong = laptop.put("/v1/password", json={"current": NEW, "new": "six hens lay seven eggs"})
    assert wrong.status_code == 401
    weak = laptop.put("/v1/password", json={"current": PASSWORD, "new": "dana dana dana dana"})
    assert weak.status_code == 422
    assert phone.get("/v1/me").status_code == 200
    before = laptop.cookies["earnest"]
    assert laptop.put("/v1/password", json={"current": PASSWORD, "new": NEW}).status_code == 204
    assert laptop.cookies["earnest"] != before
    assert (laptop.get("/v1/me").status_code, phone.get("/v1/me").status_code) == (200, 401)
    assert (sign_in(browser()), sign_in(browser(), password=NEW)) == (401, 200)


def test_a_key_changes_no_password(browser: Browser, dana: str) -> None:
    headers = {"authorization": "Bearer key of dana"}
    answer = browser().put("/v1/password", json={"current": PASSWORD, "new": NEW}, headers=headers)
    assert answer.status_code == 403


def test_a_link_sets_a_password_once(browser: Browser, dana: str, service_engine: Engine) -> None:
    before = browser()
    sign_in(before)
    first, second = new_link(), new_link()
    for _, sha256 in (first, second):
        with service_engine.begin() as connection:
            open_link(connection, "dana", sha256=sha256)

    def set_by(token: str, new: str = NEW) -> int:
        return browser().post("/v1/sign-in/password-link", json={"token": token, "new": new}).status_code

    assert set_by(first[0]) == 404  # a later link takes its place
    assert set_by(second[0], "short") == 422
    assert set_by(second[0]) == 200
    assert before.get("/v1/me").status_code == 401
    assert set_by(second[0]) == 404
    assert (sign_in(browser()), sign_in(browser(), password=NEW)) == (401, 200)


def test_a_link_is_over_after_a_day_or_with_its_person(
    browser: Browser, dana: str, company: Company, service_engine: Engine
) -> None:
    for ending in (
        "update password_link set expires_at = now()",
        "update person set active = false where id = 'dana'",
    ):
        token, sha256 = new_link()
        with service_engine.begin() as connection:
            open_link(connection, "dana", sha256=sha256)
        company.do(ending)
        assert browser().post("/v1/sign-in/password-link", json={"token": token, "new": NEW}).status_code == 404


@pytest.mark.parametrize(
    "password", ["four ducks", "aaaaaaaaaaaaaaaa", "passpasspasspass", "Dana Whitfield!", "dana.w@example.com1"]
)
def test_a_password_is_long_and_not_only_what_others_know(password: str) -> None:
    with pytest.raises(Unprocessable):
        rules.check(password, known=["dana", "Dana", "Whitfield", "dana.w@example.com"])
    rules.check("four ducks cross the road", known=["dana"])


def test_a_password_is_the_same_whichever_keyboard_it_was_typed_on(
    browser: Browser, dana: str, service_engine: Engine
) -> None:
    with service_engine.begin() as connection:
        store.set_password(connection, "dana", hash_=service.hash_of("vierzehn Füße im Schnee", known=[]))
    assert sign_in(browser(), password="vierzehn Fu\u0308ße im Schnee") == 200
