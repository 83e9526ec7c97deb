"""People with roles and keys, written as the installation begins with them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, text


class Company:
    """Puts people into the database; the key of `dana` is `key of dana`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def person(self, person: str, *, kind: str = "person", participant: str | None = None) -> None:
        self._do(
            "insert into person values (:id, :kind, :id, null, :participant, true, now())",
            id=person,
            kind=kind,
            participant=participant,
        )
        self.key(person, f"key of {person}")

    def role(
        self,
        person: str,
        role: str,
        *,
        pay_groups: Sequence[str] | None = None,
        entities: Sequence[str] | None = None,
        approves_as: Sequence[str] = (),
        first: date = date(2020, 1, 1),
        last: date | None = None,
    ) -> str:
        grant = str(uuid4())
        self._do(
            """insert into role_grant values (:id, :person, :role, :pay_groups, :entities, :approves_as, :first, :last,
                'From the beginning', null, null, now())""",
            id=grant,
            person=person,
            role=role,
            pay_groups=None if pay_groups is None else list(pay_groups),
            entities=None if entities is None else list(entities),
            approves_as=list(approves_as),
            first=first,
            last=last,
        )
        return grant

    def key(self, person: str, token: str, *, scopes: Sequence[str] | None = None, lasts: str = "1 year") -> str:
        key = uuid4().hex[:12]
        self._do(
            """insert into api_key values (:id, :sha256, :person, 'laptop', :scopes, 'ada', now() - interval '1 year',
                now() + cast(:lasts as interval), null)""",
            id=key,
            sha256=hashlib.sha256(token.encode()).hexdigest(),
            person=person,
            scopes=None if scopes is None else list(scopes),
            lasts=lasts,
        )
        return key

    def do(self, statement: str, **values: Any) -> None:
        self._do(statement, **values)

    def _do(self, statement: str, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(statement), values)
