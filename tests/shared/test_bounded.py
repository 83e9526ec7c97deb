"""Work in a bounded process: what it dies of is told to whoever asked, and the next question is answered."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.bounded import BoundedProcess, CheckingBusy, Exceeded


@pytest.fixture(scope="module")
def process() -> Iterator[BoundedProcess]:
    found = BoundedProcess()
    yield found
    found.close()


def doubled(number: int) -> int:
    return 2 * number


def counts_for_ever() -> None:
    while True:
        pass


def fills_the_memory() -> int:
    return len([bytes(64 * 1024**2) for _ in range(1000)])


def dies() -> None:
    ctypes.string_at(0)


def never_ends_to_call_itself(depth: int = 0) -> int:
    return never_ends_to_call_itself(depth + 1)


def mistaken() -> None:
    raise KeyError("a name")


def test_no_file_of_the_current_folder_is_imported_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pickle.py").write_text("raise SystemExit('imported from the current folder')")
    monkeypatch.chdir(tmp_path)
    found = BoundedProcess()
    try:
        assert found.run(abs, -2) == 2
    finally:
        found.close()


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (counts_for_ever, "10 seconds of processor time"),
        (fills_the_memory, "2 GB of memory"),
        (dies, "died of it"),
        (never_ends_to_call_itself, "nested too deeply"),
    ],
)
def test_what_takes_too_much_is_ended_and_the_next_is_answered(
    process: BoundedProcess, work: Callable[[], None], why: str
) -> None:
    with pytest.raises(Exceeded, match=why):
        process.run(work)
    assert process.run(doubled, 21) == 42


def test_an_error_of_the_work_is_that_of_whoever_asked(process: BoundedProcess) -> None:
    with pytest.raises(KeyError, match="a name"):
        process.run(mistaken)


def test_work_that_waits_for_something_is_ended_too(process: BoundedProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    process.run(doubled, 1)
    monkeypatch.setattr(process, "_wall_seconds", 0.2)
    with pytest.raises(Exceeded, match="it took more than"):
        process.run(time.sleep, 30)


def test_only_so_many_wait(process: BoundedProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_waiting", threading.BoundedSemaphore(1))
    process._waiting.acquire()
    with pytest.raises(CheckingBusy):
        process.run(doubled, 1)
