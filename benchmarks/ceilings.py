"""What this machine can do at best, measured in the same run: the yardsticks of every other figure."""

from __future__ import annotations

import uuid
from time import perf_counter

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from sqlalchemy import Engine, text

EVENT = b"x" * 300
BATCH = 500


_MADE = (
    "drop schema if exists bench cascade",
    "create schema bench",
    "create table bench.seen(id uuid primary key, body bytea not null)",
    "create table bench.state(payee text primary key, credited bigint not null)",
    "create table bench.outbox(id bigint generated always as identity primary key, payee text, body bytea)",
    "create table bench.position(next bigint not null)",
    "insert into bench.position values (0)",
)
_BATCH = (
    "insert into bench.seen select * from unnest(cast(:ids as uuid[]), cast(:bodies as bytea[])) "
    "on conflict do nothing",
    # Sorted, as everywhere where several transactions write the same rows: in one order nobody waits in a circle.
    "insert into bench.state select p, 100 * count(*) from unnest(cast(:payees as text[])) p group by p order by p "
    "on conflict (payee) do update set credited = bench.state.credited + excluded.credited",
    "insert into bench.outbox(payee, body) "
    "select p, :body from (select distinct p from unnest(cast(:payees as text[])) p) q",
    "update bench.position set next = :end where next = :start",
)


def transactions(engine: Engine, events: int = 50_000, payees: int = 10_000) -> float:
    """Events per second through the least that exactly-once can cost in PostgreSQL, with fsync on.

    One transaction per 500 events: a dedupe row and an addition to a payee's state per event, an outbox row per payee,
    and the position. No validation, no crediting, no HTTP: Earnest does all that too, in several such steps.
    """
    with engine.begin() as connection:
        for made in _MADE:
            connection.execute(text(made))
    # Made before the clock starts: the ceiling is the database's, not that of a loop in Python.
    batches = [
        {
            "ids": [uuid.uuid4() for _ in range(BATCH)],
            "bodies": [EVENT] * BATCH,
            # A prime step visits all payees before one comes again, so a batch touches 500 different rows.
            "payees": [f"p{(start + number) * 7919 % payees}" for number in range(BATCH)],
            "body": EVENT,
            "start": start,
            "end": start + BATCH,
        }
        for start in range(0, events, BATCH)
    ]
    statements = [text(written) for written in _BATCH]
    begun = perf_counter()
    for batch in batches:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(statement, batch)
    seconds = perf_counter() - begun
    with engine.begin() as connection:
        connection.execute(text("drop schema bench cascade"))
    return events / seconds


def kafka(servers: str, records: int = 60_000) -> tuple[float, float]:
    """Records per second that kafka-python produces (idempotent, acknowledged by all) and consumes, four partitions."""
    topic = f"bench-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics([NewTopic(topic, num_partitions=4, replication_factor=1)])
    admin.wait_for_topics([topic])
    producer = KafkaProducer(
        bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=5, batch_size=65536
    )
    begun = perf_counter()
    for number in range(records):
        future = producer.send(topic, EVENT, key=b"%d" % number)
        # Now and then an answer is waited for: else the producer would only fill its own memory.
        if number % 10_000 == 9_999:
            future.get(timeout=60)  # type: ignore[no-untyped-call]
    producer.flush(timeout=120)
    produced = records / (perf_counter() - begun)
    producer.close()
    partitions = [TopicPartition(topic, number) for number in range(4)]
    consumer = KafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest", enable_auto_commit=False)
    consumer.assign(partitions)
    seen, begun = 0, perf_counter()
    while seen < records:
        seen += sum(len(fetched) for fetched in consumer.poll(timeout_ms=1000, max_records=5000).values())
    consumed = records / (perf_counter() - begun)
    consumer.close()
    admin.delete_topics([topic])
    admin.close()
    return produced, consumed
