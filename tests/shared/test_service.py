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
