"""What all policies share, what they may name, and which version of one holds on a date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, NamedTuple, Self, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.contracts.base import PlausibleDate
from shared.kernel.language.findings import Finding

POLICY_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"

PolicyId = Annotated[str, StringConstraints(pattern=POLICY_ID)]
"""The id of a policy: letters, digits and `. _ -`, beginning with a letter or digit, 63 characters at most."""


Named = Literal[
    "payroll_profile",
    "delivery",
    "delivery host",
    "pay_group",
    "plan",
    "participant",
    "deal",
    "role",
    "legal entity",
    "cost center",
]
"""What can be named."""


class Reference(NamedTuple):
    """A field of a policy, or of another setting, that names something which has to be there."""

    field: str
    what: Named
    name: str


class PolicyPart(BaseModel):
    """A part of a policy: unknown fields and values of another type are refused; the text under a field explains it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Policy(PolicyPart):
    """One version of a setting of payout. A model per kind narrows `kind` to a literal and adds its own fields."""

    rules_pay: ClassVar[bool] = True
    """Whether it says what people are paid, and so may not begin in a month that is closed. The books of a month are
    made after pay has closed it, and say what changes by entries of their own."""
    controls_money: ClassVar[bool] = False
    """Whether it decides who releases pay, from where and to where it goes, and so holds only once a second person has
    approved it."""

    kind: str
    """What is set."""
    id: PolicyId
    """Which one of its kind; the same in all its versions."""
    valid_from: PlausibleDate
    """The first day on which this version holds. It holds until a later version does."""

    @classmethod
    def of(cls, data: Any) -> Self:
        """The policy in data as YAML or JSON give it: dates may be text, lists stand for tuples, decimals are exact.

        Raises:
            pydantic.ValidationError: the data is no such policy.
        """
        # Through JSON, in which strict models take dates and tuples as they are written; data itself would be refused.
        return cls.model_validate_json(orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS))

    def names(self) -> Iterable[Reference]:
        """What the policy names that has to be there."""
        return ()

    def slips(self) -> Iterable[Finding]:
        """What of it is allowed and yet probably not meant, as warnings."""
        return ()

    def body(self) -> dict[str, Any]:
        """The policy as JSON data, without the fields that were left at their default, so that equal bodies mean equal
        words.
        """
        head = {"kind": self.kind, "id": self.id, "valid_from": self.valid_from.isoformat()}
        return head | self.model_dump(mode="json", by_alias=True, exclude_unset=True)


PolicyT = TypeVar("PolicyT", bound=Policy, covariant=True)
"""The model of a kind of policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Generic[PolicyT]):
    """A published policy: numbered from 1 in the order of publication, never changed."""

    policy: PolicyT
    version: int
    author: str
    reason: str
    recorded_at: datetime
    change: int | None = None
    """The change by which it came, of a policy that controls money."""
    approved_by: str | None = None
    """Who approved that."""


def in_force(versions: Iterable[Version[PolicyT]], day: date) -> Version[PolicyT] | None:
    """The version that holds on a day: of those valid by then the one published last; None where none is.

    So a version that is published later and begins earlier replaces, from its first day on, what was to come.
    """
    valid = (version for version in versions if version.policy.valid_from <= day)
    return max(valid, key=lambda version: version.version, default=None)
