"""Grafana's own alerting, for those who have Grafana but no Alertmanager: the alerts of KPIs from the KPIs, the others
from Prometheus's rules, and who is told from Alertmanager's configuration.

Grafana evaluates numbers, and an alert without a number is without data. So a rule of a KPI asks for a figure that is
there all the time, and keeps its state while there is none; Prometheus's rules ask for what is wrong, of which nothing
is the usual case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from zlib import crc32

from services.alerts.kpis import Kpi
from services.alerts.operations.alerts import HUMANIZED, SUBJECT, KpiAlert, kpi_alerts, recorded
from services.alerts.operations.provisioning import (
    ORGANISATION,
    AlertingFile,
    Asked,
    ContactPoint,
    Group,
    MuteTime,
    Policy,
    Receiver,
    Rule,
    TimeRange,
    Times,
)
from services.alerts.operations.rules import FOR, KEEP_FIRING_FOR, runbook

FOLDER: Final = "Earnest alerts"
INTERVAL: Final = "1m"
LONGEST_UID: Final = 40
_LOOKS_BACK: Final = 600
_MATCHER: Final = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"(.*)"')
_EXPRESSION: Final = "__expr__"


def kpi_file(kpi: Kpi) -> AlertingFile:
    """The rules of a KPI."""
    rules = [_kpi_rule(alert) for alert in kpi_alerts(kpi)]
    return AlertingFile(groups=[Group(name=f"kpi {kpi.name}", folder=FOLDER, interval=INTERVAL, rules=rules)])


def rules_file(name: str, rules: Iterable[Mapping[str, Any]]) -> AlertingFile:
    """Alerting rules of Prometheus, as its rule files have them."""
    made = [_rule(rule) for rule in rules]
    return AlertingFile(groups=[Group(name=name, folder=FOLDER, interval=INTERVAL, rules=made)])


def routes_file(alertmanager: Mapping[str, Any]) -> AlertingFile:
    """Contact points, policies and times without notifications, from Alertmanager's configuration.

    People have their addresses from variables of the environment, such as `EARNEST_PLAN_OWNERS`.
    """
    return AlertingFile(
        contact_points=[_contact_point(receiver) for receiver in alertmanager["receivers"]],
        policies=[_policy(alertmanager["route"]).model_copy(update={"org_id": ORGANISATION})],
        mute_times=[
            MuteTime(name=interval["name"], time_intervals=[Times(**times) for times in interval["time_intervals"]])
            for interval in alertmanager["time_intervals"]
        ],
    )


def _kpi_rule(alert: KpiAlert) -> Rule:
    on = f"on ({', '.join(SUBJECT)})"
    score, state = recorded("earnest_kpi_drift_score", alert.kpi), recorded("earnest_kpi_state", alert.kpi)
    drifts = f"clamp_max(({score} >= bool 1) + {on} group_left () ({state} == bool 3), 1)"
    looked_up = f" * {on} group_right () ({score} >= bool 0)" if alert.detector == "drift" else ""
    written = HUMANIZED[alert.kpi.unit]
    metrics = {"value": "earnest_kpi_value", "expected": "earnest_kpi_expected"}
    figures = {name: f"{recorded(metric, alert.kpi)}{looked_up}" for name, metric in metrics.items()}
    value = f"{{{{ with $values.value }}}}{{{{ .Value | {written} }}}}{{{{ else }}}}unknown{{{{ end }}}}"
    expected = f"{{{{ with $values.expected }}}}, expected {{{{ .Value | {written} }}}}{{{{ end }}}}"
    return Rule(
        uid=_uid(alert.name),
        title=alert.name,
        condition="fires",
        data=[
            _query("query", drifts if alert.detector == "drift" else recorded("earnest_kpi_breach", alert.kpi)),
            *(_query(name, expr) for name, expr in figures.items()),
            _above_zero("query"),
        ],
        no_data_state="KeepLast",  # a night without figures calls nobody; EarnestKpisStale says that there are none
        exec_err_state="KeepLast",
        lasting=FOR,
        keep_firing_for=KEEP_FIRING_FOR,
        annotations={
            "summary": alert.summary(value=value, expected=expected, since=""),
            "description": alert.kpi.meaning,
            "action": alert.kpi.action,
            "runbook": runbook(alert.name),
        },
        labels={"severity": alert.severity, "about": alert.kpi.about, "detector": alert.detector},
    )


def _rule(rule: Mapping[str, Any]) -> Rule:
    number = "is_number($query) || is_nan($query) || is_inf($query)"
    model = {"type": "math", "expression": number, "refId": "there"}
    # In Prometheus the value of an alert is a number; in Grafana it is a sentence, and the number one of several.
    annotations = {
        name: re.sub(r"\$value\b", "$values.query.Value", text) for name, text in rule["annotations"].items()
    }
    return Rule(
        uid=_uid(rule["alert"]),
        title=rule["alert"],
        condition="fires",
        data=[
            _query("query", " ".join(rule["expr"].split())),
            Asked(ref_id="there", datasource_uid=_EXPRESSION, model=model),
            _above_zero("there"),
        ],
        no_data_state="OK",
        exec_err_state="Error",
        lasting=rule.get("for", "0s"),
        keep_firing_for=rule.get("keep_firing_for"),
        annotations=annotations,
        labels=rule["labels"],
    )


def _query(ref_id: str, expr: str) -> Asked:
    model = {"refId": ref_id, "expr": expr, "instant": True, "range": False, "editorMode": "code"}
    looks_back = TimeRange(begin=_LOOKS_BACK)
    return Asked(ref_id=ref_id, relative_time_range=looks_back, datasource_uid="prometheus", model=model)


def _above_zero(ref_id: str) -> Asked:
    evaluator = {"type": "gt", "params": [0]}
    model = {
        "refId": "fires",
        "type": "threshold",
        "expression": ref_id,
        "conditions": [{"evaluator": evaluator}],
    }
    return Asked(ref_id="fires", datasource_uid=_EXPRESSION, model=model)


def _uid(name: str) -> str:
    """The name of a rule in small letters and hyphens; of a long one the beginning, and what tells it from others."""
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
    return words if len(words) <= LONGEST_UID else f"{words[: LONGEST_UID - 9]}-{crc32(words.encode()):08x}"


def _contact_point(receiver: Mapping[str, Any]) -> ContactPoint:
    name = receiver["name"]
    receivers = [_webhook(name, webhook) for webhook in receiver.get("webhook_configs", [])]
    if not receivers:
        address = f"$EARNEST_{name.replace('-', '_').upper()}"
        receivers = [Receiver(uid=f"{name}-email", type="email", settings={"addresses": address})]
    return ContactPoint(name=name, receivers=receivers)


def _webhook(name: str, webhook: Mapping[str, Any]) -> Receiver:
    """With a bearer key from a file, as Alertmanager has it."""
    key_file = webhook["http_config"]["authorization"]["credentials_file"]
    settings = {"url": webhook["url"], "authorization_scheme": "Bearer"}
    settings["authorization_credentials"] = f"$__file{{{key_file}}}"
    return Receiver(uid=f"{name}-webhook", type="webhook", settings=settings)


def _policy(route: Mapping[str, Any], receiver: str = "") -> Policy:
    """A route of Alertmanager; where it names no receiver, it has that of the route around it."""
    here = route.get("receiver", receiver)
    matchers = [_MATCHER.fullmatch(matcher) for matcher in route.get("matchers", [])]
    plain = ("group_by", "mute_time_intervals", "group_wait", "group_interval", "repeat_interval", "continue")
    return Policy.model_validate(
        {key: value for key, value in route.items() if key in plain}
        | {
            "receiver": here,
            "object_matchers": [found.groups() for found in matchers if found] or None,
            "routes": [_policy(inside, here) for inside in route.get("routes", [])] or None,
        }
    )
