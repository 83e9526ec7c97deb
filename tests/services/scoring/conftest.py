"""A migrated schema of scoring, and a road that delivers records to its steps in whatever batches and order a test
wants.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, make_url, text

from earnest.local.postgres import Postgres
from services.scoring.worker import INPUTS, steps
from shared.contracts.topics import EARNINGS
from shared.database import engine_for
from shared.log.partitioner import partition_of
from shared.log.port import Partition, Record, Stored
from shared.log.step import Rejection
from shared.logins import login_of, view_of
from tests.databases import fresh_database

LANES = 3


class Road:
    """Topics in memory before the real steps on the real database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.steps = steps()
        self.waiting: dict[str, dict[int, list[Stored]]] = defaultdict(lambda: defaultdict(list))
        self.ends: dict[Partition, int] = defaultdict(int)
        self.rejections: list[Rejection] = []
        self.published: list[tuple[str, Record]] = []

    def put(self, topic: str, record: Record) -> None:
        """Append a record to its lane."""
        lane = Partition(topic, partition_of(record.key, LANES))
        self.waiting[topic][lane.number].append(Stored(lane, self.ends[lane], record, 0.0))
        self.ends[lane] += 1

    def deal(
        self, deal_id: str, at: str = "2025-05-01T00:00:00.000000Z", sequence: int = 0, by: str = "crm", **fields: Any
    ) -> None:
        """A deal patch."""
        self.fact("deals", "deal_id", deal_id, fields, at, sequence, by)

    def person(
        self,
        participant_id: str,
        since: str,
        at: str = "2025-01-01T00:00:00.000000Z",
        by: str = "crm",
        **fields: Any,
    ) -> None:
        """A roster patch: attributes from a date on; `quota_bookings` is the quota of measure bookings."""
        dated = {f"{since}/{name.replace('quota_', 'quota.')}": value for name, value in fields.items()}
        self.fact("roster", "participant_id", participant_id, dated, at, 0, by)

    def plan(self, document: dict[str, Any], by: str | None = None) -> None:
        """A plan version."""
        published = {
            "plan_id": document["plan"],
            "version": document["version"],
            "effective_from": document["effective_from"],
            "document": document,
            "author": by,
        }
        self.put("plans", Record(f"{document['plan']}@{document['version']}", orjson.dumps(published)))

    def fact(
        self, topic: str, name: str, key: str, fields: dict[str, Any], at: str, sequence: int = 0, source: str = "crm"
    ) -> None:
        fact = {name: key, "fields": fields, "occurred_at": at, "sequence": sequence, "source": source}
        self.put(topic, Record(key, orjson.dumps(fact)))

    def drain(self, chance: random.Random | None = None) -> None:
        """Deliver until nothing waits: everything at once, or lanes, batch sizes and workers as chance has it."""
        while due := [worker for worker in INPUTS if any(self._lanes(worker))]:
            worker = chance.choice(due) if chance else due[0]
            self.deliver(worker, self._take(worker, chance))

    def deliver(self, worker: str, batch: list[Stored]) -> None:
        """One batch in one transaction; what it publishes is put on the road."""
        with self.engine.begin() as connection:
            outcome = self.steps[worker](connection, batch)
        self.rejections += outcome.rejections
        for topic, record in outcome.publications:
            self.published.append((topic.name, record))
            if topic != EARNINGS:
                self.put(topic.name, record)

    def _lanes(self, worker: str) -> list[list[Stored]]:
        return [lane for topic in INPUTS[worker] for lane in self.waiting[topic.name].values() if lane]

    def _take(self, worker: str, chance: random.Random | None) -> list[Stored]:
        batch: list[Stored] = []
        for lane in self._lanes(worker):
            number = chance.randint(0 if batch else 1, len(lane)) if chance else len(lane)
            batch += lane[:number]
            del lane[:number]
        return batch


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[[str], str]) -> Iterator[str]:
    """`postgresql://` URL of a database with the tables of scoring, which this test has for itself."""
    with fresh_database(postgres_server, template("scoring")) as url:
        yield url


@pytest.fixture
def scoring_engine(engine_of: Callable[[str, str], Engine]) -> Engine:
    """An engine on a fresh schema `scoring`, as the service has it."""
    return engine_of(login_of("scoring"), "scoring")


@pytest.fixture
def scoring_view(engine_of: Callable[[str, str], Engine]) -> Engine:
    """An engine on the same schema as the service reads it for people."""
    return engine_of(view_of("scoring"), "scoring")


@pytest.fixture
def administrator(database_url: str) -> Iterator[Engine]:
    """An engine on the same schema for the administrator, who makes schemas beside it to verify."""
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "scoring")
    yield engine
    engine.dispose()


@pytest.fixture
def road(scoring_engine: Engine) -> Road:
    """A road to the steps over an empty schema."""
    return Road(scoring_engine)


@pytest.fixture
def company(road: Road) -> Road:
    """ann sells and reports to bob, who reports to cy; dee is another manager. Quota 10,000 a month for everyone."""
    road.plan(simple_plan())
    for person, manager in (("ann", "bob"), ("bob", "cy"), ("cy", None), ("dee", "cy"), ("eve", "dee")):
        road.person(person, "2025-01-01", plan="rep", manager=manager, quota_bookings="10000")
    road.drain()
    return road


def empty_tables(engine: Engine) -> None:
    """Forget everything but the schema."""
    with engine.begin() as connection:
        for table in (
            *("participant", "plan_version", "quarantine", "deal", "account_payment"),
            *("lost_credit", "lost_holder", "taken_back", "participant_sums"),
        ):
            connection.execute(text(f"delete from {table}"))
        connection.execute(text("update roster_head set version = 0"))


def simple_plan(**changes: Any) -> dict[str, Any]:
    """A plan: 5 % of own bookings up to quota and 10 % above, 1 % of the team's."""
    return {
        "plan": "rep",
        "version": 1,
        "name": "Rep",
        "currency": "USD",
        "effective_from": date(2025, 1, 1),
        "credits": [{"rule": "own"}, {"rule": "team", "to": "managers"}],
        "measures": [{"measure": "bookings", "sum_of": ["own"]}, {"measure": "team", "sum_of": ["team"]}],
        "components": [
            {
                "component": "commission",
                "measure": "bookings",
                "kind": "graduated",
                "on": "attainment",
                "tiers": [{"up_to": "100%", "rate": "5%"}, {"rate": "10%"}],
            },
            {"component": "override", "measure": "team", "kind": "flat", "rate": "1%"},
        ],
    } | changes
