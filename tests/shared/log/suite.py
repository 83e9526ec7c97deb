"""What every log does. One class of cases for all logs; a test module inherits it and gives the `log` fixture."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine

from shared.contracts.topics import Topic
from shared.log.port import (
    MAX_RECORD_BYTES,
    Consumer,
    Log,
    MemberReplaced,
    Partition,
    PositionOutOfRange,
    Record,
    RecordTooLarge,
    Stored,
    UnknownTopic,
)
from tests.waiting import until

PARTITIONS = 4
SESSION_SECONDS = 20
"""How long a member that only falls silent keeps its share."""


def records(count: int, keys: int = 20, mark: str = "") -> list[Record]:
    """Records whose value tells their key and their number within it."""
    numbers: dict[str, int] = defaultdict(int)
    made = []
    for index in range(count):
        key = f"key-{index % keys}"
        made.append(Record(key, f"{mark}{key}:{numbers[key]}".encode()))
        numbers[key] += 1
    return made


def follow(consumer: Consumer, positions: dict[Partition, int] | None = None) -> list[Stored]:
    """One poll, seeking what is new to where `positions` says, or to the beginning."""
    stored = consumer.poll(0.1, 500)
    for partition in consumer.newly_assigned():
        consumer.seek(partition, (positions or {}).get(partition, 0))
    return stored


def collect(consumer: Consumer, enough: Callable[[list[Stored]], bool]) -> list[Stored]:
    """Poll until there is enough."""
    found: list[Stored] = []

    def polled() -> bool:
        found.extend(follow(consumer))
        return enough(found)

    until(polled, "a record")
    return found


@contextmanager
def joined(log: Log, group: str, topic: Topic, member: str) -> Iterator[Consumer]:
    """A consumer that is closed in the end."""
    consumer = log.consumer(group, [topic], member=member)
    try:
        yield consumer
    finally:
        consumer.close()


def values_by_key(found: Sequence[Stored]) -> dict[str, list[bytes | None]]:
    by_key: dict[str, list[bytes | None]] = defaultdict(list)
    for stored in found:
        by_key[stored.record.key].append(stored.record.value)
    return by_key


class LogCases:
    """The cases. `topic` is a new topic of `PARTITIONS` partitions; `engine` is a database a step may write to."""

    def test_records_of_a_key_come_in_the_order_they_were_appended(self, log: Log, topic: Topic) -> None:
        sent = records(1000)
        for start in range(0, 1000, 250):
            log.append(topic, sent[start : start + 250])
        with joined(log, "order", topic, "one") as consumer:
            found = collect(consumer, lambda found: len(found) >= 1000)
        for key, values in values_by_key(found).items():
            assert values == [f"{key}:{number}".encode() for number in range(len(values))]
        assert len({(stored.partition, stored.position) for stored in found}) == 1000

    def test_append_says_where_each_record_is(self, log: Log, topic: Topic) -> None:
        sent = records(50)
        for record, (number, position) in zip(sent, log.append(topic, sent), strict=True):
            [stored] = log.read(Partition(topic.name, number), position, limit=1)
            assert stored.record == record
            assert (stored.partition.number, stored.position) == (number, position)

    def test_an_empty_append_is_no_append(self, log: Log, topic: Topic) -> None:
        assert log.append(topic, []) == []

    def test_positions_are_gapless_under_four_concurrent_writers(self, log: Log, topic: Topic) -> None:
        def write(writer: int) -> list[tuple[int, int]]:
            given = []
            for start in range(0, 400, 20):
                given += log.append(topic, [Record(f"{writer}-{n % 7}", b"%d" % n) for n in range(start, start + 20)])
            return given

        with ThreadPoolExecutor(4) as pool:
            given = [place for places in pool.map(write, range(4)) for place in places]
        by_partition = defaultdict(set)
        for number, position in given:
            by_partition[number].add(position)
        assert sum(len(positions) for positions in by_partition.values()) == 1600
        for number, positions in by_partition.items():
            assert positions == set(range(len(positions)))
            assert log.ends(topic)[Partition(topic.name, number)] == len(positions)

    def test_insertion_and_commit_do_not_interleave_so_a_tailing_reader_never_passes_a_hole(
        self, log: Log, topic: Topic, engine: Engine
    ) -> None:
        def write(writer: int) -> None:
            for number in range(60):
                with engine.begin() as connection:
                    log.publish(
                        connection, [(topic, Record(f"{writer}", b"%d" % number)), (topic, Record("all", b"x"))]
                    )
                    time.sleep(0.001 * (number * writer % 5))

        def tail() -> list[Stored]:
            with joined(log, "tail", topic, "one") as consumer:
                return collect(consumer, lambda found: len(found) >= 4 * 60 * 2)

        with ThreadPoolExecutor(5) as pool:
            tailing = pool.submit(tail)
            for each in [pool.submit(write, writer) for writer in range(4)]:
                each.result()
            found = tailing.result()
        by_partition: dict[Partition, list[int]] = defaultdict(list)
        for stored in found:
            by_partition[stored.partition].append(stored.position)
        for positions in by_partition.values():
            assert positions == list(range(len(positions)))
        for writer in range(4):
            assert values_by_key(found)[str(writer)] == [b"%d" % number for number in range(60)]

    def test_what_is_published_without_a_commit_is_never_seen(self, log: Log, topic: Topic, engine: Engine) -> None:
        with engine.connect() as connection:
            log.publish(connection, [(topic, Record("a", b"lost"))])
            connection.rollback()
        with engine.begin() as connection:
            log.publish(connection, [(topic, Record("a", b"kept"))])
        with joined(log, "uncommitted", topic, "one") as consumer:
            found = collect(consumer, bool)
            found += follow(consumer)
        assert [stored.record.value for stored in found] == [b"kept"]

    def test_a_reader_resumes_at_the_position_it_asks_for(self, log: Log, topic: Topic) -> None:
        log.append(topic, records(200))
        with joined(log, "resume", topic, "one") as consumer:
            first = collect(consumer, lambda found: len(found) >= 200)
        reached = {stored.partition: stored.position + 1 for stored in first}
        log.append(topic, records(100, mark="later "))
        with joined(log, "resume", topic, "two") as consumer:
            found: list[Stored] = []
            until(lambda: len(found.extend(follow(consumer, reached)) or found) >= 100)  # type: ignore[func-returns-value]
        assert {(stored.partition, stored.position) for stored in found}.isdisjoint(
            (stored.partition, stored.position) for stored in first
        )
        assert all(stored.record.value.startswith(b"later ") for stored in found if stored.record.value)

    def test_seeking_back_gives_the_records_again(self, log: Log, topic: Topic) -> None:
        log.append(topic, records(100))
        with joined(log, "back", topic, "one") as consumer:
            first = collect(consumer, lambda found: len(found) >= 100)
            for partition in consumer.assignment():
                consumer.seek(partition, 0)
            again = collect(consumer, lambda found: len(found) >= 100)
        assert sorted(first, key=_place) == sorted(again, key=_place)

    def test_no_records_come_before_a_new_partition_was_sought(self, log: Log, topic: Topic) -> None:
        log.append(topic, records(100))
        with joined(log, "unsought", topic, "one") as consumer:
            until(lambda: consumer.poll(0.1, 100) == [] and len(consumer.newly_assigned()) == PARTITIONS)
            assert consumer.poll(0.3, 100) == []
            consumer.seek(min(consumer.newly_assigned()), 0)
            found: list[Stored] = []
            until(lambda: bool(found.extend(consumer.poll(0.1, 100)) or found))  # type: ignore[func-returns-value]
            assert {stored.partition for stored in found} <= {Partition(topic.name, 0)}

    def test_two_members_share_the_partitions_and_one_takes_over_at_once_when_the_other_closes(
        self, log: Log, topic: Topic
    ) -> None:
        everything = {Partition(topic.name, number) for number in range(PARTITIONS)}
        with joined(log, "shared", topic, "one") as one:
            until(lambda: follow(one) == [] and one.assignment() == everything)
            with joined(log, "shared", topic, "two") as two:
                shared = lambda: len(one.assignment()) == len(two.assignment()) == PARTITIONS // 2  # noqa: E731
                until(lambda: follow(one) + follow(two) == [] and shared())
                assert one.assignment() | two.assignment() == everything
            started = time.monotonic()
            until(lambda: follow(one) == [] and one.assignment() == everything)
            assert time.monotonic() - started < SESSION_SECONDS

    def test_nothing_is_missed_while_members_come_and_go_under_load(self, log: Log, topic: Topic) -> None:
        reached: dict[Partition, int] = {}
        seen: set[tuple[Partition, int]] = set()
        lock, done = threading.Lock(), threading.Event()

        def read(member: str, stop: threading.Event) -> None:
            with joined(log, "load", topic, member) as consumer:
                while not stop.is_set() and not done.is_set():
                    with lock:
                        start = dict(reached)
                    for stored in follow(consumer, start):
                        with lock:
                            seen.add((stored.partition, stored.position))
                            if reached.get(stored.partition, 0) == stored.position:
                                reached[stored.partition] = stored.position + 1

        with ThreadPoolExecutor(3) as pool:
            steady = pool.submit(read, "steady", threading.Event())
            for turn in range(2):
                leave = threading.Event()
                guest = pool.submit(read, f"guest-{turn}", leave)
                for _ in range(10):
                    log.append(topic, records(100))
                    time.sleep(0.02)
                leave.set()
                guest.result()
            until(lambda: len(seen) == 2000)
            done.set()
            steady.result()
        assert reached == log.ends(topic)

    def test_a_member_whose_name_is_taken_by_another_process_is_told(self, log: Log, topic: Topic) -> None:
        with joined(log, "taken", topic, "same") as old:
            until(lambda: follow(old) == [] and len(old.assignment()) == PARTITIONS)
            with joined(log, "taken", topic, "same") as new:
                until(lambda: follow(new) == [] and len(new.assignment()) == PARTITIONS)
                with pytest.raises(MemberReplaced):
                    until(lambda: follow(old) is None)
                old.close()
                log.append(topic, records(20))
                collect(new, lambda found: len(found) >= 20)
                assert len(new.assignment()) == PARTITIONS

    def test_a_large_record_arrives_whole_and_one_too_large_is_refused(self, log: Log, topic: Topic) -> None:
        large = bytes(range(256)) * 4096
        [(number, position)] = log.append(topic, [Record("large", large)])
        [stored] = log.read(Partition(topic.name, number), position, limit=1)
        assert stored.record.value == large
        with pytest.raises(RecordTooLarge):
            log.append(topic, [Record("large", bytes(MAX_RECORD_BYTES + 1))])

    def test_headers_and_tombstones_arrive_as_they_were(self, log: Log, topic: Topic) -> None:
        record = Record("kündigung", None, {"ce_id": "1", "ce_source": "/crm/ä", "empty": ""})
        [(number, position)] = log.append(topic, [record])
        before = time.time()
        [stored] = log.read(Partition(topic.name, number), position, limit=1)
        assert stored.record == record
        assert abs(stored.appended_at - before) < 30

    @pytest.mark.parametrize("position", [11, 1_000_000])
    def test_a_position_beyond_the_end_is_out_of_range(self, log: Log, topic: Topic, position: int) -> None:
        [(number, _)] = log.append(topic, [Record("a", b"0")])
        log.append(topic, [Record("a", b"%d" % n) for n in range(9)])
        partition = Partition(topic.name, number)
        with joined(log, "beyond", topic, "one") as consumer:
            until(lambda: follow(consumer) is not None and partition in consumer.assignment())
            consumer.seek(partition, position)
            with pytest.raises(PositionOutOfRange) as caught:
                until(lambda: consumer.poll(0.1, 10) is None)
        assert (caught.value.first, caught.value.end) == (0, 10)
        with pytest.raises(PositionOutOfRange):
            log.read(partition, position, limit=1)
        assert log.read(partition, 10, limit=1) == []

    def test_a_scan_gives_what_was_there_when_it_started(self, log: Log, topic: Topic) -> None:
        assert list(log.scan(topic)) == []
        log.append(topic, records(2500))
        scan = log.scan(topic)
        found = [next(scan)]
        log.append(topic, records(10))
        found += scan
        assert len(found) == 2500
        assert {stored.partition for stored in found} == set(log.ends(topic))
        assert all(log.first(partition) == 0 for partition in log.ends(topic))

    def test_a_topic_must_be_created_and_creating_it_again_changes_nothing(self, log: Log, topic: Topic) -> None:
        with pytest.raises(UnknownTopic):
            log.append(Topic("never-created"), [Record("a", b"")])
        with pytest.raises(UnknownTopic):
            log.consumer("nobody", [Topic("never-created")], member="one")
        log.append(topic, records(10))
        log.ensure([topic])
        assert sum(log.ends(topic).values()) == 10
        assert len(log.ends(topic.dead_letters)) == PARTITIONS


def _place(stored: Stored) -> tuple[Partition, int]:
    return stored.partition, stored.position
