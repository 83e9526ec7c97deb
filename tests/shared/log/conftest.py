"""A database with worker tables, and Kafka as a log with and without its relay."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url

from shared.contracts.topics import Topic
from shared.database import engine_for, migrate
from shared.log.kafka import KafkaLog
from shared.log.postgres import PostgresLog
from shared.log.relay import Relay
from tests.shared.log import worker_suite
from tests.shared.log.suite import PARTITIONS, SESSION_SECONDS


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "public")
    worker_suite.prepare(engine)
    tables = engine_for(engine.url, "log")
    migrate(tables, "log", package="shared.log")
    tables.dispose()
    yield engine
    engine.dispose()


@pytest.fixture
def bare_kafka(engine: Engine, kafka_servers: str) -> Iterator[KafkaLog]:
    """A log in Kafka whose relay does not run."""
    outbox = PostgresLog(engine.url, PARTITIONS)
    outbox.begun_as("kafka")
    log = KafkaLog(kafka_servers, outbox, partitions=PARTITIONS, session_seconds=SESSION_SECONDS)
    yield log
    log.close()


@pytest.fixture
def kafka_topic(bare_kafka: KafkaLog, monkeypatch: pytest.MonkeyPatch) -> Topic:
    """A topic of this test's own: the broker is shared by all tests."""
    mark = f"{random.Random().getrandbits(48):012x}"
    monkeypatch.setattr(worker_suite, "OUT", Topic(f"counted-{mark}"))
    topic = Topic(f"things-{mark}")
    bare_kafka.ensure([topic, worker_suite.OUT])
    return topic


@pytest.fixture
def kafka_log(bare_kafka: KafkaLog, kafka_topic: Topic) -> Iterator[KafkaLog]:
    """A log in Kafka with its relay, and topics."""
    stop = threading.Event()
    relay = threading.Thread(target=Relay(bare_kafka.outbox, bare_kafka.producer).run, args=(stop,))
    relay.start()
    yield bare_kafka
    stop.set()
    relay.join()
