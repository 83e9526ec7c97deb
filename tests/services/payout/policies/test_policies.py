"""Policies: their kinds, strictness, and which version holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from services.payout.policies.kinds import NoSuchKind, model_of, policy_kinds, policy_of
from shared.kernel.language.values import Rate
from shared.pay.calendars.policy import PayGroup
from shared.pay.policy import Policy, PolicyPart, Version, in_force

PAY_GROUP: dict[str, Any] = {
    "kind": "pay_group",
    "id": "us",
    "valid_from": date(2026, 1, 1),
    "calendar": {"every": "half_month", "ends_on": [15, 31]},
}


class Sample(Policy):
    """A policy with an exact number and a list."""

    kind: Literal["sample"]
    share: Rate
    steps: tuple[int, ...] = ()


def version(number: int, day: date) -> Version[Policy]:
    policy = policy_of(PAY_GROUP | {"valid_from": day})
    return Version(
        policy=policy,
        version=number,
        author="dana",
        reason="because",
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number),
    )


def test_a_policy_is_read_alike_from_yaml_data_and_from_json_and_says_itself_again() -> None:
    policy = policy_of(PAY_GROUP)
    assert isinstance(policy, PayGroup)
    assert policy_of(policy.body()) == policy
    assert policy.body() == PAY_GROUP | {"valid_from": "2026-01-01"}


def test_numbers_stay_exact() -> None:
    given_ = {"kind": "sample", "id": "s", "valid_from": "2026-01-01", "share": Decimal("0.123456789"), "steps": [1, 2]}
    policy = Sample.of(given_)
    assert (policy.share, policy.steps) == (Decimal("0.123456789"), (1, 2))
    assert Sample.of(policy.body()) == policy
    with pytest.raises(ValidationError, match="write it as text"):
        Sample.of(given_ | {"share": 0.1})


def test_an_unknown_kind_is_told_with_those_there_are() -> None:
    with pytest.raises(NoSuchKind, match=r"pay_groop.*pay_group"):
        policy_of({"kind": "pay_groop"})
    with pytest.raises(NoSuchKind):
        model_of(["pay_group"])


def test_every_kind_names_itself_and_every_field_of_every_policy_is_explained() -> None:
    for kind, model in policy_kinds().items():
        assert get_args(model.model_fields["kind"].annotation) == (kind,)
        schema = model.model_json_schema()
        for name, part in [(kind, schema), *schema.get("$defs", {}).items()]:
            for field, words in part.get("properties", {}).items():
                assert words.get("description") or "$ref" in words, f"{name}.{field} is not explained"


def test_parts_of_policies_are_strict_and_closed() -> None:
    parts: list[type[BaseModel]] = [*PolicyPart.__subclasses__(), *policy_kinds().values()]
    for part in parts:
        assert part.model_config["extra"] == "forbid"
        assert part.model_config["strict"]
        assert part.model_config["frozen"]


@given(st.lists(st.dates(date(2020, 1, 1), date(2021, 1, 1)), max_size=8), st.dates(date(2019, 1, 1), date(2022, 1, 1)))
def test_of_the_versions_valid_by_then_the_one_published_last_is_in_force(starts: list[date], day: date) -> None:
    versions = [version(number, start) for number, start in enumerate(starts, 1)]
    expected = [each for each in versions if each.policy.valid_from <= day][-1:]
    assert in_force(reversed(versions), day) == (expected[0] if expected else None)
