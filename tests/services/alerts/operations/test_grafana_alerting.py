"""What Grafana is set up with from files: only keys that it knows, the rules of the KPIs and of Prometheus, and who is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.alerts.kpis import built_in
from services.alerts.operations.files import ALERTING, grafana_files
from services.alerts.operations.grafana import _uid
from services.alerts.operations.provisioning import AlertingFile, Policy, Rule
from tests.services.alerts.operations.prometheus_files import DEPLOY, REPOSITORY, Run, alerts, rules
from tests.services.alerts.operations.promql import parsed

KPIS = built_in().kpis
FILES = sorted((REPOSITORY / ALERTING).glob("*.yaml"))
PROVISIONING = DEPLOY / "grafana" / "provisioning"


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PrometheusData(Closed):
    httpMethod: Literal["POST", "GET"]
    timeInterval: str
    manageAlerts: bool
    alertmanagerUid: str


class AlertmanagerData(Closed):
    implementation: Literal["prometheus", "mimir", "cortex"]
    handleGrafanaManagedAlerts: bool


class Source(Closed):
    name: str
    uid: Annotated[str, Field(max_length=40)]
    access: Literal["proxy"]
    url: str
    isDefault: bool = False
    editable: bool


class PrometheusSource(Source):
    type: Literal["prometheus"]
    jsonData: PrometheusData


class AlertmanagerSource(Source):
    type: Literal["alertmanager"]
    jsonData: AlertmanagerData


class Sources(Closed):
    apiVersion: Literal[1]
    prune: bool
    datasources: list[Annotated[PrometheusSource | AlertmanagerSource, Field(discriminator="type")]]


class ProviderOptions(Closed):
    path: str
    foldersFromFilesStructure: bool


class Provider(Closed):
    name: str
    orgId: int
    folder: str
    folderUid: str
    type: Literal["file"]
    disableDeletion: bool
    allowUiUpdates: bool
    updateIntervalSeconds: int
    options: ProviderOptions


class Providers(Closed):
    apiVersion: Literal[1]
    providers: list[Provider]


def loaded(name: str) -> AlertingFile:
    """A file of the repository; a key that Grafana does not know is an error."""
    return read(yaml.safe_load((REPOSITORY / ALERTING / name).read_text()))


def read(data: Any) -> AlertingFile:
    """What a file holds, by Grafana's names alone."""
    return AlertingFile.model_validate(data, strict=False, by_alias=True, by_name=False)


def provisioned() -> list[Rule]:
    """Every rule that Grafana is set up with."""
    return [rule for path in FILES for group in loaded(path.name).groups or [] for rule in group.rules]


def routes(policy: Policy) -> list[Policy]:
    """A policy and all inside it."""
    return [policy, *(found for inside in policy.routes or [] for found in routes(inside))]


def test_data_sources_and_dashboards_have_only_keys_that_grafana_knows() -> None:
    Sources.model_validate(yaml.safe_load((PROVISIONING / "datasources" / "earnest.yml").read_text()))
    Providers.model_validate(yaml.safe_load((PROVISIONING / "dashboards" / "earnest.yml").read_text()))


@pytest.mark.parametrize(
    ("right", "slip"),
    [
        ("noDataState", "no_data_state"),
        ("keepFiringFor", "keep_firing_for"),
        ("object_matchers", "objectMatchers"),
        ("muteTimes", "mute_times"),
        ("KeepLast", "KeepState"),
    ],
)
def test_a_slip_in_a_key_is_found(right: str, slip: str) -> None:
    texts = [path.read_text() for path in FILES]
    [wrong, *_] = [text.replace(right, slip, 1) for text in texts if right in text]
    with pytest.raises(ValidationError):
        read(yaml.safe_load(wrong))


def test_the_files_in_the_repository_are_those_of_the_rules_and_the_routes() -> None:
    made = grafana_files(REPOSITORY)
    assert {path: (REPOSITORY / path).read_text() for path in made} == made
    of_kpis = {f"{ALERTING}/{kpi.name}.yaml" for kpi in KPIS}
    assert {path.relative_to(REPOSITORY).as_posix() for path in FILES} == of_kpis | made.keys()


def test_grafana_is_given_every_alert_of_prometheus_once() -> None:
    made = provisioned()
    assert sorted(rule.title for rule in made) == sorted(rule["alert"] for rule in alerts())
    assert len({rule.uid for rule in made}) == len(made)
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in alerts()}
    assert {rule.title: rule.labels["severity"] for rule in made} == severities


def test_a_rule_asks_in_promql_and_its_condition_is_one_of_its_expressions() -> None:
    for rule in provisioned():
        asked = {one.ref_id: one for one in rule.data}
        assert rule.condition in asked
        for one in rule.data:
            if one.datasource_uid == "prometheus":
                parsed(one.model["expr"])
            else:
                named = re.findall(r"\$(\w+)", one.model["expression"]) or [one.model["expression"]]
                assert set(named) <= asked.keys(), rule.title
        text = " ".join(rule.annotations.values())
        assert "$value " not in text, "in Grafana that is a sentence and no number"
        assert "${" not in text, "Grafana would put the environment in its place"
        assert set(re.findall(r"\$values\.(\w+)", text)) <= asked.keys(), rule.title


def test_an_alert_of_a_kpi_is_held_while_there_are_no_figures_and_others_end() -> None:
    kpis = {rule.title for rule in provisioned() if rule.no_data_state == "KeepLast"}
    assert kpis == {rule["alert"] for rule in alerts() if "detector" in rule["labels"]}
    assert {rule.no_data_state for rule in provisioned() if rule.title not in kpis} == {"OK"}


@pytest.mark.parametrize(
    ("score", "state", "fires"),
    [("0.9", "2", 0), ("1", "2", 1), ("1.4", "3", 1), ("0.8", "3", 1), ("0.2", "4", 0)],
)
def test_a_drift_fires_in_grafana_as_it_does_in_prometheus(
    run: Run, tmp_path: Path, score: str, state: str, fires: int
) -> None:
    [query] = [
        one.model["expr"]
        for rule in provisioned()
        if rule.title == "EarnestWinRateDrift"
        for one in rule.data
        if one.ref_id == "query"
    ]
    [alert] = [rule["expr"] for rule in rules() if rule.get("alert") == "EarnestWinRateDrift"]
    subject = 'kpi="win_rate",dimension="plan",segment="rep"'
    labels = f'{{{subject},direction="down"}}'
    scenario = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f"subject:earnest_kpi_drift_score:max{labels}", "values": f"{score}x5"},
                    {"series": f"subject:earnest_kpi_state:max{{{subject}}}", "values": f"{state}x5"},
                ],
                "promql_expr_test": [
                    {"expr": query, "eval_time": "3m", "exp_samples": [{"labels": labels, "value": fires}]},
                    {
                        "expr": f"count({alert}) or vector(0)",
                        "eval_time": "3m",
                        "exp_samples": [{"labels": "{}", "value": fires}],
                    },
                ],
            }
        ],
    }
    path = tmp_path / "scenario.yml"
    path.write_text(yaml.safe_dump(scenario))
    run("promtool", "test", "rules", path)


def test_policies_name_only_contact_points_and_times_that_there_are() -> None:
    file = loaded("routes.yaml")
    [root] = file.policies or []
    points = {point.name for point in file.contact_points or []}
    times = {interval.name for interval in file.mute_times or []}
    assert {policy.receiver for policy in routes(root)} <= points
    assert {name for policy in routes(root) for name in policy.mute_time_intervals or []} == times
    [own] = [point for point in file.contact_points or [] if point.name == "earnest"]
    assert own.receivers[0].settings["authorization_credentials"] == "$__file{/run/secrets/alertmanager_key}"


def test_a_long_name_gives_a_short_uid_of_its_own() -> None:
    long = [f"EarnestShareOfParticipantsAtOrAboveTheirQuota{side}" for side in ("High", "Low")]
    uids = {_uid(name) for name in long}
    assert len(uids) == len(long)
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}", uid) for uid in uids)
