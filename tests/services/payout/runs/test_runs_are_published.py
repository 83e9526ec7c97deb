"""Runs on the topic `runs`: as they stand, in the transaction that changes them, on both logs; figures, and nobody's
pay.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from services.payout.runs.service import publishing
from services.payout.runs.service.publishing import publish_unpublished
from shared.contracts.runs import RunChanged
from shared.contracts.topics import EARNINGS, ROSTER, Topic
from shared.log.kafka import KafkaLog
from shared.log.port import Log
from shared.log.postgres import PostgresLog
from shared.log.relay import Relay
from shared.logins import login_of
from tests.services.payout.desk import Book, Desk, earned
from tests.services.payout.runs.test_runs_attacked import adjust
from tests.waiting import until


@pytest.fixture
def runs_topic(monkeypatch: pytest.MonkeyPatch) -> Topic:
    """A topic of this test's own in place of `runs`: the broker is shared by all tests."""
    topic = Topic(f"runs-{random.Random().getrandbits(48):012x}")
    monkeypatch.setattr(publishing, "RUNS", topic)
    return topic


@pytest.fixture(params=["postgres", "kafka"])
def log(request: pytest.FixtureRequest, payout_engine: Engine, runs_topic: Topic) -> Iterator[Log]:
    tables = PostgresLog(payout_engine.url, partitions=3)
    with payout_engine.begin() as connection:
        own = {"login": login_of("payout"), "topic": runs_topic.name}
        connection.execute(text("insert into log.publisher (login, topic) values (:login, :topic)"), own)
    if request.param == "postgres":
        tables.ensure([ROSTER, EARNINGS, runs_topic])
        yield tables
        tables.close()
        return
    tables.begun_as("kafka")
    kafka = KafkaLog(request.getfixturevalue("kafka_servers"), tables, partitions=3)
    kafka.ensure([ROSTER, EARNINGS, runs_topic])
    stop = threading.Event()
    relay = threading.Thread(target=Relay(tables, kafka.producer).run, args=(stop,))
    relay.start()
    yield kafka
    stop.set()
    relay.join()
    kafka.close()


class Topics:
    """What lies in the topic of runs."""

    def __init__(self, log: Log, topic: Topic) -> None:
        self._log, self._topic = log, topic

    def published(self, run: str) -> list[RunChanged]:
        """Every record of a run, in order."""
        return [
            RunChanged.model_validate_json(stored.record.value or b"")
            for stored in self._log.scan(self._topic)
            if stored.record.key == run
        ]

    def text(self) -> str:
        """All of it, as bytes on the road."""
        return "\n".join((stored.record.value or b"").decode() for stored in self._log.scan(self._topic))

    def wait_for(self, run: str, state: str) -> RunChanged:
        """The run, once that state of it has arrived."""

        def arrived() -> bool:
            found = self.published(run)
            return bool(found) and found[-1].state == state

        until(arrived)
        return self.published(run)[-1]


@pytest.fixture
def topics(log: Log, runs_topic: Topic) -> Topics:
    return Topics(log, runs_topic)


def acknowledge(desk: Desk, run: str) -> None:
    """As payroll, that it has everything."""
    batch = desk.get(f"/v1/payroll/batches/{run}", "payroll").json()
    said = {name: batch[name] for name in ("sha256", "record_count", "control_totals")}
    headers = {"authorization": "Bearer key-payroll", "idempotency-key": f"ack-{run}"}
    for _ in range(2):
        answer = desk.client.post(f"/v1/payroll/batches/{run}/ack", json=said | {"status": "accepted"}, headers=headers)
        assert answer.is_success, answer.text


def test_a_run_is_published_whenever_its_state_changes(book: Book, desk: Desk, topics: Topics) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 12_345)), earned("bob", "2025-11", 1, ("USD", -500))])
    run = desk.pay("2025-11")["id"]
    desk.do(run, "export", "dana")  # asked twice, as by whom the first answer did not reach
    acknowledge(desk, run)
    desk.do(run, "pay", "dana")
    paid = topics.wait_for(run, "paid")
    found = topics.published(run)
    states = ["draft", "calculated", "submitted", "approved", "exported", "acknowledged", "paid"]
    assert [changed.state for changed in found] == states
    revisions = [changed.revision for changed in found]
    assert revisions == sorted(set(revisions))
    assert (paid.statements, paid.adjustments, paid.corrections, paid.clawbacks) == (2, 0, 0, 0)
    assert [amounts.model_dump() for amounts in paid.amounts] == [
        {"currency": "USD", "participants": 1, "paid": 12_345, "adjusted": 0, "corrected": 0, "clawed_back": 0}
        | {"earned": 11_845, "cost": 11_845}
    ]
    assert [(changed.statements, changed.amounts) for changed in found[:1]] == [(0, [])]
    assert [len(changed.batches) for changed in found] == [0, 0, 0, 0, 1, 1, 1]
    assert [changed.batches[0].acknowledged_at is None for changed in found[4:]] == [True, False, False]
    assert (paid.pay_group, paid.pay_period, paid.pay_date.isoformat()[:7], paid.kind) == (
        "default",
        "2025-11",
        "2025-12",
        "regular",
    )


def test_what_is_not_simply_earned_is_counted_and_nobody_is_named(book: Book, desk: Desk, topics: Topics) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 500)), earned("bob", "2025-11", 1, ("USD", 700), ("EUR", 90))])
    desk.pay("2025-11")
    book([earned("ada", "2025-11", 2, ("USD", 450)), earned("bob", "2025-11", 2, ("USD", 730), ("EUR", 90))])
    book([earned("ada", "2025-12", 1, ("USD", 1000)), earned("bob", "2025-12", 1, ("USD", 1000))])
    adjust(desk, "-2.00", "2025-12")
    adjust(desk, "1.00", "2025-11", number=2)
    run = desk.draft("2025-12")["id"]
    calculated = topics.wait_for(run, "calculated")
    assert (calculated.statements, calculated.adjustments) == (2, 2)
    assert (calculated.corrections, calculated.clawbacks) == (2, 1)
    assert [amounts.model_dump() for amounts in calculated.amounts] == [
        {"currency": "USD", "participants": 2, "paid": 1880, "adjusted": 300, "corrected": 80, "clawed_back": 50}
        | {"earned": 1980, "cost": 1880}
    ]
    for who in ("ada", "bob"):
        assert who not in topics.text()


def test_a_run_that_does_not_move_is_not_published(book: Book, desk: Desk, topics: Topics) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 500))])
    run = desk.draft("2025-11")["id"]
    assert desk.post(f"/v1/runs/{run}/approve", "frank").status_code == 409
    desk.do(run, "cancel", "dana")
    topics.wait_for(run, "cancelled")
    assert [changed.state for changed in topics.published(run)] == ["draft", "calculated", "cancelled"]


def test_runs_of_before_are_published_once_and_as_they_stand(
    book: Book, desk: Desk, topics: Topics, log: Log, payout_engine: Engine, service_engine: Engine
) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 500)), earned("ada", "2025-12", 1, ("USD", 600))])
    before = [desk.pay("2025-11")["id"], desk.draft("2025-12")["id"]]
    seen = {run: topics.wait_for(run, state) for run, state in zip(before, ("exported", "calculated"), strict=True)}
    counts = {run: len(topics.published(run)) for run in before}
    with payout_engine.begin() as connection:  # as an installation is that was begun before runs were published
        connection.execute(text("alter table run_publication disable trigger user"))
        connection.execute(text("delete from run_publication"))
    for _ in range(2):
        publish_unpublished(service_engine, log)
    later = desk.do(before[1], "cancel", "dana")["id"]
    topics.wait_for(later, "cancelled")
    assert len(topics.published(before[0])) == counts[before[0]] + 1
    assert topics.published(before[0])[-1] == seen[before[0]]
    assert [changed.state for changed in topics.published(later)] == ["draft", *["calculated"] * 2, "cancelled"]


def test_what_is_rolled_back_was_never_published(
    book: Book, desk: Desk, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 500))])
    run = desk.draft("2025-11")["id"]

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("the broker of this test is gone")

    with monkeypatch.context() as patched:
        patched.setattr(PostgresLog, "publish", fails)
        with pytest.raises(RuntimeError):
            desk.post(f"/v1/runs/{run}/submit", "dana")
    assert desk.get(f"/v1/runs/{run}").json()["state"] == "calculated"
    desk.do(run, "submit", "dana")
    topics.wait_for(run, "submitted")
    assert [changed.state for changed in topics.published(run)] == ["draft", "calculated", "submitted"]
