"""The dashboards: those of the KPIs, of Grafana's own types, laid out without gaps, and asking only for what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from services.alerts.kpis import built_in
from services.alerts.operations.dashboards import dashboards
from services.alerts.operations.dashboards.panels import STATES, WIDTH
from shared import metrics
from tests.services.alerts.operations.prometheus_files import DEPLOY, REPOSITORY, rules
from tests.services.alerts.operations.promql import RATES, parsed, selected

KPIS = built_in().kpis
BUILT: list[dict[str, Any]] = [json.loads(text) for text in dashboards(KPIS).values()]
PANEL_TYPES = {"timeseries": "TimeSeries", "stat": "Stat", "table": "Table", "state-timeline": "StateTimeline"}
OF_PROMETHEUS = {"ALERTS", "ALERTS_FOR_STATE", "up"}
OF_EVERY_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}

one_by_one = pytest.mark.parametrize("built", BUILT, ids=lambda built: built["uid"])


def panels(built: dict[str, Any]) -> list[dict[str, Any]]:
    """What is drawn on a page, without the headings of its sections."""
    return [panel for panel in built["panels"] if panel["type"] != "row"]


def queries() -> Iterator[str]:
    """Every query of every panel."""
    for built in BUILT:
        for panel in panels(built):
            yield from (target["expr"] for target in panel["targets"])


def series_of_choices() -> Iterator[str]:
    """The series whose labels are the choices on a page."""
    for built in BUILT:
        for variable in built["templating"]["list"]:
            if variable["type"] == "query":
                asked = re.fullmatch(r"label_values\((.*), \w+\)", variable["query"]["query"])
                assert asked, variable
                yield asked[1]


@pytest.fixture(scope="session")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the compiler of TypeScript and Grafana's types; fetched if `make test` has not brought them."""
    folder = Path(sys.prefix) / "share" / "grafana"
    if not (folder / "node_modules" / ".bin" / "tsc").exists():
        subprocess.run([DEPLOY / "grafana" / "check" / "install.sh", folder], check=True)
    return folder


def compiled(typescript: Path, folder: Path, sources: dict[str, str]) -> str:
    """What the compiler complains about in some files, which it may import from each other."""
    (folder / "node_modules").symlink_to(typescript / "node_modules")
    shutil.copy(DEPLOY / "grafana" / "check" / "written.ts", folder)
    for name, source in sources.items():
        (folder / f"{name}.ts").write_text(source)
    command = [folder / "node_modules" / ".bin" / "tsc", "--noEmit", "--strict", "--skipLibCheck"]
    command += ["--module", "esnext", "--moduleResolution", "bundler", *(f"{name}.ts" for name in sources)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def typed(built: dict[str, Any]) -> str:
    """A dashboard in TypeScript: of Grafana's type, and the options and fields of each panel of those of its kind."""
    lines = ["import type { Dashboard } from '@grafana/schema';", "import type { Written } from './written';"]
    for kind, name in PANEL_TYPES.items():
        path = f"{kind.replace('-', '')}/panelcfg/x/{name}PanelCfg_types.gen"
        lines.append(f"import type * as {name} from '@grafana/schema/dist/esm/raw/composable/{path}';")
    lines.append(f"export const dashboard: Written<Dashboard> = {json.dumps(built, indent=1)};")
    for panel in panels(built):
        name, number = PANEL_TYPES[panel["type"]], panel["id"]
        lines.append(f"export const options{number}: Written<{name}.Options> = {json.dumps(panel['options'])};")
        custom = panel["fieldConfig"]["defaults"].get("custom")
        if custom is not None:
            lines.append(f"export const fields{number}: Partial<Written<{name}.FieldConfig>> = {json.dumps(custom)};")
    return "\n".join(lines)


def test_dashboards_are_of_the_types_of_grafana(typescript: Path, tmp_path: Path) -> None:
    assert compiled(typescript, tmp_path, {built["uid"]: typed(built) for built in BUILT}) == ""


def test_the_types_of_grafana_find_a_slip(typescript: Path, tmp_path: Path) -> None:
    right = typed(BUILT[0])
    slips = {
        "key": ('"refresh": "30s"', '"refrsh": "30s"'),
        "type": ('"schemaVersion": 42', '"schemaVersion": "42"'),
        "word": ('"mode": "absolute"', '"mode": "absolut"'),
        "option": ('"displayMode": "list"', '"displayMode": "lst"'),
        "field": ('"showPoints": "never"', '"showPoint": "never"'),
    }
    wrong = {name: right.replace(*slip) for name, slip in slips.items()}
    assert all(source != right for source in wrong.values())
    found = compiled(typescript, tmp_path, wrong)
    assert {line.partition(".ts(")[0] for line in found.splitlines() if ".ts(" in line} == set(slips)


@one_by_one
def test_every_panel_explains_itself_and_asks_the_chosen_data_source(built: dict[str, Any]) -> None:
    source, *choices = built["templating"]["list"]
    assert (source["type"], source["name"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert not built["editable"]
    assert built["description"]
    for panel in panels(built):
        assert panel["title"], panel
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters)), panel["title"]
        for asked in [panel, *panel["targets"]]:
            assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
    for choice in choices:
        assert choice["refresh"] == 2, "values are those of the time that is looked at"
        assert choice["label"]
        assert choice["description"]
    titles = [panel["title"] for panel in panels(built)]
    assert len(titles) == len(set(titles))
    assert len({panel["id"] for panel in built["panels"]}) == len(built["panels"])


@one_by_one
def test_every_variable_that_a_query_names_is_a_choice_on_its_page(built: dict[str, Any]) -> None:
    known = {variable["name"] for variable in built["templating"]["list"]} | {"__rate_interval"}
    text = json.dumps([panels(built), [variable.get("query") for variable in built["templating"]["list"]]])
    assert set(re.findall(r"\$\{?(\w+)", text)) <= known


@one_by_one
def test_panels_tile_the_page_without_overlaps_and_gaps(built: dict[str, Any]) -> None:
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in built["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < WIDTH
    rows = {y: sum(each == y for _, each in taken) for y in range(max(y for _, y in taken) + 1)}
    narrow = {y for y, width in rows.items() if width < WIDTH}
    assert not narrow or narrow == set(range(min(narrow), min(narrow) + len(narrow))), "only one odd panel"
    assert not any(panel["collapsed"] for panel in built["panels"] if panel["type"] == "row")


def test_every_query_is_promql_and_looks_at_counters_as_rates() -> None:
    for query in queries():
        assert "[$__rate_interval]" in query or "[" not in query, query
        for name, function in selected(parsed(query)):
            if re.search(r"_(total|count|sum|bucket)$", name):
                assert function in RATES, query


def test_whatever_a_dashboard_or_a_rule_asks_for_is_recorded_or_exported() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    exported = {
        sample
        for collector in vars(metrics).values()
        if isinstance(collector, MetricWrapperBase)
        for metric in collector.describe()
        for sample in (metric.name, *(f"{metric.name}_{end}" for end in ("total", "bucket", "sum", "count")))
    }
    everywhere = [*queries(), *series_of_choices(), *(rule["expr"] for rule in rules())]
    asked = {name for query in everywhere for name, _ in selected(parsed(query))}
    assert asked - recorded - exported <= OF_PROMETHEUS | OF_EVERY_PROCESS


def test_every_kpi_is_drawn_for_the_company_and_for_each_plan_that_it_is_told_by() -> None:
    program, plan, _ = BUILT
    drawn = [{panel["title"] for panel in panels(built) if "What to do: " in panel["description"]} for built in BUILT]
    assert drawn[0] == {kpi.title for kpi in KPIS if kpi.about == "plan"}, program["uid"]
    assert drawn[1] == {kpi.title for kpi in KPIS if "plan" in kpi.segments}, plan["uid"]


def test_states_are_named_as_the_metric_explains_them() -> None:
    explained = dict(re.findall(r"(\d) (\w+)", metrics.KPI_STATE._documentation))
    assert {str(number): word for number, (word, _) in STATES.items()} == explained


def test_grafana_is_given_the_data_sources_and_the_folder_that_exist() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "earnest.yml").read_text())["datasources"]
    by_uid = {source["uid"]: source for source in sources}
    assert by_uid["prometheus"]["jsonData"]["alertmanagerUid"] in by_uid
    assert {built["templating"]["list"][0]["current"]["value"] for built in BUILT} == {"prometheus"}
    [provider] = yaml.safe_load((provisioning / "dashboards" / "earnest.yml").read_text())["providers"]
    compose = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in compose["grafana"]["volumes"]
    reached = {source["url"].split("/")[2].split(":")[0] for source in sources}
    assert reached <= compose.keys()


def test_the_lock_of_the_types_names_no_address() -> None:
    lock = json.loads((DEPLOY / "grafana" / "check" / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert os.access(DEPLOY / "grafana" / "check" / "install.sh", os.X_OK)
