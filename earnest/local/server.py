"""What the local servers have in common: a folder only one process may hold, and a process that ends with us."""

from __future__ import annotations

import signal
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

from earnest.local.claims import claim_folder, release_ports
from earnest.local.processes import LocalError

STOP_SECONDS = 30


class Server(ABC):
    """A server of ours over one folder; also a context manager that starts and stops it."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, root: Path) -> None:
        """Name the folder; nothing is touched before `start`."""
        self.root = root.resolve()
        self._process: subprocess.Popen[bytes] | None = None
        # Held from the first start to `stop`, also over crashes and restarts in between.
        self._lock: IO[str] | None = None

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.root / "server.log"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Claim the folder, end what an earlier life left on it, start the server and wait until it answers.

        Does nothing while the server runs. The server ends when the calling thread does.

        Raises:
            LocalError: the folder is in use, or the server did not start.
        """
        if self.pid is None:
            if self._lock is None:
                self._lock = claim_folder(self.root)
            self._start()

    @abstractmethod
    def _start(self) -> None: ...

    def stop(self) -> None:
        """End the server in order and let go of the folder."""
        if self._process is not None:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
        release_ports(self.root)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """End the server as a crash does, with SIGKILL; `start` recovers it."""
        if self._process is not None:
            # Folder and port stay claimed: `start` goes on with them, and nobody slips in between.
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _failed(self, mark: str) -> LocalError:
        """The error of a start that came to nothing, with the last line of the log that has the mark."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        last = next((line for line in reversed(lines) if mark in line), lines[-1] if lines else "it said nothing")
        return LocalError(f"{self.name} did not start: {last} (all of it in {self.log})")
