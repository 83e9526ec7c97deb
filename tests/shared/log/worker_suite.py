"""What the worker loop does over every log. A test module inherits the cases and gives `log`, `topic` and `engine`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, Text, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from shared.contracts.topics import Topic
from shared.log import dead_letters, positions
from shared.log.dead_letters import Filter
from shared.log.partitioner import partition_of
from shared.log.port import Consumer, Log, Record, Stored
from shared.log.step import Outcome, Rejection, Step
from shared.log.tables import metadata
from shared.log.tally import DeadLetterLimits, WorkerStopped
from shared.log.worker import Worker
from tests.shared.log.suite import PARTITIONS, collect, joined, records
from tests.waiting import until

counts = Table("counts", MetaData(), Column("key", Text, primary_key=True), Column("number", Integer, nullable=False))
OUT = Topic("counted")
PATIENT = DeadLetterLimits(ratio=1, consecutive=1000)


def prepare(engine: Engine) -> None:
    """The worker tables and a table of counts, in the engine's schema."""
    metadata.create_all(engine)
    counts.metadata.create_all(engine)


def count(connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Count records per key, and publish each: an effect that twice or never would show."""
    for stored in batch:
        row = insert(counts).values(key=stored.record.key, number=1)
        connection.execute(row.on_conflict_do_update(index_elements=["key"], set_={"number": counts.c.number + 1}))
    return Outcome(publications=[(OUT, stored.record) for stored in batch])


def counted(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {row.key: row.number for row in connection.execute(select(counts))}


def total(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.coalesce(func.sum(counts.c.number), 0))).scalar_one()


@contextmanager
def running(worker: Worker) -> Iterator[threading.Event]:
    """A worker in a thread; what it raises is raised here in the end."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            worker.run(stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


def refusing(value: bytes, step: Step = count) -> Step:
    """A step that rejects the records of one value."""

    def refuse(connection: Connection, batch: Sequence[Stored]) -> Outcome:
        bad = [stored for stored in batch if stored.record.value == value]
        done = step(connection, [stored for stored in batch if stored.record.value != value])
        return Outcome(done.publications, [Rejection(stored=stored, code="bad", message="it is bad") for stored in bad])

    return refuse


class WorkerCases:
    """The cases, over a `log` whose topics `topic` and `OUT` exist and an `engine` that was prepared."""

    def worker(self, log: Log, engine: Engine, topic: Topic, step: Step = count, **options: object) -> Worker:
        settings: dict[str, object] = {"member": "one", "batch": 100, "limits": PATIENT, **options}
        return Worker("counter", log, engine=engine, topics=[topic], step=step, **settings)  # type: ignore[arg-type]

    def test_every_record_counts_once_and_what_it_publishes_arrives_once(
        self, log: Log, topic: Topic, engine: Engine
    ) -> None:
        log.append(topic, records(1000))
        with running(self.worker(log, engine, topic)), joined(log, "reader", OUT, "one") as reader:
            found = collect(reader, lambda found: len(found) >= 1000)
            until(lambda: total(engine) == 1000)
        assert counted(engine) == {f"key-{key}": 50 for key in range(20)}
        assert sorted(stored.record.value or b"" for stored in found) == sorted(r.value or b"" for r in records(1000))
        for key in range(20):
            mine = [stored.record.value for stored in found if stored.record.key == f"key-{key}"]
            assert mine == [f"key-{key}:{number}".encode() for number in range(50)]

    def test_a_worker_goes_on_where_the_last_one_stopped(self, log: Log, topic: Topic, engine: Engine) -> None:
        log.append(topic, records(100))
        with running(self.worker(log, engine, topic)):
            until(lambda: total(engine) == 100)
        log.append(topic, records(100))
        with running(self.worker(log, engine, topic, member="two")):
            until(lambda: total(engine) == 200)

    def test_two_workers_count_every_record_once(self, log: Log, topic: Topic, engine: Engine) -> None:
        with running(self.worker(log, engine, topic, batch=20)):
            for turn in range(3):
                log.append(topic, records(200))
                with running(self.worker(log, engine, topic, member=f"guest-{turn}", batch=20)):
                    log.append(topic, records(200))
            until(lambda: total(engine) == 1200)
        assert counted(engine) == {f"key-{key}": 60 for key in range(20)}

    def test_the_batch_of_a_zombie_is_refused_and_leaves_nothing(self, log: Log, topic: Topic, engine: Engine) -> None:
        log.append(topic, records(50))
        entered, wake = threading.Event(), threading.Event()

        class Frozen:
            """A log whose consumer stands still between its poll and the transaction, as a stopped process does."""

            def __getattr__(self, name: str) -> object:
                return getattr(log, name)

            def consumer(self, group: str, topics: Sequence[Topic], member: str) -> Consumer:
                consumer = log.consumer(group, topics, member=member)
                poll = consumer.poll

                def slow(timeout: float, limit: int) -> list[Stored]:
                    found = poll(timeout, limit)
                    if found and not wake.is_set():
                        entered.set()
                        assert wake.wait()
                    return found

                consumer.poll = slow  # type: ignore[method-assign]
                return consumer

        with running(self.worker(Frozen(), engine, topic, member="zombie")):  # type: ignore[arg-type]
            assert entered.wait()
            self.overtake(log, engine, topic)
            assert total(engine) == 50
            wake.set()
            log.append(topic, records(20))
            until(lambda: total(engine) >= 70)
        assert total(engine) == 70

    def overtake(self, log: Log, engine: Engine, topic: Topic) -> None:
        """Another owner, who does not wait for the group: every record as the worker would do it."""
        batch = list(log.scan(topic))
        with engine.begin() as connection:
            before = positions.load(connection, "counter", partitions=log.ends(topic))
            positions.move(
                connection, "counter", before=before, after=positions.follow(batch, before, compacted=set()).after
            )
            count(connection, batch)

    def test_a_rejected_record_is_kept_later_ones_of_its_key_wait_and_a_replay_does_them_in_order(
        self, log: Log, topic: Topic, engine: Engine
    ) -> None:
        log.append(topic, [Record(key, f"{key}{n}".encode(), {"h": str(n)}) for n in range(5) for key in "ab"])
        with running(self.worker(log, engine, topic, refusing(b"a1"))):
            until(lambda: total(engine) == 6)
            log.append(topic, [Record("a", b"a5"), Record("b", b"b5")])
            until(lambda: total(engine) == 7)
            until(lambda: len(dead_letters.find(engine, Filter())) == 5)
        letters = dead_letters.find(engine, Filter())
        assert [letter.record.value for letter in letters] == [b"a1", b"a2", b"a3", b"a4", b"a5"]
        assert [letter.parked for letter in letters] == [False, True, True, True, True]
        assert (letters[0].code, letters[0].message, letters[0].record.headers) == ("bad", "it is bad", {"h": "1"})
        assert counted(engine) == {"a": 1, "b": 6}
        with joined(log, "dlq", topic.dead_letters, "one") as reader:
            found = collect(reader, lambda found: len(found) >= 5)
        assert [stored.record.value for stored in found] == [b"a1", b"a2", b"a3", b"a4", b"a5"]
        assert found[0].record.headers["earnest-cause-code"] == "bad"
        assert found[0].record.headers["h"] == "1"

        assert dead_letters.replay(engine, log, which=Filter(code="bad"), by="ops") == 5
        assert dead_letters.find(engine, Filter()) == []
        order: list[bytes | None] = []

        def note(connection: Connection, batch: Sequence[Stored]) -> Outcome:
            order.extend(stored.record.value for stored in batch)
            return count(connection, batch)

        with running(self.worker(log, engine, topic, note)):
            until(lambda: total(engine) == 12)
        assert order == [b"a1", b"a2", b"a3", b"a4", b"a5"]
        assert dead_letters.replay(engine, log, which=Filter(), by="ops") == 0

    def test_a_replay_is_for_the_worker_that_failed_only(self, log: Log, topic: Topic, engine: Engine) -> None:
        log.append(topic, records(10, keys=10))

        def witness(connection: Connection, batch: Sequence[Stored]) -> Outcome:
            seen.extend(stored.record.value for stored in batch)
            return Outcome()

        seen: list[bytes | None] = []
        with running(Worker("witness", log, engine=engine, topics=[topic], step=witness, member="one")):
            with running(self.worker(log, engine, topic, refusing(b"key-3:0"))):
                until(lambda: total(engine) == 9)
                until(lambda: len(dead_letters.find(engine, Filter())) == 1)
            dead_letters.replay(engine, log, which=Filter(), by="ops")
            with running(self.worker(log, engine, topic)):
                until(lambda: total(engine) == 10)
            log.append(topic, [Record("key-3", b"last")])
            until(lambda: b"last" in seen)
        assert len(seen) == 11

    def test_a_record_that_breaks_the_step_is_found_and_set_aside_and_the_rest_is_done(
        self, log: Log, topic: Topic, engine: Engine
    ) -> None:
        def fragile(connection: Connection, batch: Sequence[Stored]) -> Outcome:
            done = count(connection, batch)
            for stored in batch:
                int((stored.record.value or b"").split(b":")[1])
            return done

        log.append(topic, [*records(60), Record("poison", b"key:x"), *records(60), Record("poison2", b"nothing")])
        with running(self.worker(log, engine, topic, fragile)):
            until(lambda: total(engine) == 120)
            until(lambda: len(dead_letters.find(engine, Filter())) == 2)
        letters = {letter.record.key: letter for letter in dead_letters.find(engine, Filter())}
        assert letters["poison"].code == "unexpected.ValueError"
        assert letters["poison2"].code == "unexpected.IndexError"

    @pytest.mark.parametrize(
        "limits", [DeadLetterLimits(ratio=1, consecutive=10), DeadLetterLimits(ratio=0.3, consecutive=10_000)]
    )
    def test_beyond_its_limits_a_worker_stops_names_the_cause_and_sets_no_more_aside(
        self, log: Log, topic: Topic, engine: Engine, limits: DeadLetterLimits
    ) -> None:
        def refuse(connection: Connection, batch: Sequence[Stored]) -> Outcome:
            good = count(connection, [stored for stored in batch if b"bad" not in (stored.record.value or b"")])
            bad = [stored for stored in batch if b"bad" in (stored.record.value or b"")]
            return Outcome(
                good.publications, [Rejection(stored=stored, code="no_rate", message="pay of 1,000") for stored in bad]
            )

        log.append(topic, records(120, keys=1))
        neighbours = [
            key for n in range(2000) if partition_of(key := f"k{n}", PARTITIONS) == partition_of("key-0", PARTITIONS)
        ]
        log.append(topic, [Record(key, b"bad") for key in neighbours])
        before = None
        for _ in range(2):  # a restart changes nothing
            with pytest.raises(WorkerStopped, match=r"stopped at .*, last cause no_rate at position \d+$") as caught:
                self.worker(log, engine, topic, refuse, limits=limits, batch=7).run(threading.Event())
            assert "1,000" not in str(caught.value)
            kept = [(letter.partition, letter.position) for letter in dead_letters.find(engine, Filter())]
            assert kept == (before or kept)
            before = kept

    def test_a_database_that_fails_for_a_while_loses_nothing(self, log: Log, topic: Topic, engine: Engine) -> None:
        log.append(topic, records(60))
        failures = iter(range(4))

        def unlucky(connection: Connection, batch: Sequence[Stored]) -> Outcome:
            done = count(connection, batch)
            if (turn := next(failures, None)) is not None:
                if turn % 2:
                    raise OperationalError("select", {}, Exception("the server is restarting"))
                connection.exec_driver_sql("select pg_terminate_backend(pg_backend_pid())")
            return done

        with running(self.worker(log, engine, topic, unlucky, batch=2)):
            until(lambda: total(engine) == 60)
        assert next(failures, None) is None
        assert dead_letters.find(engine, Filter()) == []

    def test_a_stop_lets_the_batch_in_hand_finish(self, log: Log, topic: Topic, engine: Engine) -> None:
        log.append(topic, records(10, keys=1))
        entered = threading.Event()

        def slow(connection: Connection, batch: Sequence[Stored]) -> Outcome:
            entered.set()
            assert stop.wait()
            return count(connection, batch)

        with running(self.worker(log, engine, topic, slow)) as stop:
            assert entered.wait()
        assert total(engine) == 10

    def test_a_position_of_another_logs_life_stops_the_worker(self, log: Log, topic: Topic, engine: Engine) -> None:
        log.append(topic, records(10))
        with running(self.worker(log, engine, topic)):
            until(lambda: total(engine) == 10)
        with engine.begin() as connection:
            connection.exec_driver_sql("update position set next_position = next_position + 1000")
        worker = self.worker(log, engine, topic)
        with pytest.raises(WorkerStopped, match="has no position"):
            worker.run(threading.Event())
