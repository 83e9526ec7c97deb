"""Kafka behind the port, on a real Apache Kafka, with its outbox and relay on a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.coordinator.base import BaseCoordinator
from kafka.errors import CommitFailedError, InconsistentGroupProtocolError, NotCoordinatorError, UnknownMemberIdError

from shared.contracts.topics import Topic
from shared.log.kafka import KafkaLog, PartitionsDiffer
from shared.log.kafka_consumer import GroupConsumer
from shared.log.kafka_producer import Producer
from shared.log.port import Consumer, LogUnavailable, Partition, Record, Stored
from shared.log.positions import Bookmark
from shared.log.positions import follow as follow_turns
from shared.log.tally import Tally
from tests.shared.log.suite import PARTITIONS, LogCases, follow, joined, records
from tests.shared.log.worker_suite import WorkerCases
from tests.waiting import until


@pytest.fixture
def log(kafka_log: KafkaLog) -> KafkaLog:
    return kafka_log


@pytest.fixture
def topic(kafka_topic: Topic) -> Topic:
    return kafka_topic


@contextmanager
def standing_still(servers: str) -> Iterator[None]:
    """The broker is there but does nothing, as on a machine that hangs."""
    port = int(servers.rsplit(":", 1)[1])
    [broker] = {
        each.pid for each in psutil.net_connections("tcp") if each.status == "LISTEN" and each.laddr.port == port
    }
    assert broker is not None
    os.kill(broker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker, signal.SIGCONT)


def appended(log: KafkaLog, topic: Topic) -> bool:
    try:
        return len(log.append(topic, records(10))) == 10
    except LogUnavailable:
        return False


def followed(consumer: Consumer) -> list[Stored]:
    """One poll, of which no answer is no record."""
    try:
        return follow(consumer)
    except LogUnavailable:
        return []


def failing_once(error: Exception, then: Callable[..., Any]) -> Callable[..., Any]:
    """`then`, but for its first call."""
    failures = [error]

    def call(*args: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return then(*args, **named)

    return call


def io_threads() -> int:
    return sum(thread.name.startswith("kafka-io") for thread in threading.enumerate())


class TestKafkaLog(LogCases):
    def test_a_member_that_polls_shortly_beside_long_batches_comes_into_its_group(
        self, log: KafkaLog, topic: Topic
    ) -> None:
        def polled_shortly(consumer: Consumer) -> bool:
            consumer.poll(0.001, 10)
            time.sleep(0.3)  # a batch, in which the broker answers
            return len(consumer.assignment()) == PARTITIONS

        with joined(log, "short", topic, "one") as consumer:
            until(lambda: polled_shortly(consumer), "an assignment")

    @pytest.mark.parametrize(
        ("where", "step", "error"),
        [
            (BaseCoordinator, "_process_sync_group_response", InconsistentGroupProtocolError("not what was asked for")),
            (BaseCoordinator, "_process_join_group_response", UnknownMemberIdError("it was thought dead")),
            (BaseCoordinator, "_process_join_group_response", NotCoordinatorError("another one is")),
            (GroupConsumer, "take_on", RuntimeError("a callback fails")),
        ],
    )
    def test_a_member_whose_join_fails_joins_again(
        self, where: type, step: str, error: Exception, log: KafkaLog, topic: Topic, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log.append(topic, records(40))
        monkeypatch.setattr(where, step, failing_once(error, getattr(where, step)))
        with joined(log, "failing", topic, "one") as consumer:
            found: list[Stored] = []
            until(lambda: len(found.extend(followed(consumer)) or found) == 40)  # type: ignore[func-returns-value]

    def test_a_member_whose_heartbeat_ended_begins_anew(
        self, log: KafkaLog, topic: Topic, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        beats: list[object] = []

        async def beat(coordinator: object) -> None:
            beats.append(coordinator)
            if len(beats) == 1:
                raise CommitFailedError

        def polled(consumer: Consumer) -> bool:
            with suppress(LogUnavailable):
                consumer.poll(0.1, 10)
            return True

        monkeypatch.setattr(BaseCoordinator, "_do_heartbeat", beat)
        monkeypatch.setattr(log, "_session_seconds", 4)
        with joined(log, "beats", topic, "one") as consumer:
            # Without partitions of its own, or with none sought, nothing else tells it that its place is gone.
            until(lambda: polled(consumer) and len(beats) > 1, "a heartbeat")
        assert beats[0] is not beats[1]

    def test_a_client_that_reaches_no_broker_leaves_no_thread_behind(self, log: KafkaLog, topic: Topic) -> None:
        before = io_threads()
        with pytest.raises(LogUnavailable):
            GroupConsumer("127.0.0.1:1", "nowhere", topics=[topic.name], member="one", session_seconds=4)
        assert io_threads() == before

    def test_a_sender_that_neither_delivers_nor_fails_is_replaced(
        self, log: KafkaLog, topic: Topic, kafka_servers: str
    ) -> None:
        producer = Producer(kafka_servers, delivery_seconds=3600, settle_seconds=1.5)  # an hour is not waited for
        placed = log.outbox.place([(topic, record) for record in records(3000)])
        assert None not in producer.deliver(placed[:10])
        with standing_still(kafka_servers):
            offsets = producer.deliver(placed)
        assert offsets == [None] * 3000  # the second portion was not even tried
        until(lambda: None not in producer.deliver(placed[:10]))
        producer.close()
        assert not [thread for thread in threading.enumerate() if thread.name == "earnest-network-thread"]

    def test_an_append_without_an_answer_says_that_the_log_is_unavailable(
        self, log: KafkaLog, topic: Topic, kafka_servers: str
    ) -> None:
        log.producer.close()
        log.producer = Producer(kafka_servers, delivery_seconds=1, settle_seconds=5)
        log.append(topic, records(10))
        with standing_still(kafka_servers), pytest.raises(LogUnavailable):
            log.append(topic, records(10))
        until(lambda: appended(log, topic))

    def test_what_another_producer_wrote_is_given_even_without_a_key_or_as_no_text(
        self, log: KafkaLog, topic: Topic, kafka_servers: str
    ) -> None:
        producer = KafkaProducer(bootstrap_servers=kafka_servers)
        producer.send(topic.name, b"value", partition=0, headers=[("odd", b"\xff"), ("earnest-origin", b"odd")]).get(10)
        producer.close()
        [stored] = log.read(Partition(topic.name, 0), 0, limit=1)
        assert stored.record == Record("", b"value", {"odd": "\\xff", "earnest-origin": "odd"})
        assert follow_turns([stored], {stored.partition: Bookmark(0, -1, Tally())}, compacted=set()).records == [stored]

    def test_a_broker_that_does_not_exist_is_an_unavailable_log(self, log: KafkaLog, topic: Topic) -> None:
        log.producer = Producer("127.0.0.1:1", delivery_seconds=2)
        with pytest.raises(LogUnavailable):
            log.append(topic, records(1))

    def test_a_topic_with_another_number_of_partitions_than_its_outbox_is_refused(
        self, log: KafkaLog, topic: Topic
    ) -> None:
        grown = Topic(f"{topic.name}-grown")
        log.outbox.create({grown.name: PARTITIONS + 1})
        with pytest.raises(PartitionsDiffer):
            log.ensure([grown])

    def test_the_group_tells_kafka_how_far_it_is(self, log: KafkaLog, topic: Topic, kafka_servers: str) -> None:
        [(number, _)] = log.append(topic, records(1))
        group = f"hints-{topic.name}"
        with joined(log, group, topic, "one") as consumer:
            until(lambda: bool(follow(consumer)))
            consumer.hint({Partition(topic.name, number): 1})
            admin = KafkaAdminClient(bootstrap_servers=kafka_servers)
            place = TopicPartition(topic.name, number)

            def told() -> bool:
                consumer.poll(0.1, 10)
                offsets = admin.list_group_offsets({group: None})[group]
                return place in offsets and offsets[place].offset == 1

            until(told, "the group's offset")
            admin.close()


class TestWorkerOverKafka(WorkerCases):
    pass
