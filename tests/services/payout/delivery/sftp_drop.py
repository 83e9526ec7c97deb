"""An SFTP server of a payroll provider: asyncssh's own, or OpenSSH's sftp-server behind it, with faults where a test
wants them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from services.payout.delivery.policy import Delivery

Fault = Callable[["Drop", int], None]


@dataclass
class Drop:
    """The provider's side: its folder, and what happened to it. `fault` is called before every write with its offset."""

    folder: Path
    secrets: Path
    host_key: asyncssh.SSHKey
    port: int = 0
    fault: Fault | None = None
    openssh: bool = False
    sessions: int = 0
    writes: int = 0
    seen: list[set[str]] = field(default_factory=list)

    def names(self) -> set[str]:
        return {each.name for each in self.folder.iterdir()}

    def files(self) -> dict[str, bytes]:
        """What the files hold once nothing is sent any more: a file that is being sent is renamed while one looks."""
        return {name: (self.folder / name).read_bytes() for name in sorted(self.names())}

    def list(self, port: int | None = None, key: str | None = None) -> None:
        """Write the installation's list of hosts, with this server on it."""
        known = key or self.policy().host_keys[0]
        (self.secrets / "known_hosts").write_text(f"[127.0.0.1]:{port or self.port} {known}\n")

    def policy(self, **other: Any) -> Delivery:
        key = self.host_key.export_public_key().decode().split()
        terms = {"kind": "delivery", "id": "drop", "valid_from": "2026-01-01", "host": "127.0.0.1", "user": "pay"}
        directory = str(self.folder) if self.openssh else "/"
        return Delivery.of(
            terms | {"port": self.port, "directory": directory, "host_keys": [" ".join(key[:2])]} | other
        )


class _Server(asyncssh.SFTPServer):
    def __init__(self, channel: Any, drop: Drop) -> None:
        super().__init__(channel, chroot=str(drop.folder).encode())
        self._drop = drop
        drop.sessions += 1

    def write(self, file: Any, offset: int, data: bytes) -> Any:
        self._drop.writes += 1
        self._drop.seen.append(self._drop.names())
        if self._drop.fault is not None:
            self._drop.fault(self._drop, offset)
        return super().write(file, offset, data)


class _OpenSSH(asyncssh.SSHServer, asyncssh.SSHServerSession[bytes]):
    """Hands a session over to OpenSSH's own sftp-server."""

    def __init__(self) -> None:
        self._from_client: asyncio.Queue[bytes] = asyncio.Queue()

    def session_requested(self) -> Any:
        return self

    def connection_made(self, to: Any) -> None:
        self._channel = to

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def session_started(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._serve(self._channel))

    def data_received(self, data: bytes, _: object) -> None:
        self._from_client.put_nowait(data)

    def eof_received(self) -> bool:
        self._from_client.put_nowait(b"")
        return True

    def connection_lost(self, _: object) -> None:
        self._from_client.put_nowait(b"")

    async def _serve(self, channel: Any) -> None:
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec("sftp-server", stdin=pipe, stdout=pipe)
        assert child.stdin is not None
        assert child.stdout is not None
        feeding = asyncio.get_running_loop().create_task(self._feed(child.stdin))
        while data := await child.stdout.read(65536):
            channel.write(data)
        await feeding
        channel.exit(await child.wait())

    async def _feed(self, server: asyncio.StreamWriter) -> None:
        while data := await self._from_client.get():
            server.write(data)
            await server.drain()
        server.close()


@contextmanager
def provider(folder: Path, *, openssh: bool = False) -> Iterator[Drop]:
    """Run a server until the block ends; `folder` gets the drop and the secrets that the policy `drop` needs."""
    (folder / "inbox").mkdir()
    (folder / "secrets" / "drop").mkdir(parents=True)
    user = asyncssh.generate_private_key("ssh-ed25519")
    (folder / "secrets" / "drop" / "ssh_key").write_bytes(user.export_private_key())
    drop = Drop(folder / "inbox", folder / "secrets", asyncssh.generate_private_key("ssh-ed25519"), openssh=openssh)
    loop = asyncio.new_event_loop()

    async def listen() -> asyncssh.SSHAcceptor:
        how: dict[str, Any] = (
            {"server_factory": _OpenSSH, "encoding": None}
            if openssh
            else {"sftp_factory": lambda channel: _Server(channel, drop)}
        )
        return await asyncssh.listen(
            "127.0.0.1",
            drop.port,
            server_host_keys=[drop.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(user.export_public_key().decode()),
            **how,
        )

    acceptor = loop.run_until_complete(listen())
    drop.port = acceptor.get_port()
    drop.list()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield drop
    finally:
        loop.call_soon_threadsafe(acceptor.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
