"""Prometheus's rules: they are those of the KPIs, free of lint, and each fires when it should and with the right words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.alerts.kpis import Kpi, built_in
from services.alerts.kpis.model import Threshold
from services.alerts.operations.alerts import HUMANIZED, kpi_alerts
from services.alerts.operations.files import MADE, grafana_files, made_files, write
from services.alerts.operations.runbooks import MADE_BY
from shared.calendars import CompanyCalendar
from tests.services.alerts.operations.kpi_scenarios import scenarios
from tests.services.alerts.operations.prometheus_files import (
    DEPLOY,
    REPOSITORY,
    RULE_FILES,
    SCENARIO_FILES,
    Run,
    alerts,
    rules,
)

KPIS = built_in().kpis
DEFAULT: dict[str, Any] = {"calendar": CompanyCalendar(), "year": 2026}


def test_the_files_in_the_repository_are_those_of_the_kpis() -> None:
    made = made_files(KPIS, **DEFAULT)
    assert {path: (REPOSITORY / path).read_text() for path in made} == made
    there = {path for pattern in MADE for path in REPOSITORY.glob(pattern) if MADE_BY in path.read_text()}
    known = made.keys() | grafana_files(REPOSITORY).keys()
    assert {path.relative_to(REPOSITORY).as_posix() for path in there} <= known, "a file of a KPI that is gone"


def test_a_kpi_that_is_gone_takes_its_files_along(tmp_path: Path) -> None:
    write(tmp_path, KPIS, **DEFAULT)
    by_hand = tmp_path / "docs" / "runbooks" / "EarnestInstanceDown.md"
    by_hand.write_text("# EarnestInstanceDown")
    write(tmp_path, KPIS[1:], **DEFAULT)
    by_hand.unlink()  # and was not taken for one of a KPI
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == made_files(KPIS[1:], **DEFAULT).keys()


def test_the_rules_are_free_of_lint(run: Run) -> None:
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)


def test_prometheus_reads_every_rule_file(run: Run) -> None:
    said = run("promtool", "check", "config", DEPLOY / "prometheus" / "prometheus.yml")
    assert f"SUCCESS: {len(RULE_FILES)} rule files found" in said


@pytest.mark.parametrize("path", SCENARIO_FILES, ids=lambda path: path.stem)
def test_the_rules_fire_when_they_should(run: Run, path: Path) -> None:
    run("promtool", "test", "rules", path)


def test_the_alerts_of_every_kpi_fire_with_the_right_words_and_end(run: Run, tmp_path: Path) -> None:
    fire_and_end(run, tmp_path, KPIS, rules=DEPLOY / "prometheus" / "rules")


def test_a_kpi_of_every_unit_is_told_in_its_words(run: Run, tmp_path: Path) -> None:
    kpis = [
        KPIS[0].model_copy(
            update={
                "name": f"a_kpi_in_{unit}",
                "title": f"A KPI in {unit}",
                "unit": unit,
                "threshold": Threshold(above=Decimal("10.50")),
            }
        )
        for unit in HUMANIZED
    ]
    write(tmp_path, kpis, **DEFAULT)
    made = tmp_path / "deploy" / "prometheus" / "rules"
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", *made.rglob("*.yml"))
    fire_and_end(run, tmp_path, kpis, rules=made)


def fire_and_end(run: Run, folder: Path, kpis: Iterable[Kpi], *, rules: Path) -> None:
    """Play the scenarios of KPIs whose rules are in a folder, each with its own rules: others only take time."""
    for kpi in kpis:
        own = [str(rules / "subjects.yml"), str(rules / "kpis" / f"{kpi.name}.yml")]
        (folder / f"{kpi.name}.yml").write_text(yaml.safe_dump(scenarios([kpi], rules=own)))
    run("promtool", "test", "rules", *sorted(folder.glob("*.yml")))


def test_every_other_alert_has_a_scenario_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    fires: dict[str, set[bool]] = {}
    for path in SCENARIO_FILES:
        for scenario in yaml.safe_load(path.read_text())["tests"]:
            for expected in scenario["alert_rule_test"]:
                fires.setdefault(expected["alertname"], set()).add(bool(expected["exp_alerts"]))
    of_kpis = {alert.name for kpi in KPIS for alert in kpi_alerts(kpi)}
    always = {"EarnestWatchdog": {True}}
    assert {
        name: fires.get(name)
        for name in {rule["alert"] for rule in alerts()} - of_kpis
        if fires.get(name) != always.get(name, {True, False})
    } == {}


def test_every_alert_says_what_happened_what_to_do_and_where_its_runbook_is() -> None:
    for rule in alerts():
        severity = rule["labels"]["severity"]
        assert severity in ("none", "warning", "critical"), rule["alert"]
        assert rule["labels"]["about"] in ("plan", "road", "payroll"), rule["alert"]
        needed = {"summary", "runbook"} | (set() if severity == "none" else {"description", "action"})
        assert needed <= set(rule["annotations"]), rule["alert"]
        assert re.fullmatch(r"Earnest([A-Z][a-z0-9]*)+", rule["alert"])
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names))


def test_recorded_series_are_named_by_level_metric_and_operation_and_never_hold_an_average_of_shares() -> None:
    for rule in rules():
        if name := rule.get("record"):
            assert re.fullmatch(r"\w+:earnest_\w+:\w+", name), name
            assert not re.search(r"\bavg\b|/", rule["expr"]), name
