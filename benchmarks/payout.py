"""A payout run over a month of everyone: from lines in scoring to the payroll file, step by step, and what the stream
does meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import polars as pl

from benchmarks.lines import PERIOD, fill
from earnest.client import Client
from earnest.local.system import System
from services.payout.scoring_client import ScoringClient
from shared.contracts.topics import EARNINGS
from shared.database import database_url, engine_for
from shared.log.open import open_log
from shared.log.port import Record
from shared.periods import Month, next_period

STEPS = {"calculate": "dana", "submit": "dana", "approve": "frank", "export": "dana"}
AFTER = next_period(PERIOD)


@dataclass(frozen=True)
class Paid:
    """Seconds of each step; how long the slowest booking of the stream took while the month was closed; what was paid
    to how many.
    """

    seconds: dict[str, float]
    slowest_booking: float
    bookings: int
    participants: int
    lines: int
    total: str


def measure_payout(system: System, number: int, participants: int) -> Paid:
    """Fill scoring's tables, have everything booked, and take a run through its life."""
    engine = engine_for(database_url(system.settings), "scoring", pool_size=1)
    fill(engine, number, participants)
    engine.dispose()
    source = ScoringClient.from_settings(system.settings)
    lines = source.of(PERIOD, None)
    source.close()
    client = Client(system.home, system.settings)
    log = open_log(system.settings)
    log.ensure([EARNINGS])
    log.append(EARNINGS, [_event(*row) for row in lines.select("participant_id", "revision", "earnings").iter_rows()])
    _wait(lambda: _earned(client) == sum(_amounts(lines)))
    seconds: dict[str, float] = {}
    probes: list[float] = []
    done = threading.Event()
    run = client.post("/v1/runs", who="dana", body={"period": PERIOD})
    # Steps hold locks while they close a month: what the stream books meanwhile shows how long others wait for them.
    stream = threading.Thread(target=_stream, args=(system, log, done, probes))
    stream.start()
    for step, who in STEPS.items():
        begun = time.perf_counter()
        run = client.post(f"/v1/runs/{run['id']}/{step}", who=who)
        seconds[step] = time.perf_counter() - begun
    done.set()
    stream.join()
    log.close()
    [total] = run["totals"]
    return Paid(
        seconds=seconds,
        slowest_booking=max(probes),
        bookings=len(probes),
        participants=total["participants"],
        lines=number,
        total=f"{total['paid']} {total['currency']}",
    )


def _event(participant: str, revision: int, earnings: list[dict[str, Any]], period: Month = PERIOD) -> Record:
    event = {"participant_id": participant, "period": period, "revision": revision, "earnings": earnings, "basis": {}}
    return Record(participant, orjson.dumps(event, default=str))


def _amounts(lines: pl.DataFrame) -> list[int]:
    return lines.explode("earnings")["earnings"].struct.field("amount").drop_nulls().to_list()


def _earned(client: Client) -> int:
    totals = client.get("/v1/summary", who="dana")["totals"]
    return sum(round(float(total["earned"]) * 100) for total in totals)


def _stream(system: System, log: Any, done: threading.Event, probes: list[float]) -> None:
    """Have something earned in the next month again and again, and see how long it takes until it is booked."""
    part = {"component": "commission", "plan": "bench", "version": 1, "currency": "USD", "measure": "0"}
    url, key = system.urls["payout"], {"authorization": f"Bearer {system.home.key('dana')}"}
    with httpx.Client(timeout=60) as http:
        number = 0
        while not done.is_set() or not probes:
            number += 1
            begun = time.perf_counter()
            log.append(EARNINGS, [_event(f"new-{number}", 1, [part | {"amount": 100}], AFTER)])
            path = f"{url}/v1/participants/new-{number}/balance"
            # Until the ledger knows them, there is no such participant, and no balances.
            _wait(lambda path=path: http.get(path, headers=key).json().get("balances"))  # type: ignore[misc]
            probes.append(time.perf_counter() - begun)
            time.sleep(0.1)


def _wait(true: Callable[[], object]) -> None:
    while not true():
        time.sleep(0.05)
