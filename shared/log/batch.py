"""One micro-batch in one transaction: move the bookmarks, set aside what cannot go on, step, publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from shared.log import dead_letters, positions
from shared.log.headers import ONLY_FOR
from shared.log.port import Log, Partition, Stored
from shared.log.positions import Bookmark
from shared.log.step import Rejection, Step
from shared.log.tally import DeadLetterLimits, Tally, WorkerStopped

Place = tuple[Partition, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What happened to a batch that was committed: where the bookmarks are, what was rejected, and by outcome, as the
    metric names it, how many records there were.
    """

    bookmarks: Mapping[Partition, Bookmark]
    rejections: Sequence[Rejection]
    counts: Mapping[str, int]


class RejectedBeforeOthers(Exception):
    """The step rejected records whose later ones of the same key it had in hand: they must wait, so the batch runs
    again.
    """

    def __init__(self, rejections: Sequence[Rejection]) -> None:
        self.rejections = rejections


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is: its name, its log, its step, its limits, and which of its topics are compacted."""

    worker: str
    log: Log
    step: Step
    limits: DeadLetterLimits
    compacted: frozenset[str]

    def run(
        self,
        connection: Connection,
        batch: Sequence[Stored],
        *,
        before: Mapping[Partition, Bookmark],
        unprocessable: Mapping[Place, Rejection],
    ) -> BatchResult:
        """Do the batch inside the connection's transaction; `unprocessable` records are known from an earlier try.

        Raises:
            positions.PositionConflict: another owner was here.
            RejectedBeforeOthers: run again, with these as unprocessable.
            WorkerStopped: the limits are exceeded.
        """
        # The order of these steps matters. Positions are moved first: a second owner waits here for the first to
        # commit, and then stops before any work; it also makes two processes take their locks in the same order,
        # positions before the step's own rows.
        turn = positions.follow(batch, before, compacted=self.compacted)
        positions.move(connection, self.worker, before=before, after=turn.after)
        # A letter that was sent again is on the topic for all workers; those that processed it at first pass it over.
        ours = [stored for stored in turn.records if stored.record.headers.get(ONLY_FOR, self.worker) == self.worker]
        processable, rejections, parked = self._sort(connection, ours, unprocessable=unprocessable)
        outcome = self.step(connection, processable) if processable else None
        if outcome and outcome.rejections:
            _check_nothing_follows(outcome.rejections, processable)
            rejections += outcome.rejections
        bookmarks = turn.after
        publications = list(outcome.publications) if outcome else []
        if rejections or parked:
            bookmarks = self._set_aside(
                connection, ours, before=before, after=turn.after, rejections=rejections, parked=parked
            )
            publications += dead_letters.publications(self.worker, [*rejections, *parked])
        # Last: it holds the heads of the partitions it writes to until the commit, and every other publisher waits for
        # them.
        self.log.publish(connection, publications)
        counts = {
            "processed": len(ours) - len(rejections) - len(parked),
            "dead": len(rejections),
            "parked": len(parked),
            "repeated": turn.repeated,
            "ahead": turn.ahead,
            "others": len(turn.records) - len(ours),
        }
        return BatchResult(bookmarks=bookmarks, rejections=rejections, counts=counts)

    def _sort(
        self, connection: Connection, batch: Sequence[Stored], *, unprocessable: Mapping[Place, Rejection]
    ) -> tuple[list[Stored], list[Rejection], list[Rejection]]:
        """Divide into what the step can have, what is unprocessable, and what has to wait behind a dead letter of its
        key.
        """
        blocked = dead_letters.blocked(connection, self.worker, batch=batch)
        if not blocked and not unprocessable:
            return list(batch), [], []
        processable: list[Stored] = []
        rejections: list[Rejection] = []
        parked: list[Rejection] = []
        for stored in batch:
            if dead_letters.key_of(stored) in blocked:
                parked.append(dead_letters.parked(stored))  # nothing is wrong with it, but order is kept by key
            elif (rejection := unprocessable.get(_place(stored))) is not None:
                rejections.append(rejection)
                blocked.add(dead_letters.key_of(stored))
            else:
                processable.append(stored)
        return processable, rejections, parked

    def _set_aside(
        self,
        connection: Connection,
        batch: Sequence[Stored],
        *,
        before: Mapping[Partition, Bookmark],
        after: Mapping[Partition, Bookmark],
        rejections: Sequence[Rejection],
        parked: Sequence[Rejection],
    ) -> dict[Partition, Bookmark]:
        """Write the dead letters, if the limits allow them, and correct the tallies that `move` wrote in good hope."""
        tallies = _tallies(batch, before, rejections=rejections, parked=parked)
        for partition, tally in tallies.items():
            if tally.exceeds(self.limits):
                # Raised before anything of the batch is kept: the rollback leaves the records where they are, for the
                # worker to take up again once it is mended.
                cause = max((r for r in rejections if r.stored.partition == partition), key=lambda r: r.stored.position)
                reason = "too many records cannot be processed"
                raise WorkerStopped(self.worker, reason, partition=partition, cause=cause)
        dead_letters.write(connection, self.worker, rejections=rejections, is_parked=False)
        dead_letters.write(connection, self.worker, rejections=parked, is_parked=True)
        positions.write_tallies(connection, self.worker, tallies=tallies)
        return {p: replace(bookmark, tally=tallies.get(p, bookmark.tally)) for p, bookmark in after.items()}


def _tallies(
    batch: Sequence[Stored],
    before: Mapping[Partition, Bookmark],
    *,
    rejections: Sequence[Rejection],
    parked: Sequence[Rejection],
) -> dict[Partition, Tally]:
    dead, waiting = {_place(r.stored) for r in rejections}, {_place(p.stored) for p in parked}
    fates: dict[Partition, list[bool]] = {partition: [] for partition, _ in dead | waiting}
    for stored in batch:
        if stored.partition in fates and (place := _place(stored)) not in waiting:
            fates[stored.partition].append(place in dead)
    return {partition: before[partition].tally.plus(outcomes) for partition, outcomes in fates.items()}


def _check_nothing_follows(rejections: Sequence[Rejection], batch: Sequence[Stored]) -> None:
    # The step has written what the later records of a rejected one's key say. They must wait behind it, or a key's
    # records take effect out of order once it is replayed: so the batch is done again, with the rejected ones known
    # from the start.
    rejected = {_place(rejection.stored) for rejection in rejections}
    keys: set[tuple[str, str]] = set()
    for stored in batch:
        if _place(stored) in rejected:
            keys.add(dead_letters.key_of(stored))
        elif dead_letters.key_of(stored) in keys:
            raise RejectedBeforeOthers(rejections)


def _place(stored: Stored) -> Place:
    return stored.partition, stored.position
