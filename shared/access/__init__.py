"""Who asks, and what they may do and see: roles and duties, persons, the tokens they ask with."""

from __future__ import annotations

from shared.access.principal import Grant, Principal
from shared.access.require import Forbidden, fresh, require
from shared.access.roles import ROLES, Role, Scope

__all__ = ["ROLES", "Forbidden", "Grant", "Principal", "Role", "Scope", "fresh", "require"]
