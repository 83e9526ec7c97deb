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


async def somebody(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """A FastAPI dependency: the caller, whatever they may do.

    Raises:
        Unauthenticated: no or an unknown token.
    """
    if credentials is None:
        raise Unauthenticated("send an API key in the header `Authorization: Bearer <key>`")
    principal: Principal | None = request.state.caller  # found before the body was read: `shared.admission`
    if principal is None:
        raise Unauthenticated("this API key is not known")
    return principal


def require(scope: Scope, *others: Scope) -> Callable[..., Awaitable[Principal]]:
    """A FastAPI dependency: the caller, who must have the scope, or one of some others that allow the same.

    Raises (when called):
        Unauthenticated: no or an unknown token.
        Forbidden: the caller lacks the scope.
    """
    asked = frozenset({scope, *others})

    async def caller(request: Request, principal: Annotated[Principal, Depends(somebody)]) -> Principal:
        if principal.scopes.isdisjoint(asked):
            raise Forbidden(f"the key of {principal.name} does not have the scope {scope}")
        asking = replace(principal, asked=asked)
        request.state.caller = asking
        return asking

    return caller
