"""The policy of a delivery: where a payroll file is put. What is secret stays in files of the installation."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from services.payout.known_hosts import host_name
from shared.pay.policy import Policy, PolicyPart, Reference


def _whole_key(text: str) -> str:
    """Refuses a key that was cut or mixed up: its bytes are fields with lengths, and the first says the type again."""
    kind, _, encoded = text.partition(" ")
    try:
        fields = list(_fields(b64decode(encoded, validate=True)))
    except ValueError:
        fields = []
    if len(fields) < 2 or fields[0] != kind.encode():
        raise ValueError("it is no whole public key: copy type and base64 from the line that the provider gives")
    return text


def _fields(blob: bytes) -> Iterator[bytes]:
    """Raises ValueError where a field is cut short."""
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        if len(blob) < end:
            raise ValueError("a field is cut short")
        yield blob[4:end]
        blob = blob[end:]


HostKey = Annotated[
    str,
    StringConstraints(pattern=r"^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]{16,}={0,2}$", max_length=4096),
    AfterValidator(_whole_key),
]
"""A public key as `ssh-keyscan` or a known_hosts file shows it, without the host's name: its type and its base64."""


class OpenPGP(PolicyPart):
    """How files are encrypted."""

    armor: bool = False
    """As text, named `.asc`, instead of bytes, named `.pgp`."""
    sign: bool = False
    """Sign with the installation's key, in the file `signing_key.asc`, before encrypting."""


class Delivery(Policy):
    """An SFTP drop. The secrets are files in the folder of the setting `deliveries_dir`, in a folder named after the
    policy's id: `ssh_key`, and for encryption `recipient.asc`, the certificate of whoever may read the file.
    """

    rules_pay = False
    controls_money = True
    kind: Literal["delivery"]
    """`delivery`."""
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$")]
    """The SFTP server's name or address."""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    """Its port."""
    user: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$")]
    """The user to log in as, with the key in the file `ssh_key`."""
    host_keys: Annotated[tuple[HostKey, ...], Field(min_length=1)]
    """The keys by which the server is known. A server that has none of them is not spoken to."""
    directory: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,512}$")] = "."
    """The folder into which files are put; it has to be there."""
    encrypt: OpenPGP | None = None
    """Encrypt files with OpenPGP for the certificate in `recipient.asc`. Without it they are sent as they are."""
    manifest: bool = True
    """Send the batch's manifest as well, after its files."""

    @property
    def host_name(self) -> str:
        """The server as the list of hosts names it."""
        return host_name(self.host, self.port)

    def names(self) -> Iterable[Reference]:
        """The server, which has to be on the installation's list of hosts."""
        return [Reference("host", "delivery host", self.host_name)]
