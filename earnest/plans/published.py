"""Plan files and the running installation: published as they are written, and fetched back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from earnest.client import Client, connected
from earnest.files.rejections import FileError
from earnest.local.processes import LocalError
from earnest.plans.files import VERSION, read_one_plan
from shared.kernel import PlanSet
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import read_plan
from shared.kernel.plan.report import in_lines
from shared.kernel.plan.version import Plan


class CheckedFile(NamedTuple):
    """What a file holds that may be published: its bytes, its plans, those of them that are new, and what there is to
    say about them.
    """

    file: Path
    content: bytes
    plans: list[dict[str, Any]]
    new: list[dict[str, Any]]
    says: list[str]


def plan_named(name: str, *, who: str) -> Plan:
    """The plan of a file, or of a published version such as `rep@1`.

    Raises:
        FileError: there is neither, or it is no plan.
        LocalError: the installation does not answer.
    """
    file = Path(name)
    if file.exists() or not re.fullmatch(VERSION, name):
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


def _quarantined(client: Client, *, who: str) -> dict[str, str]:
    listed = client.get("/v1/quarantine", who=who, service="scoring")["quarantined"]
    return {f"{version['plan']}@{version['version']}": version["cause"] for version in listed}


def _plan(text: str, name: str) -> Plan:
    try:
        return read_plan(text.removeprefix("\ufeff"), name)
    except PlanFileError as error:
        raise LocalError(str(error)) from None
