"""Honest clients alone, and beside others that send and read as badly as they can: what the honest ones wait, and how
much memory the services take.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import urlsplit

import httpx
import psutil

from benchmarks.lines import PERIOD, fill
from benchmarks.stream import Stream
from earnest.local.system import System
from shared.contracts.lines import MEDIA_TYPE
from shared.database import database_url, engine_for

HALF_OPEN = SLOW = 200
"""Clients that stop in the middle of a large body, and clients that send a byte now and then."""
BODY = 6_000_000
"""Bytes of a body of which half is sent."""
DRIP_SECONDS = 0.5
SENDERS = 16
ROUND_SECONDS = 5
PER_SECOND = 40
DEALS = 20


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Seconds that requests took: half of them, all but one in 100, and the slowest; how many were refused."""

    requests: int
    median: float
    p99: float
    slowest: float
    refused: int


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Senders of deals, and readers of one participant, alone and beside bad clients and a reader of everything."""

    sending: Waits
    sending_beside: Waits
    reading: Waits
    reading_beside: Waits
    ingest_bytes: int
    """The most memory that ingest held."""
    held_open: int
    """Connections of the bad clients that were open at the end."""


def measure_clients(system: System, deals: int, participants: int, *, seconds: float) -> Clients:
    """Fill scoring's tables, and measure each kind for so many seconds alone and for so many beside the others."""
    engine = engine_for(database_url(system.settings), "scoring", pool_size=1)
    fill(engine, deals, participants)
    engine.dispose()
    stream = Stream(system, 100)
    rounds = max(1, int(seconds / ROUND_SECONDS))
    ingest, scoring = system.urls["ingest"], system.urls["scoring"]
    bodies = iter([stream.body(DEALS) for _ in range(int(2 * (seconds + rounds) * PER_SECOND))])
    crm, reader = _bearer(system, "crm"), _bearer(system, "analyst")

    def send(client: httpx.Client) -> int:
        return client.post(f"{ingest}/v1/deals", content=next(bodies), headers=crm | NDJSON).status_code

    def read(client: httpx.Client) -> int:
        return client.get(f"{scoring}/v1/participants/p1/earnings", headers=reader).status_code

    sending, sending_beside, reading, reading_beside = [], [], [], []
    left = 0
    # In turn, so that whatever else the machine does hits both alike.
    for _ in range(rounds):
        sending += _asked(send, seconds / rounds)
        with _bad_clients(ingest, system.key("hr")) as held_open:
            sending_beside += _asked(send, seconds / rounds)
            left = held_open()
        reading += _asked(read, seconds / rounds)
        with _reader_of_everything(scoring, _bearer(system, "payout")):
            reading_beside += _asked(read, seconds / rounds)
    return Clients(
        sending=_waits(sending),
        sending_beside=_waits(sending_beside),
        reading=_waits(reading),
        reading_beside=_waits(reading_beside),
        ingest_bytes=_most_memory("ingest"),
        held_open=left,
    )


NDJSON = {"content-type": "application/x-ndjson"}


def _bearer(system: System, key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {system.key(key)}"}


def _asked(ask: Callable[[httpx.Client], int], seconds: float) -> list[tuple[float, int]]:
    """What requests took, in seconds, and their status; asked at a steady rate, by a clock that does not wait for
    answers: whoever is slow gets no rest for it.
    """
    local = threading.local()

    def one(due: float) -> tuple[float, int]:
        if not hasattr(local, "client"):
            local.client = httpx.Client(timeout=60)
        status = ask(local.client)
        return perf_counter() - due, status

    with ThreadPoolExecutor(SENDERS) as senders:
        asked = []
        due = perf_counter()
        end = due + seconds
        while due < end:
            sleep(max(0.0, due - perf_counter()))
            asked.append(senders.submit(one, due))
            due += 1 / PER_SECOND
        return [each.result() for each in asked]


def _waits(asked: list[tuple[float, int]]) -> Waits:
    took = sorted(seconds for seconds, _ in asked)
    refused = sum(status >= httpx.codes.BAD_REQUEST for _, status in asked)
    return Waits(
        requests=len(took),
        median=took[len(took) // 2],
        p99=took[int(len(took) * 0.99)],
        slowest=took[-1],
        refused=refused,
    )


@contextmanager
def _bad_clients(url: str, key: str) -> Iterator[Callable[[], int]]:
    """Have bad clients in a process of their own; how many of their connections are open is asked."""
    # A new process: one that is forked would have this one's threads and locks.
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_misbehave, args=(url, key), daemon=True)
    process.start()
    port = urlsplit(url).port

    def held_open() -> int:
        of_process = psutil.Process(process.pid).net_connections("tcp")
        return sum(each.raddr and each.raddr.port == port and each.status == "ESTABLISHED" for each in of_process)

    try:
        sleep(2)  # until all of them are at it
        yield held_open
    finally:
        process.kill()
        process.join()


def _misbehave(url: str, key: str) -> None:
    asyncio.run(_all_bad(urlsplit(url).hostname or "", urlsplit(url).port or 80, key))


async def _all_bad(host: str, port: int, key: str) -> None:
    head = f"POST /v1/roster HTTP/1.1\r\nhost: here\r\nauthorization: Bearer {key}\r\ncontent-length: {BODY}\r\n\r\n"

    async def half_open() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(head.encode() + b"x" * (BODY // 2))
        await reader.read()

    async def slow() -> None:
        _, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /v1/plans HTTP/1.1\r\nx-slow: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(DRIP_SECONDS)

    async def again(bad: Callable[[], object]) -> None:
        while True:
            with contextlib.suppress(OSError):
                await bad()  # type: ignore[misc]
            await asyncio.sleep(1)

    await asyncio.gather(*(again(half_open) for _ in range(HALF_OPEN)), *(again(slow) for _ in range(SLOW)))


@contextmanager
def _reader_of_everything(url: str, headers: dict[str, str]) -> Iterator[None]:
    """Have somebody read the lines of everyone with four requests at once, again and again."""
    stop = threading.Event()

    def read() -> None:
        with httpx.Client(timeout=300) as client:
            while not stop.is_set():
                client.get(f"{url}/v1/lines", params={"period": PERIOD}, headers=headers | {"accept": MEDIA_TYPE})

    with ThreadPoolExecutor(4) as readers:
        reading = [readers.submit(read) for _ in range(4)]
        try:
            sleep(1)
            yield
        finally:
            stop.set()
            for each in reading:
                each.result()


def _most_memory(service: str) -> int:
    """Of a service's process, as the machine's kernel counts it, in bytes."""
    children = psutil.Process().children(recursive=True)
    process = next(each for each in children if f"services.{service}" in each.cmdline())
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM")), 0)
