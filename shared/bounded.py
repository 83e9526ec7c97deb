"""Work on what people wrote, in a process of its own that may not use more than so much time and memory.

Limits in the code keep the usual case small and tell what is wrong; this keeps the unforeseen from stopping anybody else.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import IO, Any, Final, ParamSpec, TypeVar, cast

from shared.problems import Problem

MOST_SECONDS: Final = 10
"""Of processor time for one call."""
MOST_WALL_SECONDS: Final = 60
"""From the question to the answer, also on a machine that has much else to do."""
MOST_BYTES: Final = 2 * 1024**3
"""Of address space, of which a process that has done nothing yet takes half."""
MOST_WAITING: Final = 16
"""Well below the threads that a web app has for all its requests."""
_HEAD: Final = struct.Struct(">Q")

P = ParamSpec("P")
T = TypeVar("T")


class Exceeded(ValueError):
    """The work was ended: it took too much time or memory, or the process died of it."""


class Busy(Problem):
    """As much is being checked as may wait; nothing of this request was taken."""

    type = "busy"
    title = "Too many requests are waiting to be checked"
    status = HTTPStatus.TOO_MANY_REQUESTS


class Bounded:
    """A process that is asked one thing at a time; one that died or was ended is replaced at the next question."""

    def __init__(self) -> None:
        self._turn, self._waiting = threading.Lock(), threading.BoundedSemaphore(MOST_WAITING)
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a function of a module gives, called in the process; arguments and result are pickled.

        Raises:
            Exceeded: it took too much, or the process died of it.
            Busy: too many are waiting already.
            Exception: what the function raised.
        """
        if not self._waiting.acquire(blocking=False):
            raise Busy("too many plans are waiting to be checked; try again", {"retry-after": "1"})
        try:
            with self._turn:
                good, found = self._asked(pickle.dumps((function, args, kwargs)))
        finally:
            self._waiting.release()
        if good:
            return cast(T, found)
        raise found

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _asked(self, question: bytes) -> tuple[bool, Any]:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        until = time.monotonic() + MOST_WALL_SECONDS
        try:
            process.stdin.write(_HEAD.pack(len(question)) + question)
            process.stdin.flush()
            return cast(tuple[bool, Any], pickle.loads(_read(process.stdout, until)))
        except (EOFError, BrokenPipeError):
            raise Exceeded(_cause(process.wait())) from None
        except TimeoutError:
            raise Exceeded(f"it took more than {MOST_WALL_SECONDS} seconds") from None
        finally:
            if sys.exc_info()[0] is not None:
                self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "shared.bounded"]
            environment = os.environ | {"POLARS_MAX_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _read(stream: IO[bytes], until: float | None = None) -> bytes:
    """The next message."""
    (length,) = _HEAD.unpack(_exactly(stream, _HEAD.size, until))
    return _exactly(stream, length, until)


def _exactly(stream: IO[bytes], length: int, until: float | None) -> bytes:
    found = bytearray()
    while len(found) < length:
        if until is not None and not select.select([stream], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        part = stream.read(length - len(found))
        if not part:
            raise EOFError
        found += part
    return bytes(found)


def _cause(code: int) -> str:
    if code == -signal.SIGXCPU:
        return f"it took more than {MOST_SECONDS} seconds of processor time"
    return "the process that checked it died of it: it needs too much memory, or is nested too deeply"


def _answered(question: bytes) -> tuple[bool, Any]:
    # Processor time counts from the process's start; a soft limit may be moved as long as it stays below the hard one.
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + MOST_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    try:
        function, args, kwargs = pickle.loads(question)
        return True, function(*args, **kwargs)
    except MemoryError:
        return False, Exceeded(f"it needs more than {MOST_BYTES // 1024**3} GB of memory")
    except RecursionError:
        return False, Exceeded("it is nested too deeply")
    except Exception as error:
        return False, error


def main() -> None:
    """Answer questions until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nobody else may write where the answers go.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    questions = os.fdopen(os.dup(0), "rb", buffering=0)
    while True:
        try:
            answer = _answered(_read(questions))
        except EOFError:
            return
        text = pickle.dumps(answer)
        answers.write(_HEAD.pack(len(text)) + text)


if __name__ == "__main__":
    # The functions that are asked for know this module by its name.
    from shared.bounded import main as answer

    answer()
