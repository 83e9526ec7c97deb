"""From the log to alerts: drift opens one, the correction closes it, and each change is published once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Connection, Engine, text

from services.alerts.evaluation.evaluator import LONGEST_WAIT, Evaluator
from services.alerts.kpis import Catalogue, built_in
from services.alerts.lifecycle import store
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.lifecycle.store import Filter
from services.alerts.rollups.worker import WORKER
from services.alerts.verify import verify
from shared.contracts.alerts import AlertChanged
from shared.contracts.topics import ALERTS, DEALS, EARNINGS, PLANS
from shared.log import dead_letters
from shared.log.port import Stored
from shared.log.postgres import PostgresLog
from shared.log.step import Outcome, Rejection
from shared.log.worker import Worker
from tests.waiting import until

Make = Callable[..., Stored]
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def evaluator(alerts_engine: Engine, log: PostgresLog, lifecycle: Lifecycle) -> Evaluator:
    return Evaluator(alerts_engine, log, catalogue=built_in(), zone=BERLIN, reconcile=lifecycle.reconcile)


def sell(log: PostgresLog, deal: Make, day: int, discount: int, occurred_day: int | None = None) -> None:
    """Forty deals won on a day of March at a discount in percent."""
    at = f"2025-03-{occurred_day or day:02d}T10:00:00.000000Z"
    won = {"stage": "won", "currency": "USD", "close_date": f"2025-03-{day:02d}"}
    amounts = {"amount": f"{100 - discount}.00", "list_amount": "100.00"}
    log.append(DEALS, [deal(f"d{day}-{n}", at, **won, **amounts).record for n in range(40)])


def published(log: PostgresLog) -> list[AlertChanged]:
    """What the topic `alerts` says, in order."""
    found = sorted(log.scan(ALERTS), key=lambda stored: stored.appended_at)
    return [AlertChanged.model_validate_json(stored.record.value or b"") for stored in found]


def shown(name: str, **labels: str) -> float | None:
    if "kpi" in labels and "side" not in labels:
        labels = {"currency": "", "dimension": "", "segment": "", **labels}
    return REGISTRY.get_sample_value(f"earnest_kpi_{name}", labels)


def test_a_drift_opens_one_alert_and_its_correction_closes_it(
    log: PostgresLog, deal: Make, evaluator: Evaluator, alerts_engine: Engine, catch_up: Callable[[], None]
) -> None:
    discount = {"kpi": "average_discount", "currency": "USD"}
    sell(log, deal, 3, 10)
    catch_up()
    evaluator.round(time.time())
    assert (shown("value", **discount), shown("breach", **discount)) == (0.1, 0.0)
    for day in (4, 5, 6, 7):
        sell(log, deal, day, 40)
    catch_up()
    evaluator.round(time.time())
    evaluator.round(time.time())
    [opened] = published(log)
    assert (opened.alert_id, opened.state, opened.as_of) == ("average_discount.USD.1", "open", date(2025, 3, 7))
    assert (opened.value, opened.threshold) == (Decimal("0.340000"), Decimal("0.20"))
    assert (shown("value", **discount), shown("breach", **discount)) == (0.34, 1.0)
    assert shown("observations", **discount) == 200
    for day in (4, 5, 6, 7):
        sell(log, deal, day, 10, occurred_day=8)
    catch_up()
    evaluator.round(time.time())
    assert [(one.alert_id, one.state) for one in published(log)] == [
        ("average_discount.USD.1", "open"),
        ("average_discount.USD.1", "resolved"),
    ]
    assert shown("breach", **discount) == 0.0
    with alerts_engine.connect() as connection:
        [alert] = store.page(connection, Filter(), limit=10)
    assert (alert.episode.detected_on, alert.standing.resolution) == (date(2025, 3, 6), "corrected")


def test_many_evaluators_open_an_alert_once(
    log: PostgresLog, deal: Make, alerts_engine: Engine, catch_up: Callable[[], None], lifecycle: Lifecycle
) -> None:
    for day in (3, 4, 5, 6, 7):
        sell(log, deal, day, 40)
    catch_up()
    together = threading.Barrier(4)

    def evaluate() -> None:
        evaluator = Evaluator(alerts_engine, log, catalogue=built_in(), zone=BERLIN, reconcile=lifecycle.reconcile)
        together.wait()
        for _ in range(5):
            evaluator.round(time.time())

    threads = [threading.Thread(target=evaluate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(one.alert_id, one.state) for one in published(log)] == [("average_discount.USD.1", "open")]


def test_of_half_of_what_has_come_nothing_is_said_unless_more_comes_all_the_time(
    log: PostgresLog, deal: Make, evaluator: Evaluator, catch_up: Callable[[], None]
) -> None:
    discount, now = {"kpi": "average_discount", "currency": "USD"}, time.time()
    evaluator.round(now)
    sell(log, deal, 3, 10)
    catch_up()
    sell(log, deal, 4, 40)
    evaluator.round(now)
    assert evaluator.latest is not None
    assert (evaluator.latest.as_of, evaluator.latest.current) == (None, False)
    evaluator.round(now + LONGEST_WAIT)
    assert shown("value", **discount) == 0.1
    catch_up()
    evaluator.round(now + LONGEST_WAIT)
    assert shown("value", **discount) == 0.25
    assert evaluator.latest.current


@pytest.mark.parametrize("later", ["2025-04-30T10:00:00.000000Z", "2026-04-30T10:00:00.000000Z"])
def test_a_kpi_that_loses_its_value_loses_its_series_but_keeps_its_alert(
    log: PostgresLog, deal: Make, evaluator: Evaluator, catch_up: Callable[[], None], later: str
) -> None:
    discount = {"kpi": "average_discount", "currency": "USD"}
    for day in (3, 4, 5, 6, 7):
        sell(log, deal, day, 40)
    catch_up()
    evaluator.round(time.time())
    assert shown("breach", **discount) == 1.0
    log.append(DEALS, [deal("later", later, stage="open").record])
    catch_up()
    evaluator.round(time.time())
    assert (shown("value", **discount), shown("breach", **discount)) == (None, 1.0)


def test_as_of_is_a_business_date_in_the_companys_zone(
    log: PostgresLog, deal: Make, evaluator: Evaluator, catch_up: Callable[[], None]
) -> None:
    log.append(DEALS, [deal("d1", "2025-03-14T23:30:00.000000Z", stage="open").record])
    catch_up()
    evaluator.round(time.time())
    assert evaluator.latest is not None
    assert evaluator.latest.as_of == date(2025, 3, 15)
    assert shown("as_of_timestamp_seconds") == 1_741_996_800.0  # 2025-03-15, midnight UTC


def test_lag_is_the_age_of_the_oldest_event_that_waits(
    log: PostgresLog, deal: Make, evaluator: Evaluator, catch_up: Callable[[], None]
) -> None:
    def lag(now: float) -> tuple[Decimal | None, int, bool | None]:
        evaluator.round(now)
        assert evaluator.latest is not None
        [found] = [one for one in evaluator.latest.pipeline if one.kpi.name == "event_lag"]
        return found.value, found.observations, found.breached

    log.append(DEALS, [deal("d1", "2025-03-14T10:00:00.000000Z", stage="open").record])
    catch_up()
    assert lag(time.time() + 90) == (Decimal(0), 0, False)
    log.append(DEALS, [deal("alone", "2025-03-14T10:00:00.000000Z", stage="open").record])
    time.sleep(0.5)
    [(partition, _)] = log.append(DEALS, [deal("many", "2025-03-14T10:00:00.000000Z", stage="open").record])
    log.append(DEALS, [deal("many", "2025-03-14T10:00:00.000000Z", stage="open").record] * 9)
    appended = {stored.record.key: stored for stored in log.scan(DEALS)}
    assert appended["alone"].partition.number != partition
    value, waiting, breached = lag(appended["alone"].appended_at + 90)
    assert (waiting, breached) == (11, True)
    value, _, _ = lag(appended["alone"].appended_at + 90)  # nothing has moved since: now every partition is looked at
    assert value == 90


def test_open_dead_letters_of_any_worker_are_counted_until_they_are_replayed(
    log: PostgresLog,
    deal: Make,
    evaluator: Evaluator,
    alerts_engine: Engine,
    administrator: Engine,
    catch_up: Callable[[], None],
) -> None:
    def refuse(_: Connection, batch: list[Stored]) -> Outcome:
        return Outcome(rejections=[Rejection(stored=stored, code="bad", message="it is bad") for stored in batch])

    log.append(PLANS, [deal(f"p{n}", "2025-03-14T10:00:00.000000Z").record for n in range(3)])
    stop = threading.Event()
    other = threading.Thread(
        target=Worker("other", log, engine=alerts_engine, topics=[PLANS], step=refuse, member="one").run, args=(stop,)
    )
    other.start()
    until(lambda: dead_letters.open_letters(alerts_engine, "other") >= 3)
    stop.set()
    other.join()
    catch_up()
    evaluator.round(time.time())
    assert (shown("value", kpi="dead_letters", currency=""), shown("breach", kpi="dead_letters", currency="")) == (3, 1)
    assert dead_letters.replay(administrator, log, which=dead_letters.Filter(key="p1"), by="ops") == 1
    catch_up()
    evaluator.round(time.time())
    assert shown("value", kpi="dead_letters", currency="") == 2
    assert shown("observations", kpi="dead_letters", currency="") == 3
    assert dead_letters.replay(administrator, log, which=dead_letters.Filter(), by="ops") == 2
    catch_up()
    evaluator.round(time.time())
    assert (shown("value", kpi="dead_letters", currency=""), shown("breach", kpi="dead_letters", currency="")) == (0, 0)
    assert [(one.alert_id, one.state) for one in published(log)] == [
        ("dead_letters.1", "open"),
        ("dead_letters.1", "resolved"),
    ]


def test_every_threshold_is_shown(evaluator: Evaluator) -> None:
    with_one = [kpi for kpi in evaluator.catalogue.kpis if kpi.threshold is not None]
    assert {"win_rate", "event_lag"} <= {kpi.name for kpi in with_one}
    for kpi in with_one:
        assert kpi.threshold is not None
        assert shown("threshold", kpi=kpi.name, side=kpi.threshold.side) == float(kpi.threshold.value)


def test_verify_counts_again_from_the_log(
    log: PostgresLog,
    deal: Make,
    earned: Make,
    alerts_engine: Engine,
    administrator: Engine,
    catch_up: Callable[[], None],
    catalogue: Catalogue,
) -> None:
    for day in (3, 4):
        sell(log, deal, day, 10)
        sell(log, deal, day, 20, occurred_day=9)
    log.append(EARNINGS, [earned("ada", "2025-03", n, (500 * n, 9000, 10000, "USD")).record for n in range(4)])
    catch_up()
    sell(log, deal, 5, 10)  # not counted yet: no difference
    assert verify(administrator, log, catalogue=catalogue) == []
    with alerts_engine.begin() as connection:
        one_more = "update rollup set sums = sums_added(sums, '{\"win_rate.numerator\": 1}') where day = '2025-03-04'"
        connection.execute(text(f"{one_more} and dimension = ''"))
        connection.execute(text("delete from rollup where day = '2025-03-01' and dimension = 'plan'"))
    whole, plan = sorted(verify(administrator, log, catalogue=catalogue), reverse=True)
    assert whole == "2025-03-04 USD: win_rate.numerator is not what the log gives"
    assert plan.startswith("2025-03-01 USD plan p: attainment_median.value, attainment_pace.denominator, ")
    assert "1500" not in plan  # nobody's pay
    with alerts_engine.connect() as connection:
        left = connection.execute(
            text("select count(*) from pg_namespace where nspname like 'alerts\\_verify%'")
        ).scalar()
    assert left == 0


def test_verify_knows_that_open_dead_letters_do_not_count(
    log: PostgresLog,
    deal: Make,
    alerts_engine: Engine,
    administrator: Engine,
    catch_up: Callable[[], None],
    catalogue: Catalogue,
) -> None:
    good = deal("d1", "2025-03-14T10:00:00.000000Z", stage="won", close_date="2025-03-14")
    bad = deal("d2", "tomorrow", stage="won", close_date="2025-03-14")
    parked = deal("d2", "2025-03-14T11:00:00.000000Z", stage="won", close_date="2025-03-14")
    log.append(DEALS, [good.record, bad.record, parked.record])
    catch_up()
    assert len(dead_letters.find(alerts_engine, dead_letters.Filter(worker=WORKER))) == 2
    assert verify(administrator, log, catalogue=catalogue) == []


def test_an_alert_travels_as_a_cloud_event(
    log: PostgresLog, deal: Make, evaluator: Evaluator, catch_up: Callable[[], None]
) -> None:
    for day in (3, 4, 5, 6, 7):
        sell(log, deal, day, 40)
    catch_up()
    evaluator.round(time.time())
    [stored] = log.scan(ALERTS)
    assert stored.record.key == "average_discount.USD.1"
    assert stored.record.headers["ce_type"] == "earnest.alert.changed"
    assert stored.record.headers["ce_id"] == "average_discount.USD.1/1"
    assert orjson.loads(stored.record.value or b"")["value"] == "0.400000"
