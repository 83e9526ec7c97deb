"""Keeps the processes of an installation alive: restarts what dies, waits longer each time, drains everything at the
end.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import structlog

from earnest.local.processes import LocalError, end, processes, spawn
from earnest.local.server import Server

POLL_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
DRAIN_SECONDS = 45.0
LOG_BYTES = 16 * 1024 * 1024
STARTS_BEFORE_GIVING_UP = 4


@dataclass(kw_only=True)
class ServiceProcess:
    """One process of an installation and how its restarts stand. `url` is where it answers `/readyz`."""

    name: str
    module: str
    url: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    starts: int = 0
    pause: float = field(default=FIRST_PAUSE_SECONDS)

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Servers first, then services; a thread of its own watches them until `stop`."""

    def __init__(
        self,
        servers: Sequence[Server],
        services: Sequence[ServiceProcess],
        *,
        environment: Mapping[str, str],
        logs: Path,
    ) -> None:
        """Name what is to run; nothing is started before `start`. `environment` is all that the services see."""
        self.servers, self.services = servers, services
        self._environment, self._logs = environment, logs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._file = (logs / "supervisor.log").open("a", buffering=1)
        self._log = structlog.wrap_logger(
            structlog.WriteLogger(self._file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.JSONRenderer(),
            ],
        )

    def start(self) -> None:
        """Start the services and watch over them and over the servers, which run already."""
        self._thread.start()

    def wait_ready(self, seconds: float) -> None:
        """Wait until every service answers that it can do its work.

        Raises:
            LocalError: one of them did not within `seconds`, or died again and again.
        """
        deadline = time.monotonic() + seconds
        for service in self.services:
            while not self._ready(service):
                if time.monotonic() > deadline or service.starts >= STARTS_BEFORE_GIVING_UP:
                    raise LocalError(f"{service.name} did not become ready: {self._last_line(service)}")
                time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Let the services finish what they have begun, for up to DRAIN_SECONDS, then stop the servers in order."""
        self._stopping.set()
        self._thread.join()
        self._file.close()

    def _run(self) -> None:
        """All of a life in one thread, because the kernel ends a process when the thread that started it ends."""
        for service in self.services:
            self._spawn(service)
        while not self._stopping.wait(POLL_SECONDS):
            for server in self.servers:
                if server.pid is None:
                    self._restart(server)
            for service in self.services:
                if not service.running:
                    self._start_again(service)
                elif time.monotonic() - service.started > STEADY_SECONDS:
                    # Steady again: the next death is a first one.
                    service.pause, service.starts = FIRST_PAUSE_SECONDS, 1
        self._drain()

    def _drain(self) -> None:
        self._log.info("draining")
        # Services first, all at once: they finish their batches while database and log still answer.
        for service in self.services:
            if service.process is not None:
                service.process.terminate()
        deadline = time.monotonic() + DRAIN_SECONDS
        for service in self.services:
            self._await_end(service, deadline)
        for server in reversed(self.servers):
            server.stop()
        self._log.info("stopped")

    def _restart(self, server: Server) -> None:
        self._log.error("server died, starting it again", server=server.name)
        try:
            server.start()
        except LocalError as error:
            self._log.error("server does not start", server=server.name, error=str(error))
            self._stopping.wait(FIRST_PAUSE_SECONDS)

    def _start_again(self, service: ServiceProcess) -> None:
        """Start a dead service again once its pause is over; a pause is counted from the last start."""
        if time.monotonic() - service.started < service.pause:
            return
        code = service.process.returncode if service.process else None
        self._log.error("service died, starting it again", service=service.name, exit_code=code, pause=service.pause)
        service.pause = min(service.pause * 2, LONGEST_PAUSE_SECONDS)
        self._spawn(service)

    def _spawn(self, service: ServiceProcess) -> None:
        log = self._logs / f"{service.name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            # Only between two lives: a process keeps writing to the file that it has opened, whatever its name becomes.
            log.replace(log.with_suffix(".log.1"))
        # -P: a file of the folder that somebody stands in, such as re.py, is no module of a service.
        service.process = spawn(
            [sys.executable, "-P", "-m", service.module], log, on_our_death=signal.SIGTERM, env=self._environment
        )
        service.started = time.monotonic()
        service.starts += 1
        self._log.info("service started", service=service.name, pid=service.process.pid)

    def _ready(self, service: ServiceProcess) -> bool:
        if not service.running:
            return False
        try:
            return httpx.get(f"{service.url}/readyz", timeout=5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _await_end(self, service: ServiceProcess, deadline: float) -> None:
        if service.process is None:
            return
        try:
            service.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._log.error("service did not drain in time", service=service.name)
            service.process.kill()
            service.process.wait()

    def _last_line(self, service: ServiceProcess) -> str:
        log = self._logs / f"{service.name}.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return f"{lines[-1] if lines else 'it said nothing'} (all of it in {log})"


def end_left_over(home: Path, modules: Iterable[str]) -> None:
    """End services of an earlier life; say one that was held by SIGSTOP when its supervisor was killed."""

    def left_over(process: psutil.Process) -> bool:
        # By module and folder: another installation of this machine runs the same modules.
        mine = not set(modules).isdisjoint(process.cmdline())
        return mine and process.environ().get("EARNEST_HOME") == str(home)

    left = processes(left_over)
    for process in left:
        # A stopped process takes no signal but SIGKILL, and would get no chance to end in order.
        process.resume()
    end(left, signal.SIGTERM, seconds=DRAIN_SECONDS)
