"""Work on what people wrote, in a process of its own that may not use more than so much time and memory.

Limits in the code keep the usual case small and tell what is wrong; this keeps the unforeseen from stopping anybody
else.
"""

from __future__ import annotations

import faulthandler
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
from typing import IO, Any, Final, ParamSpec, Protocol, TypeVar, cast

from shared.problems import Busy

MOST_SECONDS: Final = 10
"""Of processor time for one call. The largest plans that anybody wrote take a second."""
MOST_WALL_SECONDS: Final = 60
"""From the question to the answer, also on a machine that has much else to do."""
MOST_BYTES: Final = 2 * 1024**3
"""Of address space, of which a process that has done nothing yet takes half."""
MOST_WAITING: Final = 16
"""Well below the threads (40) that a web app has for all its requests: what waits here must not keep the others from
being answered.
"""
_HEAD: Final = struct.Struct(">Q")
"""Before every pickle its length: a pipe keeps no messages apart."""

P = ParamSpec("P")
T = TypeVar("T")


class Exceeded(ValueError):
    """The work was ended: it took too much time or memory, or the process died of it."""


class CheckingBusy(Busy):
    """As much is being checked as may wait."""

    title = "Too many requests are waiting to be checked"


class Calculating(Protocol):
    """How a function is called: here, or in another process; what is called there is a function of a module, or a
    partial of one.
    """

    def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function gives."""
        ...


def directly(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it here, however long it takes."""
    return function(*args, **kwargs)


class Watchdog:
    """Calls in this process, which ends when one takes longer than so many seconds: whatever hangs holds up all the
    others.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._begun = seconds, dict[int, float]()
        self._turn = threading.Lock()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function gives."""
        me = threading.get_ident()
        with self._turn:
            self._begun[me] = time.monotonic()
            self._wait()
        try:
            return function(*args, **kwargs)
        finally:
            with self._turn:
                del self._begun[me]
                self._wait()

    def _wait(self) -> None:
        # The waiting thread is none of Python's, which may all be kept from running by what hangs.
        if self._begun:
            left = min(self._begun.values()) + self._seconds - time.monotonic()
            faulthandler.dump_traceback_later(max(left, 0.001), exit=True)  # it says where everybody is, and then exits
        else:
            faulthandler.cancel_dump_traceback_later()


class BoundedProcess:
    """A process that is asked one thing at a time; one that died or was ended is replaced at the next question.

    It may use so many `seconds` of processor time for one call, `wall_seconds` until the answer, and so much `memory`
    in bytes.
    """

    def __init__(
        self, seconds: int = MOST_SECONDS, wall_seconds: int = MOST_WALL_SECONDS, *, memory: int = MOST_BYTES
    ) -> None:
        self._seconds, self._wall_seconds, self._memory = seconds, wall_seconds, memory
        self._turn, self._waiting = threading.Lock(), threading.BoundedSemaphore(MOST_WAITING)
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a function of a module gives, called in the process; arguments and result are pickled.

        Raises:
            Exceeded: it took too much, or the process died of it.
            CheckingBusy: too many are waiting already.
            Exception: what the function raised.
        """
        if not self._waiting.acquire(blocking=False):
            raise CheckingBusy("too many requests are waiting to be checked; try again")
        try:
            with self._turn:
                succeeded, answer = self._asked(pickle.dumps((function, args, kwargs)))
        finally:
            self._waiting.release()
        if succeeded:
            return cast(T, answer)
        raise answer

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _asked(self, question: bytes) -> tuple[bool, Any]:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        until = time.monotonic() + self._wall_seconds
        try:
            process.stdin.write(_HEAD.pack(len(question)) + question)
            process.stdin.flush()
            return cast(tuple[bool, Any], pickle.loads(_read(process.stdout, until)))
        except (EOFError, BrokenPipeError):
            raise Exceeded(self._cause(process.wait())) from None
        except TimeoutError:
            raise Exceeded(f"it took more than {self._wall_seconds} seconds") from None
        finally:
            # Also where we were interrupted: a process that has not answered would answer the next question with this
            # one's result.
            if sys.exc_info()[0] is not None:
                self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            # -P: it imports from where we do, and from the current folder only if we do.
            command = [sys.executable, "-P", "-m", "shared.bounded", str(self._seconds), str(self._memory)]
            # One thread: processor time is counted of all threads together, and should mean the same on every machine.
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

    def _cause(self, code: int) -> str:
        if code == -signal.SIGXCPU:
            return f"it took more than {self._seconds} seconds of processor time"
        return "the process that checked it died of it: it needs too much memory, or is nested too deeply"


def _read(stream: IO[bytes], until: float | None = None) -> bytes:
    """The next message."""
    (length,) = _HEAD.unpack(_exactly(stream, _HEAD.size, until=until))
    return _exactly(stream, length, until=until)


def _exactly(stream: IO[bytes], length: int, *, until: float | None) -> bytes:
    content = bytearray()
    while len(content) < length:
        if until is not None and not select.select([stream], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        part = stream.read(length - len(content))
        if not part:
            raise EOFError
        content += part
    return bytes(content)


def _answered(question: bytes, seconds: int, *, memory: int) -> tuple[bool, Any]:
    # Processor time counts from the process's start; a soft limit may be moved as long as it stays below the hard one.
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
    try:
        function, args, kwargs = pickle.loads(question)
        return True, function(*args, **kwargs)
    except MemoryError:
        return False, Exceeded(f"it needs more than {memory // 1024**3} GB of memory")
    except RecursionError:
        return False, Exceeded("it is nested too deeply")
    except Exception as error:
        return False, error  # raised again where the question was asked, as if it had been calculated there


def main(seconds: int, memory: int) -> None:
    """Answer questions until there are no more, each within so many seconds of processor time and so many bytes."""
    # Address space, since the kernel limits no resident memory: an allocation beyond it fails at once, as a MemoryError
    # here, instead of having the machine choose whom to end.
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold people's plans
    # Nobody else may write where the answers go.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    questions = os.fdopen(os.dup(0), "rb", buffering=0)
    while True:
        try:
            answer = _answered(_read(questions), seconds, memory=memory)
        except EOFError:
            return
        text = pickle.dumps(answer)
        answers.write(_HEAD.pack(len(text)) + text)


if __name__ == "__main__":
    # The functions that are asked for know this module by its name.
    from shared.bounded import main as answer

    answer(*map(int, sys.argv[1:]))
