"""The files that Prometheus and Grafana read and that people are sent to, made from the KPIs: paths below the
repository or a folder of an installation, and their texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from services.alerts.kpis.base import Kpi
from services.alerts.operations.dashboards import dashboards
from services.alerts.operations.rules import alerting_rules, recording_rules

HEADER: Final = "# Made by `python -m services.alerts.operations`; change the KPIs instead.\n"
RULES: Final = "deploy/prometheus/rules/kpis"
DASHBOARDS: Final = "deploy/grafana/dashboards"
MADE: Final = (f"{RULES}/*.yml", f"{DASHBOARDS}/*.json")
"""What stands here is made, all of it: a file of a KPI that is gone goes too."""


def made_files(kpis: Sequence[Kpi]) -> dict[str, str]:
    """The texts of all files by their paths."""
    made = {"deploy/prometheus/rules/subjects.yml": _yaml(recording_rules())}
    made |= {f"{DASHBOARDS}/{uid}.json": text for uid, text in dashboards(kpis).items()}
    for kpi in kpis:
        made[f"{RULES}/{kpi.name}.yml"] = _yaml(alerting_rules(kpi))
    return made


def write(folder: Path, kpis: Sequence[Kpi]) -> None:
    """Write the files below a folder, and remove those of KPIs that are gone."""
    made = {folder / path: text for path, text in made_files(kpis).items()}
    for gone in {path for pattern in MADE for path in folder.glob(pattern)} - made.keys():
        gone.unlink()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _yaml(data: Any) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False, width=1000, allow_unicode=True)
    return HEADER + text
