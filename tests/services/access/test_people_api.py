"""Who there is, what they hold, and what nobody may hold together, over HTTP."""

from __future__ import annotations

from fastapi.testclient import TestClient

from shared.access import ROLES
from tests.services.access.persons import Company


def as_(person: str) -> dict[str, str]:
    return {"authorization": f"Bearer key of {person}"}


def test_everybody_is_told_who_they_are(client: TestClient, company: Company) -> None:
    company.person("emil", participant="emil.dahl")
    company.role("emil", "rep")
    me = client.get("/v1/me", headers=as_("emil")).json()
    assert (me["person"], me["key"], me["participant"]) == ("emil", "laptop", "emil.dahl")
    assert [(grant["role"], grant["view"]) for grant in me["grants"]] == [("rep", "own")]
    assert client.get("/v1/me").status_code == 401
    assert client.get("/v1/people", headers=as_("emil")).status_code == 403


def test_people_are_listed_with_the_roles_that_they_hold(client: TestClient, company: Company) -> None:
    company.person("ada")
    company.role("ada", "admin")
    company.person("crm", kind="system")
    company.role("crm", "crm")
    company.do("insert into system_owner values ('crm', 'ada')")
    people = client.get("/v1/people", headers=as_("ada")).json()["people"]
    assert [(p["id"], p["kind"], p["owners"], [r["role"] for r in p["roles"]]) for p in people] == [
        ("ada", "person", [], ["admin"]),
        ("crm", "system", ["ada"], ["crm"]),
    ]
    rest = client.get("/v1/people?after=ada&limit=1", headers=as_("ada")).json()["people"]
    assert [person["id"] for person in rest] == ["crm"]


def test_the_duties_matrix_shows_who_holds_what_conflicts_and_until_when_that_is_allowed(
    client: TestClient, company: Company
) -> None:
    company.person("ada")
    company.role("ada", "admin")
    company.person("dora")
    company.role("dora", "finance")
    company.role("dora", "approver")
    company.do(
        """insert into duty_exception values (gen_random_uuid(), 'dora', 'runs:approve', 'runs:write', '2020-01-01',
            '2999-12-31', 'Two people in all', null, null, now())"""
    )
    duties = client.get("/v1/duties", headers=as_("ada")).json()
    assert {role["role"] for role in duties["roles"]} == set(ROLES)
    together = {(pair["one"], pair["other"]): pair["conflicts"] for pair in duties["together"]}
    assert together["finance", "approver"]
    assert not together["rep", "manager"]
    held = {(h["conflict"]["one"], h["conflict"]["other"]): h["exception_until"] for h in duties["held"]}
    assert held["runs:approve", "runs:write"] == "2999-12-31"
    assert held["changes:approve", "runs:write"] is None
