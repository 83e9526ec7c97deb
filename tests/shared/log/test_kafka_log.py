"""Kafka behind the port, on a real Apache Kafka, with its outbox and relay on a real PostgreSQL."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from shared.contracts.topics import Topic
from shared.log.kafka import KafkaLog, PartitionsDiffer
from shared.log.kafka_producer import Producer
from shared.log.port import LogUnavailable, Partition, Record
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


class TestKafkaLog(LogCases):
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
