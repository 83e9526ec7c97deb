"""What is delivered: files under their names, and when a delivery that failed is tried again."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

# Letters that every file system and shell takes as they are, with room for `.sha256.tmp` in the 255 bytes of a name.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
MANIFEST: Final = ".manifest.json"
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class DropFile:
    """Bytes under a name. A name that `recurs` is the same for every batch, because the target looks for it: it is free
    again once the file before was picked up.
    """

    name: str
    content: bytes
    recurs: bool = field(default=False, kw_only=True)

    @property
    def sha256(self) -> str:
        """The hash of the bytes, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def receipt(self) -> bytes:
        """What the file beside it says, which comes last: `sha256sum --check` reads it, hence two blanks."""
        return f"{self.sha256}  {self.name}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A batch on its way to a delivery; `error` says why the last of its `attempts` came to nothing."""

    batch: str
    destination: str
    requested_by: str
    requested_at: datetime
    attempts: int
    error: str | None
    next_attempt_at: datetime
    delivered_at: datetime | None


class DeliveryFailed(Exception):
    """It did not work this time: the server is away, slow, full. Trying again may help.

    What it says is one of a few sentences of ours and nothing that a server or the network answered: from these one
    could tell what listens where. That is in `detail`, for the log of the service.
    """

    def __init__(self, why: str, *, detail: str = "") -> None:
        super().__init__(why)
        self.detail = detail


class DeliveryRefused(DeliveryFailed):
    """It will not work until somebody changes something: another host key, no permission, other bytes of the name."""


def check_name(name: str) -> None:
    """Refuse a name under which no file may be put.

    Raises:
        DeliveryRefused: it could lead elsewhere, or be read as something else.
    """
    if not _NAME.fullmatch(name) or name.endswith((".tmp", ".sha256")):
        raise DeliveryRefused(f"{name!r} is no name for a file that is delivered")


def manifest_name(batch: str) -> str:
    """The name of a batch's manifest."""
    return f"{batch}{MANIFEST}"


def next_attempt(now: datetime, attempts: int) -> datetime:
    """When to try again after so many attempts that came to nothing: soon at first, later every quarter of an hour."""
    # Ten doublings are beyond the longest pause; without a bound the power would overflow a timedelta after a bad week.
    doubled = FIRST_PAUSE * (1 << min(attempts - 1, 10))
    return now + min(doubled, LONGEST_PAUSE)
