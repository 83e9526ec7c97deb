"""A device with a passkey, as a browser hands its answers over; soft-webauthn signs, and says what it has seen."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from soft_webauthn import SoftWebauthnDevice
from webauthn import base64url_to_bytes

USER_VERIFIED = 0x04
FLAGS = 32
"""Where they are in authenticator data: behind the hash of the host."""


class Device:
    """Holds one passkey of one person. It has seen its owner unless it says otherwise (`verifies`)."""

    def __init__(self, *, origin: str, verifies: bool = True) -> None:
        self.soft, self.origin, self.verifies = SoftWebauthnDevice(), origin, verifies

    def create(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create` gives, as JSON."""
        asked = dict(options) | {
            "challenge": base64url_to_bytes(options["challenge"]),
            "user": dict(options["user"]) | {"id": base64url_to_bytes(options["user"]["id"])},
        }
        made = self.soft.create({"publicKey": asked}, self.origin)
        attestation = cbor.decode(made["response"]["attestationObject"])
        attestation["authData"] = self._seen(attestation["authData"])
        made["response"]["attestationObject"] = cbor.encode(attestation)
        return _as_json(made)

    def get(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get` gives, as JSON."""
        asked = dict(options) | {"challenge": base64url_to_bytes(options["challenge"])}
        made = self.soft.get({"publicKey": asked}, self.origin)
        data = self._seen(made["response"]["authenticatorData"])
        digest = hashes.Hash(hashes.SHA256())
        digest.update(made["response"]["clientDataJSON"])
        signature = self.soft.private_key.sign(data + digest.finalize(), ec.ECDSA(hashes.SHA256()))
        made["response"] |= {"authenticatorData": data, "signature": signature}
        return _as_json(made)

    def _seen(self, data: bytes) -> bytes:
        flags = data[FLAGS] | (USER_VERIFIED if self.verifies else 0)
        return data[:FLAGS] + bytes([flags]) + data[FLAGS + 1 :]


def _as_json(made: Mapping[str, Any]) -> dict[str, Any]:
    def written(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: written(part) for name, part in value.items()}
        return urlsafe_b64encode(value).decode().rstrip("=") if isinstance(value, bytes) else value

    said: dict[str, Any] = json.loads(json.dumps(written(made)))
    said["id"] = said["rawId"]
    return said
