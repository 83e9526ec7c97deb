"""OpenPGP (RFC 9580), by Sequoia: only its recipient can read a file, and only we can have written a signed one."""

from __future__ import annotations

import pysequoia

from services.payout.delivery.parcels import DeliveryRefused, DropFile
from services.payout.delivery.policy import Delivery
from services.payout.delivery.secret_files import RECIPIENT, SIGNING_KEY, SecretFiles


def encrypted(file: DropFile, delivery: Delivery, *, secrets: SecretFiles) -> DropFile:
    """The file as it is put down: encrypted where the policy says so. Twice the same file gives different bytes then.

    Raises:
        DeliveryRefused: a key is missing, is none, or does not serve.
    """
    terms = delivery.encrypt
    if terms is None:
        return file
    certificate, signing = secrets.read(RECIPIENT), secrets.read(SIGNING_KEY) if terms.sign else None
    try:
        recipient = pysequoia.Cert.from_bytes(certificate)
        if recipient.is_revoked:
            raise DeliveryRefused(f"delivery {delivery.id}: the certificate in {RECIPIENT} is revoked")
        signer = None
        if signing is not None:
            signer = pysequoia.Tsk.from_bytes(signing).signer(secrets.password(SIGNING_KEY))
        content = pysequoia.encrypt(file.content, [recipient], signer, armor=terms.armor)
    except DeliveryRefused:
        raise
    except Exception as error:  # the library raises plain exceptions, which say what is wrong with the keys
        why = next(iter(str(error).splitlines()), type(error).__name__)  # what follows is a stack backtrace
        raise DeliveryRefused(f"delivery {delivery.id}: its keys do not serve to encrypt", detail=why) from None
    return DropFile(f"{file.name}{'.asc' if terms.armor else '.pgp'}", bytes(content), recurs=file.recurs)
