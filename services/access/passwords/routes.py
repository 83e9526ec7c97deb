"""The HTTP interface of passwords: sign in with one, change it, set one by a link."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from services.access.passwords import service
from services.access.passwords.schemas import Credentials, LinkedPassword, NewPassword
from services.access.sessions.deps import DoorDep, SignedIn
from services.access.sessions.schemas import Welcome
from services.access.sessions.service import Proof
from shared.access.browser import our_pages
from shared.deps import EngineDep

router = APIRouter(prefix="/v1", tags=["sign-in"], dependencies=[Depends(our_pages)])


@router.post("/sign-in/password", summary="Sign in with a password")
def sign_in_with_password(
    said: Credentials, request: Request, response: Response, engine: EngineDep, *, door: DoorDep
) -> Welcome:
    """Begin a session: its token is in the cookie. Whatever was wrong, the answer is the same."""
    with door.trying("password"):
        found = service.check(engine, said.name, password=said.password.get_secret_value(), address=_address(request))
        with engine.begin() as connection:
            door.admit(connection, Proof(person=found.person, method="password"), response=response)
    return Welcome(person=found.person)


@router.put("/password", summary="Change my password", status_code=HTTPStatus.NO_CONTENT)
def change_password(
    said: NewPassword, request: Request, response: Response, who: SignedIn, *, engine: EngineDep, door: DoorDep
) -> None:
    """It takes the password that the caller has, and ends all of their sessions but this one, which is renewed."""
    with door.trying("password"):
        account = service.check(engine, who.name, password=said.current.get_secret_value(), address=_address(request))
        with engine.begin() as connection:
            service.change(connection, account, new=said.new.get_secret_value())
            door.admit(connection, Proof(person=who.name, method="password"), response=response)


@router.post("/sign-in/password-link", summary="Set a password by a link")
def set_password_by_link(said: LinkedPassword, engine: EngineDep, door: DoorDep) -> Welcome:
    """It does so once, and ends all sessions of the person, who then signs in with the new password."""
    with engine.begin() as connection:
        person = service.use_link(connection, said.token.get_secret_value(), new=said.new.get_secret_value())
    door.record("did", person, method="password")
    return Welcome(person=person)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
