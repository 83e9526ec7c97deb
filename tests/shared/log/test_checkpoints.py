"""The log as it was published: edits of its owner are told by the codes of records, by gaps, and by checkpoints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url, text

from shared.contracts.topics import Topic
from shared.database import engine_for
from shared.log import checkpoints
from shared.log.headers import MAC
from shared.log.kafka import KafkaLog
from shared.log.macs import is_authentic
from shared.log.port import Log, Partition, Record
from shared.log.postgres import PostgresLog
from shared.proof.chain import sign_commits
from shared.proof.signing import Signer

THINGS = Topic("things")
ONE = Partition("things", 0)


@pytest.fixture
def log(engine: Engine, signer: Signer) -> Iterator[PostgresLog]:
    opened = PostgresLog(engine.url, partitions=1, signer=signer)
    opened.ensure([THINGS])
    yield opened
    opened.close()


@pytest.fixture
def chained(log: PostgresLog, signer: Signer) -> Iterator[Engine]:
    """The tables of the log, for checkpoints."""
    engine = sign_commits(log_engine(log), checkpoints.CHAIN, signer=signer)
    yield engine
    engine.dispose()


def log_engine(log: PostgresLog) -> Engine:
    return engine_for(make_url(log.conninfo).set(drivername="postgresql+psycopg"), "log")


def told(log: Log, chained: Engine, signer: Signer, topic: Topic = THINGS) -> list[str]:
    with chained.connect() as connection:
        found = checkpoints.verify_chain(connection, signer.public_key)
        made = checkpoints.kept(connection)
    return found + list(checkpoints.differences(log, [topic], checkpoints=made, signer=signer))


def fill(log: Log, topic: Topic = THINGS, number: int = 5) -> None:
    log.append(topic, [Record(str(each), f"value {each}".encode(), {"by": "crm"}) for each in range(number)])


def by_owner(chained: Engine, *statements: str) -> None:
    with chained.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))


FORGED = """
    insert into log.entry (topic, partition, position, key, value, headers) values ('things', 0, 5, '9', 'mine', '{}')"""
LONGER = "update log.head set next_position = next_position + 1 where topic = 'things'"


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        (["update log.entry set value = 'another' where topic = 'things' and position = 2"], "things/0/2: the record is not one that a service published"),
        (["update log.entry set key = '3' where topic = 'things' and position = 2"], "things/0/2: the record is not one that a service published"),
        (["update log.entry set headers = '{\"by\":\"dana\"}' where topic = 'things' and position = 2"], "things/0/2: the record is not one that a service published"),
        (["delete from log.entry where topic = 'things' and position = 2"], "things/0/2: 1 records from here on are missing"),
        (["delete from log.entry where topic = 'things' and position = 4"], "things/0/4: 1 records from here on are missing"),
        (["delete from log.entry where topic = 'things' and position = 0"], "things/0/0: 1 records from here on are missing"),
        ([FORGED, LONGER], "things/0/5: the record is not one that a service published"),
    ],
)  # fmt: skip
def test_an_edit_of_the_log_is_told(
    log: PostgresLog, chained: Engine, signer: Signer, edits: list[str], sentence: str
) -> None:
    checkpoints.make(chained, log, [THINGS])
    fill(log)
    assert told(log, chained, signer) == []
    by_owner(chained, *edits)
    assert told(log, chained, signer) == [sentence]


CUT = [
    "delete from log.entry where topic = 'things' and position >= 3",
    "update log.head set next_position = 3 where topic = 'things'",
]
EXCHANGED = [
    "update log.entry e set key = o.key, value = o.value, headers = o.headers from log.entry o "
    "where e.topic = 'things' and o.topic = 'things' and e.position = 1 and o.position = 2"
]


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        (CUT, "things/0/3: 2 records that were there are missing"),
        (EXCHANGED, "things/0/5: the records before it are not those that were there"),
    ],
)
def test_an_edit_with_records_that_a_service_did_publish_is_told_by_a_checkpoint(
    log: PostgresLog, chained: Engine, signer: Signer, edits: list[str], sentence: str
) -> None:
    fill(log)
    assert checkpoints.make(chained, log, [THINGS]) == 5
    assert checkpoints.make(chained, log, [THINGS]) == 0
    assert told(log, chained, signer) == []
    by_owner(chained, *edits)
    assert told(log, chained, signer) == [sentence]


def test_a_checkpoint_goes_on_from_the_one_before(log: PostgresLog, chained: Engine, signer: Signer) -> None:
    for _ in range(3):
        fill(log)
        checkpoints.make(chained, log, [THINGS])
    with chained.connect() as connection:
        made = checkpoints.kept(connection)[ONE]
    assert [each.position for each in made] == [5, 10, 15]
    assert told(log, chained, signer) == []
    by_owner(chained, "update log.checkpoint set sha256 = repeat('0', 64) where position = 10")
    assert told(log, chained, signer) == [
        'checkpoint ["things", 0, 10] was changed',
        "things/0/10: the records before it are not those that were there",
    ]


def test_what_was_there_before_the_key_is_taken_over_with_the_first_checkpoint(
    log: PostgresLog, chained: Engine, signer: Signer
) -> None:
    before = PostgresLog(log_engine(log).url, partitions=1)
    fill(before)
    before.close()
    checkpoints.make(chained, log, [THINGS])
    fill(log)
    assert told(log, chained, signer) == []
    by_owner(chained, "update log.entry set value = 'another' where topic = 'things' and position = 2")
    assert told(log, chained, signer) == ["things/0/5: the records before it are not those that were there"]


def test_on_kafka_what_no_service_published_is_told(
    kafka_log: KafkaLog, kafka_topic: Topic, engine: Engine, signer: Signer
) -> None:
    outbox = PostgresLog(engine.url, partitions=kafka_log.outbox.partition_count(kafka_topic.name), signer=signer)
    signed = KafkaLog(kafka_log._servers, outbox, partitions=1)
    chained = sign_commits(log_engine(outbox), checkpoints.CHAIN, signer=signer)
    fill(signed, kafka_topic)
    checkpoints.make(chained, signed, [kafka_topic])
    assert told(signed, chained, signer, kafka_topic) == []
    kafka_log.append(kafka_topic, [Record("1", b"mine", {"by": "crm"})])
    [sentence] = told(signed, chained, signer, kafka_topic)
    assert sentence.endswith("the record is not one that a service published")
    chained.dispose()
    signed.close()


def test_a_code_is_of_one_topic_and_does_not_depend_on_where_a_record_came_from(
    log: PostgresLog, signer: Signer
) -> None:
    fill(log, number=1)
    [stored] = log.read(ONE, 0, limit=1)
    assert is_authentic("things", stored.record, signer=signer)
    assert not is_authentic("other", stored.record, signer=signer)
    relayed = Record(stored.record.key, stored.record.value, {**stored.record.headers, "earnest-origin": "7"})
    assert is_authentic("things", relayed, signer=signer)
    bare = {name: value for name, value in stored.record.headers.items() if name != MAC}
    assert not is_authentic("things", Record(stored.record.key, stored.record.value, bare), signer=signer)
