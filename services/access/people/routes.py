"""The HTTP interface of people: who asks, who there is, who holds what."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.access.people import store
from services.access.people.schemas import (
    Conflict,
    Duties,
    GrantView,
    Holding,
    Me,
    People,
    PersonView,
    RoleView,
    Together,
)
from shared.access import ROLES, Principal, require
from shared.access.duties import conflicts, role_conflicts
from shared.access.require import somebody
from shared.deps import SnapshotDep

router = APIRouter(prefix="/v1", tags=["people"])
TAGS = {"people": "Who there is, what they may do, and which duties nobody may hold together."}

Reader = Annotated[Principal, Depends(require("access:read", about="nothing"))]


@router.get("/me", summary="Who asks")
def get_me(who: Annotated[Principal, Depends(somebody)]) -> Me:
    """The person behind the key or session, their roles, and whose pay they see."""
    return Me(
        person=who.name,
        key=who.key,
        participant=who.participant,
        authenticated_at=who.authenticated_at,
        grants=[GrantView.of(grant) for grant in who.grants],
    )


@router.get("/people", summary="List people and systems")
def list_people(
    _: Reader,
    snapshot: SnapshotDep,
    after: Annotated[str, Query(max_length=100, description="Those whose ids come after this one")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> People:
    """People and systems by id, with the roles that they hold today."""
    with snapshot.connect() as connection:
        found = store.people(connection, after=after, limit=limit)
    return People(people=[PersonView.model_validate(dict(row)) for row in found])


@router.get("/duties", summary="The duties matrix")
def get_duties(_: Reader, snapshot: SnapshotDep) -> Duties:
    """Which roles cannot be held together, and who holds duties that conflict, with the exception that allows it."""
    with snapshot.connect() as connection:
        held, exceptions = list(store.scopes(connection)), store.exceptions(connection)
    holdings = []
    for person, scopes in held:
        for pair in conflicts(scopes):
            exception = exceptions.get((person, *pair))
            holdings.append(
                Holding(
                    person=person,
                    conflict=_conflict(pair),
                    exception_until=exception and exception.until,
                    reason=exception and exception.reason,
                )
            )
    return Duties(
        roles=[
            RoleView(
                role=name,
                scopes=sorted(role.scopes),
                view=role.view,
                expires=role.expires,
                for_systems=role.for_systems,
            )
            for name, role in ROLES.items()
        ],
        together=[
            Together(one=one, other=other, conflicts=[_conflict(pair) for pair in role_conflicts(one, other)])
            for one, other in combinations(ROLES, 2)
        ],
        held=holdings,
    )


def _conflict(pair: tuple[str, str]) -> Conflict:
    return Conflict(one=pair[0], other=pair[1])
