"""The installation's signing key: Ed25519, in a file of its own, and never in the database."""

from __future__ import annotations

import hmac
import os
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from shared.settings import Settings

_RECORDS: Final = b"earnest records of the log"
"""Another use of the key is another key (HKDF, RFC 5869)."""


class NotAKey(ValueError):
    """The file is no private Ed25519 key in PEM (PKCS 8), as `openssl genpkey -algorithm ed25519` writes it."""


class Signer:
    """Signs heads of chains (Ed25519, RFC 8032) and authenticates records of the log (HMAC-SHA256, RFC 2104)."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @staticmethod
    def read(path: Path) -> Signer:
        """The key of a file.

        Raises:
            NotAKey: it holds another thing.
            OSError: it cannot be read.
        """
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise NotAKey(f"{path} holds no private key in PEM") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise NotAKey(f"{path} holds a key of another kind than Ed25519")
        return Signer(key)

    @staticmethod
    def of(settings: Settings) -> Signer | None:
        """The installation's key, where it has one. Raises as `read` does."""
        return Signer.read(settings.signing_key_file) if settings.signing_key_file else None

    @cached_property
    def public_key(self) -> str:
        """The public half in hex: who has it can check, and not sign."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    @cached_property
    def _record_key(self) -> bytes:
        seed = self._key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return HKDF(SHA256(), 32, salt=None, info=_RECORDS).derive(seed)

    def sign(self, sha256: str) -> str:
        """The signature of a hash, in hex."""
        return self._key.sign(bytes.fromhex(sha256)).hex()

    def mac(self, content: bytes) -> str:
        """The message authentication code of a content, in hex: only who has the key can make it, or check it."""
        return hmac.digest(self._record_key, content, "sha256").hex()


def is_signed(sha256: str, signature: str, *, public_key: str) -> bool:
    """Whether a hash was signed with the private half of the key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), bytes.fromhex(sha256))
    except (InvalidSignature, ValueError):
        return False
    return True


def make_key(path: Path) -> None:
    """Write a new key where there is none; only the owner of the file can read it."""
    if path.exists():
        return
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    part.replace(path)
