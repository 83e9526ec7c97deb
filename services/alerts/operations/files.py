"""The files that Prometheus and Grafana read and that people are sent to, made from the KPIs: paths below the
repository or a folder of an installation, and their texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from services.alerts.kpis import Kpi
from services.alerts.operations.dashboards import dashboards
from services.alerts.operations.grafana import kpi_file, routes_file, rules_file
from services.alerts.operations.quarter_ends import NAME, quarter_ends
from services.alerts.operations.rules import RUNBOOKS, alerting_rules, recording_rules
from services.alerts.operations.runbooks import MADE_BY, runbook_pages
from shared.calendars import CompanyCalendar

HEADER: Final = f"# {MADE_BY}; change the KPIs instead.\n"
RULES: Final = "deploy/prometheus/rules/kpis"
DASHBOARDS: Final = "deploy/grafana/dashboards"
ALERTING: Final = "deploy/grafana/alerting"
MADE: Final = (f"{RULES}/*.yml", f"{DASHBOARDS}/*.json", f"{ALERTING}/*.yaml", f"{RUNBOOKS}/*.md")
"""Where made files stand. One of a KPI that is gone goes too; of runbooks only the made ones."""
YEARS: Final = 10
"""For how many years the ends of quarters are written down where they do not recur."""


def made_files(kpis: Sequence[Kpi], *, calendar: CompanyCalendar, year: int) -> dict[str, str]:
    """The texts of the files made of KPIs and the fiscal calendar, by their paths. `year` is the present one."""
    ends = quarter_ends(calendar, range(year, year + YEARS))
    made = {
        "deploy/prometheus/rules/subjects.yml": _yaml(recording_rules()),
        "deploy/alertmanager/time_intervals.yml": _yaml({"time_intervals": [{"name": NAME, "time_intervals": ends}]}),
    }
    made |= {f"{DASHBOARDS}/{uid}.json": text for uid, text in dashboards(kpis).items()}
    for kpi in kpis:
        made[f"{RULES}/{kpi.name}.yml"] = _yaml(alerting_rules(kpi))
        made[f"{ALERTING}/{kpi.name}.yaml"] = _yaml(kpi_file(kpi).written())
        made |= runbook_pages(kpi)
    return made


def grafana_files(folder: Path) -> dict[str, str]:
    """The texts of what Grafana's own alerting reads of the files that people write: Prometheus's other rules, and
    Alertmanager's routes.
    """
    made = {}
    for path in sorted((folder / "deploy" / "prometheus" / "rules").glob("*.yml")):
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
        if alerts:
            made[f"{ALERTING}/{path.stem}.yaml"] = _yaml(rules_file(path.stem, alerts).written())
    config = folder / "deploy" / "alertmanager" / "alertmanager.yml"
    if config.exists():
        routes = routes_file(yaml.safe_load(config.read_text(encoding="utf-8")))
        made[f"{ALERTING}/routes.yaml"] = _yaml(routes.written())
    return made


def write(folder: Path, kpis: Sequence[Kpi], *, calendar: CompanyCalendar, year: int) -> None:
    """Write all of it below a folder, and remove what is of KPIs that are gone."""
    texts = made_files(kpis, calendar=calendar, year=year) | grafana_files(folder)
    made = {folder / path: text for path, text in texts.items()}
    for old in {path for pattern in MADE for path in folder.glob(pattern)} - made.keys():
        if old.suffix != ".md" or MADE_BY in old.read_text(encoding="utf-8"):
            old.unlink()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _yaml(data: Any) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False, width=1000, allow_unicode=True)
    return HEADER + text
