"""Waiting until an installation has worked off what it was sent: every worker at the end of its topics, nothing in an
outbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Final

from sqlalchemy import Engine, text

from earnest.local.processes import LocalError
from earnest.names import Service
from shared.contracts.topics import (
    ACCOUNT_PAYMENTS,
    CREDITS,
    DEALS,
    DELIVERIES,
    EARNINGS,
    PLANS,
    REALLOCATIONS,
    RECREDITS,
    ROSTER,
    Topic,
)
from shared.database import engine_while
from shared.log.kafka import KafkaLog
from shared.log.open import open_log
from shared.log.port import Log
from shared.settings import Settings

POLL_SECONDS: Final = 0.1
STUCK_SECONDS: Final = 60.0
_READ: Final = text(
    "select partition, min(next_position) as next from position where topic = :topic group by partition"
)
READERS: Final[tuple[tuple[Service, Topic], ...]] = (
    ("ingest", DELIVERIES),
    ("scoring", PLANS),
    ("scoring", ROSTER),
    ("scoring", DEALS),
    ("scoring", ACCOUNT_PAYMENTS),
    ("scoring", REALLOCATIONS),
    ("scoring", RECREDITS),
    ("scoring", CREDITS),
    ("payout", ROSTER),
    ("payout", EARNINGS),
    ("alerts", DEALS),
    ("alerts", EARNINGS),
    ("access", ROSTER),
)
"""Who reads what, in the order of the road: once a reader is at the end, nothing more comes to the topics after it."""


def wait_until_drained(settings: Settings, waiting: Callable[[int], object]) -> None:
    """Return when nothing is on its way any more; `waiting` is told again and again how many records are.

    Raises:
        LocalError: nothing has moved for a minute; says who is behind.
    """
    with readers(settings) as (log, engines):
        since, last = time.monotonic(), -1
        while True:
            due = all_behind(log, engines)
            left = sum(due.values())
            waiting(left)
            if left == 0:
                return
            # Fewer or more: as long as the number changes, somebody is at work.
            if left != last:
                since, last = time.monotonic(), left
            if time.monotonic() - since > STUCK_SECONDS:
                slow = ", ".join(f"{where} ({number})" for where, number in due.items() if number)
                raise LocalError(f"nothing has moved for a minute; behind are {slow}; look at the logs")
            time.sleep(POLL_SECONDS)


@contextmanager
def readers(settings: Settings) -> Iterator[tuple[Log, dict[Service, Engine]]]:
    """The log, and the databases of the services that read it, in the order of the road."""
    with closing(open_log(settings)) as log, ExitStack() as held:
        services = dict.fromkeys(service for service, _ in READERS)
        yield log, {service: held.enter_context(engine_while(settings, service, pool_size=1)) for service in services}


def all_behind(log: Log, engines: Mapping[Service, Engine]) -> dict[str, int]:
    """How many records each reader has not read, by service and topic in words."""
    return {f"{service} of {topic.name}": behind(log, engines[service], topic=topic) for service, topic in READERS}


def behind(log: Log, engine: Engine, *, topic: Topic) -> int:
    """How many records of a topic the slowest worker of a service, whose database this is, has not read."""
    # What waits for the relay is counted before the ends: what it has brought to Kafka since is then behind them. The
    # other way round a record could be missed on its way.
    waiting = unsent(log, topic)
    ends = log.ends(topic)
    with engine.connect() as connection:
        read: dict[int, int] = {row.partition: row.next for row in connection.execute(_READ, {"topic": topic.name})}
    return waiting + sum(max(0, end - read.get(place.number, 0)) for place, end in ends.items())


def unsent(log: Log, topic: Topic) -> int:
    """What was published in transactions and waits for the relay to bring it to Kafka."""
    if not isinstance(log, KafkaLog):
        return 0
    return sum(end - log.outbox.first(place) for place, end in log.outbox.ends(topic).items())
