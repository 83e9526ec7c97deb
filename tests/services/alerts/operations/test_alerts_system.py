"""The whole way of an alert: deals drift in the log, the service sees it, Prometheus fires, Alertmanager tells people and
hands back what is about the road; what somebody takes in hand is silent, and what is over is over everywhere.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from earnest.local.claims import claim_port
from shared.contracts.topics import DEALS
from shared.log.port import Stored
from shared.log.postgres import PostgresLog
from tests.services.alerts.operations.servers import (
    Listener,
    alertmanager,
    alertmanager_config,
    answered,
    held,
    prometheus,
    prometheus_config,
    running,
)

KEYS = {"ops": ["alerts:read", "alerts:write"], "alertmanager": ["alerts:notify"]}
ABSENT = "EarnestServiceAbsent"
DISCOUNT = "EarnestAverageDiscountHigh"


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where the alerts service is, and how it is started."""

    folder: Path
    port: int
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[httpx.Client]:
        """A process of its own for as long as the block; a client with a key that may read and decide."""
        with (
            running(self.folder / "alerts.log", sys.executable, "-m", "services.alerts", **self.environment),
            httpx.Client(base_url=self.url, headers={"authorization": "Bearer ops"}) as client,
        ):
            answered(lambda: client.get("/readyz").status_code == httpx.codes.OK, "the service is ready")
            yield client


@pytest.fixture
def alerts_service(database_url: str, tmp_path: Path) -> Service:
    """The service, not yet started, and an Alertmanager's port that it knows."""
    entries = [
        {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}
        for name, scopes in KEYS.items()
    ]
    (tmp_path / "keys.json").write_text(json.dumps(entries))
    (tmp_path / "alertmanager_key").write_text("alertmanager")
    port, manager = (claim_port(tmp_path / f"{name}-port") for name in ("alerts", "manager"))
    environment = {
        "DATABASE_URL": database_url,
        "EARNEST_ALERTS_PORT": str(port),
        "EARNEST_KEYS_FILE": str(tmp_path / "keys.json"),
        "EARNEST_ALERTMANAGER_URL": f"http://127.0.0.1:{manager}",
    }
    return Service(folder=tmp_path, port=port, environment=environment)


@pytest.fixture
def sell(log: PostgresLog, deal: Callable[..., Stored]) -> Callable[[int, int], None]:
    """Ten deals on each day of a fortnight, at a discount in percent, said at an hour of the day."""

    def sold(off: int, hour: int) -> None:
        for day in range(1, 15):
            at = f"2025-03-{day:02d}T{hour}:00:00.000000Z"
            won = {"stage": "won", "currency": "EUR", "close_date": at[:10], "list_amount": "100.00"}
            log.append(DEALS, [deal(f"{day}-{n}", at, amount=f"{100 - off}.00", **won).record for n in range(10)])

    return sold


@contextmanager
def watched(
    service: Service, tools: Callable[[str], str], *, keep_firing_for: str = "1s"
) -> Iterator[tuple[httpx.Client, httpx.Client, Listener]]:
    """Prometheus and Alertmanager over the service, and people whom Alertmanager tells."""
    folder = service.folder
    manager_port = httpx.URL(service.environment["EARNEST_ALERTMANAGER_URL"]).port or 0
    scraped = prometheus_config(
        folder, service=service.port, alertmanager=manager_port, keep_firing_for=keep_firing_for
    )
    with Listener() as people:
        routed = alertmanager_config(
            folder, people=people.url, service=service.url, key_file=folder / "alertmanager_key"
        )
        with (
            alertmanager(tools, routed, port=manager_port) as manager,
            prometheus(tools, scraped, port=claim_port(folder / "prometheus-port")) as metrics,
        ):
            yield metrics, manager, people


def test_a_discount_drift_reaches_those_who_own_the_plan_and_ends_when_it_is_corrected(
    alerts_service: Service,
    sell: Callable[[int, int], None],
    prometheus_tools: Callable[[str], str],
) -> None:
    def discount() -> str | None:
        kpis = service.get("/v1/kpis").json().get("kpis", [])
        return {one["kpi"]: one["value"] for one in kpis if not one["dimension"]}.get("average_discount")

    sell(10, 10)
    with (
        alerts_service.running() as service,
        watched(alerts_service, prometheus_tools) as (metrics, manager, people),
    ):
        answered(lambda: discount() == "0.100000", "the deals are counted")
        value = {"query": 'subject:earnest_kpi_value:max{kpi="average_discount", currency="EUR"}'}
        answered(lambda: metrics.get("/api/v1/query", params=value).json()["data"]["result"], "the KPI is recorded")
        assert DISCOUNT not in held(manager)

        sell(30, 11)

        def alert_of_all() -> Any:
            """The alert with the value of all deals: it may open before the last of them is counted."""
            alert = held(manager).get(DISCOUNT, {"annotations": {"summary": ""}})
            return alert["annotations"]["summary"].startswith("Average discount in EUR: 30%, above 20%") and alert

        alert = answered(alert_of_all, "the alert is at Alertmanager")
        assert (alert["labels"]["kpi"], alert["labels"]["currency"]) == ("average_discount", "EUR")
        assert [receiver["name"] for receiver in alert["receivers"]] == ["plan-owners"]
        answered(lambda: DISCOUNT in people.names("plan-owners"), "the owners of the plan are told")
        assert DISCOUNT not in people.names("road-keepers")
        [opened] = service.get("/v1/alerts", params={"kpi": "average_discount"}).json()["alerts"]
        assert opened["alert_id"] == "average_discount.EUR.1"
        assert Decimal("0.2") < Decimal(opened["value"]) <= Decimal("0.3")

        sell(5, 12)
        answered(lambda: DISCOUNT not in held(manager), "the alert is resolved")
        answered(lambda: people.ended(DISCOUNT), "the owners are told that it is over")
        assert discount() == "0.050000"


def test_an_alert_about_the_road_has_a_life_here_and_is_silent_while_somebody_has_it_in_hand(
    alerts_service: Service, prometheus_tools: Callable[[str], str]
) -> None:
    def known(job: str) -> dict[str, Any]:
        """Our alert about a service that is absent."""
        found = service.get("/v1/alerts", params={"kpi": ABSENT, "state": "all"}).json()["alerts"]
        return next((alert for alert in found if f"job={job}" in alert["segment"]), {})

    def silenced() -> set[str]:
        """The services of which Alertmanager tells nobody that they are absent."""
        alerts = manager.get("/api/v2/alerts", params={"filter": f'alertname="{ABSENT}"'}).json()
        return {alert["labels"]["job"] for alert in alerts if alert["status"]["silencedBy"]}

    def decide(job: str, what: str, **body: str) -> None:
        answer = service.post(f"/v1/alerts/{known(job)['alert_id']}/{what}", json=body)
        assert answer.status_code == httpx.codes.OK, answer.text

    with (
        alerts_service.running() as service,
        watched(alerts_service, prometheus_tools) as (metrics, manager, people),
    ):
        # Nobody runs the other services here, which is what Prometheus says.
        jobs = ["earnest-ingest", "earnest-scoring", "earnest-payout"]
        for job in jobs:
            answered(lambda job=job: known(job), f"{job} has an alert here")
        answered(lambda: ABSENT in people.names("road-keepers"), "the keepers of the road are told")
        assert 'earnest_alertmanager_alerts_total{outcome="taken"}' in service.get("/metrics").text

        decide("earnest-payout", "acknowledge", note="It is started in a minute.")
        decide("earnest-scoring", "snooze", until=f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
        answered(lambda: silenced() == {"earnest-payout", "earnest-scoring"}, "what is in hand is silent")
        comments = {silence["comment"] for silence in manager.get("/api/v2/silences").json()}
        assert f"{known('earnest-payout')['alert_id']}: ops has it in hand. It is started in a minute." in comments

        decide("earnest-scoring", "resolve", reason="Nobody needs it today.")
        answered(lambda: silenced() == {"earnest-payout"}, "what is decided is silent no more")

        # Payout is started: Prometheus finds an instance. Of what is silent nobody is told, not even that it is over.
        config = yaml.safe_load((alerts_service.folder / "prometheus.yml").read_text())
        config["scrape_configs"].append(config["scrape_configs"][0] | {"job_name": "earnest-payout"})
        (alerts_service.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        metrics.post("/-/reload").raise_for_status()
        over = answered(
            lambda: known("earnest-payout")["state"] == "resolved" and known("earnest-payout"), "it is over"
        )
        assert over["resolution"] == "recovered"
        answered(lambda: not silenced(), "and no silence is left")
        assert known("earnest-ingest")["state"] == "open"


def test_while_the_service_is_down_plans_are_quiet_and_afterwards_everything_is_known(
    alerts_service: Service, sell: Callable[[int, int], None], prometheus_tools: Callable[[str], str]
) -> None:
    def states() -> list[str]:
        wanted = {"kpi": "EarnestInstanceDown", "state": "all"}
        return [alert["state"] for alert in service.get("/v1/alerts", params=wanted).json()["alerts"]]

    sell(30, 10)
    with watched(alerts_service, prometheus_tools, keep_firing_for="1h") as (_, manager, people):
        with alerts_service.running():
            answered(lambda: DISCOUNT in people.names("plan-owners"), "the owners of the plan are told")
        answered(lambda: "EarnestInstanceDown" in people.names("road-keepers"), "the service is missed")
        answered(lambda: held(manager)[DISCOUNT]["status"]["inhibitedBy"], "plans are quiet")
        with alerts_service.running() as service:
            answered(lambda: "EarnestInstanceDown" not in held(manager), "it is back")
            told_or_not = "whether it was told of itself or not, nothing is left open"
            answered(lambda: set(states()) <= {"resolved"}, told_or_not)
            answered(lambda: not held(manager)[DISCOUNT]["status"]["inhibitedBy"], "and the plan's alert is held")


def test_the_metrics_are_free_of_lint_and_the_api_asks_for_a_key(
    alerts_service: Service, prometheus_tools: Callable[[str], str]
) -> None:
    with alerts_service.running() as service:
        exposed = answered(
            lambda: "earnest_kpi_last" in (text := service.get("/metrics").text) and text, "an evaluation"
        )
        command = [prometheus_tools("promtool"), "check", "metrics"]
        checked = subprocess.run(command, input=exposed, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr + checked.stdout
        assert httpx.get(f"{service.base_url}/v1/kpis").status_code == httpx.codes.UNAUTHORIZED
        assert service.get("/v1/alerts", params={"state": "sleeping"}).status_code == httpx.codes.UNPROCESSABLE_ENTITY
