"""A plan change over many deals: from publishing the version until every earning is a new one, while other deals come
in.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from time import perf_counter, sleep

import httpx

from benchmarks.kernel import plan
from benchmarks.stream import PROBES, Stream
from shared.kernel import Plan
from shared.kernel.components.graduated import Graduated

PROBES_EVERY = 0.2


@dataclass(frozen=True)
class ChangeFigures:
    """How long the change took, and the age of the earnings of deals that came in meanwhile: the median and the oldest;
    in seconds.
    """

    seconds: float
    probes: int
    median: float
    oldest: float


def measure_change(stream: Stream, deals: int) -> ChangeFigures:
    """Let deals be paid, publish a version that touches them all, and time it."""
    stream.throughput(1, deals, lambda _: None)  # one second's worth at a rate of `deals`: so many deals
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool, httpx.Client(timeout=60) as client:
        meanwhile = pool.submit(_probe, stream, client, done)
        begun = perf_counter()
        stream.publish(_changed())
        stream.wait_until_read()
        seconds = perf_counter() - begun
        done.set()
        ages = sorted(meanwhile.result())
    return ChangeFigures(seconds, len(ages), ages[len(ages) // 2], ages[-1])


def _probe(stream: Stream, client: httpx.Client, done: threading.Event) -> list[float]:
    ages = []
    for number in range(PROBES):
        ages.append(stream.probe(client, f"probe-{number}"))
        if done.is_set():
            break
        sleep(PROBES_EVERY)
    return ages


def _changed() -> Plan:
    """The benchmark's plan with every rate half a point higher, from the second of January on: all but one in ninety
    are touched.
    """
    before = plan()
    [commission] = before.components
    assert isinstance(commission, Graduated)
    tiers = tuple(
        tier.model_copy(update={"rate": Decimal(str(tier.pays)) + Decimal("0.005")}) for tier in commission.tiers
    )
    update = {
        "version": before.version + 1,
        "effective_from": date(2025, 1, 2),
        "components": (commission.model_copy(update={"tiers": tiers}),),
    }
    return before.model_copy(update=update)
