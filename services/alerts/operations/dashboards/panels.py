"""The parts of a Grafana dashboard (version 13, schema 42): panels, targets, variables, and their places on the
page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Panel = dict[str, Any]

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24
"""Columns of a Grafana page."""


def target(expr: str, legend: str = "", *, instant: bool = False) -> dict[str, Any]:
    """A PromQL query; `legend` may name labels as `{{label}}`."""
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": expr,
        "legendFormat": legend or "__auto",
        "instant": instant,
        "range": not instant,
    }


def steps(*colours: tuple[float | None, str]) -> dict[str, Any]:
    """Colours from a value on; the first has no value."""
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for value, colour in colours]}


def stat(
    title: str, description: str, *, unit: str, targets: Sequence[dict[str, Any]], thresholds: dict[str, Any]
) -> Panel:
    """A figure of now, coloured by its thresholds, over its recent course."""
    return _panel("stat", title, description=description, unit=unit, targets=targets, thresholds=thresholds) | {
        "options": {
            "colorMode": "value",
            "graphMode": "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "textMode": "auto",
        }
    }


def timeseries(title: str, description: str, *, unit: str, targets: Sequence[dict[str, Any]]) -> Panel:
    """A course over time; a series named `threshold` is drawn dashed and red."""
    panel = _panel(
        "timeseries", title, description=description, unit=unit, targets=targets, thresholds=steps((None, "green"))
    )
    panel["fieldConfig"]["defaults"]["custom"] = {
        "lineWidth": 2,
        "fillOpacity": 5,
        "showPoints": "never",
        "spanNulls": False,
    }
    panel["fieldConfig"]["overrides"] = [
        {
            "matcher": {"id": "byName", "options": "threshold"},
            "properties": [
                {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}},
                {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}},
                {"id": "custom.fillOpacity", "value": 0},
            ],
        }
    ]
    return panel | {
        "options": {
            "legend": {"calcs": ["lastNotNull"], "displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    }


def table(
    title: str, description: str, *, unit: str, targets: Sequence[dict[str, Any]], hidden: Iterable[str]
) -> Panel:
    """The labels of the series of now as rows, without the hidden columns."""
    return _panel(
        "table", title, description=description, unit=unit, targets=targets, thresholds=steps((None, "green"))
    ) | {
        "options": {"cellHeight": "sm", "showHeader": True},
        "transformations": [
            {"id": "labelsToFields", "options": {"mode": "columns"}},
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": dict.fromkeys(hidden, True)}},
        ],
    }


def dashboard(
    uid: str, title: str, *, description: str, variables: Sequence[dict[str, Any]], rows: Sequence[PanelRow]
) -> Panel:
    """A page of rows; every row fills the width with panels of equal size."""
    return {
        "annotations": {"list": []},
        "description": description,
        "editable": False,
        "graphTooltip": 1,
        "links": [],
        "panels": _placed(rows),
        "refresh": "30s",
        "schemaVersion": 42,
        "tags": ["earnest"],
        "templating": {"list": [_DATASOURCE_VARIABLE, *variables]},
        "time": {"from": "now-6h", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "title": title,
        "uid": uid,
        "version": 1,
    }


def label_variable(name: str, title: str, *, query: str) -> dict[str, Any]:
    """A choice among the values of a label, all of them at first."""
    return {
        "type": "query",
        "name": name,
        "label": title,
        "datasource": DATASOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


PanelRow = tuple[int, Sequence[Panel]]
"""The height of a row, and its panels."""

_DATASOURCE_VARIABLE = {
    "type": "datasource",
    "name": "datasource",
    "label": "Prometheus",
    "query": "prometheus",
    "refresh": 1,
    "current": {"text": "Prometheus", "value": "prometheus"},
}


def _panel(
    kind: str, title: str, *, description: str, unit: str, targets: Sequence[dict[str, Any]], thresholds: dict[str, Any]
) -> Panel:
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "thresholds": thresholds}, "overrides": []},
        "targets": [{"refId": chr(ord("A") + number), **one} for number, one in enumerate(targets)],
    }


def _placed(rows: Sequence[PanelRow]) -> list[Panel]:
    panels: list[Panel] = []
    top = 0
    for height, row in rows:
        width = WIDTH // len(row)
        for column, panel in enumerate(row):
            place = {"x": column * width, "y": top, "w": width, "h": height}
            panels.append({"id": len(panels) + 1, "gridPos": place, **panel})
        top += height
    return panels
