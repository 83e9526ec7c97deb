"""The files that Prometheus, Alertmanager and Grafana are given: fresh, valid, and firing when they should."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.alerts.operations.dashboards import DASHBOARDS
from services.alerts.operations.rules import rules_file
from shared.settings import Settings

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
RULES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
BUILT = [build() for build in DASHBOARDS]

Run = Callable[..., str]


@pytest.fixture
def run(prometheus_tools: Callable[[str], str]) -> Run:
    """Run a checker; its complaint is the failure's message."""

    def done(tool: str, *arguments: str | Path) -> str:
        result = subprocess.run([prometheus_tools(tool), *arguments], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    return done


def test_the_rules_in_the_repository_are_those_of_the_catalogue() -> None:
    assert (DEPLOY / "prometheus" / "rules" / "kpis.yml").read_text() == rules_file()


def test_the_rules_are_free_of_lint(run: Run) -> None:
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULES)


@pytest.mark.parametrize(
    "scenarios", sorted((DEPLOY / "prometheus" / "tests").glob("*.yml")), ids=lambda path: path.stem
)
def test_the_rules_fire_when_they_should(run: Run, scenarios: Path) -> None:
    run("promtool", "test", "rules", scenarios)


def test_every_rule_has_a_scenario() -> None:
    scenarios = "".join(path.read_text() for path in (DEPLOY / "prometheus" / "tests").glob("*.yml"))
    unproven = {rule["alert"] for rule in rules()} - set(re.findall(r"alertname: (\w+)", scenarios))
    assert not unproven


def test_every_rule_says_what_happened_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("none", "warning", "critical"), rule["alert"]
        assert {"summary", "description", "action"} <= set(rule["annotations"]) or rule["labels"]["severity"] == "none"


def test_prometheus_and_alertmanager_accept_their_configuration(run: Run) -> None:
    run("promtool", "check", "config", DEPLOY / "prometheus" / "prometheus.yml")
    run("amtool", "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")


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
    config = f"--config.file={DEPLOY / 'alertmanager' / 'alertmanager.yml'}"
    assert run("amtool", "config", "routes", "test", config, *labels.split()).strip() == receiver


def test_the_dashboards_in_the_repository_are_the_built_ones() -> None:
    committed = {path.name: json.loads(path.read_text()) for path in (DEPLOY / "grafana" / "dashboards").glob("*.json")}
    assert committed == {f"{built['uid']}.json": built for built in BUILT}


@pytest.mark.parametrize("built", BUILT, ids=lambda built: built["uid"])
def test_every_panel_explains_itself_and_asks_the_chosen_data_source(built: dict[str, Any]) -> None:
    assert built["templating"]["list"][0]["type"] == "datasource"
    assert not built["editable"]
    for panel in built["panels"]:
        assert panel["title"], panel
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        for asked in [panel, *panel["targets"]]:
            assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
    titles = [panel["title"] for panel in built["panels"]]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("built", BUILT, ids=lambda built: built["uid"])
def test_panels_tile_the_page(built: dict[str, Any]) -> None:
    taken = {
        (x, y)
        for place in (panel["gridPos"] for panel in built["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    }
    assert len(taken) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in built["panels"])
    assert max(x for x, _ in taken) < 24


def test_every_query_is_promql(run: Run, tmp_path: Path) -> None:
    names = [f"query:{number}:check" for number, _ in enumerate(queries())]
    recorded = [
        {
            "record": name,
            "expr": query.replace("$__rate_interval", "5m").replace("$currency", ".*").replace("$job", ".*"),
        }
        for name, query in zip(names, queries(), strict=True)
    ]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": recorded}]}))
    run("promtool", "check", "rules", tmp_path / "queries.yml")


def test_counters_are_only_looked_at_as_rates() -> None:
    for query in queries():
        for counter in re.findall(r"\w+_(?:total|count|sum|bucket)\b", query):
            assert re.search(rf"(rate|increase)\({counter}\b[^)]*\[", query), query


def rules() -> list[dict[str, Any]]:
    """Every alerting rule in the repository."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> list[str]:
    """Every query of every dashboard."""
    return [target["expr"] for built in BUILT for panel in built["panels"] for target in panel["targets"]]


def test_grafana_is_given_the_data_sources_and_the_folder_that_exist() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "earnest.yml").read_text())["datasources"]
    by_uid = {source["uid"]: source for source in sources}
    assert by_uid["prometheus"]["jsonData"]["alertmanagerUid"] in by_uid
    assert {built["templating"]["list"][0]["current"]["value"] for built in BUILT} == {"prometheus"}
    [provider] = yaml.safe_load((provisioning / "dashboards" / "earnest.yml").read_text())["providers"]
    compose = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())["services"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in compose["grafana"]["volumes"]
    reached = {source["url"].split("/")[2].split(":")[0] for source in sources}
    assert reached <= compose.keys()
