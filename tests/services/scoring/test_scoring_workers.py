"""The real workers over a real log: several of each side by side end where one calculation over the facts ends."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from services.scoring.worker import INPUTS, steps
from shared.contracts.earnings import EarningsChanged
from shared.contracts.topics import DEALS, EARNINGS, PLANS, ROAD, ROSTER
from shared.log.port import Record
from shared.log.postgres import PostgresLog
from shared.log.worker import Worker
from tests.services.scoring.conftest import Road, simple_plan
from tests.services.scoring.test_scoring_converges import Event, assert_converged, put, stored_result
from tests.waiting import until

PEOPLE, DEALS_SENT, PARTITIONS = 30, 600, 4


@pytest.fixture
def log(database_url: str) -> Iterator[PostgresLog]:
    """The embedded log with all topics of the road."""
    opened = PostgresLog(make_url(database_url).set(drivername="postgresql+psycopg"), PARTITIONS)
    opened.ensure(ROAD)
    yield opened
    opened.close()


class Recorder(Road):
    """Collects the records of events by topic instead of delivering them."""

    def __init__(self) -> None:
        self.records: dict[str, list[Record]] = {}

    def put(self, topic: str, record: Record) -> None:
        self.records.setdefault(topic, []).append(record)


def events(chance: random.Random) -> list[Event]:
    """A company in which nearly everything happens at once: managers and quotas change while deals are amended and
    split.
    """
    found: list[Event] = [
        ("plans", (simple_plan(),)),
        ("plans", (simple_plan(version=2, effective_from=date(2025, 2, 15)),)),
    ]
    for number in range(PEOPLE):
        manager = None if number == 0 else f"p{(number - 1) // 5}"
        for day, changed in (("2025-01-01", manager), ("2025-02-10", f"p{chance.randrange(5)}")):
            fields = {
                f"{day}/plan": "rep",
                f"{day}/manager": changed,
                f"{day}/quota.bookings": str(chance.randrange(1, 90_000)),
            }
            found.append(("roster", (f"p{number}", fields, f"{day}T00:00:00.000000Z", 0, "hr")))
    for number in range(DEALS_SENT):
        fields = {
            "stage": "won",
            "amount": f"{chance.randrange(1, 10_000)}.{chance.randrange(100):02d}",
            "currency": "USD",
            "close_date": (date(2025, 1, 1) + timedelta(days=chance.randrange(80))).isoformat(),
            "owner": f"p{chance.randrange(PEOPLE + 1)}",
        }
        found.append(("deals", (f"d{number}", fields, "2025-04-01T00:00:00.000000Z", 0, "crm")))
        if chance.random() < 0.4:
            first = chance.randrange(PEOPLE)
            later = chance.choice(
                [
                    {"stage": "cancelled"},
                    {"owner": f"p{first}"},
                    {"splits": {f"p{first}": "50.5", f"p{(first + 1) % PEOPLE}": "49.5"}},
                    {"refunds.r1": {"amount": "0.01", "date": "2025-04-02"}},
                ]
            )
            found.append(("deals", (f"d{number}", later, "2025-04-02T00:00:00.000000Z", 0, "crm")))
    found += chance.sample(found, len(found) // 4)
    chance.shuffle(found)
    return found


def members(log: PostgresLog, engine: Engine, number: int) -> list[Worker]:
    """One member of each group; small batches, so that they meet often."""
    sizes, step = {"roster": 5, "credit": 40, "payments": 7, "allocate": 3, "recredit": 3, "earn": 15}, steps()
    return [
        Worker(name, log, engine=engine, topics=topics, step=step[name], member=f"m{number}", batch=sizes[name])
        for name, topics in INPUTS.items()
    ]


def drained(log: PostgresLog, engine: Engine) -> bool:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("select topic, partition, next_position from position").all()
    read = {(topic, partition): position for topic, partition, position in rows}
    topics = [topic for worker in INPUTS.values() for topic in worker]
    return all(read.get((p.topic, p.number), 0) >= end for topic in topics for p, end in log.ends(topic).items())


def test_two_of_each_worker_end_where_one_calculation_ends(scoring_engine: Engine, log: PostgresLog, seed: int) -> None:
    chance = random.Random(seed)
    found = events(chance)
    recorder = Recorder()
    for event in found:
        put(recorder, event)
    stop = threading.Event()
    threads = [
        threading.Thread(target=worker.run, args=(stop,))
        for number in range(2)
        for worker in members(log, scoring_engine, number)
    ]
    for thread in threads:
        thread.start()
    try:
        for start in range(0, DEALS_SENT * 2, 100):
            for topic in (DEALS, ROSTER, PLANS):
                log.append(topic, recorder.records.get(topic.name, [])[start : start + 100])
            time.sleep(0.05)
        until(lambda: drained(log, scoring_engine))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert drained(log, scoring_engine)
    assert_converged(scoring_engine, found)
    assert newest_published(log) == newest_stored(scoring_engine)


def newest_published(log: PostgresLog) -> dict[tuple[str, str], list[Any]]:
    """The last revision of each participant and period on the topic, which has to be the last record as well."""
    newest: dict[tuple[str, str], EarningsChanged] = {}
    for stored in log.scan(EARNINGS):
        event = EarningsChanged.model_validate_json(stored.record.value or b"")
        held = newest.get((event.participant_id, event.period))
        assert held is None or event.revision == held.revision + 1
        newest[event.participant_id, event.period] = event
    return {
        key: sorted((e.plan, e.version, e.component, e.amount) for e in event.earnings)
        for key, event in newest.items()
        if event.earnings
    }


def newest_stored(engine: Engine) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for row in stored_result(engine)[2].iter_rows(named=True):
        key = (row["participant_id"], row["period"])
        found.setdefault(key, []).append((row["plan"], row["version"], row["component"], row["amount"]))
    return {key: sorted(earned) for key, earned in found.items()}
