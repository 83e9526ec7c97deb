"""What a route asks of its caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final, Literal, cast

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.access.audit import EVERYBODY, show
from shared.access.browser import token_of
from shared.access.database import AccessDatabase
from shared.access.principal import Principal
from shared.access.roles import Scope
from shared.deps import ClockDep
from shared.problems import NotFound, Problem, Unauthenticated
from shared.reader import MACHINE, read_for


class Forbidden(Problem):
    """The key is known but does not allow this."""

    type = "forbidden"
    title = "Not allowed"
    status = HTTPStatus.FORBIDDEN


class SignInAgain(Problem):
    """What is asked takes somebody who has just proved who they are (RFC 9470)."""

    type = "sign-in-again"
    title = "Sign in once more"
    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__(
            f"this takes somebody who signed in within the last {FRESH_SECONDS // 60} minutes: sign in once more, then "
            "send it again",
            {"www-authenticate": f'Bearer error="insufficient_user_authentication", max_age="{FRESH_SECONDS}"'},
        )


FRESH_SECONDS: Final = 5 * 60

_bearer = HTTPBearer(auto_error=False, description="An API key of this installation, or the token of a session")


async def somebody(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Principal:
    """A FastAPI dependency: the caller, whatever they may do.

    Raises:
        Unauthenticated: no or an unknown token.
    """
    principal: Principal | None = request.state.caller  # found before the body was read: `shared.admission`
    if principal is None:
        if token_of(request) is None:
            raise Unauthenticated("send an API key in the header `Authorization: Bearer <key>`")
        raise Unauthenticated("this API key or session is not known")
    return principal


About = Literal["nothing", "participant", "rows", "many", "everybody"]
"""Whose pay a route shows: nobody's; that of the participant whom its path names; that of the participants whom the
caller sees, where the database leaves out the others; that of many, for whom the caller has to see others than
themselves and their reports; or of everybody together, of whom nobody can be left out.
"""


def participant_in_path(parameters: Mapping[str, str]) -> str:
    """Whom the path of a request names."""
    return parameters["participant_id"]


def require(
    scope: Scope, *others: Scope, about: About, whom: Callable[[Mapping[str, str]], str] = participant_in_path
) -> Callable[..., Awaitable[Principal]]:
    """A FastAPI dependency: the caller, who must have the scope, or one of some others that allow the same, and see
    whose pay the route is about.

    Raises (when called):
        Unauthenticated: no or an unknown token.
        Forbidden: the caller lacks the scope, or sees too few for a list or a figure of many.
        NotFound: the caller does not see the participant; the same as for one that there is not.
    """
    asked = frozenset({scope, *others})

    async def caller(request: Request, principal: Annotated[Principal, Depends(somebody)]) -> Principal:
        if principal.scopes.isdisjoint(asked):
            raise Forbidden(f"the key of {principal.name} does not have the scope {scope}")
        asking = replace(principal, asked=asked)
        request.state.caller = asking
        read_for(MACHINE if asking.machine else asking.name)
        await _check_view(request, asking, about=about, whom=whom)
        return asking

    caller.about = about  # type: ignore[attr-defined]  # a test looks at what every route declares
    caller.asked = asked  # type: ignore[attr-defined]
    return caller


async def _check_view(
    request: Request, principal: Principal, *, about: About, whom: Callable[[Mapping[str, str]], str]
) -> None:
    if about == "nothing" or principal.machine:
        return
    if about == "participant":
        participant = whom(request.path_params)
        access: AccessDatabase = request.app.state.access
        if not principal.sees_all and not await run_in_threadpool(
            access.sees, principal, participant, month=request.path_params.get("period")
        ):
            raise NotFound(f"there is no participant {participant}")
        show(request, [participant])
        return
    widest = {grant.view for grant in principal.asking}
    if about == "everybody" and not principal.sees_all:
        raise Forbidden("this is about everybody's pay, and you see that of some")
    if widest <= ({"none"} if about == "rows" else {"none", "own", "reports"}):
        raise Forbidden("this is about the pay of many people: ask for a participant")
    show(request, [EVERYBODY])


def fresh(caller: Callable[..., Awaitable[Principal]]) -> Callable[..., Awaitable[Principal]]:
    """The same dependency for what a session left open must not do: approve, pay, publish, give rights. Whoever asks
    with a session has proved who they are within the last minutes. A key asks for nothing anew: it proves with each
    request that whoever sends it has the key.

    Raises (when called):
        SignInAgain: the session is older than that.
        Unauthenticated, Forbidden: as the dependency does.
    """

    # A default: an annotation is read where the name is not known.
    checked = Depends(caller)

    async def proved(clock: ClockDep, principal: Principal = checked) -> Principal:
        at = principal.authenticated_at
        if at is not None and (clock() - at).total_seconds() > FRESH_SECONDS:
            raise SignInAgain
        return principal

    for name in ("about", "asked"):  # of one that declares them
        if hasattr(caller, name):
            setattr(proved, name, getattr(caller, name))
    return proved


async def _access(request: Request) -> AccessDatabase | None:
    return cast("AccessDatabase | None", request.app.state.access)


AccessDep = Annotated["AccessDatabase | None", Depends(_access)]
"""Where people are known; None where only the machines of a key file are."""
