"""Whose token it is, and what it allows, as the database says to every service."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Final

import pytest
from sqlalchemy import Engine, text

from shared.access import ROLES
from shared.access.callers import Callers, persons_behind
from shared.access.database import AccessDatabase
from shared.access.principal import Principal
from shared.logins import SERVICES, login_of
from tests.services.access.persons import Company

YESTERDAY: Final = date(2020, 1, 2)


def caller(engine: Engine, token: str) -> Principal | None:
    """A new directory each time: what one knows holds for a second."""
    return Callers(AccessDatabase(engine)).caller(token)


def scopes(engine: Engine, token: str) -> frozenset[str]:
    who = caller(engine, token)
    return frozenset() if who is None else who.scopes


def test_the_roles_in_the_database_are_those_of_the_code(access_engine: Engine) -> None:
    with access_engine.connect() as connection:
        rows = {row.name: (row.view, set(row.scopes)) for row in connection.execute(text("select * from role"))}
    assert rows == {name: (role.view, role.scopes) for name, role in ROLES.items()}


def test_a_key_allows_what_the_roles_of_its_person_do_today(service_engine: Engine, company: Company) -> None:
    company.person("dana")
    assert scopes(service_engine, "key of dana") == frozenset()
    company.role("dana", "finance", pay_groups=["us"])
    company.role("dana", "auditor", last=YESTERDAY)
    company.role("dana", "ops", first=date(2999, 1, 1))
    company.do(
        "insert into role_grant_end values (:grant, 'ada', 'A slip', now())", grant=company.role("dana", "analyst")
    )
    who = caller(service_engine, "key of dana")
    assert who is not None
    assert (who.name, who.key, who.machine, [grant.role for grant in who.grants]) == (
        "dana",
        "laptop",
        False,
        ["finance"],
    )
    assert (who.scopes, who.grants[0].pay_groups, who.grants[0].view) == (ROLES["finance"].scopes, {"us"}, "all")


def test_a_second_key_is_the_same_person_and_may_allow_less(service_engine: Engine, company: Company) -> None:
    company.person("dana")
    company.role("dana", "finance")
    company.key("dana", "another", scopes=["gl:read", "runs:approve"])
    who = caller(service_engine, "another")
    assert who is not None
    assert (who.name, who.scopes) == ("dana", {"gl:read"})


@pytest.mark.parametrize(
    "ending",
    [
        "update person set active = false where id = 'dana'",
        "insert into api_key_end select id, 'ada', 'Lost', now() from api_key",
        "update api_key set expires_at = now()",
    ],
)
def test_a_key_ends_with_its_person_its_time_or_when_it_is_taken_back(
    service_engine: Engine, company: Company, ending: str
) -> None:
    company.person("dana")
    company.role("dana", "finance")
    assert scopes(service_engine, "key of dana")
    company.do(ending)
    assert caller(service_engine, "key of dana") is None


@pytest.mark.parametrize(
    "ending",
    [
        "update session set ended_at = now()",
        "update session set expires_at = now()",
        "update session set last_seen_at = now() - interval '31 minutes'",
        "update person set active = false",
    ],
)
def test_a_session_ends_when_it_is_ended_idle_or_over(service_engine: Engine, company: Company, ending: str) -> None:
    company.person("dana")
    company.role("dana", "finance")
    company.do(
        """insert into session values (gen_random_uuid(), :sha256, 'dana', 'password', now(), now(), now(), 1800,
            now() + interval '12 hours', null, null)""",
        sha256=hashlib.sha256(b"session").hexdigest(),
    )
    who = caller(service_engine, "session")
    assert who is not None
    assert (who.name, who.authenticated_at is not None) == ("dana", True)
    company.do(ending)
    assert caller(service_engine, "session") is None


def test_when_a_key_was_used_is_noted(service_engine: Engine, company: Company, access_engine: Engine) -> None:
    company.person("dana")
    caller(service_engine, "key of dana")
    caller(service_engine, "wrong")
    with access_engine.connect() as connection:
        assert (
            connection.execute(
                text("select count(*) from api_key_use where last_used_at > now() - interval '1m'")
            ).scalar()
            == 1
        )


def test_behind_a_system_are_who_answers_for_it_and_who_made_its_keys(service_engine: Engine, company: Company) -> None:
    for person in ("ada", "iris"):
        company.person(person)
    company.person("crm", kind="system")
    company.do("insert into system_owner values ('crm', 'iris')")
    with service_engine.connect() as connection:
        behind = persons_behind(connection, ["crm", "dana"])
    assert behind == {"crm": {"crm", "iris", "ada"}, "dana": {"dana"}}


def test_every_service_may_ask_and_none_but_access_may_look(
    engine_of: Callable[[str, str], Engine], company: Company
) -> None:
    company.person("dana")
    for service in SERVICES:
        engine = engine_of(login_of(service), "access")
        assert caller(engine, "key of dana") is not None
        if service != "access":
            with engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
                connection.execute(text("select * from access.api_key"))
