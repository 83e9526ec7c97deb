"""What the routes of people give."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field

from shared.access.principal import Grant


class GrantView(BaseModel):
    """A role that somebody holds, and where; no pay groups or entities are all of them."""

    role: str = Field(examples=["finance"])
    scopes: list[str] = Field(examples=[["runs:write", "payroll:read"]])
    view: str = Field(description="Whose pay is seen: none, own, reports or all")
    pay_groups: list[str] | None
    entities: list[str] | None
    approves_as: list[str] = Field(examples=[["cfo"]])

    @classmethod
    def of(cls, grant: Grant) -> GrantView:
        """A grant as it is shown."""
        return cls(
            role=grant.role,
            scopes=sorted(grant.scopes),
            view=grant.view,
            pay_groups=None if grant.pay_groups is None else sorted(grant.pay_groups),
            entities=None if grant.entities is None else sorted(grant.entities),
            approves_as=sorted(grant.approves_as),
        )


class Me(BaseModel):
    """Who asks."""

    person: str = Field(examples=["dana"])
    key: str = Field(description="The name of the key, or the way of signing in", examples=["laptop"])
    participant: str | None = Field(description="Who they are on the roster")
    authenticated_at: datetime | None = Field(description="When they last proved who they are, in a session")
    grants: list[GrantView]


class HeldRole(BaseModel):
    """A role that somebody holds today."""

    role: str
    pay_groups: list[str] | None
    entities: list[str] | None
    approves_as: list[str]
    valid_from: date
    valid_until: date | None
    reason: str
    proposed_by: str | None = Field(description="Nobody where the installation began with it")
    decided_by: str | None


class PersonView(BaseModel):
    """A person, or a system of the company."""

    id: str = Field(examples=["dana"])
    kind: str = Field(examples=["person"])
    name: str = Field(examples=["Dana Whitfield"])
    email: str | None
    participant: str | None
    active: bool
    owners: list[str] = Field(description="Who answers for a system")
    roles: list[HeldRole]


class People(BaseModel):
    """People and systems by id."""

    people: list[PersonView]


class RoleView(BaseModel):
    """What people of a role may do, and whose pay they see."""

    role: str
    scopes: list[str]
    view: str
    expires: bool = Field(description="Whether a grant of it says until when it holds")
    for_systems: bool


class Conflict(BaseModel):
    """Two scopes that nobody may hold together."""

    one: str = Field(examples=["runs:approve"])
    other: str = Field(examples=["runs:write"])


class Together(BaseModel):
    """Two roles, and what whoever held both could do alone; nothing where they may be held together."""

    one: str
    other: str
    conflicts: list[Conflict]


class Holding(BaseModel):
    """Somebody who holds duties that conflict, and the exception that allows it, where there is one."""

    person: str
    conflict: Conflict
    exception_until: date | None
    reason: str | None


class Duties(BaseModel):
    """The duties matrix: which roles cannot be held together, and who holds duties that conflict."""

    roles: list[RoleView]
    together: list[Together]
    held: list[Holding]
