"""Files from which Grafana sets up its alerting: the keys that it knows, and no others, for a wrong one stops all."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ORGANISATION = 1
Duration = Annotated[str, Field(pattern=r"^\d+[smhdw]$")]


_NAMES = {
    "begin": "from",
    "ref_id": "refId",
    "query_type": "queryType",
    "relative_time_range": "relativeTimeRange",
    "datasource_uid": "datasourceUid",
    "no_data_state": "noDataState",
    "exec_err_state": "execErrState",
    "lasting": "for",
    "keep_firing_for": "keepFiringFor",
    "is_paused": "isPaused",
    "org_id": "orgId",
    "disable_resolve_message": "disableResolveMessage",
    "proceed": "continue",
    "api_version": "apiVersion",
    "contact_points": "contactPoints",
    "mute_times": "muteTimes",
}
"""What Grafana calls a field where it is not its name here: it writes some in camels and some in snakes, and some are
words of Python.
"""


class Part(BaseModel):
    """A part of a file; a key that is not named here is a mistake."""

    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, strict=True, alias_generator=lambda name: _NAMES.get(name, name)
    )

    def written(self) -> dict[str, Any]:
        """As it is written into a file: what is not set is left out."""
        return self.model_dump(by_alias=True, exclude_none=True)


class TimeRange(Part):
    """Seconds before now."""

    begin: int
    to: int = 0


class Asked(Part):
    """A query of a rule, or an expression over others."""

    ref_id: str
    query_type: str | None = None
    relative_time_range: TimeRange | None = None
    datasource_uid: str
    model: dict[str, Any]


class Rule(Part):
    """An alert rule."""

    uid: str = Field(max_length=40, pattern=r"^[a-z0-9-]+$")
    title: str = Field(min_length=1, max_length=190)
    condition: str
    data: list[Asked]
    no_data_state: Literal["NoData", "Alerting", "OK", "KeepLast"]
    exec_err_state: Literal["Error", "Alerting", "OK", "KeepLast"]
    lasting: Duration
    keep_firing_for: Duration | None = None
    annotations: dict[str, str]
    labels: dict[str, str]
    is_paused: bool = False


class Group(Part):
    """Rules that are evaluated together. Grafana knows the folder by its title."""

    org_id: int = ORGANISATION
    name: str
    folder: str
    interval: Duration
    rules: list[Rule]


class Receiver(Part):
    """One way to tell somebody."""

    uid: str = Field(max_length=40)
    type: Literal["webhook", "email"]
    settings: dict[str, Any]
    disable_resolve_message: bool = False


class ContactPoint(Part):
    """Somebody, and the ways to tell them."""

    org_id: int = ORGANISATION
    name: str
    receivers: list[Receiver] = Field(min_length=1)


class Policy(Part):
    """Who is told of which alerts, and how often; the first that fits, and after it another where it says so."""

    org_id: int | None = None
    receiver: str
    group_by: list[str] | None = None
    object_matchers: list[tuple[str, Literal["=", "!=", "=~", "!~"], str]] | None = None
    mute_time_intervals: list[str] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    proceed: bool | None = None
    routes: list[Policy] | None = None


class Times(Part):
    """Times that recur, or are dated."""

    days_of_month: list[str] | None = None
    months: list[str] | None = None
    years: list[str] | None = None
    weekdays: list[str] | None = None
    location: str | None = None


class MuteTime(Part):
    """Times under a name that policies use."""

    org_id: int = ORGANISATION
    name: str
    time_intervals: list[Times]


class AlertingFile(Part):
    """A file below `provisioning/alerting`."""

    api_version: Literal[1] = 1
    groups: list[Group] | None = None
    contact_points: list[ContactPoint] | None = None
    policies: list[Policy] | None = None
    mute_times: list[MuteTime] | None = None
