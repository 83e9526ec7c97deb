"""Many requests are appended together, and none of them pays for another's trouble."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import pytest

from services.ingest.appender import Appender
from shared.contracts.topics import DEALS, ROSTER, Topic
from shared.log.port import LogUnavailable, Record


class Ledger:
    """A log that writes down what it is given, after it was let go; a record of key `bad` it refuses."""

    def __init__(self) -> None:
        self.appends: list[tuple[str, list[str]]] = []
        self.let_go = threading.Event()

    def append(self, topic: Topic, records: Sequence[Record]) -> list[tuple[int, int]]:
        self.let_go.wait()
        keys = [record.key for record in records]
        if "bad" in keys:
            raise ValueError("refused")
        if "gone" in keys:
            raise LogUnavailable("gone")
        self.appends.append((topic.name, keys))
        return [(0, 0)] * len(records)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def appender(ledger: Ledger) -> Iterator[Appender]:
    stop = threading.Event()
    made = Appender(ledger)
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    yield made
    ledger.let_go.set()
    stop.set()
    thread.join()


def put(appender: Appender, *keys: str, topic: Topic = DEALS) -> Future[None]:
    return appender.append(topic, [Record(key, b"{}") for key in keys])


def test_what_waits_is_appended_together_in_its_order(appender: Appender, ledger: Ledger) -> None:
    waiting = [put(appender, "a")]
    waiting += [put(appender, "b", "c"), put(appender, "d", topic=ROSTER), put(appender, "e")]
    ledger.let_go.set()
    for one in waiting:
        one.result(10)
    keys = [key for topic, keys in ledger.appends if topic == "deals" for key in keys]
    assert keys == ["a", "b", "c", "e"]
    assert len(ledger.appends) <= 3


def test_a_request_that_the_log_refuses_does_not_fail_the_others(appender: Appender, ledger: Ledger) -> None:
    first = put(appender, "a")
    bad, good = put(appender, "bad"), put(appender, "b")
    ledger.let_go.set()
    first.result(10)
    good.result(10)
    with pytest.raises(ValueError, match="refused"):
        bad.result(10)


def test_when_the_log_is_unavailable_all_that_wait_are_told(appender: Appender, ledger: Ledger) -> None:
    waiting = [put(appender, "gone"), put(appender, "gone")]
    ledger.let_go.set()
    for one in waiting:
        with pytest.raises(LogUnavailable):
            one.result(10)


def test_a_caller_who_is_gone_does_not_stop_the_others(appender: Appender, ledger: Ledger) -> None:
    first = put(appender, "a")
    gone, last = put(appender, "b"), put(appender, "c")
    assert gone.cancel()
    ledger.let_go.set()
    first.result(10)
    last.result(10)
    assert [key for _, keys in ledger.appends for key in keys] == ["a", "c"]
