"""The HTTP interface of passkeys: register them, sign in with one, take one off."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from services.access.passkeys import service, store
from services.access.passkeys.schemas import Credential, NewPasskey, Passkeys, PasskeyView, Registered
from services.access.sessions.deps import DoorDep, SignedIn, in_session
from services.access.sessions.schemas import Welcome
from shared.access import Principal, fresh
from shared.access.browser import our_pages
from shared.deps import EngineDep, SettingsDep, SnapshotDep
from shared.problems import NotFound

router = APIRouter(prefix="/v1", tags=["sign-in"])
FreshlySignedIn = Annotated[Principal, Depends(fresh(in_session))]


@router.post("/sign-in/passkey/options", summary="Ask to sign in with a passkey", dependencies=[Depends(our_pages)])
def ask_for_passkey(engine: EngineDep, settings: SettingsDep) -> dict[str, Any]:
    """The `publicKey` of `navigator.credentials.get`; nobody has to say their name."""
    with engine.begin() as connection:
        return dict(service.question(connection, address=settings.address))


@router.post("/sign-in/passkey", summary="Sign in with a passkey", dependencies=[Depends(our_pages)])
def sign_in_with_passkey(
    said: Credential, response: Response, engine: EngineDep, *, settings: SettingsDep, door: DoorDep
) -> Welcome:
    """Begin a session: its token is in the cookie."""
    with door.trying("passkey"):
        with engine.begin() as connection:
            challenge = service.take_question(connection, said.credential)
        with engine.begin() as connection:
            proof = service.answer(connection, said.credential, challenge=challenge, address=settings.address)
            door.admit(connection, proof, response=response)
    return Welcome(person=proof.person)


@router.post("/passkeys/options", summary="Ask to register a passkey")
def ask_to_register(who: FreshlySignedIn, engine: EngineDep, settings: SettingsDep) -> dict[str, Any]:
    """The `publicKey` of `navigator.credentials.create`."""
    with engine.begin() as connection:
        return dict(service.registration(connection, who.name, address=settings.address))


@router.post("/passkeys", summary="Register a passkey", status_code=HTTPStatus.CREATED)
def register_passkey(said: NewPasskey, who: FreshlySignedIn, engine: EngineDep, *, settings: SettingsDep) -> Registered:
    """A passkey that the browser made; from then on it signs the caller in."""
    with engine.begin() as connection:
        made = service.register(
            connection, who.name, credential=said.credential, label=said.label, address=settings.address
        )
    return Registered(id=made)


@router.get("/passkeys", summary="My passkeys")
def list_passkeys(who: SignedIn, snapshot: SnapshotDep) -> Passkeys:
    """The caller's passkeys, the oldest first."""
    with snapshot.connect() as connection:
        return Passkeys(passkeys=[PasskeyView(**row) for row in store.of_person(connection, who.name)])


@router.delete("/passkeys/{passkey}", summary="Take a passkey off", status_code=HTTPStatus.NO_CONTENT)
def remove_passkey(passkey: Annotated[str, Path(max_length=2000)], who: FreshlySignedIn, engine: EngineDep) -> None:
    """It signs nobody in any longer."""
    with engine.begin() as connection:
        if not store.remove(connection, passkey, person=who.name):
            raise NotFound("you have no such passkey")
