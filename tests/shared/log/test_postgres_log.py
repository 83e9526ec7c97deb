"""The embedded log, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from shared.contracts.topics import Topic
from shared.log.membership import assign
from shared.log.port import Partition, PositionOutOfRange
from shared.log.postgres import PostgresLog
from tests.shared.log.suite import PARTITIONS, SESSION_SECONDS, LogCases, follow, joined, records
from tests.shared.log.worker_suite import OUT, WorkerCases
from tests.waiting import until


@pytest.fixture
def log(engine: Engine) -> Iterator[PostgresLog]:
    log = PostgresLog(engine.url, PARTITIONS, session_seconds=SESSION_SECONDS)
    yield log
    log.close()


@pytest.fixture
def impatient(engine: Engine) -> Iterator[PostgresLog]:
    """The same log for members that are missed after two seconds."""
    other = PostgresLog(engine.url, PARTITIONS, session_seconds=2)
    yield other
    other.close()


@pytest.fixture
def topic(log: PostgresLog) -> Topic:
    topic = Topic("things")
    log.ensure([topic, OUT])
    return topic


class TestPostgresLog(LogCases):
    def test_a_member_that_died_loses_its_share_after_the_session(self, impatient: PostgresLog, topic: Topic) -> None:
        dead = impatient.consumer("death", [topic], member="dead")
        dead._membership._stop.set()  # as if its process had been stopped: no heartbeat, no farewell
        with joined(impatient, "death", topic, "living") as living:
            until(lambda: follow(living) == [] and len(living.assignment()) == PARTITIONS // 2)
            until(lambda: follow(living) == [] and len(living.assignment()) == PARTITIONS)

    def test_a_member_thought_dead_joins_again_and_seeks_again(
        self, impatient: PostgresLog, topic: Topic, engine: Engine
    ) -> None:
        with joined(impatient, "revival", topic, "one") as consumer:
            until(lambda: follow(consumer) == [] and not consumer.newly_assigned() and bool(consumer.assignment()))
            with engine.begin() as connection:
                connection.exec_driver_sql("delete from log.member")
            until(lambda: consumer.poll(0.1, 10) == [] and len(consumer.newly_assigned()) == PARTITIONS)

    def test_a_position_no_longer_held_is_out_of_range(self, log: PostgresLog, topic: Topic, engine: Engine) -> None:
        [(number, _)] = log.append(topic, records(10, keys=1))[:1]
        partition = Partition(topic.name, number)
        with engine.begin() as connection:
            connection.exec_driver_sql("delete from log.entry where position < 4")
        with pytest.raises(PositionOutOfRange) as caught:
            log.read(partition, 3, limit=10)
        assert (caught.value.first, caught.value.end) == (4, 10)
        assert log.first(partition) == 4
        assert [stored.position for stored in log.read(partition, 4, limit=10)] == [4, 5, 6, 7, 8, 9]

    def test_partitions_are_dealt_out_evenly_and_each_to_one_member(self) -> None:
        partitions = [Partition("a", number) for number in range(7)]
        shares = [assign(partitions, ["x", "y", "z"], member=member) for member in "xyz"]
        assert sorted(map(len, shares)) == [2, 2, 3]
        assert set().union(*shares) == set(partitions)
        assert assign(partitions, ["x"], member="gone") == set()


class TestWorkerOverPostgres(WorkerCases):
    pass
