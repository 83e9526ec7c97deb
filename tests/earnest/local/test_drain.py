"""Waiting until nothing is on its way any more."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import make_url

from earnest.local.drain import unsent
from earnest.local.postgres import Postgres
from shared.contracts.topics import Topic
from shared.database import engine_for
from shared.log.kafka import KafkaLog
from shared.log.port import Record
from shared.log.postgres import PostgresLog
from shared.log.relay import Relay
from tests.databases import fresh_database
from tests.waiting import until


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[..., str]) -> Iterator[str]:
    """`postgresql://` URL of a database with all tables, which this test has for itself."""
    with fresh_database(postgres_server, template()) as url:
        yield url


def test_what_waits_for_the_relay_to_kafka_is_on_its_way_too(database_url: str, kafka_servers: str) -> None:
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "public", pool_size=1)
    outbox = PostgresLog(engine.url, 2)
    outbox.begun_as("kafka")
    log = KafkaLog(kafka_servers, outbox, partitions=2)
    topic, stop = Topic(f"unsent-{random.Random().getrandbits(48):012x}"), threading.Event()
    try:
        log.ensure([topic])
        with engine.begin() as connection:
            log.publish(connection, [(topic, Record(f"k{number}", b"x", {})) for number in range(3)])
        assert (unsent(log, topic), sum(log.ends(topic).values())) == (3, 0)
        relay = threading.Thread(target=Relay(log.outbox, log.producer).run, args=(stop,))
        relay.start()
        until(lambda: not unsent(log, topic))
        stop.set()
        relay.join()
        assert (unsent(log, topic), sum(log.ends(topic).values())) == (0, 3)
    finally:
        stop.set()
        log.close()
        engine.dispose()
