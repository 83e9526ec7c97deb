"""The parts of a Grafana dashboard, built with Grafana's own library: panels, queries, variables, and their places on
the page.

The file format is that of schema 42, which every Grafana since 11 reads from a folder.
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

Panel: TypeAlias = stat.Panel | timeseries.Panel | table.Panel | statetimeline.Panel
Query: TypeAlias = prometheus.Dataquery
Variable: TypeAlias = builders.QueryVariable
P = TypeVar("P", stat.Panel, timeseries.Panel, table.Panel, statetimeline.Panel)

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24
"""Columns of a Grafana page."""
ALL = "$__all"
PLAIN = ((None, "text"),)
"""The colours of a figure that is neither good nor bad."""
RED_FROM_ONE = ((None, "green"), (1.0, "red"))
"""Those of a count of what should not be."""
TAG = "earnest"
"""By which the pages of Earnest lead to each other."""

STATES: Mapping[int, tuple[str, str]] = {
    0: ("learning", "blue"),
    1: ("steady", "green"),
    2: ("suspect", "yellow"),
    3: ("drifting", "red"),
    4: ("recovered", "semi-dark-green"),
}
"""What the numbers of `earnest_kpi_state` mean, and their colours."""


class Section(NamedTuple):
    """A part of a page under a title; without a title it begins the page. Of each of its rows the height, and its
    panels, which fill the width in equal parts.
    """

    title: str
    rows: Sequence[tuple[int, Sequence[Panel]]]


def query(expr: str, legend: str = "", *, as_table: bool = False) -> Query:
    """A PromQL query; `legend` may name labels as `{{label}}`. For a table it is asked of now, else over time."""
    asked = prometheus.Dataquery().datasource(DATASOURCE).editor_mode(QueryEditorMode.CODE).expr(expr)
    asked = asked.legend_format(legend or "__auto")
    return asked.format(PromQueryFormat.TABLE).instant() if as_table else asked.range()


def figure(
    title: str, description: str, *, unit: str, queries: Sequence[Query], colours: Sequence[tuple[float | None, str]]
) -> stat.Panel:
    """A figure of now over its recent course, in the colour from whose value on it is; the first has no value."""
    panel = _described(stat.Panel(), title, description=description, queries=queries).unit(unit)
    panel = panel.thresholds(_steps(colours)).color_mode(common.BigValueColorMode.VALUE)
    last = common_builders.ReduceDataOptions().calcs(["lastNotNull"])
    return panel.graph_mode(common.BigValueGraphMode.AREA).reduce_options(last)


def course(title: str, description: str, *, unit: str, queries: Sequence[Query]) -> timeseries.Panel:
    """A course over time. Series named `threshold` and `expected` are drawn dashed, and the area between `high` and
    `low` is shaded.
    """
    panel = _described(timeseries.Panel(), title, description=description, queries=queries).unit(unit)
    legend = common_builders.VizLegendOptions().show_legend(True).calcs(["lastNotNull"])
    tooltip = common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel = panel.legend(legend.display_mode(common.LegendDisplayMode.LIST).placement(common.LegendPlacement.BOTTOM))
    panel = panel.tooltip(tooltip.sort(common.SortOrder.DESCENDING)).span_nulls(False)
    panel = panel.line_width(2).fill_opacity(0).show_points(common.VisibilityMode.NEVER)
    edge = [_set("custom.lineWidth", 0), _colour("text"), _set("custom.hideFrom", {**_SHOWN, "legend": True})]
    panel = panel.override_by_name("threshold", [_colour("red"), _DASHED])
    panel = panel.override_by_name("expected", [_colour("text"), _DASHED])
    shade = [_set("custom.fillBelowTo", "low"), _set("custom.fillOpacity", 12)]
    return panel.override_by_name("high", [*edge, *shade]).override_by_name("low", edge)


def states(title: str, description: str, *, queries: Sequence[Query]) -> statetimeline.Panel:
    """The states of KPIs over time, a band for each series."""
    panel = _described(statetimeline.Panel(), title, description=description, queries=queries)
    panel = panel.mappings([_STATE_WORDS]).unit("short").merge_values(True).show_value(common.VisibilityMode.NEVER)
    return panel.row_height(0.8).fill_opacity(70)


class Column(NamedTuple):
    """A column of a table: its heading, the query that fills it, and how its numbers are written."""

    title: str
    query: str
    unit: str = "short"
    decimals: int | None = None
    as_state: bool = False
    red_from: float | None = None


def figures(
    title: str, description: str, *, labels: Mapping[str, str], columns: Sequence[Column], sort_by: str
) -> table.Panel:
    """A table of now: a row for each set of labels (label -> heading), a column for each query."""
    queries = [query(column.query, as_table=True) for column in columns]
    panel = _described(table.Panel(), title, description=description, queries=queries).unit("short")
    panel = panel.cell_height(common.TableCellHeight.SM)
    headings = {f"Value #{_ref(at)}": column.title for at, column in enumerate(columns)}
    if len(columns) == 1:  # a single query's column has no letter
        headings = {"Value": columns[0].title}
    shown = list(labels) + list(headings)
    # Instant queries bring a time each, and what is aggregated away is not there: only what is named is shown.
    organised = {
        "includeByName": dict.fromkeys(shown, True),
        "indexByName": {name: at for at, name in enumerate(shown)},
        "renameByName": {**labels, **headings},
        "excludeByName": {},
    }
    panel = panel.with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(dashboard.DataTransformerConfig(id_val="organize", options=organised))
    for column in columns:
        panel = panel.override_by_name(column.title, _written(column))
    return panel.sort_by([common_builders.TableSortByFieldState().display_name(sort_by).desc(True)])


def choice(name: str, label: str, *, asked: str, several: bool = False, description: str = "") -> Variable:
    """A choice among the values that a query of labels gives: one, or several and at first all."""
    chosen = dashboard.VariableOption(text="", value="")
    variable = builders.QueryVariable(name).label(label).datasource(DATASOURCE)
    variable = variable.description(description or f"Shows only this {label.lower()}.")
    variable = variable.query({"query": asked, "refId": name}).sort(dashboard.VariableSort.ALPHABETICAL_ASC)
    variable = variable.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
    if several:
        chosen = dashboard.VariableOption(text=["All"], value=[ALL])
        variable = variable.multi(True).include_all(True).all_value(".*")
    return variable.current(chosen)


def page(
    uid: str,
    title: str,
    *,
    description: str,
    variables: Sequence[Variable],
    sections: Sequence[Section],
    since: str = "now-90d",
) -> builders.Dashboard:
    """A dashboard of sections, one below the other, over a time that begins at `since`."""
    made = builders.Dashboard(title).uid(uid).description(description).tags([TAG]).readonly()
    made = made.tooltip(dashboard.DashboardCursorSync.CROSSHAIR).refresh("30s").time(since, "now").version(1)
    others = builders.DashboardLink("Earnest").type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG])
    made = made.timezone("browser").link(others.keep_time(True)).with_variable(_source())
    for variable in variables:
        made = made.with_variable(variable)
    top, number = 0, 0
    for section in sections:
        if section.title:
            number += 1
            heading = builders.Row(section.title).id(number)
            made = made.with_row(heading.grid_pos(dashboard.GridPos(h=1, w=WIDTH, x=0, y=top)))
            top += 1
        for height, panels in section.rows:
            width = WIDTH // len(panels)
            for column, panel in enumerate(panels):
                number += 1
                place = dashboard.GridPos(h=height, w=width, x=column * width, y=top)
                # What a span and a height say, the builder would place itself; here the page is laid out in rows.
                made = made.with_panel(panel.id(number).grid_pos(place))
            top += height
    return made


def as_data(built: builders.Dashboard) -> dict[str, Any]:
    """A dashboard as plain data, as it is written to its file."""
    made: dict[str, Any] = json.loads(JSONEncoder().encode(built.build()))
    # Settings of a variable of intervals, which the library writes into all kinds and Grafana's types do not know.
    for variable in made["templating"]["list"]:
        for name in [name for name in variable if name.startswith("auto")]:
            del variable[name]
    # A footer is a matter of a table's fields by now, and no option of the table.
    for panel in made["panels"]:
        panel.get("options", {}).pop("footer", None)
    for link in made["links"]:
        del link["placement"]  # which would hide them in a menu
    made["annotations"] = {"list": []}
    return made


def as_text(built: builders.Dashboard) -> str:
    """A dashboard as the text of its file."""
    return json.dumps(as_data(built), indent=2, ensure_ascii=False) + "\n"


def _source() -> builders.DatasourceVariable:
    chosen = dashboard.VariableOption(text="Prometheus", value="prometheus")
    variable = builders.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    return variable.description("Where the figures come from.").current(chosen)


def _described(panel: P, title: str, *, description: str, queries: Sequence[Query]) -> P:
    panel.title(title).description(description).datasource(DATASOURCE)
    for at, asked in enumerate(queries):
        panel.with_target(asked.ref_id(_ref(at)))
    return panel


def _ref(at: int) -> str:
    return string.ascii_uppercase[at]


def _steps(colours: Sequence[tuple[float | None, str]]) -> builders.ThresholdsConfig:
    steps = [dashboard.Threshold(value=value, color=colour) for value, colour in colours]
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def _set(name: str, value: Any) -> dashboard.DynamicConfigValue:
    return dashboard.DynamicConfigValue(id_val=name, value=value)


def _colour(colour: str) -> dashboard.DynamicConfigValue:
    return _set("color", {"mode": "fixed", "fixedColor": colour})


def _written(column: Column) -> list[dashboard.DynamicConfigValue]:
    """How the cells of a column are written."""
    coloured = _set("custom.cellOptions", {"type": "color-text"})
    if column.as_state:
        words = {str(state): {"text": word, "color": colour} for state, (word, colour) in STATES.items()}
        return [_set("mappings", [{"type": "value", "options": words}]), coloured]
    how = [_set("unit", column.unit)]
    if column.decimals is not None:
        how.append(_set("decimals", column.decimals))
    if column.red_from is not None:
        steps = [{"color": "text", "value": None}, {"color": "red", "value": column.red_from}]
        how += [_set("thresholds", {"mode": "absolute", "steps": steps}), coloured]
    return how


_SHOWN = {"legend": False, "tooltip": False, "viz": False}
_DASHED = _set("custom.lineStyle", {"fill": "dash", "dash": [8, 8]})
_STATE_WORDS = dashboard.ValueMap(
    options={
        str(state): dashboard.ValueMappingResult(text=word, color=colour, index=state)
        for state, (word, colour) in STATES.items()
    }
)
