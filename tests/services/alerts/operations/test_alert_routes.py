"""Prometheus's and Alertmanager's configuration: what is scraped, who is told of what, and what keeps whom from being told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from earnest.local.claims import claim_port
from services.alerts.operations.quarter_ends import LAST_DAYS, quarter_ends
from shared.calendars import CompanyCalendar
from shared.settings import Settings
from tests.services.alerts.operations.prometheus_files import DEPLOY, Run
from tests.services.alerts.operations.servers import (
    ALWAYS,
    NEVER,
    Listener,
    alertmanager,
    alertmanager_config,
    answered,
    held,
)

CONFIG = DEPLOY / "alertmanager" / "alertmanager.yml"


def test_alertmanager_accepts_its_configuration(run: Run) -> None:
    run("amtool", "check-config", CONFIG)


def test_prometheus_scrapes_the_ports_that_the_services_listen_on() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    scraped = {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in config["scrape_configs"]}
    assert scraped == {
        f"earnest-{service}": Settings.model_fields[f"{service}_port"].default
        for service in ("ingest", "scoring", "payout", "alerts", "access")
    }


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("alertname=EarnestWatchdog severity=none about=road", "watchdog"),
        ("alertname=EarnestWinRateLow kpi=win_rate about=plan severity=warning detector=threshold", "plan-owners"),
        ("alertname=EarnestWinRateDrift kpi=win_rate about=plan severity=warning detector=drift", "plan-owners"),
        ("alertname=EarnestWinRateLow kpi=win_rate about=plan severity=critical detector=threshold", "plan-owners"),
        ("alertname=EarnestDeadLettersHigh kpi=dead_letters about=road severity=critical", "road-keepers"),
        ("alertname=EarnestInstanceDown about=road severity=critical", "earnest,road-keepers"),
        ("alertname=EarnestWorkerBehind about=road severity=warning", "earnest,road-keepers"),
        ("alertname=EarnestDeliveryRefused about=payroll severity=critical", "earnest,road-keepers"),
        ("alertname=SomebodyElses severity=warning", "earnest,road-keepers"),
    ],
)
def test_alerts_reach_those_who_can_act(run: Run, labels: str, receivers: str) -> None:
    command = ["config", "routes", "test", f"--config.file={CONFIG}", f"--verify.receivers={receivers}"]
    assert run("amtool", *command, *labels.split()).strip() == receivers


def test_the_quarters_ends_are_those_of_the_calendar() -> None:
    made = yaml.safe_load((DEPLOY / "alertmanager" / "time_intervals.yml").read_text())
    assert yaml.safe_load(CONFIG.read_text())["time_intervals"] == made["time_intervals"]


def in_interval(day: date, interval: dict[str, Any]) -> bool:
    """Whether a day lies in an interval as Alertmanager reads it: negative days count from the month's end."""
    after = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    length = (after - timedelta(days=1)).day
    begin, end = (int(part) for part in interval["days_of_month"][0].split(":"))
    first, last = (number if number > 0 else length + 1 + number for number in (begin, end))
    years = interval.get("years", [str(day.year)])
    return str(day.year) in years and str(day.month) in interval["months"] and first <= day.day <= last


FISCAL = [
    {"every": "month", "year_starts": 1},
    {"every": "month", "year_starts": 2},
    {"every": "month", "year_starts": 12},
    {"every": "fiscal_445", "year_ends": "last", "weekday": "saturday", "month": 1},
    {"every": "fiscal_544", "year_ends": "nearest", "weekday": "sunday", "month": 12},
]


@given(fiscal=st.sampled_from(FISCAL), day=st.dates(date(2026, 1, 1), date(2035, 12, 31)))
def test_a_day_is_in_the_last_week_of_a_quarter_or_is_not(fiscal: dict[str, Any], day: date) -> None:
    calendar = CompanyCalendar.model_validate({"fiscal": fiscal})
    _, lasts = calendar.bounds([day], "quarter")
    close = (lasts[0].item() - day).days < LAST_DAYS
    assert any(in_interval(day, each) for each in quarter_ends(calendar, range(2026, 2037))) == close


def test_alertmanager_takes_the_ends_of_quarters_of_weeks(run: Run, tmp_path: Path) -> None:
    config = yaml.safe_load(CONFIG.read_text())
    calendar = CompanyCalendar.model_validate({"fiscal": FISCAL[-1]})
    config["time_intervals"][0]["time_intervals"] = quarter_ends(calendar, range(2026, 2036))
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    run("amtool", "check-config", tmp_path / "alertmanager.yml")


@contextmanager
def told(tools: Callable[[str], str], folder: Path, **config: Any) -> Iterator[tuple[httpx.Client, Listener]]:
    """Alertmanager with the committed routes, and whoever it tells."""
    with Listener() as listener:
        written = alertmanager_config(folder, people=listener.url, **config)
        with alertmanager(tools, written, port=claim_port(folder / "port")) as manager:
            yield manager, listener


def fire(manager: httpx.Client, *alerts: dict[str, str]) -> None:
    """Tell Alertmanager of alerts, as Prometheus does."""
    manager.post("/api/v2/alerts", json=[{"labels": labels} for labels in alerts]).raise_for_status()


def kpi(name: str, detector: str = "threshold", severity: str = "warning", **labels: str) -> dict[str, str]:
    """The labels of an alert of a KPI of plans."""
    words = {"threshold": "Low", "drift": "Drift"}[detector]
    about = {"kpi": name, "about": "plan", "severity": severity, "detector": detector}
    return {"alertname": f"Earnest{name.title()}{words}", **about, **labels}


def suppressed(manager: httpx.Client) -> set[str]:
    """The alerts that another one keeps Alertmanager from telling."""
    return {name for name, alert in held(manager).items() if alert["status"]["inhibitedBy"]}


def test_the_worse_alert_is_told_and_the_other_one_of_its_subject_is_not(
    prometheus_tools: Callable[[str], str], tmp_path: Path
) -> None:
    eur = {"currency": "EUR"}
    # Nobody's alert has labels that it shares with all that have none: it keeps no other from being told.
    other = {"alertname": "SomebodyElses", "severity": "critical"}
    with told(prometheus_tools, tmp_path) as (manager, listener):
        fire(manager, other, kpi("cost", severity="critical", **eur), kpi("whole"))
        answered(lambda: {"EarnestCostLow", "EarnestWholeLow"} <= listener.names("plan-owners"), "owners are told")
        worker = {"alertname": "EarnestWorkerBehind", "severity": "warning", "about": "road", "worker": "credit"}
        segment = {"dimension": "plan", "segment": "rep"}
        fire(
            manager,
            kpi("cost", "drift", **eur),
            kpi("cost", "drift", **eur, **segment),
            kpi("whole", **segment),
            kpi("other", **segment),
            kpi("cost", currency="USD"),
            worker,
        )
        answered(lambda: "EarnestOtherLow rep" in listener.names("plan-owners"), "what nothing suppresses is told")
        answered(lambda: "EarnestWorkerBehind" in listener.names("road-keepers"), "as is the road")
        of_others = {"EarnestCostDrift", "EarnestCostDrift rep", "EarnestWholeLow rep"}
        answered(lambda: suppressed(manager) == of_others, "and the rest is not")


def test_figures_that_are_not_current_call_nobody(prometheus_tools: Callable[[str], str], tmp_path: Path) -> None:
    down = {"alertname": "EarnestInstanceDown", "severity": "critical", "about": "road", "job": "earnest-alerts"}
    lag = {"alertname": "EarnestEventLagHigh", "severity": "critical", "about": "road", "kpi": "event_lag"}
    stale = {"alertname": "EarnestKpisStale", "severity": "critical", "about": "road"}
    with told(prometheus_tools, tmp_path) as (manager, listener):
        fire(manager, down)
        answered(lambda: "EarnestInstanceDown" in listener.names("road-keepers"), "the road's keepers are told")
        fire(manager, stale, kpi("cost", severity="critical"), kpi("pace", "drift", segment="rep", dimension="plan"))
        of_others = {"EarnestKpisStale", "EarnestCostLow", "EarnestPaceDrift rep"}
        answered(lambda: suppressed(manager) == of_others, "plans and what follows are not")
        fire(manager, lag)
        answered(lambda: "EarnestEventLagHigh" in listener.names("road-keepers"), "what else is wrong is told")
        assert not listener.names("plan-owners")


@pytest.mark.parametrize("cause", ["EarnestEventLagHigh", "EarnestKpisStale"])
def test_while_events_wait_or_nothing_is_evaluated_plans_are_quiet(
    prometheus_tools: Callable[[str], str], tmp_path: Path, cause: str
) -> None:
    with told(prometheus_tools, tmp_path) as (manager, listener):
        fire(manager, {"alertname": cause, "severity": "critical", "about": "road"})
        answered(lambda: cause in listener.names("road-keepers"), "the road's keepers are told")
        fire(manager, kpi("cost", severity="critical"))
        answered(lambda: suppressed(manager) == {"EarnestCostLow"}, "the plan's owners are not")


def test_a_payout_instance_that_is_down_says_nothing_about_kpis(
    prometheus_tools: Callable[[str], str], tmp_path: Path
) -> None:
    down = {"alertname": "EarnestInstanceDown", "severity": "critical", "about": "road", "job": "earnest-payout"}
    with told(prometheus_tools, tmp_path) as (manager, listener):
        fire(manager, down)
        answered(lambda: "EarnestInstanceDown" in listener.names("road-keepers"), "the road's keepers are told")
        fire(manager, kpi("cost"))
        answered(lambda: "EarnestCostLow" in listener.names("plan-owners"), "and the plan's owners too")


@pytest.mark.parametrize(("quarter_end", "muted"), [(ALWAYS, True), (NEVER, False)], ids=["at its end", "before"])
def test_warnings_of_drift_wait_for_the_end_of_the_quarter(
    prometheus_tools: Callable[[str], str], tmp_path: Path, quarter_end: list[dict[str, Any]], muted: bool
) -> None:
    with told(prometheus_tools, tmp_path, quarter_end=quarter_end) as (manager, listener):
        fire(manager, kpi("cost", "drift"), kpi("pace"), kpi("rate", "drift", "critical"))
        told_at_once = {"EarnestPaceLow", "EarnestRateDrift"} | (set() if muted else {"EarnestCostDrift"})
        answered(lambda: told_at_once <= listener.names("plan-owners"), "what is not muted is told")
        if muted:
            log = tmp_path / "alertmanager.log"
            answered(lambda: "route is within mute time" in log.read_text(), "the other one is muted")
        assert listener.names("plan-owners") == told_at_once
