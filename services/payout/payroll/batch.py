"""A batch: the lines of a legal entity in the file that its payroll takes, and the manifest by which payroll checks it.

A batch is never changed once it is released. What payroll does not take is released again in another batch.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final, NamedTuple

from services.payout.exports.chain import PreviousBatch, links
from services.payout.exports.files import File
from services.payout.payroll.errors import LinesRefused
from services.payout.payroll.formats.base import IdOwners, PayrollFormat, RefusedLine
from services.payout.payroll.line import BatchHeader, PayrollLine, ReleasedRun, totals
from services.payout.payroll.policy import Numbering, PayrollProfile
from shared.contracts.base import instant_text

HASH_MODULUS: Final = 10**10
"""Hash totals keep the ten low digits of the sum, as the entry hash of a NACHA file does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLines:
    """What a legal entity pays, in which format, to which payroll's numbers of people; None are people without
    entity.
    """

    entity: str | None
    target: PayrollFormat
    lines: tuple[PayrollLine, ...]
    numbering: Numbering


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Files and manifest. `rows` has each line's id by the row that pays it, from 1; `sha256` is the first file's."""

    head: BatchHeader
    format: str
    files: tuple[File, ...]
    sha256: str
    manifest: bytes
    record_count: int
    control_totals: dict[str, str]
    rows: tuple[tuple[int, str], ...]


class BatchLine(NamedTuple):
    """A line as its batch has it: `person` and `target_code` are payroll's own words, the amount is in minor units."""

    line: str
    row: int
    participant_id: str
    person: str
    pay_code: str
    target_code: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedBatch:
    """A released batch without its files, as it is kept."""

    id: str
    number: int
    run: str
    pay_group: str
    entity: str | None
    period: str
    pay_date: date
    acknowledge_by: date | None
    format: str
    sha256: str
    record_count: int
    control_totals: dict[str, str]
    corrects: str | None
    released_by: str
    released_at: datetime


def by_entity(lines: Sequence[PayrollLine], profile: PayrollProfile) -> tuple[list[EntityLines], list[RefusedLine]]:
    """The lines by legal entity, in the order of their names, and those of entities that the profile does not list.

    Without lines, nobody's, which is a file without rows: a run that pays nobody is handed over too, so that payroll
    sees it was one.
    """
    parts: list[EntityLines] = []
    unlisted: list[RefusedLine] = []
    for name in sorted({line.entity or "" for line in lines}) or [""]:
        own = tuple(line for line in lines if (line.entity or "") == name)
        target = profile.of_entity(name or None)
        if target is not None:
            numbering = profile.numbering(name or None)
            parts.append(EntityLines(entity=name or None, target=target, lines=own, numbering=numbering))
        elif own:
            message = f"the payroll profile {profile.id} lists legal entities, and {name or 'none'} is not among them"
            unlisted += [
                RefusedLine(line=line.id, row=row, field="entity", code="unlisted", message=message)
                for row, line in enumerate(own, 1)
            ]
        else:
            parts.append(EntityLines(entity=None, target=profile.file, lines=(), numbering=()))
    return parts, unlisted


def refused_lines(
    run: ReleasedRun, lines: Sequence[PayrollLine], *, profile: PayrollProfile, owners: Mapping[Numbering, IdOwners]
) -> list[RefusedLine]:
    """What payroll would refuse of what a run pays, over all its files, before there are any.

    Args:
        run: the run.
        lines: what it pays.
        profile: the files that payroll gets.
        owners: whose ids others have in each payroll, who are not paid by the run.
    """
    parts, unlisted = by_entity(lines, profile)
    if unlisted:
        return unlisted
    known: dict[Numbering, IdOwners] = defaultdict(dict, {key: dict(owned) for key, owned in owners.items()})
    # Only the run's release gives a batch its id, number and instant: these stand for them, as long as what will be
    # written.
    created = datetime.combine(run.pay_date, time(), UTC)
    return [
        refused
        for part in parts
        for refused in part.target.refused(
            part.lines,
            BatchHeader(batch=run.id, number=1, run=run, entity=part.entity, created_at=created),
            owners=known[part.numbering],
        )
    ]


def batch_id(run: str, count: int) -> str:
    """The id of a run's next batch, of which there are `count` already: the run's own, then `.2`, `.3`."""
    return run if count == 0 else f"{run}.{count + 1}"


def write(
    target: PayrollFormat,
    lines: Sequence[PayrollLine],
    *,
    head: BatchHeader,
    previous: PreviousBatch | None = None,
    owners: IdOwners | None = None,
) -> Batch:
    """The batch of some lines; the same arguments give the same bytes. `owners` are those of other ids of the payroll.

    Raises:
        LinesRefused: the target would refuse a line.
    """
    if refused := target.refused(lines, head, owners=owners):
        raise LinesRefused(refused)
    files = target.files(lines, head)
    rows = target.rows(lines, head)
    people = [target.person(row.line) or "" for row in rows]
    control_totals = totals(lines)
    counts = {
        "record_count": len(rows),
        "employee_count": len({target.identity(person) for person in people}),
        "control_totals": control_totals,
        "hash_total": _hash_total(people),
    }
    return Batch(
        head=head,
        format=target.format,
        files=files,
        sha256=files[0].sha256,
        manifest=_manifest(target, head, files=files, counts=counts, previous=previous),
        record_count=len(rows),
        control_totals=control_totals,
        rows=tuple((row.number, line.id) for row in rows for line in row.lines),
    )


def _manifest(
    target: PayrollFormat,
    head: BatchHeader,
    *,
    files: Sequence[File],
    counts: Mapping[str, Any],
    previous: PreviousBatch | None,
) -> bytes:
    """What payroll compares its file with, and by which it sees that a batch is missing. Its bytes are proven: what is
    written differently here is another `version` of every format.
    """
    run = head.run
    manifest = {
        "batch_id": head.batch,
        "run": run.id,
        "format": target.version_name,
        "pay_group": run.pay_group,
        "entity": head.entity,
        "period": run.period,
        "pay_date": run.pay_date.isoformat(),
        "corrects": run.corrects,
        "file": files[0].name,
        "sha256": files[0].sha256,
        "files": [
            {"name": file.name, "media_type": file.media_type, "bytes": len(file.content), "sha256": file.sha256}
            for file in files
        ],
        **counts,
        **links(previous),
        "created_at": instant_text(head.created_at),
        # Whoever holds the manifest holds an anchor: the books can be compared with it.
        **({"chain": head.chain.model_dump(mode="json")} if head.chain else {}),
    }
    # ASCII throughout: whoever reads a manifest need not know its encoding.
    return json.dumps(manifest, indent=2).encode() + b"\n"


def _hash_total(ids: Sequence[str]) -> int:
    """The sum of the digits in each row's id, taken as one number: ids lost or exchanged change it."""
    return sum(int(re.sub("[^0-9]", "", row_id) or 0) for row_id in ids) % HASH_MODULUS


def batch_lines(batch: Batch, part: EntityLines) -> list[BatchLine]:
    """The lines of a legal entity as their batch has them."""
    rows = {line: row for row, line in batch.rows}
    return [
        BatchLine(
            line=line.id,
            row=rows[line.id],
            participant_id=line.participant_id,
            person=part.target.person(line) or "",
            pay_code=line.pay_code,
            target_code=part.target.code(line) or "",
            currency=line.currency,
            amount=line.amount,
        )
        for line in part.lines
    ]
