"""What the API says of policies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.changes.routes import ChangeView
from shared.pay.policy import Policy, Version

EXAMPLE = {
    "kind": "pay_group",
    "id": "us-sales",
    "valid_from": "2026-01-01",
    "calendar": {"every": "half_month", "ends_on": [15, 31]},
    "arrears_days": 5,
    "country": "US",
    "currency": "USD",
}
REASON = "Sales of the US subsidiary are paid twice a month from 2026 on"


class Publication(BaseModel):
    """A version of a policy, and why it is published."""

    model_config = ConfigDict(extra="forbid")

    policy: dict[str, Any] = Field(
        description="The policy. `kind` and `id` may be left out, since the address says them.", examples=[EXAMPLE]
    )
    expected: bool = Field(
        default=False, description="What the policy names may come later: a plan, a payroll profile, a participant"
    )
    reason: str = Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", examples=[REASON])


class VersionView(BaseModel):
    """Who published which version of a policy, when and why, and from which day on it holds."""

    kind: str = Field(examples=["pay_group"])
    id: str = Field(examples=["us-sales"])
    version: int = Field(examples=[1])
    valid_from: date
    author: str
    reason: str = Field(examples=[REASON])
    recorded_at: datetime
    change: int | None = Field(default=None, description="The change by which it came, where it takes two people")
    approved_by: str | None = Field(default=None, description="Who approved that change")

    @classmethod
    def of(cls, version: Version[Policy], **more: Any) -> Self:
        """A version, and `more` fields of what is made of it."""
        policy = version.policy
        return cls(
            kind=policy.kind,
            id=policy.id,
            version=version.version,
            valid_from=policy.valid_from,
            author=version.author,
            reason=version.reason,
            recorded_at=version.recorded_at,
            change=version.change,
            approved_by=version.approved_by,
            **more,
        )


class PolicyView(VersionView):
    """A version of a policy with all it says."""

    policy: dict[str, Any] = Field(examples=[EXAMPLE])

    @classmethod
    def whole(cls, version: Version[Policy], **more: Any) -> Self:
        """A version with its policy."""
        return cls.of(version, policy=version.policy.body(), **more)


Warnings = Annotated[
    list[str],
    Field(
        description="Whom payment terms name and nobody is, from their first day on, and what of a policy is probably "
        "not meant",
        examples=[["applies_to.plans: nobody is on the plan ae-2025 from 2026-01-01 on"]],
    ),
]


class Published(PolicyView):
    """A version as it was published, and what of it is probably not meant."""

    warnings: Warnings


class Proposed(ChangeView):
    """A version that holds once another person has approved it, and what of it is probably not meant."""

    warnings: Warnings


class PolicyHistory(PolicyView):
    """A version of a policy with all it says, and every version there is, the latest first."""

    versions: list[VersionView]


class Policies(BaseModel):
    """Policies by kind and id, one version of each."""

    policies: list[VersionView]


class Kinds(BaseModel):
    """The kinds of policies that there are."""

    kinds: list[str]
