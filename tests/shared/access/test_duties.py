"""What nobody may hold together, and that persons are compared."""

from __future__ import annotations

import pytest

from shared.access.duties import conflicts, role_conflicts
from shared.access.roles import ROLES
from shared.persons import person_id


def test_no_role_alone_holds_what_takes_two_people() -> None:
    assert [name for name, role in ROLES.items() if conflicts(role.scopes)] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("finance", "approver"),
        ("analyst", "finance"),
        ("analyst", "approver"),
        ("admin", "approver"),
        ("admin", "finance"),
        ("crm", "approver"),
        ("hr", "finance"),
        ("payroll", "finance"),
        ("ops", "approver"),
    ],
)
def test_who_sets_prepares_approves_or_grants_does_only_one_of_it(one: str, other: str) -> None:
    assert role_conflicts(one, other)


@pytest.mark.parametrize(("one", "other"), [("rep", "manager"), ("rep", "finance"), ("auditor", "rep")])
def test_who_only_reads_may_do_something_else_too(one: str, other: str) -> None:
    assert role_conflicts(one, other) == []


@pytest.mark.parametrize("name", ["Dana", "dana.", " DANA ", "ｄana", "-dana-"])
def test_a_person_is_one_whatever_a_key_calls_them(name: str) -> None:
    assert person_id(name) == "dana"
