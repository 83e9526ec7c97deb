"""Proves credits and earnings: the same steps run over the log again, in a schema of their own, must end in the same
rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, Engine
from sqlalchemy.schema import DropSchema

from services.scoring.audit.rows import AUDITED, Audited, Key, without
from services.scoring.audit.store import keep_snapshot, page
from services.scoring.facts_codec import unpack
from services.scoring.reference.store import ReferenceDataCache, quarantined_names
from services.scoring.worker import BATCH, INPUTS, steps
from shared.contracts.topics import CREDITS, DEALS, PLANS, RECREDITS, ROSTER, Topic
from shared.database import engine_for, migrate
from shared.log import dead_letters, positions
from shared.log.headers import is_replay
from shared.log.port import Log, Partition, Stored
from shared.log.step import Step
from shared.log.worker import TRANSIENT

PAGE: Final = 5000
"""Records, or rows, in memory at once."""
MOST_LETTERS: Final = 1_000_000
MOST_NAMED: Final = 20
"""How many differences of a kind are named; of the others only how many there are."""

Progress = Callable[[int, int], object]


def verify(engine: Engine, log: Log, *, progress: Progress | None = None) -> list[str]:
    """Differences between the live rows and those rebuilt from the log, as sentences; empty when all is well.

    Facts are taken as far as the live workers were when this began, without the dead letters that are open: they are
    known not to count; one that was replayed in vain is told as a record that cannot be processed. The sentences name
    ids, never amounts. What belongs to a quarantined plan version is not compared, and the version is named. `progress`
    is told how many records of how many were processed again.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as live:
        keep_snapshot(live)
        # The snapshot begins with the first read, so positions and rows are of one moment however far the workers get
        # meanwhile.
        reached = {worker: _reached(live, log, worker=worker) for worker in INPUTS}
        if behind := _behind(log, reached):
            return behind
        aside = quarantined_names(live)
        holding = ReferenceDataCache().read(live).plans.quarantined.sort("plan", "version").rows()
        dead = {
            (letter.partition, letter.position)
            for letter in dead_letters.find(engine, dead_letters.Filter(), limit=MOST_LETTERS)
        }
        with _scratch(engine) as scratch:
            rebuild = _Rebuild(scratch, aside)
            facts = reached["roster"] | reached["credit"]
            first = {place: log.first(place) for place in facts}
            found = [
                f"plan version {plan}@{version} is quarantined: what waits for it is not compared"
                for plan, version in holding
            ]
            found += [f"{place.topic}: its beginning is no longer in the log" for place in facts if first[place] > 0]
            done, due = 0, sum(end - first[place] for place, end in facts.items())
            # In the order in which they were appended, as they came live; the end would be the same in any order.
            records = merge(
                *(_read(log, place, start=first[place], end=end) for place, end in facts.items()), key=_appended_at
            )
            while batch := list(islice(records, PAGE)):
                # What was sent again stands in the log where it came first, too, and is taken there.
                rebuild.take([s for s in batch if not is_replay(s.record) and (s.partition, s.position) not in dead])
                done += len(batch)
                if progress:
                    progress(done, due)
            rebuild.finish()
            with scratch.connect() as rebuilt:
                found += rebuild.failures
                found += [
                    f"plan version {plan}@{version} cannot be calculated with, and is not quarantined"
                    for plan, version in sorted(quarantined_names(rebuilt) - aside)
                ]
                return found + [
                    said
                    for table in AUDITED
                    for said in _differences(table, live, rebuilt=rebuilt, aside=quarantined_names(rebuilt))
                ]


class _Rebuild:
    """The steps over an empty schema; what they publish goes from one to the next without a log."""

    def __init__(self, engine: Engine, aside: Set[tuple[str, int]]) -> None:
        """Over an empty schema; the plan versions `aside` are quarantined from the beginning."""

        def known(document: Mapping[str, Any]) -> str | None:
            return "it is quarantined" if (document.get("plan"), document.get("version")) in aside else None

        self._engine = engine
        self._steps = steps(known)
        self._waiting: dict[str, list[Stored]] = defaultdict(list)
        self.failures: list[str] = []

    def take(self, batch: Sequence[Stored]) -> None:
        """Process facts."""
        for stored in batch:
            self._waiting[stored.partition.topic].append(stored)
        for topic in (PLANS, ROSTER, DEALS, RECREDITS):
            self._work_off(topic)
        # Credits are let come together: differences of many batches cancel, and each participant is earned once for
        # all.
        if len(self._waiting[CREDITS.name]) >= BATCH["earn"]:
            self._work_off(CREDITS)

    def finish(self) -> None:
        """Process what is still on its way."""
        self._work_off(CREDITS)

    def _work_off(self, topic: Topic) -> None:
        worker = next(worker for worker, topics in INPUTS.items() if topic in topics)
        waiting = self._waiting.pop(topic.name, [])
        # As large as live batches are: the same steps over the same sizes need the same memory.
        for start in range(0, len(waiting), BATCH[worker]):
            self._process(self._steps[worker], waiting[start : start + BATCH[worker]])

    def _process(self, step: Step, batch: Sequence[Stored]) -> None:
        """Do a batch; a record that fails alone is a difference: the live worker would have set it aside."""
        try:
            with self._engine.begin() as connection:
                outcome = step(connection, batch)
        except TRANSIENT:
            raise
        except Exception as error:
            if len(batch) == 1:
                place = f"{batch[0].partition.topic}/{batch[0].partition.number}/{batch[0].position}"
                self.failures.append(f"record {place} cannot be processed: {type(error).__name__}")
                return
            middle = len(batch) // 2
            self._process(step, batch[:middle])
            self._process(step, batch[middle:])
            return
        for topic, record in outcome.publications:
            waiting = self._waiting[topic.name]
            waiting.append(Stored(Partition(topic.name, 0), len(waiting), record, 0))


def _reached(live: Connection, log: Log, *, worker: str) -> dict[Partition, int]:
    """The next position of a worker on every partition of its topics."""
    places = [place for topic in INPUTS[worker] for place in log.ends(topic)]
    kept = positions.load(live, worker, partitions=places)
    return {place: kept[place].next_position if place in kept else 0 for place in places}


def _behind(log: Log, reached: Mapping[str, Mapping[Partition, int]]) -> list[str]:
    """Which topics are not read to their end. The ends are asked for after the snapshot, so nothing is missed that it
    knows.
    """
    found = []
    for worker, topics in INPUTS.items():
        for topic in topics:
            missing = sum(max(0, end - reached[worker][place]) for place, end in log.ends(topic).items())
            if missing:
                found.append(f"{topic.name}: {missing} records wait for {worker}; verify again when it has caught up")
    return found


def _read(log: Log, place: Partition, *, start: int, end: int) -> Iterator[Stored]:
    while start < end:
        records = [stored for stored in log.read(place, start, limit=PAGE) if stored.position < end]
        if not records:  # what is left before the end was compacted away
            return
        yield from records
        start = records[-1].position + 1


def _appended_at(stored: Stored) -> Any:
    return stored.appended_at


def _differences(
    table: Audited, live: Connection, *, rebuilt: Connection, aside: Set[tuple[str, int]]
) -> Iterator[str]:
    # Both sides are paged by the keys of the live one: a page of it, and all rebuilt rows up to its last key, or, after
    # the last page, whatever else was rebuilt.
    number = 0
    after: Key | None = None
    while True:
        live_rows = page(live, table, after=after, upto=None, limit=PAGE)
        upto = next(reversed(live_rows)) if len(live_rows) == PAGE else None
        rebuilt_rows: dict[Key, Key] = {}
        following = after
        while more := page(rebuilt, table, after=following, upto=upto, limit=PAGE):
            rebuilt_rows |= more
            following = next(reversed(more))
        for key in sorted(live_rows.keys() | rebuilt_rows.keys()):
            one, other = (without(table, key, row=rows.get(key), aside=aside) for rows in (live_rows, rebuilt_rows))
            if difference := _difference(table, one, rebuilt=other):
                number += 1
                if number <= MOST_NAMED:
                    yield f"{table.called} {' '.join(map(str, key))}: {difference}"
        if upto is None:
            break
        after = upto
    if number > MOST_NAMED:
        yield f"{number - MOST_NAMED:,} more of {table.called} differ"


def _difference(table: Audited, live: Key | None, *, rebuilt: Key | None) -> str | None:
    if live == rebuilt:
        return None
    if live is None:
        return "missing, the log has it"
    if rebuilt is None:
        return "held, the log does not have it"
    wrong = [
        name
        for name, one, other in zip(table.columns, live, rebuilt, strict=True)
        # Facts are packed in the order in which they came, which is not the same everywhere: it is their content that
        # counts.
        if one != other and not (name == "facts" and unpack(one) == unpack(other))
    ]
    return f"{' and '.join(wrong)} differ from what the log gives" if wrong else None


@contextmanager
def _scratch(engine: Engine) -> Iterator[Engine]:
    """An engine on a migrated schema that is dropped at the end."""
    schema = f"scoring_verify_{uuid4().hex[:8]}"
    scratch = engine_for(engine.url, schema)
    try:
        migrate(scratch, schema, package="services.scoring")
        yield scratch
    finally:
        with scratch.begin() as connection:
            connection.execute(DropSchema(schema, cascade=True, if_exists=True))
        scratch.dispose()
