"""A source file from its text to everything that is wrong in it, each with line and column; and what a body would
become by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from earnest.files.rejections import FileError
from earnest.model_fields import fields_at
from earnest.yaml_files import text_of
from services.ingest import (
    Columns,
    Delivery,
    NotProven,
    Proven,
    Request,
    Source,
    SourceError,
    SourceFile,
    read_key,
    read_source_file,
)
from shared.kernel.language.findings import Finding
from shared.kernel.plan.exact_yaml import PlanFileError, read_document
from shared.kernel.plan.located import Located, locate, unreadable, unusable
from shared.kernel.plan.schema_findings import schema_findings

SUFFIXES: Final = (".yaml", ".yml")


def source_files(paths: Sequence[Path]) -> list[Path]:
    """The files, and the source files of folders among them.

    Raises:
        FileError: there is no such file, or no source file in a folder.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(file for file in path.glob("*") if file.suffix in SUFFIXES) if path.is_dir() else [path]
        if not path.exists():
            raise FileError(f"{path}: there is no such file")
        if not inside:
            raise FileError(f"{path}: there is no .yaml file in this folder")
        found += inside
    return found


def check_files(files: Sequence[Path]) -> list[Located]:
    """Everything that there is to say about source files, from top to bottom."""
    named: dict[str, Path] = {}
    said: list[Located] = []
    for file in files:
        source, of_file = _check(file)
        said += sorted(of_file, key=Located.order)
        if source is not None and (other := named.setdefault(source.source, file)) != file:
            what = f"source {source.source} is in {other} too, and then neither is used"
            said += unusable(str(file), what, code="S104", mend="leave it in one of them")
    return said


def _check(file: Path) -> tuple[Source | None, list[Located]]:
    try:
        document = read_document(text_of(file))
    except PlanFileError as error:
        return None, unreadable(str(file), error)
    if not isinstance(document.data, dict):
        what = "a source file is a mapping that begins with 'source: <name>'"
        return None, unusable(str(file), what, mend="write `source: <name>` first, then the other fields", code="P002")
    try:
        source = Source.model_validate(document.data)
        findings = [*_secrets(source, file.parent), *_doubts(source, file)]
    except ValidationError as error:
        source, findings = None, schema_findings(error, partial(fields_at, Source))
    except RecursionError:
        return None, unusable(str(file), "the file contains itself")
    return source, locate(str(file), document.node, findings=findings)


def _secrets(source: Source, folder: Path) -> Iterator[Finding]:
    for place, name in enumerate(source.signing.secrets if source.signing is not None else ()):
        path = ("signing", "secrets", place)
        if not (folder / name).exists():
            what = f"there is no file {name} beside it: until it is there, the source is not used"
            yield Finding.warning("S102", path, message=what, mend=f"write the secret into {folder / name}")
            continue
        try:
            read_key(source.signing, folder / name)
        except SourceError as error:
            yield Finding.error(
                "S101", path, message=str(error), mend="write the secret and nothing else into the file"
            )


def _doubts(source: Source, file: Path) -> Iterator[Finding]:
    if source.signing is None:
        yield Finding.note("S103", (), message="without `signing` it takes no webhooks, and only maps files")
    elif source.event.time is None:
        what = (
            "an item counts from when its delivery was sent: one that is sent again later would undo what came between"
        )
        yield Finding.warning(
            "S201", ("event",), message=what, mend="say where its own time stands, as `event: {time: …}`"
        )
    for place, path in enumerate(source.item_paths):
        if path.passes_lists and source.looks_out:
            what = f"^ is that in which {path.text} is looked for, and no entry of the lists on its way"
            mend = "where ^ is to be an entry of a list on the way, write a path for each, as [$.orders, $.lines]"
            at = ("items",) if len(source.items) == 1 else ("items", place)
            yield Finding.note("S202", at, message=what, mend=mend)
    if file.suffix != ".yaml":
        yield Finding.warning("S105", (), message="ingest reads files that end in .yaml only", mend="name it so")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a delivery would become: whether and when it was proven (None: not looked at), and the receipt of its items
    with the facts of those that are taken; and which fields no item has, with the paths where they were looked for.
    """

    proof: str | None
    is_proven: bool
    receipt: Mapping[str, Any]
    facts: list[Mapping[str, Any]]
    nowhere: list[tuple[str, str]]


def named_source(name: str, folder: Path) -> tuple[SourceFile, Source]:
    """The file of a source, named by its path or by the source's name in the folder of sources, and the source.

    Raises:
        FileError: there is none, or its file cannot be used.
    """
    path = Path(name)
    files = [path] if path.is_file() else sorted(folder.glob("*.yaml"))
    found = [file for each in files if (file := read_source_file(each)).name == name or each == path]
    if not found:
        raise FileError(f"there is no file {name}, and no source of this name in {folder}")
    if found[0].source is None:
        raise FileError(f"{found[0].file}: {found[0].reason}")
    return found[0], found[0].source


def tried(
    file: SourceFile,
    source: Source,
    *,
    body: bytes,
    head: str | None,
    now: datetime,
    zone: ZoneInfo,
    columns: Columns,
) -> Trial:
    """What a body would become, sent with the lines of a request's head, if any. Nothing is sent. The company's own
    fields are held against the `columns` that plans declare.

    Raises:
        FileError: the head cannot be read.
    """
    request = Request(body=body, headers={}) if head is None else _request(body, head)
    proof, proven = (None, Proven()) if head is None else _proof(file, source, request=request, now=now)
    delivery = Delivery.of_request(source, request, proven=proven or Proven(), now=now)
    events = delivery.read(source, zone, columns=columns)
    facts = [json.loads(record.value or b"{}") for record in events.records]
    missing = delivery.nowhere(source)
    return Trial(proof=proof, is_proven=proven is not None, receipt=events.receipt, facts=facts, nowhere=missing)


def _proof(file: SourceFile, source: Source, *, request: Request, now: datetime) -> tuple[str, Proven | None]:
    """Whether a request is proven, in words, and what it says of itself if it is; whenever it was signed."""
    if source.signing is None:
        return "no: the source has no `signing`, and takes no webhooks", None
    try:
        found = source.signing.proven(file.keys, request)
    except NotProven as error:
        return f"no: {error}", None
    at = "" if found.signed_at is None else f", signed at {found.signed_at:%Y-%m-%d %H:%M:%S} UTC"
    try:
        source.signing.check_time(found, now)
    except NotProven as error:
        return f"yes{at}; but {error}: as old as this, ingest would refuse it", found
    return f"yes{at}", found


def _request(body: bytes, head: str) -> Request:
    """A request of its head: lines `Name: value`, before them the request line where there is one; or a JSON object."""
    if head.lstrip().startswith("{"):
        try:
            headers = json.loads(head)
            return Request(body=body, headers={str(name).lower(): str(value) for name, value in headers.items()})
        except ValueError as error:
            raise FileError(f"the headers are no JSON object: {error}") from None
    lines = [line for line in head.splitlines() if line.strip()]
    method, query = "POST", ""
    if lines and ":" not in lines[0].split(" ")[0]:
        method, _, rest = lines.pop(0).partition(" ")
        query = rest.partition(" ")[0].partition("?")[2]
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise FileError(f"{line[:40]!r} is no header: write `Name: value`")
        headers[name.strip().lower()] = value.strip()
    return Request(body=body, headers=headers, method=method, query=query)
