"""What a route asks of its caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.access.principal import Principal
from shared.access.roles import Scope
from shared.problems import Problem, Unauthenticated


class Forbidden(Problem):
    """The key is known but does not allow this."""

    type = "forbidden"
    title = "Not allowed"
    status = HTTPStatus.FORBIDDEN


_bearer = HTTPBearer(auto_error=False, description="An API key of this installation, or the token of a session")


def require(scope: Scope, *others: Scope) -> Callable[..., Awaitable[Principal]]:
    """A FastAPI dependency: the caller, who must have the scope, or one of some others that allow the same.

    Raises (when called):
        Unauthenticated: no or an unknown key.
        Forbidden: the key lacks the scope.
    """

    asked = frozenset({scope, *others})

    async def caller(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Principal:
        if credentials is None:
            raise Unauthenticated("send an API key in the header `Authorization: Bearer <key>`")
        principal: Principal | None = request.state.caller  # found before the body was read: `shared.admission`
        if principal is None:
            raise Unauthenticated("this API key is not known")
        if principal.scopes.isdisjoint(asked):
            raise Forbidden(f"the key of {principal.name} does not have the scope {scope}")
        return replace(principal, asked=asked)

    return caller
