"""The stream: deals accepted by HTTP batch until their earnings are readable, through every service of a running
system.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter, sleep
from typing import Any

import httpx
import orjson
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.kernel import plan
from earnest.local.drain import behind, wait_until_drained
from earnest.local.system import System
from shared.contracts.message import structured_event
from shared.contracts.topics import CREDITS, DEALS, PLANS, RECREDITS, ROSTER
from shared.database import database_url, engine_for
from shared.kernel import Plan
from shared.log.open import open_log

BATCH = 500
SENDERS = 4
PROBES = 150
PROBES_PER_SECOND = 5
POLL_SECONDS = 0.01
JANUARY = 31


@dataclass(frozen=True)
class Throughput:
    """Deals per second accepted; from the first request until the last earning was readable; until all services had
    read all.
    """

    deals: int
    accepted: float
    readable: float
    settled: float


@dataclass(frozen=True)
class Ages:
    """Seconds from sending a deal until its earning was read, at a given rate of other deals: half and all but one in
    100.
    """

    rate: int
    probes: int
    median: float
    p99: float


class Stream:
    """A running system with a roster and a plan of the benchmark's own, and the means to push deals through it."""

    def __init__(self, system: System, participants: int) -> None:
        """Publish the plan and the roster, and wait until they are in force."""
        self._system, self._participants = system, participants
        self._log = open_log(system.settings)
        self._engine = engine_for(database_url(system.settings), "scoring", pool_size=1)
        self._number = 0
        self.publish(plan())
        owners = [f"p{number}" for number in range(participants)] + [f"probe-{number}" for number in range(PROBES)]
        people = [_roster_event(owner) for owner in owners]
        for start in range(0, len(people), BATCH):
            self._post("roster", "hr", people[start : start + BATCH])
        self.wait_until_read()

    def publish(self, version: Plan) -> None:
        """Publish a plan version; it is in force when the roster worker has read it."""
        name = f"plan-{version.version}"
        self._post("plans", "analyst", [_event(name, "earnest.plan.published", {"document": version.document()})])

    def throughput(self, seconds: float, deals_per_second: int, sent: Callable[[int], object]) -> Throughput:
        """Push deals as fast as they are accepted for so many seconds' worth of the given rate, then wait for the last
        earning.

        `sent` is told how many deals were just accepted.
        """
        # Made before the clock starts: what is measured is the system, not the making of its input.
        bodies = [self.body(BATCH) for _ in range(int(seconds * deals_per_second / BATCH))]
        begun = perf_counter()
        with ThreadPoolExecutor(SENDERS) as senders:
            for _ in senders.map(self._send, bodies):
                sent(BATCH)
        accepted = perf_counter() - begun
        self.wait_until_read()
        readable = perf_counter() - begun
        wait_until_drained(self._system.settings, lambda _: None)
        deals = len(bodies) * BATCH
        return Throughput(deals, deals / accepted, deals / readable, deals / (perf_counter() - begun))

    def ages(self, rate: int) -> Ages:
        """Push deals at a steady rate, and among them probes, each of a participant who sells nothing else, timed until
        read.
        """
        stop = threading.Event()
        every = BATCH / rate
        bodies = iter([self.body(BATCH) for _ in range(int(PROBES / PROBES_PER_SECOND / every) + 2)])
        with ThreadPoolExecutor(SENDERS) as pool, httpx.Client(timeout=60) as client:
            load = pool.submit(_paced, every, stop, bodies, self._send)
            probes = []
            # Each probe is somebody who has earned nothing yet: their first earning can only be that of their deal.
            for number in range(PROBES):
                probes.append(pool.submit(self.probe, client, f"probe-{number}"))
                sleep(1 / PROBES_PER_SECOND)
            ages = sorted(probe.result() for probe in probes)
            stop.set()
            load.result()
        self.wait_until_read()
        return Ages(rate, len(ages), ages[len(ages) // 2], ages[int(len(ages) * 0.99)])

    def history(self, deals: int, times: int = 100) -> tuple[float, float]:
        """The median age of an earning whose participant has ten earlier deals in the month, and of one who has so
        many.
        """
        few, many = "probe-0", "probe-1"
        for owner, number in ((few, 10), (many, deals)):
            for start in range(0, number, BATCH):
                lines = [orjson.dumps(self._deal(owner, JANUARY)) for _ in self._numbers(min(BATCH, number - start))]
                self._send(b"\n".join(lines))
        self.wait_until_read()
        with httpx.Client(timeout=60) as client:
            ages = {owner: sorted(self._change(client, owner) for _ in range(times)) for owner in (few, many)}
        return ages[few][times // 2], ages[many][times // 2]

    def _change(self, client: httpx.Client, owner: str) -> float:
        """Seconds from sending a deal of a participant until their earnings of January are others than before."""
        before = self._earnings(client, owner)
        next(self._numbers(1))
        event = self._deal(owner, JANUARY)
        sent = perf_counter()
        self._send(orjson.dumps(event))
        while self._earnings(client, owner) == before:
            sleep(POLL_SECONDS)
        return perf_counter() - sent

    def _earnings(self, client: httpx.Client, owner: str) -> list[Any]:
        url = f"{self._system.urls['scoring']}/v1/participants/{owner}/earnings"
        key = {"authorization": f"Bearer {self._system.key('analyst')}"}
        earnings: list[Any] = client.get(url, headers=key).raise_for_status().json()["earnings"]
        return earnings

    def stages(self) -> dict[str, tuple[float, float]]:
        """Per worker of scoring: records processed, and the seconds its batches took."""
        text = httpx.get(f"{self._system.urls['scoring']}/metrics").text
        records: dict[str, float] = {}
        seconds: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "earnest_worker_records_total" and sample.labels["outcome"] == "processed":
                    records[sample.labels["worker"]] = sample.value
                if sample.name == "earnest_worker_batch_seconds_sum":
                    seconds[sample.labels["worker"]] = sample.value
        return {worker: (records.get(worker, 0.0), taken) for worker, taken in seconds.items()}

    def wait_until_read(self) -> None:
        """Return when scoring has read everything that is in its topics."""
        while self._behind():
            sleep(0.05)

    def _behind(self) -> bool:
        """Whether a worker has not reached the end of a topic; topics are asked in the order of the road."""
        topics = (PLANS, ROSTER, DEALS, RECREDITS, CREDITS)
        return any(behind(self._log, self._engine, topic=topic) for topic in topics)

    def body(self, deals: int) -> bytes:
        """The next deals, as NDJSON."""
        lines = [orjson.dumps(self._deal(f"p{n * 7919 % self._participants}")) for n in self._numbers(deals)]
        return b"\n".join(lines)

    def _numbers(self, count: int) -> Iterator[int]:
        for _ in range(count):
            self._number += 1
            yield self._number

    def _deal(self, owner: str, days: int = 90) -> dict[str, Any]:
        """The next deal, closed within so many days from the first of January."""
        number = self._number
        close = date(2025, 1, 1) + timedelta(days=number % days)
        fields = {
            "stage": "won",
            "amount": f"{number * 104_729 % 20_000 + 1}.{number % 100:02d}",
            "currency": "USD",
            "owner": owner,
            "close_date": close.isoformat(),
            "product": "bench",
        }
        return _event(f"e{number}", "earnest.deal.patched", {"deal_id": f"bench-{number}", "fields": fields})

    def _send(self, body: bytes) -> None:
        answer = httpx.post(
            f"{self._system.urls['ingest']}/v1/deals",
            content=body,
            headers={"content-type": "application/x-ndjson", "authorization": f"Bearer {self._system.key('crm')}"},
            timeout=60,
        )
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            sleep(float(answer.headers.get("retry-after", "1")))
            self._send(body)
        else:
            answer.raise_for_status()

    def probe(self, client: httpx.Client, owner: str) -> float:
        """Seconds from sending a deal of a participant who has none until their earning is read."""
        next(self._numbers(1))
        event = self._deal(owner)
        sent = perf_counter()
        self._send(orjson.dumps(event))
        while not self._earnings(client, owner):
            sleep(POLL_SECONDS)
        return perf_counter() - sent

    def _post(self, what: str, key: str, events: Sequence[dict[str, Any]]) -> None:
        answer = httpx.post(
            f"{self._system.urls['ingest']}/v1/{what}",
            content=orjson.dumps(events),
            headers={"content-type": "application/json", "authorization": f"Bearer {self._system.key(key)}"},
            timeout=60,
        )
        answer.raise_for_status()


def _paced(every: float, stop: threading.Event, bodies: Iterator[bytes], send: Callable[[bytes], None]) -> None:
    # By a clock that does not wait for answers: a slow system gets no rest for being slow (coordinated omission).
    due = perf_counter()
    for body in bodies:
        if stop.is_set():
            return
        send(body)
        due += every
        sleep(max(0.0, due - perf_counter()))


def _event(name: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return structured_event(kind, name, source="bench", time="2025-06-01T00:00:00Z", data=data)


def _roster_event(owner: str) -> dict[str, Any]:
    data = {
        "participant_id": owner,
        "effective_from": "2024-01-01",
        "fields": {"plan": "bench", "quotas": {"bookings": "750000"}},
    }
    return _event(f"roster-{owner}", "earnest.roster.patched", data)
