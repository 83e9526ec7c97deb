"""Whoever asks: a person, a system of the company, or a machine of the installation itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from shared.access.roles import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role that somebody has, or what a key of a machine allows; None of pay groups or entities is all of them."""

    role: str = ""
    scopes: frozenset[str]
    view: View = "all"
    pay_groups: frozenset[str] | None = None
    entities: frozenset[str] | None = None
    approves_as: frozenset[str] = frozenset()
    """The roles that steps of an approval policy name, such as finance or cfo."""

    def covers(self, *, pay_group: str | None = None, entity: str | None = None) -> bool:
        """Whether it reaches what is of this pay group and legal entity; None is of all of them."""
        return _within(pay_group, self.pay_groups) and _within(entity, self.entities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. `name` is the person's, or the system's, id: what journals and approvals record, whichever key or
    session they asked with.
    """

    name: str
    grants: tuple[Grant, ...]
    key: str = ""
    """The name of the key or the kind of session."""
    participant: str | None = None
    """Who they are on the roster."""
    machine: bool = False
    """Whether it is a part of the installation, such as payout that asks scoring, and nobody's."""
    authenticated_at: datetime | None = None
    """When the person last proved who they are, where they asked with a session."""

    asked: frozenset[str] = frozenset()
    """The scopes of which the route that they call asked for one: `may`, `view` and `pay_groups` are about these."""

    @property
    def scopes(self) -> frozenset[str]:
        """What they may do somewhere."""
        return frozenset().union(*(grant.scopes for grant in self.grants))

    @property
    def approves_as(self) -> frozenset[str]:
        """The roles in which they take steps of an approval."""
        return frozenset().union(*(grant.approves_as for grant in self.grants))

    @property
    def asking(self) -> tuple[Grant, ...]:
        """The grants by which they may ask what they ask."""
        return tuple(grant for grant in self.grants if not self.asked.isdisjoint(grant.scopes))

    @property
    def pay_groups(self) -> frozenset[str] | None:
        """The pay groups for which they may ask this, in some legal entity at least; None is all."""
        found: frozenset[str] = frozenset()
        for grant in self.asking:
            if grant.pay_groups is None:
                return None
            found |= grant.pay_groups
        return found

    @property
    def sees_all(self) -> bool:
        """Whether they see everybody's pay by what they ask with, in all pay groups and legal entities."""
        return any(grant.view == "all" and grant.covers() for grant in self.asking)

    def may(self, *, pay_group: str | None = None, entity: str | None = None) -> bool:
        """Whether they may ask this of what belongs to a pay group and a legal entity; None asks for all of them."""
        return any(grant.covers(pay_group=pay_group, entity=entity) for grant in self.asking)


def _within(asked: str | None, reached: Collection[str] | None) -> bool:
    return reached is None or (asked is not None and asked in reached)
