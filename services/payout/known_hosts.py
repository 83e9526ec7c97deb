"""The hosts to which payroll files may go: a file of the installation that no API writes, in the form of OpenSSH's
known_hosts. So whoever publishes policies cannot make the service talk to a host of their choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncssh

KNOWN_HOSTS: Final = "known_hosts"
"""The file, in the folder of the setting `deliveries_dir`."""
SSH_PORT: Final = 22


def host_name(host: str, port: int) -> str:
    """A host and port as known_hosts names them: `sftp.example`, or `[sftp.example]:2222`."""
    return host if port == SSH_PORT else f"[{host}]:{port}"


def known_keys(folder: Path | None, name: str) -> list[asyncssh.SSHKey]:
    """The keys by which the list knows a host, named by `host_name`; none of a host that is not on it."""
    import asyncssh  # takes its time, and most of payout needs it never

    try:
        listed = asyncssh.import_known_hosts((folder / KNOWN_HOSTS).read_text(encoding="utf-8")) if folder else None
    except (OSError, ValueError):
        return []
    return [] if listed is None else list(listed.match(name, "", None)[0])


def listed_hosts(folder: Path | None, names: Iterable[str]) -> set[str]:
    """Those of the hosts, named by `host_name`, that are on the list."""
    return {name for name in names if known_keys(folder, name)}
