"""The alerts of some dates anew from the log: the same as those that the running service holds, on both logs."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from earnest.local.kafka import Kafka
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.kpis import Catalogue
from services.alerts.lifecycle import store
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.replay import Replay, compared, in_words, replay
from shared.contracts.topics import DEALS, ROAD
from shared.log.kafka import KafkaLog
from shared.log.port import Log, Record, Stored
from shared.log.postgres import PostgresLog
from shared.log.relay import Relay

Make = Callable[..., Stored]
UTC = ZoneInfo("UTC")
MONDAY = date(2024, 1, 1)
RISES = date(2025, 3, 3)
"""When discounts go from ten percent to thirty; twelve weeks later they are back."""
FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)


@pytest.fixture
def catalogue(catalogue: Catalogue) -> Catalogue:
    """Two KPIs of deals."""
    return Catalogue(watched=tuple(catalogue.by_name[name] for name in ("average_discount", "win_rate")))


@pytest.fixture
def log(request: pytest.FixtureRequest, administrator: Engine, server_folder: Path) -> Iterator[Log]:
    """The log of this test; on Kafka with a broker of its own, for the topics have the names of the road."""
    tables = PostgresLog(administrator.url, partitions=3)
    if getattr(request, "param", "postgres") == "postgres":
        tables.ensure(ROAD)
        yield tables
        tables.close()
        return
    tables.begun_as("kafka")
    with Kafka(server_folder / "kafka-replay") as broker:
        kafka = KafkaLog(broker.bootstrap_servers, tables, partitions=3)
        kafka.ensure(ROAD)
        stop = threading.Event()
        relay = threading.Thread(target=Relay(tables, kafka.producer).run, args=(stop,))
        relay.start()
        yield kafka
        stop.set()
        relay.join()
        kafka.close()


def deals_of(deal: Make, first: date, weeks: int) -> Iterator[Record]:
    """Forty deals won each week, one after the other, at about ten percent off or thirty."""
    lots = random.Random(7)
    for week in range(weeks):
        for number in range(40):
            day = first + timedelta(weeks=week, days=number % 5)
            off = 30 if RISES <= day < RISES + timedelta(weeks=12) else 10
            price = {"amount": f"{100 - off + lots.choice((-3, 0, 3))}.00", "list_amount": "100.00", "currency": "USD"}
            at = f"{day}T10:00:00.000000Z"
            yield deal(f"{day}-{number}", at, stage="won", close_date=f"{day}", open_date=f"{day}", **price).record


@pytest.fixture
def evaluated(
    log: Log,
    deal: Make,
    alerts_engine: Engine,
    catalogue: Catalogue,
    lifecycle: Lifecycle,
    catch_up: Callable[[], None],
) -> None:
    """Twenty months of deals, some of them late and repeated, are counted and evaluated."""
    records = list(deals_of(deal, MONDAY, 90))
    log.append(DEALS, records[400:])
    log.append(DEALS, records[:800])
    catch_up()
    Evaluator(
        alerts_engine, log, catalogue=catalogue, zone=UTC, reconcile=lifecycle.reconcile, incidents=store.incidents
    ).round(time.time())


def replayed(engine: Engine, log: Log, catalogue: Catalogue, first: date = FIRST, last: date = LAST) -> Replay:
    return replay(engine, log, catalogue=catalogue, zone=UTC, first=first, last=last)


def told(found: Replay) -> list[str]:
    return [f"{move.day} {move.what} {in_words(move.subject)}" for move in found.moves]


@pytest.mark.parametrize("log", ["postgres", "kafka"], indirect=True)
@pytest.mark.usefixtures("evaluated")
def test_the_log_gives_the_alerts_that_the_service_holds_in_the_order_of_their_dates(
    log: Log, administrator: Engine, catalogue: Catalogue
) -> None:
    found = replayed(administrator, log, catalogue)
    assert compared(administrator, found).differences == []
    assert [move.day for move in found.moves] == sorted(move.day for move in found.moves)
    of_discount = [line for line in told(found) if "average_discount USD (threshold)" in line]
    assert [line.split()[1] for line in of_discount] == ["opened", "closed"]
    assert any("average_discount USD (drift)" in line and "opened" in line for line in told(found))
    first = next(move for move in found.moves if move.what == "opened")
    assert RISES <= first.day <= RISES + timedelta(weeks=4)
    again = replayed(administrator, log, catalogue)
    assert (again.moves, again.as_of) == (found.moves, found.as_of)
    with administrator.connect() as connection:
        left = connection.execute(
            text("select count(*) from pg_namespace where nspname like 'alerts\\_verify%'")
        ).scalar()
    assert left == 0


@pytest.mark.usefixtures("evaluated")
def test_only_what_opens_and_closes_between_the_dates_is_told_and_compared(
    log: Log, administrator: Engine, catalogue: Catalogue
) -> None:
    whole = replayed(administrator, log, catalogue)
    first = whole.moves[0].day
    day = replayed(administrator, log, catalogue, first, first)
    assert day.moves == [move for move in whole.moves if move.day == first]
    assert compared(administrator, day).differences == []
    before = replayed(administrator, log, catalogue, FIRST, first - timedelta(days=1))
    assert (before.moves, compared(administrator, before).differences) == ([], [])


@pytest.mark.usefixtures("evaluated")
def test_an_alert_that_only_one_of_them_has_is_named(log: Log, administrator: Engine, catalogue: Catalogue) -> None:
    found = replayed(administrator, log, catalogue)
    moved = (
        "update alert set detected_on = detected_on + 1 where kpi = 'average_discount' and detector = 'threshold' "
        "and dimension = '' returning detected_on - 1"
    )
    with administrator.begin() as connection:
        day = connection.execute(text(moved)).scalar_one()
    assert compared(administrator, found).differences == [
        f"{day} average_discount USD (threshold): the log gives an alert that the service does not hold",
        f"{day + timedelta(days=1)} average_discount USD (threshold): the service holds an alert that the log does not give",
    ]


def test_what_was_wrong_before_too_little_was_known_is_open_and_compared(
    log: Log,
    deal: Make,
    administrator: Engine,
    catalogue: Catalogue,
    lifecycle: Lifecycle,
    catch_up: Callable[[], None],
) -> None:
    last = MONDAY + timedelta(weeks=78)
    later = deal("late", f"{last}T10:00:00.000000Z", stage="open", open_date=f"{last}").record
    log.append(DEALS, [*deals_of(deal, MONDAY, 68), later])
    catch_up()
    Evaluator(
        administrator, log, catalogue=catalogue, zone=UTC, reconcile=lifecycle.reconcile, incidents=store.incidents
    ).round(time.time())
    with administrator.connect() as connection:
        held = [alert for alert in store.unresolved(connection) if alert.subject.kpi == "average_discount"]
    assert {alert.subject.detector for alert in held if not alert.subject.dimension} == {"drift", "threshold"}
    assert all(alert.latest.as_of > alert.episode.detected_on and alert.latest.value is None for alert in held)
    found = replayed(administrator, log, catalogue)
    assert all(not each.known for each in found.findings if each.current)
    assert compared(administrator, found) == ([], [])
    lost = "update alert set dimension = 'territory', segment = 'west' where detector = 'drift' and dimension = ''"
    with administrator.begin() as connection:
        day = connection.execute(text(f"{lost} and kpi = 'average_discount' returning detected_on")).scalar_one()
    assert compared(administrator, found).differences == [
        f"{day} average_discount USD (drift): the log gives an alert that the service does not hold"
    ]
    assert compared(administrator, found).not_compared == [
        f"{day} average_discount USD, territory west (drift): not compared: held as it was, for nothing is known of it now"
    ]


def test_without_a_deal_there_is_nothing(log: Log, administrator: Engine, catalogue: Catalogue) -> None:
    found = replayed(administrator, log, catalogue)
    assert (found.as_of, found.moves, compared(administrator, found).differences) == (None, [], [])
