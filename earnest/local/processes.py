"""Child processes that never outlive us, and what an earlier life may have left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psutil

TETHER = Path(__file__).with_name("tether.py")


class LocalError(Exception):
    """Something on this machine keeps a server from starting; the message says what to do about it."""


def spawn(
    program: Sequence[str | Path],
    log: Path,
    *,
    on_our_death: signal.Signals,
    user: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program tied to the calling thread: when that thread or its process ends, the program gets
    `on_our_death`.

    Output is appended to `log`. The program has a session of its own, so that Ctrl-C reaches it only through its
    supervisor.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # Without site packages and variables of Python: the tether starts quickly, and nothing from outside runs in it
    # before it becomes the program, perhaps still as root.
    command = [sys.executable, "-I", "-S", TETHER, str(os.getpid()), str(int(on_our_death)), user or "-", *program]
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=None if env is None else dict(env),
            start_new_session=True,
        )


def processes(belongs: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """Living processes that belong, by the caller's rule. A zombie is dead, whoever should have reaped it."""
    living = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE and belongs(process):
                living.append(process)
        except psutil.Error:
            continue
    return living


def working_in(folder: Path) -> list[psutil.Process]:
    """Living processes that work in `folder`: a database server and all its children sit in their data."""
    return processes(lambda process: process.cwd() == str(folder))


def end(targets: Iterable[psutil.Process], sign: signal.Signals, *, seconds: float) -> None:
    """Ask the processes to end with `sign`, wait up to `seconds`, then kill those that did not."""
    asked = list(targets)
    for process in asked:
        _send(process, sign)
    deadline = seconds
    while (alive := [process for process in asked if _alive(process)]) and deadline > 0:
        psutil.wait_procs(alive, timeout=0.05)
        deadline -= 0.05
    for process in alive:
        _send(process, signal.SIGKILL)


def _send(process: psutil.Process, sign: signal.Signals) -> None:
    try:
        process.send_signal(sign)
    except psutil.Error:
        return


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
