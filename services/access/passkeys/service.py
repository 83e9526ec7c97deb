"""Registering passkeys and signing in with them: each answers one challenge, once, for our address alone, and says that
the device has seen its owner.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import webauthn
from sqlalchemy import Connection
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.access.passkeys import store
from services.access.sessions.service import Proof, SignInRefused
from shared.problems import Conflict, Unprocessable

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{1,2000}")
MINUTES: Final = 5
"""In which a challenge is answered."""
_INVALID: Final = (WebAuthnException, ValueError, KeyError, TypeError)
"""What the library raises of what is not as it should be."""


class NoPasskey(Unprocessable):
    """What was sent registers no passkey."""

    type = "no-passkey"
    title = "It is no passkey of this challenge"


def registration(connection: Connection, person: str, *, address: str) -> Mapping[str, Any]:
    """What the browser needs to make a passkey of a person for an address (WebAuthn, 5.4)."""
    user = store.user(connection, person)
    # Of the person it holds nothing: it lies on devices, and is sent before anybody has signed in (WebAuthn, 14.6.1).
    handle = user.user_handle or secrets.token_urlsafe(48)
    options = webauthn.generate_registration_options(
        rp_id=host_of(address),
        rp_name="Earnest",
        user_id=webauthn.base64url_to_bytes(handle),
        user_name=person,
        user_display_name=user.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(key)) for key in user.keys],
    )
    challenge = bytes_to_base64url(options.challenge)
    store.add_challenge(connection, challenge, person=person, user_handle=handle, minutes=MINUTES)
    said: dict[str, Any] = orjson.loads(webauthn.options_to_json(options))
    return said


def register(connection: Connection, person: str, *, credential: Mapping[str, Any], label: str, address: str) -> str:
    """Register a passkey that a browser made; its id.

    Raises:
        NoPasskey: it answers no challenge of this person, or not as it must.
        Conflict: it is registered already.
    """
    try:
        challenge = _challenge(credential)
        handle = store.take_challenge(connection, challenge, person=person, minutes=MINUTES)
        if handle is None:
            raise NoPasskey("begin again: it was not asked for, or too long ago")
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=host_of(address),
            expected_origin=address,
            require_user_verification=True,
        )
    except _INVALID as error:
        raise NoPasskey("begin again: the device did not answer what it was asked") from error
    passkey = store.Passkey(
        id=bytes_to_base64url(made.credential_id),
        person=person,
        user_handle=handle,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )
    if not store.add(connection, passkey, label=label):
        raise Conflict("this passkey is registered already")
    return passkey.id


def question(connection: Connection, *, address: str) -> Mapping[str, Any]:
    """What the browser needs to sign in with whichever passkey it has for our address (WebAuthn, 5.5)."""
    options = webauthn.generate_authentication_options(
        rp_id=host_of(address), user_verification=UserVerificationRequirement.REQUIRED
    )
    store.add_challenge(connection, bytes_to_base64url(options.challenge), minutes=MINUTES)
    said: dict[str, Any] = orjson.loads(webauthn.options_to_json(options))
    return said


def take_question(connection: Connection, credential: Mapping[str, Any]) -> str:
    """The challenge that was answered, which nobody answers again, whatever comes of it.

    Raises:
        SignInRefused: it was not asked, or too long ago.
    """
    try:
        challenge = _challenge(credential)
    except _INVALID as error:
        raise SignInRefused(method="passkey", cause="not readable") from error
    if store.take_challenge(connection, challenge, minutes=MINUTES) is None:
        raise SignInRefused(method="passkey", cause="no such challenge")
    return challenge


def answer(connection: Connection, credential: Mapping[str, Any], *, challenge: str, address: str) -> Proof:
    """Who answered a challenge with their passkey.

    Raises:
        SignInRefused: the passkey is not known, its signature or counter is not right, or the device did not see its
            owner.
    """
    key = credential.get("id")
    found = store.find(connection, key) if isinstance(key, str) and _BASE64URL.fullmatch(key) else None
    if found is None:
        raise SignInRefused(method="passkey", cause="no such passkey")
    try:
        handle = credential["response"].get("userHandle")
        if handle is not None and str(handle).rstrip("=") != found.user_handle:
            raise ValueError("somebody else's")
        verified = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=host_of(address),
            expected_origin=address,
            credential_public_key=found.public_key,
            # A counter that does not grow is that of a copy; one that stays 0 is of a device that does not count.
            credential_current_sign_count=found.sign_count,
            require_user_verification=True,
        )
    except (*_INVALID, AttributeError) as error:
        raise SignInRefused(method="passkey", person=found.person, cause=type(error).__name__) from error
    store.used(connection, found.id, sign_count=verified.new_sign_count)
    return Proof(person=found.person, method="passkey")


def host_of(address: str) -> str:
    """The host for which passkeys are made, and which alone can ask for them."""
    return urlsplit(address).hostname or ""


def _challenge(credential: Mapping[str, Any]) -> str:
    """The challenge that a browser says was signed; whether it was, the signature shows."""
    client_data = orjson.loads(webauthn.base64url_to_bytes(credential["response"]["clientDataJSON"]))
    challenge = client_data["challenge"]
    if not isinstance(challenge, str) or not _BASE64URL.fullmatch(challenge):
        raise ValueError("a challenge is bytes in base64url")
    return challenge
