"""The worker loop: poll, one transaction, go on. It retries what passes, sets aside what does not, and stops when it
must.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import psycopg
import structlog
import tenacity
from sqlalchemy import Engine
from sqlalchemy import exc as sqlalchemy_errors

from shared.contracts.topics import Topic
from shared.log import positions
from shared.log.batch import BatchResult, Job, Place, RejectedBeforeOthers
from shared.log.port import Consumer, Log, LogUnavailable, MemberReplaced, Partition, PositionOutOfRange, Stored
from shared.log.positions import Bookmark
from shared.log.progress import Progress
from shared.log.step import Rejection, Step
from shared.log.tally import DeadLetterLimits, WorkerStopped
from shared.metrics import WORKER_BATCH_SECONDS, WORKER_RECORDS

TRANSIENT = (
    LogUnavailable,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    sqlalchemy_errors.OperationalError,
    sqlalchemy_errors.InterfaceError,
    sqlalchemy_errors.InternalError,
    sqlalchemy_errors.TimeoutError,
)
"""Errors of the database or the log: nothing is wrong with the records, so the same batch is tried again."""

POLL_SECONDS = 0.2
"""How long a poll waits for records; notifications end it early, so it only bounds how long stopping takes."""
GATHER_SECONDS = 0.05
"""A pause after a batch that was not full: what gathers meanwhile shares the next one's fixed cost, which at load is
most of it.
"""
LONGEST_PAUSE_SECONDS = 5.0
"""Between tries while the database or the log is away: soon back when they are, and no storm of connections until
then.
"""
USUAL_LIMITS = DeadLetterLimits()

_logger = structlog.get_logger(__name__)


def retrying(
    stop: threading.Event,
    *,
    errors: tuple[type[Exception], ...] = TRANSIENT,
    before_sleep: Callable[[tenacity.RetryCallState], None] | None = None,
) -> tenacity.Retrying:
    """Calls what it is given again and again while the database or the log is away; None where `stop` was set first."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(errors),
        wait=tenacity.wait_random_exponential(multiplier=0.1, max=LONGEST_PAUSE_SECONDS),
        sleep=tenacity.sleep_using_event(stop),
        stop=tenacity.stop_when_event_set(stop),
        before_sleep=before_sleep,
        retry_error_callback=lambda _: None,
    )


class Worker:
    """A step over topics, exactly once in effect: its positions move in the transaction that holds what it did."""

    def __init__(
        self,
        name: str,
        log: Log,
        *,
        engine: Engine,
        topics: Sequence[Topic],
        step: Step,
        member: str,
        batch: int = 500,
        limits: DeadLetterLimits = USUAL_LIMITS,
    ) -> None:
        """Name the worker; nothing runs before `run`.

        `name` is also the consumer group; `engine` is bound to the schema that has the worker tables; `member` names
        this process among those that run the worker; `batch` is the largest number of records in one transaction.
        """
        self._name, self._log, self._engine, self._topics = name, log, engine, topics
        self._member, self._batch = member, batch
        self._job = Job(
            worker=name,
            log=log,
            step=step,
            limits=limits,
            compacted=frozenset(topic.name for topic in topics if topic.compacted),
        )
        self._bookmarks: dict[Partition, Bookmark] = {}
        self._must_seek = False
        self._progress = Progress(name, log, engine=engine, topics=topics)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set: the batch in hand is finished, then the consumer leaves its group.

        Raises:
            WorkerStopped: too many dead letters, a position that the log does not have, or another process of this
                member name.
        """
        patiently = retrying(stop, before_sleep=self._pausing)
        consumer = patiently(self._log.consumer, self._name, self._topics, member=self._member)
        if consumer is None:  # stopped before the log could be reached
            return
        try:
            while not stop.is_set():
                if patiently(self._round, consumer):
                    stop.wait(GATHER_SECONDS)
        except (PositionOutOfRange, MemberReplaced) as error:
            raise WorkerStopped(self._name, str(error)) from error
        finally:
            consumer.close()

    def _pausing(self, attempt: tenacity.RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        _logger.warning("worker.retry", worker=self._name, attempt=attempt.attempt_number, cause=type(error).__name__)

    def _round(self, consumer: Consumer) -> bool:
        """One poll and its batch; whether there was one that was not full.

        After a failure the truth is in the database: read the positions again and seek.
        """
        batch: list[Stored] = []
        try:
            batch = consumer.poll(POLL_SECONDS, self._batch)  # also before seeking: who does not poll is thought dead
            if self._must_seek:
                self._seek_stored_positions(consumer, consumer.assignment())
                self._must_seek = False
                return False
            self._seek_stored_positions(consumer, consumer.newly_assigned())
            self._progress.polled(batch)
            if batch:
                self._finish(consumer, batch)
            self._progress.observe(self._bookmarks, consumer.assignment())
        except positions.PositionConflict:
            # Another owner was here. What is in hand is dropped, for the database says where to go on.
            _logger.warning("worker.refused", worker=self._name, records=len(batch))
            WORKER_RECORDS.labels(self._name, "refused").inc(len(batch))
            self._must_seek = True
        except TRANSIENT:
            self._must_seek = True
            raise
        return 0 < len(batch) < self._batch

    def _seek_stored_positions(self, consumer: Consumer, partitions: set[Partition]) -> None:
        """Seek where the stored positions are; a new worker begins with the first record the log has."""
        if not partitions:
            return
        with self._engine.begin() as connection:
            bookmarks = positions.load(connection, self._name, partitions=partitions)
            if new := partitions - bookmarks.keys():
                firsts = {partition: self._log.first(partition) for partition in new}
                positions.begin(connection, self._name, firsts=firsts)
                # Read and not taken over from `firsts`: another member may have begun just before.
                bookmarks |= positions.load(connection, self._name, partitions=new)
        self._bookmarks.update(bookmarks)
        for partition, bookmark in bookmarks.items():
            consumer.seek(partition, bookmark.next_position)

    def _finish(self, consumer: Consumer, batch: Sequence[Stored]) -> None:
        started = time.perf_counter()
        self._isolate(batch)
        WORKER_BATCH_SECONDS.labels(self._name).observe(time.perf_counter() - started)
        consumer.hint({stored.partition: self._bookmarks[stored.partition].next_position for stored in batch})

    def _isolate(self, batch: Sequence[Stored]) -> None:
        """Do the batch. Where its step fails, halve it, each half in a transaction of its own, down to the one that
        fails alone.
        """
        try:
            self._commit(batch, {})
        except (*TRANSIENT, positions.PositionConflict, WorkerStopped):
            raise
        except Exception as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                self._isolate(batch[:middle])
                self._isolate(batch[middle:])
                return
            # Log2 of the batch in tries, each rolled back: the others of the batch are not held up by the one that
            # fails.
            cause = Rejection(stored=batch[0], code=f"unexpected.{type(error).__name__}", message=_first_line(error))
            _logger.error("worker.poison", worker=self._name, code=cause.code, place=_text(batch[0]))
            self._commit(batch, {(batch[0].partition, batch[0].position): cause})

    def _commit(self, batch: Sequence[Stored], unprocessable: Mapping[Place, Rejection]) -> None:
        while True:
            try:
                with self._engine.begin() as connection:
                    result = self._job.run(connection, batch, before=self._bookmarks, unprocessable=unprocessable)
                break
            except RejectedBeforeOthers as error:
                # Each turn knows more of them than the one before, so this ends.
                rejected = {(r.stored.partition, r.stored.position): r for r in error.rejections}
                unprocessable = {**unprocessable, **rejected}
        self._bookmarks.update(result.bookmarks)
        self._count(result)

    def _count(self, result: BatchResult) -> None:
        for rejection in result.rejections:
            _logger.warning("worker.dead_letter", worker=self._name, code=rejection.code, place=_text(rejection.stored))
        if ahead := result.counts["ahead"]:
            _logger.warning("worker.ahead", worker=self._name, records=ahead)
        for outcome, number in result.counts.items():
            # Also by none: a counter that begins with its first dead letter has not increased since then.
            WORKER_RECORDS.labels(self._name, outcome).inc(number)


def _first_line(error: Exception) -> str:
    """What a text column can hold of an error; SQLAlchemy's next lines repeat the statement and its parameters."""
    return str(error).replace("\0", "").partition("\n")[0][:500]


def _text(stored: Stored) -> str:
    return f"{stored.partition.topic}/{stored.partition.number}/{stored.position}"
