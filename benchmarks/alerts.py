"""What alerts pay for a deal: kept and not counted, counted, counted after years of others; and for an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import psutil
from sqlalchemy import Engine, make_url

from earnest.local.postgres import Postgres
from services.alerts.evaluation.evaluator import plan_readings
from services.alerts.evaluation.readings import Reading
from services.alerts.kpis import Catalogue, built_in
from services.alerts.rollups.worker import BATCH, CountingStep
from shared.contracts.topics import DEALS, ROSTER
from shared.database import engine_for, migrate
from shared.log.port import Partition, Record, Stored
from shared.service import keep_memory_of_batches

PARTICIPANTS: Final = 2_000
TODAY: Final = date(2025, 6, 30)
RECENT: Final = 90
"""Days within which deals of a stream close."""
YEARS: Final = 3 * 365
"""Days of the deals of before."""


@dataclass(frozen=True, kw_only=True)
class Paid:
    """Microseconds of the processor for a deal: of the step, the median of its batches, and of the database."""

    what: str
    step: float
    database: float


@dataclass(frozen=True, kw_only=True)
class AlertsFigures:
    """The costs of deals, and seconds of the processor in which so many series were evaluated: first, and again when a
    batch of recent deals has come.
    """

    paid: Sequence[Paid]
    series: int
    evaluated: float
    again: float


class _Installation:
    """The tables of alerts in a database of its own, and deals that come in."""

    def __init__(self, server: Postgres, engine: Engine, catalogue: Catalogue) -> None:
        self._server, self._engine, self._catalogue = server, engine, catalogue
        self._step, self._numbers = CountingStep(catalogue), count()
        self._readings: list[Reading] = []
        self._count([_assigned(number) for number in range(PARTICIPANTS)])

    def paid(self, what: str, deals: int, *, days: int) -> Paid:
        """Count deals that closed within so many days; the first batch, for which code is read, is not timed."""
        steps, database = [], 0.0
        for number in range(1 + max(deals // BATCH, 1)):
            batch = [_won(each, days) for each in islice(self._numbers, BATCH)]
            begun, busy = process_time(), self._busy()
            self._count(batch)
            if number:
                steps.append(process_time() - begun)
                database += self._busy() - busy
        each = 1e6 / BATCH
        return Paid(what=what, step=median(steps) * each, database=database / len(steps) * each)

    def evaluated(self) -> tuple[int, float]:
        """How many series are assessed, and in how many seconds of the processor, from the sums to what is found."""
        with self._engine.begin() as connection:
            begun = process_time()
            _, readings = plan_readings(connection, self._catalogue, zone=ZoneInfo("UTC"), before=self._readings)
            seconds = process_time() - begun
        self._readings = readings
        return sum(each.assessment is not None for each in readings), seconds

    def _count(self, batch: Sequence[Stored]) -> None:
        with self._engine.begin() as connection:
            self._step(connection, batch)

    def _busy(self) -> float:
        server = psutil.Process(self._server.pid)
        times = [process.cpu_times() for process in (server, *server.children())]
        return sum(each.user + each.system for each in times)


def run(folder: Path, deals: int, earlier: int) -> AlertsFigures:
    """Count deals where nothing is counted, and by all KPIs that come with Earnest, before and after so many others."""
    keep_memory_of_batches()
    with Postgres(folder) as server:
        with _installation(server, "none", Catalogue(watched=())) as installation:
            paid = [installation.paid("kept, and counted by no KPI", deals, days=RECENT)]
        with _installation(server, "all", built_in()) as installation:
            paid.append(installation.paid("counted by all KPIs", deals, days=RECENT))
            paid.append(installation.paid("catching up on three years", earlier, days=YEARS))
            paid.append(installation.paid("counted after these years", deals, days=RECENT))
            series, evaluated = installation.evaluated()
            installation.paid("of today", BATCH, days=1)
            _, again = installation.evaluated()
    return AlertsFigures(paid=paid, series=series, evaluated=evaluated, again=again)


@contextmanager
def _installation(server: Postgres, name: str, catalogue: Catalogue) -> Iterator[_Installation]:
    engine = engine_for(make_url(server.url()).set(drivername="postgresql+psycopg"), name, pool_size=1)
    migrate(engine, name, package="services.alerts")
    yield _Installation(server, engine, catalogue)
    engine.dispose()


def _assigned(number: int) -> Stored:
    said = {"plan": f"plan {number % 3}", "manager": f"m{number % 40}", "territory": f"t{number % 8}"}
    fields = {f"2020-01-01/{attribute}": value for attribute, value in said.items()}
    return _stored(ROSTER.name, "participant_id", f"p{number}", fields)


def _won(number: int, days: int) -> Stored:
    """A deal, won or lost, closed within so many days before today, at a discount of about a tenth."""
    listed, closed = number * 104_729 % 20_000 + 1_000, TODAY - timedelta(days=number * 31 % days)
    fields = {
        "stage": "won" if number % 10 < 3 else "lost",
        "amount": f"{listed * (85 + number * 7 % 10) // 100}.00",
        "list_amount": f"{listed}.00",
        "currency": "USD",
        "owner": f"p{number * 7_919 % PARTICIPANTS}",
        "open_date": (closed - timedelta(days=number * 13 % 60)).isoformat(),
        "close_date": closed.isoformat(),
        "product": f"product {number % 5}",
        "territory": f"t{number % 8}",
    }
    return _stored(DEALS.name, "deal_id", f"d{number}", fields)


def _stored(topic: str, key: str, name: str, fields: dict[str, Any]) -> Stored:
    message = {key: name, "fields": fields, "occurred_at": f"{TODAY}T00:00:00.000000Z", "source": "bench"}
    return Stored(Partition(topic, 0), 0, Record(name, orjson.dumps(message)), 0.0)
