"""The relay from the outbox to Kafka: in order, and whatever it sends twice counts once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from shared.contracts.topics import Topic
from shared.log import store
from shared.log.kafka import KafkaLog
from shared.log.port import LogUnavailable, Partition, Record, Stored
from shared.log.positions import Bookmark, PositionConflict, follow
from shared.log.relay import Relay
from shared.log.tally import Tally
from shared.log.worker import Worker
from tests.shared.log import worker_suite
from tests.shared.log.suite import records
from tests.shared.log.worker_suite import counted, running, total
from tests.waiting import until


class Flaky:
    """A producer that sends everything but hears only some acknowledgements, as when connections break."""

    def __init__(self, log: KafkaLog, deaf_to: Callable[[int], bool]) -> None:
        self._log, self._deaf_to = log, deaf_to

    def deliver(self, placed: Sequence[tuple[Partition, Record]]) -> list[int | None]:
        offsets = self._log.producer.deliver(placed)
        return [None if self._deaf_to(index) else offset for index, offset in enumerate(offsets)]


def publish(log: KafkaLog, engine: Engine, topic: Topic, sent: list[Record]) -> dict[Partition, int]:
    with engine.begin() as connection:
        log.publish(connection, [(topic, record) for record in sent])
    return dict.fromkeys(log.outbox.partitions(topic.name), 0)


def left(log: KafkaLog, topic: Topic) -> int:
    with log.outbox.connection() as connection:
        [number] = connection.execute("select count(*) from log.entry where topic = %s", [topic.name]).fetchone() or [0]
    return int(number)


def test_what_a_relay_sends_twice_counts_once(bare_kafka: KafkaLog, kafka_topic: Topic, engine: Engine) -> None:
    starts = publish(bare_kafka, engine, kafka_topic, records(500))
    for deaf_to in (lambda _: True, lambda index: index % 7 == 3, lambda _: False):
        relay = Relay(bare_kafka.outbox, Flaky(bare_kafka, deaf_to))  # type: ignore[arg-type]
        with psycopg.connect(bare_kafka.outbox.conninfo, autocommit=True) as connection:
            try:
                while relay.relay(connection, starts):
                    pass
            except LogUnavailable:
                starts = {lane: store.first(connection, lane) for lane in starts}
    assert left(bare_kafka, kafka_topic) == 0
    assert sum(bare_kafka.ends(kafka_topic).values()) > 1000
    with running(
        Worker("counter", bare_kafka, engine=engine, topics=[kafka_topic], step=worker_suite.count, member="one")
    ):
        until(lambda: total(engine) >= 500)
        bare_kafka.append(kafka_topic, [Record("last", b"")])
        until(lambda: "last" in counted(engine))
    assert counted(engine) == {**{f"key-{key}": 25 for key in range(20)}, "last": 1}


def test_records_after_one_without_acknowledgement_stay_in_the_outbox(
    bare_kafka: KafkaLog,
    kafka_topic: Topic,
    engine: Engine,
) -> None:
    starts = publish(bare_kafka, engine, kafka_topic, records(10, keys=1))
    relay = Relay(bare_kafka.outbox, Flaky(bare_kafka, lambda index: index == 4))  # type: ignore[arg-type]
    with psycopg.connect(bare_kafka.outbox.conninfo, autocommit=True) as connection, pytest.raises(LogUnavailable):
        relay.relay(connection, starts)
    assert left(bare_kafka, kafka_topic) == 6


def test_one_relay_works_and_another_takes_over(bare_kafka: KafkaLog, kafka_topic: Topic, engine: Engine) -> None:
    stops = [threading.Event(), threading.Event()]
    relays = [
        threading.Thread(target=Relay(bare_kafka.outbox, bare_kafka.producer).run, args=(stop,)) for stop in stops
    ]
    for relay in relays:
        relay.start()
    for stop, thread in zip(stops, relays, strict=True):
        publish(bare_kafka, engine, kafka_topic, records(200))
        until(lambda: left(bare_kafka, kafka_topic) == 0)
        stop.set()
        thread.join()
    assert sum(bare_kafka.ends(kafka_topic).values()) == 400


def test_a_topic_created_while_a_relay_works_is_relayed_too(kafka_log: KafkaLog, engine: Engine) -> None:
    late = Topic(f"late-{random.Random().getrandbits(48):012x}")
    kafka_log.ensure([late])
    publish(kafka_log, engine, late, records(20))
    until(lambda: sum(kafka_log.ends(late).values()) == 20)


LANE = Partition("things", 0)


def at(position: int, origin: int | None) -> Stored:
    return Stored(LANE, position, Record("k", b"", {} if origin is None else {"earnest-origin": str(origin)}), 0.0)


@pytest.mark.parametrize(
    ("origins", "seen", "taken"),
    [
        ([0, 1, 2], -1, [0, 1, 2]),
        ([0, 1, 0, 1, 2], -1, [0, 1, 2]),
        ([0, 2, 1, 2], -1, [0, 1, 2]),  # 1 failed at first, 2 did not
        ([3, 0, 1, 2, 3], -1, [0, 1, 2, 3]),
        ([7, 8, 7, 9], None, [7, 8, 9]),  # the log was trimmed: the first one is right
        ([None, 0, None, 0], -1, [None, 0, None]),
    ],
)
def test_a_relayed_record_is_taken_when_its_origin_follows_the_last(
    origins: list[int | None], seen: int | None, taken: list[int | None]
) -> None:
    batch = [at(position, origin) for position, origin in enumerate(origins)]
    turn = follow(batch, {LANE: Bookmark(0, seen, Tally())}, compacted=set())
    found = [stored.record.headers.get("earnest-origin") for stored in turn.records]
    assert found == [None if origin is None else str(origin) for origin in taken]
    assert turn.after[LANE].next_position == len(origins)
    assert len(turn.records) + turn.repeated + turn.ahead == len(origins)


FATES = st.lists(st.sampled_from(["heard", "unheard", "lost"]), max_size=12)


@given(st.lists(FATES, max_size=6), st.lists(st.integers(1, 8)))
def test_whatever_a_relay_has_to_send_again_each_record_is_taken_once_and_in_order(
    attempts: list[list[str]], sizes: list[int]
) -> None:
    number, first = 12, 0
    arrived: list[int] = []
    for attempt in [*attempts, ["heard"] * number]:
        fates = attempt[: number - first]
        arrived += [first + index for index, fate in enumerate(fates) if fate != "lost"]
        first += next((index for index, fate in enumerate(fates) if fate != "heard"), len(fates))
    batch = [at(position, origin) for position, origin in enumerate(arrived)]
    bookmarks, taken = {LANE: Bookmark(0, -1, Tally())}, []
    while batch:
        size = sizes.pop() if sizes else len(batch)
        turn = follow(batch[:size], bookmarks, compacted=set())
        taken += [int(stored.record.headers["earnest-origin"]) for stored in turn.records]
        bookmarks, batch = turn.after, batch[size:]
    assert taken == list(range(number))


@pytest.mark.parametrize("position", [4, 6])
def test_a_batch_that_does_not_go_on_where_the_worker_is_is_refused(position: int) -> None:
    with pytest.raises(PositionConflict):
        follow([at(position, None)], {LANE: Bookmark(5, -1, Tally())}, compacted=set())


def test_a_compacted_topic_may_have_gaps_but_not_go_back() -> None:
    bookmarks = {LANE: Bookmark(5, -1, Tally())}
    turn = follow([at(6, 9), at(8, 9)], bookmarks, compacted={"things"})
    assert len(turn.records) == 2
    assert turn.after[LANE].next_position == 9
    with pytest.raises(PositionConflict):
        follow([at(4, None)], bookmarks, compacted={"things"})
