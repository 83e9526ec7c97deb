"""A service process: its web app and its workers, started together, drained together."""

from __future__ import annotations

import ctypes
import gc
import signal
import threading
from collections.abc import Sequence
from typing import Protocol

import structlog
import uvicorn
from fastapi import FastAPI

from shared.admission.protocol import BoundedProtocol

DRAIN_SECONDS = 20
"""Well below the 30 seconds after which orchestrators kill; a batch takes less than one, an export some."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""As `malloc.h` of glibc has them."""

_logger = structlog.get_logger(__name__)


class Runner(Protocol):
    """Something that works until it is told to stop: a worker, a relay, an evaluator."""

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        ...


class Crew:
    """The runners of a process, one thread each. One that ends by itself is a reason not to be ready; the others go
    on.
    """

    def __init__(self, runners: Sequence[Runner]) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(runner,), daemon=True) for runner in runners]
        self._ended: list[str] = []

    def start(self) -> None:
        """Start all of them."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it has in hand, and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join(DRAIN_SECONDS)

    def reasons(self) -> list[str]:
        """Why not everything works: what each runner said that ended by itself."""
        return list(self._ended)

    def _run(self, runner: Runner) -> None:
        try:
            runner.run(self._stop)
        except Exception as error:
            self._ended.append(str(error) or type(error).__name__)
            _logger.error("service.runner_ended", runner=type(runner).__name__, exc_info=error)


def keep_memory_of_batches() -> None:
    """Let this process work on one batch after the other in the same memory.

    A batch makes tens of thousands of objects that live as long as it does, and no circles: looking through them for
    circular garbage again and again takes a quarter of the time or more. And by itself glibc gives free memory back
    from 128 KiB on, and has it again page by page, which of a batch of some megabytes takes a tenth.
    """
    gc.freeze()  # what is loaded by now lives as long as the process
    gc.set_threshold(200_000, 20, 20)
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):  # other C libraries have none
        mallopt(_M_TRIM_THRESHOLD, 64 << 20)
        mallopt(_M_MMAP_THRESHOLD, 16 << 20)


def serve(app: FastAPI, host: str, *, port: int, crew: Crew) -> None:
    """Serve until SIGTERM or SIGINT, then drain: requests first, then the batches that the workers have in hand."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            http=BoundedProtocol,
            ws="none",
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    # After its drain uvicorn raises the signal again, which by default would end the process before the crew has
    # drained.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    keep_memory_of_batches()
    crew.start()
    try:
        server.run()
    finally:
        crew.stop()
