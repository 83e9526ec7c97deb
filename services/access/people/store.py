"""People in the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, text

_PEOPLE: Final = text("""
    select p.id, p.kind, p.name, p.email, p.participant_id as participant, p.active,
        array(select owner from system_owner where system = p.id order by owner) as owners,
        coalesce((
            select jsonb_agg(jsonb_build_object(
                'role', g.role, 'pay_groups', g.pay_groups, 'entities', g.entities, 'approves_as', g.approves_as,
                'valid_from', g.valid_from, 'valid_until', g.valid_until, 'reason', g.reason,
                'proposed_by', g.proposed_by, 'decided_by', g.decided_by) order by g.role, g.valid_from)
            from grants_of(p.id) g), '[]'::jsonb) as roles
    from person p where p.id > :after order by p.id limit :limit""")
_EXCEPTIONS: Final = text("""
    select person, one, other, max(valid_until) as until, max(reason) as reason from duty_exception
    where (now() at time zone 'UTC')::date between valid_from and valid_until group by person, one, other""")
_SCOPES: Final = text("""
    select p.id, array(select distinct unnest(r.scopes) from grants_of(p.id) g join role r on r.name = g.role) as scopes
    from person p where p.active order by p.id""")


def people(connection: Connection, *, after: str = "", limit: int) -> list[RowMapping]:
    """People and systems in the order of their ids, from behind one on."""
    return list(connection.execute(_PEOPLE, {"after": after, "limit": limit}).mappings())


def scopes(connection: Connection) -> Iterator[tuple[str, set[str]]]:
    """Everybody who is active, with the scopes that they hold today somewhere."""
    for who, held in connection.execute(_SCOPES):
        yield who, set(held)


def exceptions(connection: Connection) -> dict[tuple[str, str, str], Any]:
    """The exceptions that hold today, by person and the two scopes."""
    return {(row.person, row.one, row.other): row for row in connection.execute(_EXCEPTIONS)}
