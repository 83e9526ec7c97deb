"""Proves credits and earnings: the same steps run over the log again, in a schema of their own, must end in the same
rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from heapq import merge
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Engine

from services.scoring.credit.deals import CREDIT
from services.scoring.facts_codec import unpack
from services.scoring.reference.store import ReferenceDataCache, quarantined_names
from services.scoring.row_codec import NO_ROWS
from services.scoring.store import Cells, KeyedTable, fetch_page, keep_snapshot
from services.scoring.tables import CHAIN, CHAINED
from services.scoring.worker import BATCH, INPUTS, steps
from shared.contracts.topics import ACCOUNT_PAYMENTS, CREDITS, DEALS, PLANS, REALLOCATIONS, RECREDITS, ROSTER, Topic
from shared.database import scratch_schema
from shared.log import dead_letters, positions
from shared.log.headers import is_replay
from shared.log.port import Log, Partition, Stored
from shared.log.step import Step
from shared.log.worker import TRANSIENT
from shared.proof import verify as chain

PAGE: Final = 5000
"""Records, or rows, in memory at once."""
MOST_LETTERS: Final = 1_000_000
MOST_NAMED: Final = 20
"""How many differences of a kind are named; of the others only how many there are."""

Progress = Callable[[int, int], object]
"""Called with how many records of how many are done."""

VersionName = tuple[str, int]
"""A plan version's plan and number."""


COMPARED: Final[Mapping[str, KeyedTable]] = {
    "participant": KeyedTable(name="participant", keys=("participant_id",), columns=("facts",)),
    "plan": KeyedTable(name="plan_version", keys=("plan", "version"), columns=("document", "author")),
    "deal": KeyedTable(name="deal", keys=("deal_id",), columns=("facts", "credits", "uncredited", "allocated")),
    "account payment": KeyedTable(
        name="account_payment", keys=("payment_id",), columns=("account", "facts", "unallocated")
    ),
    "participant sums": KeyedTable(
        name="participant_sums",
        keys=("participant_id", "period"),
        columns=("sums", "earnings"),
        where="(sums <> '[]' or earnings <> '[]')",
    ),
}
"""By what their rows are called, the tables with the columns that facts decide."""

_PLAN, _VERSION = (list(CREDIT).index(name) for name in ("plan", "version"))

_IS_ASIDE: Final[Mapping[str, Callable[[Any, Set[VersionName]], bool]]] = {
    "credits": lambda row, aside: (row[_PLAN], int(row[_VERSION])) in aside,
    "uncredited": lambda row, _: row[1] == "plan_quarantined",
    "sums": lambda row, aside: (row[0], int(row[1])) in aside,
    "earnings": lambda earning, aside: (earning["plan"], earning["version"]) in aside,
}
"""By column that lists rows (`row_codec`), whether one of them is of a version that is quarantined."""


def verify(engine: Engine, log: Log, *, progress: Progress | None = None) -> list[str]:
    """Differences between the live rows and those rebuilt from the log, as sentences; empty when all is well.

    Facts are taken as far as the live workers were when this began, without the dead letters that are open: they are
    known not to count; one that was replayed in vain is named as a record that cannot be processed. The sentences name
    ids, never amounts. What belongs to a quarantined plan version is not compared, and the version is named. `progress`
    is called with how many records of how many were processed again.

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
        quarantined = ReferenceDataCache().read(live).plans.quarantined.sort("plan", "version").rows()
        differences = [
            f"plan version {plan}@{version} is quarantined: what waits for it is not compared"
            for plan, version in quarantined
        ]
        ends = reached["roster"] | reached["credit"] | reached["payments"]
        starts = {place: log.first(place) for place in ends}
        differences += [f"{place.topic}: its beginning is no longer in the log" for place in ends if starts[place] > 0]
        with scratch_schema(engine, "scoring", package="services.scoring") as (scratch, _):
            rebuild = _Rebuild(scratch, aside)
            for batch in _facts(engine, log, starts=starts, ends=ends, progress=progress):
                rebuild.take(batch)
            rebuild.finish()
            with scratch.connect() as rebuilt:
                aside_now = quarantined_names(rebuilt)
                differences += rebuild.failures
                differences += [
                    f"plan version {plan}@{version} cannot be calculated with, and is not quarantined"
                    for plan, version in sorted(aside_now - aside)
                ]
                for called, table in COMPARED.items():
                    differences += _differences(called, table, live=live, rebuilt=rebuilt, aside=aside_now)
        return differences


def verify_chain(connection: Connection, public_key: str | None) -> list[str]:
    """Differences between what is chained and what the service wrote, as sentences; empty when all is well.

    With the installation's public key also every signature is looked at.
    """
    return list(chain.differences(connection, CHAIN, tables=CHAINED, public_key=public_key))


def _facts(
    engine: Engine,
    log: Log,
    *,
    starts: Mapping[Partition, int],
    ends: Mapping[Partition, int],
    progress: Progress | None,
) -> Iterator[list[Stored]]:
    """The records of facts that count, in batches."""
    letters = dead_letters.never_taken(engine, limit=MOST_LETTERS)
    dead = {(letter.partition, letter.position) for letter in letters}
    done, due = 0, sum(end - starts[place] for place, end in ends.items())
    # In the order in which they were appended, as they came live; the end would be the same in any order.
    lanes = [_read(log, place, start=starts[place], end=end) for place, end in ends.items()]
    records = merge(*lanes, key=lambda stored: stored.appended_at)
    while batch := list(islice(records, PAGE)):
        # What was sent again stands in the log where it came first, too, and is taken there.
        yield [s for s in batch if not is_replay(s.record) and (s.partition, s.position) not in dead]
        done += len(batch)
        if progress:
            progress(done, due)


class _Rebuild:
    """The steps over an empty schema; what they publish goes from one to the next without a log."""

    def __init__(self, engine: Engine, aside: Set[VersionName]) -> None:
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
        for topic in (PLANS, ROSTER, DEALS, RECREDITS, ACCOUNT_PAYMENTS, REALLOCATIONS):
            self._work_off(topic)
        # Credits are let come together: differences of many batches cancel, and participants are earned once for all.
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
    behind = []
    for worker, topics in INPUTS.items():
        for topic in topics:
            missing = sum(max(0, end - reached[worker][place]) for place, end in log.ends(topic).items())
            if missing:
                behind.append(f"{topic.name}: {missing} records wait for {worker}; verify again when it has caught up")
    return behind


def _read(log: Log, place: Partition, *, start: int, end: int) -> Iterator[Stored]:
    while start < end:
        records = [stored for stored in log.read(place, start, limit=PAGE) if stored.position < end]
        if not records:  # what is left before the end was compacted away
            return
        yield from records
        start = records[-1].position + 1


def _differences(
    called: str, table: KeyedTable, *, live: Connection, rebuilt: Connection, aside: Set[VersionName]
) -> Iterator[str]:
    # Both sides are paged by the keys of the live one: a page of it, and all rebuilt rows up to its last key, or, after
    # the last page, whatever else was rebuilt.
    number = 0
    after: Cells | None = None
    while True:
        live_rows = fetch_page(live, table, after=after, upto=None, limit=PAGE)
        upto = next(reversed(live_rows)) if len(live_rows) == PAGE else None
        rebuilt_rows: dict[Cells, Cells] = {}
        following = after
        while more := fetch_page(rebuilt, table, after=following, upto=upto, limit=PAGE):
            rebuilt_rows |= more
            following = next(reversed(more))
        for key in sorted(live_rows.keys() | rebuilt_rows.keys()):
            one, other = (_without(table, key, row=rows.get(key), aside=aside) for rows in (live_rows, rebuilt_rows))
            if difference := _difference(table, one, rebuilt=other):
                number += 1
                if number <= MOST_NAMED:
                    yield f"{called} {' '.join(map(str, key))}: {difference}"
        if upto is None:
            break
        after = upto
    if number > MOST_NAMED:
        yield f"{number - MOST_NAMED:,} more of {called} differ"


def _without(table: KeyedTable, key: Cells, *, row: Cells | None, aside: Set[VersionName]) -> Cells | None:
    """The columns of a row without what belongs to the versions `aside`, for when that was calculated last is nobody's
    fault; None where nothing else was there.
    """
    if row is None or not aside:
        return row
    if table.name == "plan_version":
        return None if key in aside else row
    columns = tuple(
        orjson.dumps([entry for entry in orjson.loads(value) if not _IS_ASIDE[name](entry, aside)]).decode()
        if name in _IS_ASIDE
        else value
        for name, value in zip(table.columns, row, strict=True)
    )
    return None if table.name == "participant_sums" and set(columns) == {NO_ROWS} else columns


def _difference(table: KeyedTable, live: Cells | None, *, rebuilt: Cells | None) -> str | None:
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
