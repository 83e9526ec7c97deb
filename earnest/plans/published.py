"""Plan files and the running installation: published as they are written, fetched back, and what publishing touches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from earnest.client import Client, connected
from earnest.files.rejections import FileError
from earnest.local.processes import LocalError
from earnest.plans.files import read_one_plan
from shared.kernel import PlanSet
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.report import in_lines
from shared.kernel.plan.version import Plan

_VERSION = re.compile(r"\S+@[0-9]+")


class CheckedFile(NamedTuple):
    """What a file holds that may be published: its bytes, its plans, those of them that are new, and what there is to
    say about them.
    """

    file: Path
    content: bytes
    plans: list[dict[str, Any]]
    new: list[dict[str, Any]]
    says: list[str]


class Touched(NamedTuple):
    """What publishing changes, in lines, and whether it may change pay."""

    lines: list[str]
    pay: bool


def plan_named(name: str, *, who: str) -> Plan:
    """The plan of a file, or of a published version such as `rep@1`.

    Raises:
        FileError: there is neither, or it is no plan.
        LocalError: the installation does not answer.
    """
    file = Path(name)
    if file.exists() or not _VERSION.fullmatch(name):
        return read_one_plan(file)
    return _plan(file_of(connected(), name, who=who).decode(), name)


def published_plans(client: Client, *, who: str) -> PlanSet:
    """Every published version that is not quarantined.

    Raises:
        LocalError: the installation does not answer.
    """
    aside = set(_quarantined(client, who=who))
    keys = [f"{version['plan']}@{version['version']}" for version in versions(client, who=who)]
    return PlanSet(_plan(file_of(client, key, who=who).decode(), key) for key in keys if key not in aside)


def versions(client: Client, *, who: str) -> list[dict[str, Any]]:
    """The published versions, as ingest lists them."""
    listed: list[dict[str, Any]] = client.get("/v1/plans", who=who, service="ingest")["plans"]
    return listed


def file_of(client: Client, version: str, *, who: str) -> bytes:
    """The file of a published version, as it was written."""
    return client.fetch(f"/v1/plans/{quote(version)}", who=who, service="ingest")


def checked(client: Client, file: Path, *, who: str) -> CheckedFile:
    """What the installation says about a file before it is published.

    Raises:
        LocalError: it refuses the file, in the words of `earnest plan check`, or does not answer.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FileError(f"{file}: {error.strerror or error}") from None
    receipt = _sent(client, file, content=content, who=who, dry_run=True)
    new = [plan for plan in receipt["plans"] if plan["outcome"] != "unchanged"]
    says = [in_lines(found) for found in receipt["findings"]]
    return CheckedFile(file=file, content=content, plans=receipt["plans"], new=new, says=says)


def send(client: Client, found: CheckedFile, *, who: str) -> list[dict[str, Any]]:
    """Publish a file as it was checked, whatever has become of it since; its plans."""
    plans: list[dict[str, Any]] = _sent(client, found.file, content=found.content, who=who)["plans"]
    return plans


def what_it_touches(client: Client, plans: Iterable[Mapping[str, Any]], *, who: str) -> Touched:
    """Whose pay of which months the versions may change, and what they say otherwise than those in force before."""
    there = versions(client, who=who)
    closed = {(period["period"]) for period in _periods(client, who=who) if period["state"] == "closed"}
    lines, pay = [], False
    for plan in plans:
        query = urlencode({"since": plan["effective_from"]})
        reach = client.get(f"/v1/plans/{quote(plan['plan'])}/reach?{query}", who=who, service="scoring")
        pay = pay or bool(reach["months"])
        lines.append(
            f"{plan['plan']}@{plan['version']} holds from {plan['effective_from']} on{_replaces(plan, there)}."
        )
        if not reach["participants"]:
            lines.append("  Nobody is on the plan from then on.")
            continue
        lines.append(f"  Participants on the plan from then on: {reach['participants']:,}.")
        if months := reach["months"]:
            of_closed = [month for month in months if month in closed]
            lines.append(f"  Months in which they were credited, which are calculated anew: {_span(months)}.")
            if of_closed:
                lines.append(
                    f"  Of these closed, where a difference is paid in the next open month: {_span(of_closed)}."
                )
        else:
            lines.append("  They have no credits from then on yet: no pay changes.")
    return Touched(lines, pay)


def states(client: Client, *, who: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every version with the days on which it holds, in words."""
    aside = _quarantined(client, who=who)
    for version in versions(client, who=who):
        until = f" to {version['until']}" if version["until"] else " on"
        state = f"from {version['effective_from']}{until}"
        if version["replaced_by"] is not None:
            state = f"never: version {version['replaced_by']} replaces it"
        if cause := aside.get(f"{version['plan']}@{version['version']}"):
            state += f"; quarantined: {cause}"
        yield version, state


def in_words(plans: Sequence[Mapping[str, Any]]) -> str:
    """The versions, by name."""
    return ", ".join(f"{plan['plan']}@{plan['version']}" for plan in plans)


def _sent(client: Client, file: Path, *, content: bytes, who: str, dry_run: bool = False) -> dict[str, Any]:
    query = urlencode({"file": str(file)[-256:], **({"dry_run": "true"} if dry_run else {})})
    return client.upload(f"/v1/plans?{query}", content, kind="application/yaml", who=who, service="ingest")


def _replaces(plan: Mapping[str, Any], there: Sequence[Mapping[str, Any]]) -> str:
    of_plan = [other for other in there if other["plan"] == plan["plan"] and other["replaced_by"] is None]
    before = [other for other in of_plan if other["effective_from"] <= plan["effective_from"]]
    if not before:
        return ""
    last = max(before, key=lambda other: other["effective_from"])
    return f", in place of {last['plan']}@{last['version']}"


def _periods(client: Client, *, who: str) -> list[dict[str, Any]]:
    periods: list[dict[str, Any]] = client.get("/v1/periods", who=who)["periods"]
    return periods


def _quarantined(client: Client, *, who: str) -> dict[str, str]:
    listed = client.get("/v1/quarantine", who=who, service="scoring")["quarantined"]
    return {f"{version['plan']}@{version['version']}": version["cause"] for version in listed}


def _span(months: Sequence[str]) -> str:
    return months[0] if len(months) == 1 else f"{months[0]} to {months[-1]}"


def _plan(text: str, name: str) -> Plan:
    try:
        return read_plan(text.removeprefix("\ufeff"), name)
    except PlanFileError as error:
        raise LocalError(str(error)) from None
