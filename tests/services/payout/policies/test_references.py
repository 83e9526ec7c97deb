"""A setting that names something names what is there, or says that it comes later: in one check for all of them."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import Response

from services.payout.policies.kinds import policy_kinds
from tests.services.payout.desk import Book, Desk, earned, lines, roster

MONTHLY = {"calendar": {"every": "month"}}
ACCOUNTS = {"accounts": [{"ledger": "earned", "account": "6000", "plan": "pln"}]}
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHiG4rx6hmMrMYNclHPSdnSDZw/QTzXajZXRAH5GPam"
DROP = {"host": "sftp.example", "user": "pay", "host_keys": [HOST_KEY]}
NOWHERE: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("pay_group", "us", MONTHLY | {"payroll_profile": "adpp"}, "payroll_profile", "no payroll profile adpp: did you mean adp?"),
    ("pay_group", "us", MONTHLY | {"delivery": "drop"}, "delivery", "no delivery drop: there are no deliveries yet"),
    ("pay_group", "us", MONTHLY | {"entity": "ACME-USA"}, "entity", "no legal entity ACME-USA: did you mean ACME-US?"),
    ("payment_terms", "t", {"currency": "USD", "applies_to": {"plans": ["plaan"]}}, "applies_to.plans", "no plan plaan: did you mean plan?"),
    ("payment_terms", "t", {"currency": "USD", "applies_to": {"participants": ["adda"]}}, "applies_to.participants", "did you mean ada?"),
    ("payment_terms", "t", {"currency": "USD", "applies_to": {"pay_groups": ["defualt"]}}, "applies_to.pay_groups", "did you mean default?"),
    ("delivery", "d", DROP, "host", "no delivery host sftp.example: payroll files go to the hosts only"),
    ("approval", "a", {"pay_groups": ["west"], "steps": [{"role": "cfo"}]}, "pay_groups", "no pay group west"),
    ("approval", "a", {"steps": [{"role": "finance"}, {"role": "cf"}]}, "steps.1.role", "no key with the role cf: did you mean cfo?"),
    ("payroll_profile", "p", {"file": {"format": "generic"}, "entities": {"ACME-UK": {}}}, "entities.ACME-UK", "did you mean ACME-US?"),
    ("gl_accounts", "ACME-UK", {"accounts": []}, "id", "no legal entity ACME-UK"),
    ("gl_accounts", "default", ACCOUNTS, "accounts.0.plan", "no plan pln"),
    ("contract_costs", "default", {"on_cost": {"by_entity": {"ACME-UK": "7.65"}}}, "on_cost.by_entity.ACME-UK", "no legal entity"),
]  # fmt: skip


@pytest.fixture
def company(desk: Desk, book: Book) -> Desk:
    """Somebody of a legal entity, and a payroll profile."""
    book([roster("ada", "2025-01-01", entity="ACME-US")])
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    assert publish(desk, "payroll_profile", "adp", {"file": {"format": "generic"}}).is_success
    return desk


def publish(desk: Desk, kind: str, name: str, policy: dict[str, Any], **more: Any) -> Response:
    body = {"policy": {"valid_from": "2025-01-01", **policy}, "reason": "as agreed", **more}
    return desk.publish(f"{kind}/{name}", "tess", body)


def test_a_policy_that_names_what_is_not_there_is_refused_with_what_is_unless_it_is_expected(company: Desk) -> None:
    for kind, name, policy, field, says in NOWHERE:
        refused = publish(company, kind, name, policy)
        assert refused.status_code == 422, (kind, policy)
        assert [each["field"] for each in refused.json()["errors"]] == [field]
        assert says in refused.json()["detail"]
    for kind, name, policy, _, _ in NOWHERE:
        assert publish(company, kind, name, policy, expected=True).is_success, (kind, policy)


def test_every_kind_of_policy_that_can_name_something_is_among_the_cases() -> None:
    assert {kind for kind, *_ in NOWHERE} == policy_kinds().keys()


def test_what_is_there_is_named_without_a_word(company: Desk) -> None:
    assert publish(company, "pay_group", "us", MONTHLY | {"payroll_profile": "adp", "entity": "ACME-US"}).is_success
    terms = {"currency": "USD", "applies_to": {"plans": ["plan"], "participants": ["ada"], "pay_groups": ["us"]}}
    assert publish(company, "payment_terms", "t", terms).is_success
    steps = {"pay_groups": ["default"], "steps": [{"role": "finance"}, {"role": "cfo"}]}
    assert publish(company, "approval", "a", steps).is_success


def test_a_run_whose_payroll_profile_was_expected_and_never_came_is_not_calculated(company: Desk, book: Book) -> None:
    assert publish(company, "pay_group", "default", MONTHLY | {"payroll_profile": "adpp"}, expected=True).is_success
    run = company.post("/v1/runs", "dana", {"period": "2025-01"}).json()["id"]
    refused = company.post(f"/v1/runs/{run}/calculate", "dana")
    assert refused.status_code == 409
    assert "pay group default names payroll profile adpp, which is not published" in refused.json()["detail"]
    assert publish(company, "payroll_profile", "adpp", {"file": {"format": "generic"}}).is_success
    assert lines(company.do(run, "calculate", "dana")) == [("ada", "USD", "5.00")]


@pytest.mark.parametrize(
    ("scope", "subject", "says"),
    [
        ("deal", "D-2", "there is no deal D-2: none with this id came in"),
        ("plan", "plann", "there is no plan plann: did you mean plan?"),
        ("participant", "adda", "there is no participant adda: did you mean ada?"),
    ],
)
def test_a_hold_names_what_is_there_or_is_expected(company: Desk, scope: str, subject: str, says: str) -> None:
    hold = {"id": "h", "scope": scope, "subject": subject, "reason": "disputed"}
    refused = company.post("/v1/holds", "tina", hold)
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    made = company.post("/v1/holds", "tina", hold | {"expected": True})
    assert made.status_code == 201
    assert "expected" not in made.json()


def test_a_manager_whom_the_roster_does_not_know_stands_out(company: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", 1, manager="nobody")])
    found = company.draft("2025-01")["findings"]
    assert ("manager_unknown", "ada") in {(each["kind"], each["participant_id"]) for each in found}
