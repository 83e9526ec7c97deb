"""Prometheus's and Alertmanager's configuration: what is scraped, and who is told."""

from __future__ import annotations

import pytest
import yaml

from shared.settings import Settings
from tests.services.alerts.operations.prometheus_files import DEPLOY, Run

CONFIG = DEPLOY / "alertmanager" / "alertmanager.yml"


def test_alertmanager_accepts_its_configuration(run: Run) -> None:
    run("amtool", "check-config", CONFIG)


def test_prometheus_scrapes_the_ports_that_the_services_listen_on() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    scraped = {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in config["scrape_configs"]}
    assert scraped == {
        f"earnest-{service}": Settings.model_fields[f"{service}_port"].default
        for service in ("ingest", "scoring", "payout", "alerts")
    }


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=EarnestWatchdog severity=none", "watchdog"),
        ("alertname=EarnestWinRateLow about=plan", "plan-owners"),
        ("alertname=EarnestDeadLettersHigh about=road", "road-keepers"),
        ("alertname=EarnestInstanceDown about=road", "road-keepers"),
    ],
)
def test_alerts_reach_those_who_can_act(run: Run, labels: str, receiver: str) -> None:
    assert run("amtool", "config", "routes", "test", f"--config.file={CONFIG}", *labels.split()).strip() == receiver
