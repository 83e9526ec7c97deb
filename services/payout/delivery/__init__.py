"""A released payroll file is put where payroll picks it up, over SFTP, encrypted where wanted, whole or not at all.

What other packages use of it without a database stands here; a released batch is delivered by `deliver_released` in the
store.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.payout.delivery.parcels import DeliveryFailed

__all__ = ["DeliveryFailed", "Sent", "send"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A file that is where its policy says: under which name and with which hash, and whether it was there already."""

    name: str
    sha256: str
    there_before: bool


def send(name: str, content: bytes, *, policy: dict[str, Any], secrets: Path | None) -> Sent:
    """Put one file down at once, from this process, as a policy of kind `delivery` says; `secrets` is the folder of
    keys.

    Raises:
        DeliveryFailed: it could not be put there.
    """
    # asyncssh and the cryptography take a while to load, and whoever imports a policy needs neither.
    from services.payout.delivery.encryption import encrypted
    from services.payout.delivery.parcels import DropFile
    from services.payout.delivery.policy import Delivery
    from services.payout.delivery.secret_files import SecretFiles
    from services.payout.delivery.sftp import drop

    delivery = Delivery.of(policy)
    files = SecretFiles(secrets, delivery.id)
    file = encrypted(DropFile(name, content), delivery, secrets=files)
    put = drop(delivery, files, [file])
    return Sent(name=file.name, sha256=file.sha256, there_before=not put)
