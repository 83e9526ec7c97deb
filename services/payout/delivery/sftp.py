"""The SFTP drop. A file is written under another name, flushed, and renamed; the file with its hash comes last.

So whoever looks sees a file whole or not at all, and one with its `.sha256` beside it is finished. Everything can be
done again: the same bytes under the name are taken as delivered, and other bytes are never overwritten.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncssh
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from services.payout.delivery.parcels import DeliveryFailed, DeliveryRefused, DropFile, check_name
from services.payout.delivery.policy import Delivery
from services.payout.delivery.secret_files import SSH_KEY, SecretFiles

CONNECT_SECONDS: Final = 20
DROP_SECONDS: Final = 540
"""For all files of a batch: a server that takes a byte a minute is as good as none, and others wait."""
TRIES: Final = 3
CHUNK: Final = 256 * 1024
NOT_LISTED: Final = "the server is not among the hosts that this installation delivers to (known_hosts)"
OTHER_KEY: Final = "the server has another key than the policy and the list of hosts name"
NO_ENTRY: Final = "the server does not let us in with our key"
NO_FOLDER: Final = "the folder is not there, or not open to us"
AWAY: Final = "the server cannot be reached, or broke off"
# Trying again helps against none of these: somebody has to change a key, a right, or a folder.
_UNMENDABLE: Final[Mapping[type[Exception], str]] = {
    asyncssh.HostKeyNotVerifiable: OTHER_KEY,
    asyncssh.PermissionDenied: NO_ENTRY,
    asyncssh.KeyExchangeFailed: NO_ENTRY,
    asyncssh.SFTPPermissionDenied: NO_FOLDER,
    asyncssh.SFTPNoSuchFile: NO_FOLDER,
    asyncssh.SFTPNoSuchPath: NO_FOLDER,
}


def drop(delivery: Delivery, secrets: SecretFiles, files: Sequence[DropFile]) -> list[str]:
    """Put files down, in order; the names of those that were not there already.

    Raises:
        DeliveryFailed: the server is away, slow or full, also after some tries.
        DeliveryRefused: it will not work until somebody changes something.
    """
    return asyncio.run(_drop(delivery, secrets, files=files))


async def _drop(delivery: Delivery, secrets: SecretFiles, *, files: Sequence[DropFile]) -> list[str]:
    for file in files:
        check_name(file.name)
    tries = AsyncRetrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential_jitter(initial=1, max=5),
        retry=retry_if_exception(lambda error: type(error) is DeliveryFailed),
        reraise=True,
    )
    put: list[str] = []
    async for attempt in tries:
        with attempt:
            await _attempt(delivery, secrets, files=files, put=put)
    return put


async def _attempt(delivery: Delivery, secrets: SecretFiles, *, files: Sequence[DropFile], put: list[str]) -> None:
    where = f"delivery {delivery.id}"
    try:
        async with asyncio.timeout(DROP_SECONDS), _session(delivery, secrets) as sftp:
            for file in files:
                if await _put(sftp, delivery.directory, file=file):
                    put.append(file.name)
    except DeliveryFailed as error:
        raise type(error)(f"{where}: {error}", detail=error.detail) from None
    except (asyncssh.Error, OSError, TimeoutError) as error:
        detail = f"{type(error).__name__}: {error}"
        why = next((why for kind, why in _UNMENDABLE.items() if isinstance(error, kind)), None)
        if why is not None:
            raise DeliveryRefused(f"{where}: {why}", detail=detail) from None
        raise DeliveryFailed(f"{where}: {AWAY}", detail=detail) from None


@asynccontextmanager
async def _session(delivery: Delivery, secrets: SecretFiles) -> AsyncIterator[asyncssh.SFTPClient]:
    """A session with the server that the policy names, where the installation's list has it, and no other: nothing of
    the machine's own SSH configuration counts.
    """
    try:
        key = asyncssh.import_private_key(secrets.read(SSH_KEY), secrets.password(SSH_KEY))
        named = [asyncssh.import_public_key(host_key) for host_key in delivery.host_keys]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise DeliveryRefused("a key is none", detail=str(error)) from None
    listed = secrets.known_keys(delivery.host_name)
    if not listed:
        raise DeliveryRefused(NOT_LISTED)
    trusted = [key for key in named if key in listed]
    if not trusted:
        raise DeliveryRefused(OTHER_KEY)
    connection = asyncssh.connect(
        delivery.host,
        delivery.port,
        username=delivery.user,
        client_keys=[key],
        known_hosts=(trusted, [], []),  # trusted, certificate authorities, revoked
        preferred_auth=("publickey",),
        config=None,  # not ~/.ssh/config of whoever runs the service
        agent_path=None,
        connect_timeout=CONNECT_SECONDS,
        login_timeout=CONNECT_SECONDS,
        keepalive_interval=15,
    )
    async with connection as session, session.start_sftp_client() as sftp:
        yield sftp


async def _put(sftp: asyncssh.SFTPClient, directory: str, *, file: DropFile) -> bool:
    """Put down one file and its hash; False where that was done before, also if the file itself was picked up since.

    The hash comes last, so that its being there proves that this file was put down whole: payroll may have taken the
    file away by now, and sending it again would pay twice.
    """
    path = f"{directory.rstrip('/') or ''}/{file.name}"
    if await sftp.exists(f"{path}.sha256"):
        async with sftp.open(f"{path}.sha256", "rb") as there:
            receipt: str | bytes = await there.read(len(file.receipt) + 1)
        if receipt == file.receipt:
            return False
        if not file.recurs:
            raise DeliveryRefused(f"there is another file {file.name} already, with another hash")
        if await sftp.exists(path):
            raise DeliveryFailed(f"the {file.name} before this one is not picked up yet")
        # The one before was put down whole and taken away: its hash would stand beside this one, and not be of it.
        await sftp.remove(f"{path}.sha256")
    if not await _holds(sftp, path, file=file):
        await _write_and_rename(sftp, path, file=file)
    await _write_and_rename(sftp, f"{path}.sha256", file=DropFile(f"{file.name}.sha256", file.receipt))
    return True


async def _holds(sftp: asyncssh.SFTPClient, path: str, *, file: DropFile) -> bool:
    """Whether these bytes are there under the name.

    Raises:
        DeliveryRefused: there are others.
    """
    if not await sftp.exists(path):
        return False
    digest = hashlib.sha256()
    async with sftp.open(path, "rb") as there:
        while part := await there.read(CHUNK):
            digest.update(part if isinstance(part, bytes) else part.encode())
    if digest.hexdigest() != file.sha256:
        raise DeliveryRefused(f"there are other bytes under the name {file.name} already, and they stay")
    return True


async def _write_and_rename(sftp: asyncssh.SFTPClient, path: str, *, file: DropFile) -> None:
    """Whoever looks into the folder sees the file whole or not at all: it is written beside its name, flushed to the
    disk, measured, and only then renamed, which a file system does at once. In another order a crash of the server
    could leave a name without its bytes.
    """
    part = f"{path}.tmp"
    async with sftp.open(part, "wb") as there:
        await there.write(file.content)
        with suppress(asyncssh.SFTPOpUnsupported):  # then the server's own habits have to do
            await there.fsync()
    if await sftp.getsize(part) != len(file.content):
        raise DeliveryFailed(f"{file.name} did not arrive whole")
    try:
        # Refuses where the name is taken, unlike `posix_rename`, which would replace what is there.
        await sftp.rename(part, path)
    except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
        # The name is taken by another process of ours that was quicker with these bytes, or by somebody's other bytes.
        if not await _holds(sftp, path, file=file):
            raise
        await sftp.remove(part)
