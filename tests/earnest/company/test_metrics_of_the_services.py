"""What running services show to Prometheus: all that dashboards and rules ask for, in bounded numbers, and no person."""

from __future__ import annotations

import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Set
from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from services.alerts.evaluation.totals import BLANK, MOST_SEGMENTS, OTHER
from shared import metrics
from tests.earnest.company.conftest import Played
from tests.services.alerts.operations.prometheus_files import rules
from tests.services.alerts.operations.promql import looked_at, parsed
from tests.services.alerts.operations.test_dashboards import BUILT, panels, series_of_choices
from tests.waiting import until

OF_SCRAPES = {"job", "instance"}
"""Labels that Prometheus gives to all that it scrapes."""
SELDOM = {
    "earnest_alertmanager_alerts": "no Alertmanager is there",
    "earnest_notifications": "nobody has subscribed",
    "earnest_http_refused": "nobody asks for too much",
    "earnest_access_sign_ins": "its people ask with keys",
    "earnest_deliveries_waiting": "payroll fetches its files",
    "earnest_delivery_waiting_seconds": "payroll fetches its files",
    "earnest_delivery_attempts": "payroll fetches its files",
}
"""Of these the demo company has no series, and why."""


@pytest.fixture(scope="module")
def scraped(played: Played) -> dict[str, str]:
    """What each service answers when it is scraped."""

    def texts() -> dict[str, str]:
        return {name: httpx.get(f"{url}/metrics").text for name, url in played.system.urls.items()}

    return until(lambda: "earnest_kpi_onset" in texts()["alerts"] and texts(), "the KPIs are evaluated")


def families(scraped: dict[str, str]) -> Iterator[Metric]:
    """Every metric of every service."""
    for text in scraped.values():
        yield from text_string_to_metric_families(text)


def exported(scraped: dict[str, str]) -> dict[str, Set[str]]:
    """The series that there are, with their labels; of what happens seldom those that it has when it does."""
    declared = {metric._name: metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)}
    found: dict[str, Set[str]] = {}
    for family in families(scraped):
        for sample in family.samples:
            found[sample.name] = {*sample.labels, *OF_SCRAPES}
        if family.name in SELDOM:
            ending = "_total" if family.type == "counter" else ""
            found[f"{family.name}{ending}"] = {*declared[family.name]._labelnames, *OF_SCRAPES}
    return found


def known_to_prometheus(scraped: dict[str, str]) -> dict[str, Set[str]]:
    """Besides what is exported that which Prometheus itself knows, and which it records by our rules."""
    known = exported(scraped) | {"up": OF_SCRAPES}
    of_alerts = {"alertname", "alertstate"}
    for rule in rules():
        if "record" in rule:
            known[rule["record"]] = set(parsed(rule["expr"]).modifier.labels)
            of_alerts |= known[rule["record"]]
        else:
            of_alerts |= set(rule["labels"])
    return known | {"ALERTS": of_alerts, "ALERTS_FOR_STATE": of_alerts}


def asked() -> Iterator[tuple[str, Set[str]]]:
    """Every query of every panel, choice and rule, with the labels that are told of what it finds."""
    for built in BUILT:
        for panel in panels(built):
            for target in panel["targets"]:
                yield target["expr"], set(re.findall(r"\{\{ *(\w+) *\}\}", target.get("legendFormat", "")))
    for series in series_of_choices():
        yield series, set()
    for rule in rules():
        told = [*rule.get("annotations", {}).values(), *rule.get("labels", {}).values()]
        yield rule["expr"], set(re.findall(r"\$labels\.(\w+)", " ".join(told)))


def test_whatever_is_asked_for_is_exported_by_a_running_service_with_the_labels_that_are_looked_at(
    scraped: dict[str, str],
) -> None:
    known = known_to_prometheus(scraped)
    wrong = {
        (name, query, *sorted(labels - known.get(name, set())))
        for query, told in asked()
        for name, labels in looked_at(parsed(query), told)
        if name not in known or not labels <= known[name]
    }
    assert not wrong


def test_every_metric_has_series_in_a_company_that_works(scraped: dict[str, str]) -> None:
    declared = {metric._name for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)}
    shown = {family.name for family in families(scraped) if family.samples}
    assert SELDOM.keys() <= declared
    # What other tests do to this company, such as a delivery, may have given it some of these.
    assert declared - SELDOM.keys() <= shown


def test_what_did_not_happen_yet_is_counted_as_none(scraped: dict[str, str]) -> None:
    # A counter that begins with the first dead letter has not increased since then, and no alert would see it.
    outcomes: dict[str, set[str]] = defaultdict(set)
    for family in families(scraped):
        if family.name == "earnest_worker_records":
            for sample in family.samples:
                outcomes[sample.labels["worker"]].add(sample.labels["outcome"])
    assert {"credit", "alerts"} <= outcomes.keys()
    assert all(of_one >= {"processed", "dead", "parked"} for of_one in outcomes.values())


def test_no_service_shows_metrics_with_lint(scraped: dict[str, str], prometheus_tools: Callable[[str], str]) -> None:
    command = [prometheus_tools("promtool"), "check", "metrics"]
    for name, text in scraped.items():
        checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, f"{name}: {checked.stdout}{checked.stderr}"


def test_no_label_names_a_person_and_segments_are_few(scraped: dict[str, str], played: Played) -> None:
    series: Counter[Any] = Counter()
    values: set[str] = set()
    for family in families(scraped):
        for sample in family.samples:
            values |= set(sample.labels.values())
            if sample.name == metrics.KPI_OBSERVATIONS._name and sample.labels["dimension"]:
                series[sample.labels["kpi"], sample.labels["currency"], sample.labels["dimension"]] += 1
    assert values.isdisjoint(played.people.ids)
    assert not any("@" in value for value in values)
    assert series
    assert max(series.values()) <= MOST_SEGMENTS + len({BLANK, OTHER})
    assert not {dimension for _, _, dimension in series} & {"manager", "owner", "participant"}
