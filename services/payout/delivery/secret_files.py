"""The secrets of deliveries: files in a folder per delivery, never in a policy, a table or a log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.payout.delivery.parcels import DeliveryRefused
from services.payout.known_hosts import known_keys

if TYPE_CHECKING:
    import asyncssh

SSH_KEY: Final = "ssh_key"
RECIPIENT: Final = "recipient.asc"
SIGNING_KEY: Final = "signing_key.asc"
PASSWORD: Final = ".password"
"""The ending of the file that holds the password of a key, where it has one."""


class SecretFiles:
    """The folder of one delivery."""

    def __init__(self, folder: Path | None, delivery: str) -> None:
        """`folder` is the installation's setting `deliveries_dir`."""
        self._folder = folder / delivery if folder is not None else None
        self._delivery, self._list = delivery, folder

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            DeliveryRefused: it is not there or cannot be read.
        """
        if self._folder is None:
            raise DeliveryRefused(
                f"delivery {self._delivery}: EARNEST_DELIVERIES_DIR is not set, so there is no {name}"
            )
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise DeliveryRefused(
                f"delivery {self._delivery}: the file {name} cannot be read", detail=str(error.strerror)
            ) from None

    def known_keys(self, host: str) -> list[asyncssh.SSHKey]:
        """The keys by which the installation's list knows a host, as `Delivery.host_name` names it."""
        return known_keys(self._list, host)

    def password(self, name: str) -> str | None:
        """The password of a key, in a file beside it; None where there is none."""
        if self._folder is None or not (self._folder / f"{name}{PASSWORD}").exists():
            return None
        return self.read(f"{name}{PASSWORD}").decode().strip()
