"""Which pay groups and legal entities somebody reaches, as a condition of a query."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, false, or_, true

from shared.access.principal import Principal


def reached(who: Principal, *, pay_group: Column[str], entity: Column[str | None] | None) -> ColumnElement[bool]:
    """The rows of whose pay group and legal entity `who` may ask what they ask: what `Principal.may` says of each.

    Without an entity, rows are of all of them.
    """
    grants = (and_(_within(pay_group, grant.pay_groups), _within(entity, grant.entities)) for grant in who.asking)
    return or_(false(), *grants)


def _within(column: Column[Any] | None, names: Collection[str] | None) -> ColumnElement[bool]:
    if names is None:
        return true()
    return false() if column is None else column.in_(sorted(names))
