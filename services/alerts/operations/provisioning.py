"""Files from which Grafana sets up its own alerting: the keys it knows, and no others. A wrong file keeps it from all.

Names are Grafana's, of which some are written in camels and some in snakes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ORGANISATION = 1
Duration = Annotated[str, Field(pattern=r"^\d+[smhdw]$")]


class Part(BaseModel):
    """A part of a file; a key that is not named here is a mistake."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, strict=True)

    def written(self) -> dict[str, Any]:
        """As it is written into a file: what is not set is left out."""
        return self.model_dump(by_alias=True, exclude_none=True)


class TimeRange(Part):
    """Seconds before now."""

    begin: int = Field(alias="from")
    to: int = 0


class Asked(Part):
    """A query of a rule, or an expression over others."""

    ref_id: str = Field(alias="refId")
    query_type: str | None = Field(default=None, alias="queryType")
    relative_time_range: TimeRange | None = Field(default=None, alias="relativeTimeRange")
    datasource_uid: str = Field(alias="datasourceUid")
    model: dict[str, Any]


class Rule(Part):
    """An alert rule."""

    uid: str = Field(max_length=40, pattern=r"^[a-z0-9-]+$")
    title: str = Field(min_length=1, max_length=190)
    condition: str
    data: list[Asked]
    no_data_state: Literal["NoData", "Alerting", "OK", "KeepLast"] = Field(alias="noDataState")
    exec_err_state: Literal["Error", "Alerting", "OK", "KeepLast"] = Field(alias="execErrState")
    lasting: Duration = Field(alias="for")
    keep_firing_for: Duration | None = Field(default=None, alias="keepFiringFor")
    annotations: dict[str, str]
    labels: dict[str, str]
    is_paused: bool = Field(default=False, alias="isPaused")


class Group(Part):
    """Rules that are evaluated together. Grafana knows the folder by its title."""

    org_id: int = Field(default=ORGANISATION, alias="orgId")
    name: str
    folder: str
    interval: Duration
    rules: list[Rule]


class Receiver(Part):
    """One way to tell somebody."""

    uid: str = Field(max_length=40)
    type: Literal["webhook", "email"]
    settings: dict[str, Any]
    disable_resolve_message: bool = Field(default=False, alias="disableResolveMessage")


class ContactPoint(Part):
    """Somebody, and the ways to tell them."""

    org_id: int = Field(default=ORGANISATION, alias="orgId")
    name: str
    receivers: list[Receiver] = Field(min_length=1)


class Policy(Part):
    """Who is told of which alerts, and how often; the first that fits, and after it another where it says so."""

    org_id: int | None = Field(default=None, alias="orgId")
    receiver: str
    group_by: list[str] | None = None
    object_matchers: list[tuple[str, Literal["=", "!=", "=~", "!~"], str]] | None = None
    mute_time_intervals: list[str] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    proceed: bool | None = Field(default=None, alias="continue")
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

    org_id: int = Field(default=ORGANISATION, alias="orgId")
    name: str
    time_intervals: list[Times]


class AlertingFile(Part):
    """A file below `provisioning/alerting`."""

    api_version: Literal[1] = Field(default=1, alias="apiVersion")
    groups: list[Group] | None = None
    contact_points: list[ContactPoint] | None = Field(default=None, alias="contactPoints")
    policies: list[Policy] | None = None
    mute_times: list[MuteTime] | None = Field(default=None, alias="muteTimes")
