"""The whole way of an alert: deals drift in the log, the service sees it, Prometheus fires, Alertmanager knows whom to
call.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from earnest.local.claims import claim_port
from earnest.local.processes import spawn
from shared.contracts.topics import DEALS
from shared.log.port import Stored
from shared.log.postgres import PostgresLog
from tests.waiting import until

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"


@contextmanager
def running(log: Path, *program: str | Path, **environment: str) -> Iterator[None]:
    """A program for as long as the block; it never outlives the test."""
    process = spawn(program, log, on_our_death=signal.SIGKILL, env={**os.environ, **environment})
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait()
        except subprocess.TimeoutExpired:
            process.kill()


def answered(wanted: Callable[[], Any], what: str) -> Any:
    """Ask again until somebody answers and the answer is good."""

    def asked() -> Any:
        with contextlib.suppress(httpx.TransportError):
            return wanted()

    return until(asked, what)


def write_prometheus(folder: Path, service: int, alertmanager: int) -> Path:
    """The committed configuration in a hurry: every second, and only the service that runs here."""
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]
    config["scrape_configs"] = [
        {"job_name": job["job_name"], "static_configs": [{"targets": [f"127.0.0.1:{service}"]}]}
        for job in config["scrape_configs"]
        if job["job_name"] == "earnest-alerts"
    ]
    (folder / "rules" / "kpis").mkdir(parents=True)
    for rules in (DEPLOY / "prometheus" / "rules").rglob("*.yml"):
        hurried = yaml.safe_load(rules.read_text())
        for rule in (rule for group in hurried["groups"] for rule in group["rules"] if "alert" in rule):
            rule |= {name: "1s" for name in ("for", "keep_firing_for") if rule.get(name, "0s") != "0s"}
        (folder / rules.relative_to(DEPLOY / "prometheus")).write_text(yaml.safe_dump(hurried))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    return folder / "prometheus.yml"


def write_alertmanager(folder: Path) -> Path:
    """The committed configuration in a hurry."""
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    return folder / "alertmanager.yml"


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """The alerts service as a process of its own; a client with a key that may read alerts."""
    port = claim_port(tmp_path / "alerts-port")
    keys = tmp_path / "keys.json"
    keys.write_text(
        json.dumps([{"name": "ops", "sha256": hashlib.sha256(b"k").hexdigest(), "scopes": ["alerts:read"]}])
    )
    environment = {"DATABASE_URL": database_url, "EARNEST_ALERTS_PORT": str(port), "EARNEST_KEYS_FILE": str(keys)}
    with (
        running(tmp_path / "alerts.log", sys.executable, "-m", "services.alerts", **environment),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"authorization": "Bearer k"}) as client,
    ):
        answered(lambda: client.get("/readyz").status_code == 200, "the service is ready")
        yield client


def test_a_discount_drift_reaches_those_who_own_the_plan_and_ends_when_it_is_corrected(
    service: httpx.Client,
    log: PostgresLog,
    deal: Callable[..., Stored],
    prometheus_tools: Callable[[str], str],
    tmp_path: Path,
) -> None:
    def sell(off: int, hour: int) -> None:
        """Ten deals on each day of a fortnight, at a discount in percent."""
        for day in range(1, 15):
            at = f"2025-03-{day:02d}T{hour}:00:00.000000Z"
            won = {"stage": "won", "currency": "EUR", "close_date": at[:10], "list_amount": "100.00"}
            log.append(DEALS, [deal(f"{day}-{n}", at, amount=f"{100 - off}.00", **won).record for n in range(10)])

    def discount() -> str | None:
        found = {
            one["kpi"]: one["value"] for one in service.get("/v1/kpis").json().get("kpis", []) if not one["dimension"]
        }
        return found.get("average_discount")

    def told(active: bool) -> bool:
        found = manager.get("/api/v2/alerts").json()
        return active is any(one["labels"]["alertname"] == "EarnestAverageDiscountHigh" for one in found)

    prometheus_port, manager_port = (claim_port(tmp_path / f"{name}-port") for name in ("prometheus", "manager"))
    prometheus = write_prometheus(tmp_path, service.base_url.port or 0, manager_port)
    sell(10, 10)
    with (
        running(
            tmp_path / "prometheus.log",
            prometheus_tools("prometheus"),
            f"--config.file={prometheus}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{prometheus_port}",
        ),
        running(
            tmp_path / "alertmanager.log",
            prometheus_tools("prometheus-alertmanager"),
            f"--config.file={write_alertmanager(tmp_path)}",
            f"--storage.path={tmp_path / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{manager_port}",
            "--cluster.listen-address=",
        ),
        httpx.Client(base_url=f"http://127.0.0.1:{manager_port}") as manager,
        httpx.Client(base_url=f"http://127.0.0.1:{prometheus_port}") as metrics,
    ):
        answered(lambda: discount() == "0.100000", "the deals are counted")
        value = {"query": 'earnest_kpi_value{kpi="average_discount", currency="EUR"}'}
        answered(lambda: metrics.get("/api/v1/query", params=value).json()["data"]["result"], "Prometheus has the KPI")
        answered(lambda: told(active=False), "Alertmanager answers")

        sell(30, 11)

        def alert_of_all() -> Any:
            """The alert with the value of all deals: it may open before the last of them is counted."""
            summary = "Average discount in EUR: 30%, above 20%"
            found = manager.get("/api/v2/alerts").json()
            return next((one for one in found if one["annotations"].get("summary", "").startswith(summary)), None)

        alert = answered(alert_of_all, "the alert is at Alertmanager")
        assert (alert["labels"]["kpi"], alert["labels"]["currency"]) == ("average_discount", "EUR")
        assert [receiver["name"] for receiver in alert["receivers"]] == ["plan-owners"]
        [opened] = service.get("/v1/alerts", params={"state": "open"}).json()["alerts"]
        assert opened["alert_id"] == "average_discount.EUR.1"
        assert Decimal("0.2") < Decimal(opened["value"]) <= Decimal("0.3")

        sell(5, 12)
        answered(lambda: told(active=False), "the alert is resolved")
        assert service.get("/v1/alerts", params={"state": "open"}).json() == {"alerts": [], "next": None}
        assert discount() == "0.050000"


def test_the_metrics_are_free_of_lint_and_the_api_asks_for_a_key(
    service: httpx.Client, prometheus_tools: Callable[[str], str]
) -> None:
    exposed = answered(lambda: "earnest_kpi_last" in (text := service.get("/metrics").text) and text, "an evaluation")
    checked = subprocess.run(
        [prometheus_tools("promtool"), "check", "metrics"], input=exposed, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr + checked.stdout
    assert httpx.get(f"{service.base_url}/v1/kpis").status_code == 401
    assert service.get("/v1/alerts", params={"state": "sleeping"}).status_code == 422
