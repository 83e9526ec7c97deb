"""A service process that is asked to stop lets its workers finish what they have in hand."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from earnest.local.claims import claim_port
from shared.service import Crew
from tests.waiting import until

PROGRAM = """
import sys, time
from fastapi import FastAPI
from shared.service import Crew, serve

class Batch:
    def run(self, stop):
        stop.wait()
        time.sleep(0.5)
        print("committed", flush=True)

serve(FastAPI(), "127.0.0.1", port=int(sys.argv[1]), crew=Crew([Batch()]))
"""


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_after_the_batch_in_hand(sign: signal.Signals, tmp_path: Path) -> None:
    port = claim_port(tmp_path / "port")
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(port)], stdout=subprocess.PIPE, text=True)
    until(lambda: answers(f"http://127.0.0.1:{port}/docs"))
    process.send_signal(sign)
    output, _ = process.communicate()
    assert (output, process.returncode) == ("committed\n", 0)


BATCHES = """
import resource
from fastapi import FastAPI
from shared.service import Crew, serve

class Batches:
    def run(self, stop):
        self.work()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        self.work()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, flush=True)

    def work(self):
        for _ in range(20):
            b"".join([b"x" * 1000 for _ in range(3000)]).decode()

serve(FastAPI(), "127.0.0.1", port=0, crew=Crew([Batches()]))
"""


def test_a_batch_is_worked_on_in_the_memory_of_the_one_before() -> None:
    with subprocess.Popen([sys.executable, "-c", BATCHES], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        taken = int(process.stdout.readline())
        process.kill()
    pages = 20 * 3_000_000 // 4096
    assert taken < pages // 10  # had anew from the system they would be three times as many as there are


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


class Working:
    def __init__(self) -> None:
        self.stopped = threading.Event()

    def run(self, stop: threading.Event) -> None:
        stop.wait()
        self.stopped.set()


class Stopping:
    def run(self, stop: threading.Event) -> None:
        raise RuntimeError("worker credit stopped: too many records cannot be processed")


def test_a_runner_that_ends_by_itself_is_a_reason_and_the_others_go_on() -> None:
    working = Working()
    crew = Crew([working, Stopping()])
    assert crew.reasons() == []
    crew.start()
    until(crew.reasons)
    assert crew.reasons() == ["worker credit stopped: too many records cannot be processed"]
    assert not working.stopped.is_set()
    crew.stop()
    assert working.stopped.is_set()
