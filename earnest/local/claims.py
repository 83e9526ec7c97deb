"""What a local server claims for itself: a folder, a port that stays the same, a private file."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path
from random import SystemRandom
from typing import IO

from earnest.local.processes import LocalError

_claimed: dict[Path, socket.socket] = {}
"""By note, what holds the number of a claimed port until a server listens there, and on."""


def claim_folder(folder: Path) -> IO[str]:
    """Hold a folder until the returned file is closed or this process dies; the file names the holder.

    Raises:
        LocalError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # A lock of the kernel, which lets go of it however its holder dies; a file with a number would outlive a crash.
    # Opening does not truncate: until the lock is ours, the number in the file is the holder's.
    lock = (folder / "lock").open("a+")
    for _ in range(5):  # somebody may only be asking who the holder is
        if _locked(lock):
            break
        time.sleep(0.05)
    else:
        lock.close()
        raise LocalError(
            f"{folder} is in use by process {holder(folder)}: stop it first (`earnest down`), or choose another folder"
        )
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def holder(folder: Path) -> int | None:
    """The process that holds the folder, or None while nobody does."""
    path = folder / "lock"
    if not path.exists():
        return None
    with path.open("r+") as lock:
        return None if _locked(lock) else int(lock.read())


def claim_port(note: Path, usual: int = 0) -> int:
    """A free port of the loopback: the one in `note`, or else the usual one, or else any; noted there from now on.

    It is ours until `release_ports` or our end, so that two who start at once never take the same one: the number is
    held for datagrams, which no server here uses, and stays free for the server.

    Never a port that the kernel gives to outgoing connections: a client that keeps trying to reach a dead server at
    such a port may connect to itself, and the server then finds its port taken.
    """
    release_ports(note)
    noted = [int(note.read_text())] if note.exists() else []
    # Below 32768, from where on Linux gives ports to outgoing connections.
    for wanted in [*noted, *([usual] if usual else []), *SystemRandom().sample(range(20_000, 32_000), 100)]:
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            # As servers do it: connections of an earlier life that the kernel still remembers do not make the port
            # taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
                claim.bind(("127.0.0.1", wanted))
            except OSError:
                claim.close()
                continue
        _claimed[note] = claim
        note.write_text(str(wanted))
        return wanted
    raise LocalError("no port is free on 127.0.0.1")


def release_ports(place: Path) -> None:
    """Let go of the port whose note is at `place`, or of all whose notes are below it; the notes stay."""
    for note in [note for note in _claimed if note.is_relative_to(place)]:
        _claimed.pop(note).close()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    # Made anew: a file that is there would keep its mode and its readers, and a link would be followed.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
