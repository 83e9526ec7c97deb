"""Roles: what people of each may do (scopes), and whose pay they see (view). A scope is what a route asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Scope = Literal[
    "deals:write",
    "roster:write",
    "plans:write",
    "terms:write",
    "sources:write",
    "changes:approve",
    "earnings:read",
    "runs:write",
    "runs:approve",
    "payroll:read",
    "payroll:write",
    "gl:read",
    "statements:read",
    "alerts:read",
    "alerts:write",
    "alerts:notify",
    "access:read",
    "access:write",
    "audit:read",
    "scim",
    "ops",
]
"""What a key can allow."""

View = Literal["none", "own", "reports", "all"]
"""Whose pay is seen: nobody's, one's own, that of one's reports (in the months in which they were) and one's own, or
everybody's.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What people of a role may do, and whose pay they see.

    `seen` is the widest view that a grant of it gives: pay groups and legal entities of the grant narrow it. A role
    `for_systems` is nobody's, but a CRM's or a payroll system's.
    """

    scopes: frozenset[Scope]
    view: View = "none"
    expires: bool = False
    """Whether a grant of it must say until when it holds."""
    for_systems: bool = False


ROLES: Final[Mapping[str, Role]] = MappingProxyType(
    {
        "rep": Role(scopes=frozenset({"earnings:read", "statements:read"}), view="own"),
        "manager": Role(scopes=frozenset({"earnings:read", "statements:read"}), view="reports"),
        "analyst": Role(
            scopes=frozenset({"plans:write", "terms:write", "earnings:read", "alerts:read", "alerts:write"}), view="all"
        ),
        "finance": Role(
            scopes=frozenset(
                {"runs:write", "payroll:read", "gl:read", "statements:read", "earnings:read", "alerts:read"}
            ),
            view="all",
        ),
        "approver": Role(
            scopes=frozenset({"runs:approve", "changes:approve", "earnings:read", "statements:read", "alerts:read"}),
            view="all",
        ),
        "payroll": Role(scopes=frozenset({"payroll:read", "payroll:write"}), view="all"),
        "ops": Role(scopes=frozenset({"ops", "alerts:read", "alerts:write", "sources:write"})),
        "auditor": Role(
            scopes=frozenset(
                {
                    "earnings:read",
                    "statements:read",
                    "payroll:read",
                    "gl:read",
                    "alerts:read",
                    "access:read",
                    "audit:read",
                }
            ),
            view="all",
        ),
        "program_owner": Role(scopes=frozenset({"alerts:read"})),
        "consultant": Role(scopes=frozenset({"alerts:read"}), expires=True),
        "admin": Role(scopes=frozenset({"access:read", "access:write"})),
        "crm": Role(scopes=frozenset({"deals:write"}), for_systems=True),
        "hr": Role(scopes=frozenset({"roster:write", "scim"}), for_systems=True),
    }
)
"""By name. `services/access` has them as rows, too, for row policies."""
