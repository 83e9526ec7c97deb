"""Duties that conflict: scopes that nobody holds together, because with both they could do alone what takes two people.

Segregation of duties as auditors ask for it: who sets what pay rests on, who prepares a payment, who approves it, and
who says who may do so, are different people (COSO, principle 10; ISO/IEC 27001:2022, control 5.3).
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations, product
from typing import Final

from shared.access.roles import ROLES, Scope

_SETS_PAY: Final[tuple[Scope, ...]] = ("deals:write", "roster:write", "plans:write", "terms:write", "sources:write")
_PAYS: Final[tuple[Scope, ...]] = ("runs:write", "payroll:write")
_APPROVES: Final[tuple[Scope, ...]] = ("runs:approve", "changes:approve")
_GRANTS: Final[tuple[Scope, ...]] = ("access:write", "scim")

CONFLICTS: Final[frozenset[frozenset[Scope]]] = frozenset(
    frozenset(pair)
    for one, other in combinations((_SETS_PAY, _PAYS, _APPROVES, _GRANTS), 2)
    for pair in product(one, other)
    if frozenset(pair) != {"roster:write", "scim"}
) | {frozenset({"runs:write", "payroll:write"})}
"""Pairs of scopes. An HR system provisions people and says what the roster has of them: both come from the same record,
and neither grants a role.
"""


def conflicts(scopes: Collection[str]) -> list[tuple[Scope, Scope]]:
    """The pairs of these scopes that nobody may hold together, in alphabetical order."""
    held = set(scopes)
    pairs = (sorted(pair) for pair in CONFLICTS if pair <= held)
    return sorted((one, other) for one, other in pairs)


def role_conflicts(role: str, other: str) -> list[tuple[Scope, Scope]]:
    """What whoever holds two roles could do alone; nothing where they may be held together."""
    return conflicts(ROLES[role].scopes | ROLES[other].scopes)
