"""A batch: what payroll is handed, never changed once released, and the manifest by which it checks what it received."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.payout.errors import Refusal
from services.payout.payroll.formats.base import Format, Owners, Rejected
from services.payout.payroll.formats.files import File
from services.payout.payroll.line import Head, PayrollLine, totals_text
from shared.contracts.base import instant_text

HASH_MODULUS: Final = 10**10
"""Hash totals keep ten digits, as clearing houses do it."""


class LinesRefused(Refusal):
    """The target would refuse lines of the batch: nothing is written until they are mended. `rejected` names every one."""

    type = "payroll-refuses"
    title = "Payroll would refuse lines of this batch"

    def __init__(self, rejected: Sequence[Rejected]) -> None:
        first = rejected[0]
        more = f", and {len(rejected) - 1} more" if len(rejected) > 1 else ""
        super().__init__(f"row {first.row}: {first.message}{more}")
        self.rejected = [each._asdict() for each in rejected]


@dataclass(frozen=True, slots=True)
class Previous:
    """The batch before, of which the manifest gives id and hash, so that a missing one shows."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Files and manifest. `rows` gives the line ids by the row that pays them, from 1; `sha256` is that of the first file."""

    head: Head
    format: str
    files: tuple[File, ...]
    sha256: str
    manifest: bytes
    record_count: int
    control_totals: dict[str, str]
    rows: tuple[tuple[int, str], ...]


def hash_total(ids: Sequence[str]) -> int:
    """The sum of the digits in each row's id, taken as one number, modulo 10^10: ids lost or exchanged change it."""
    return sum(int(re.sub("[^0-9]", "", each) or 0) for each in ids) % HASH_MODULUS


def write(
    target: Format,
    lines: Sequence[PayrollLine],
    head: Head,
    previous: Previous | None = None,
    owners: Owners | None = None,
) -> Batch:
    """The batch of some lines; the same arguments give the same bytes. `owners` are whose other ids of the same payroll are.

    Raises:
        LinesRefused: the target would refuse a line.
    """
    if rejected := target.refused(lines, head, owners):
        raise LinesRefused(rejected)
    files = target.files(lines, head)
    rows = target.rows(lines, head)
    people = [target.person(row.line) or "" for row in rows]
    control = totals_text(lines)
    manifest = {
        "batch_id": head.batch,
        "run": head.run,
        "format": target.version_name,
        "pay_group": head.pay_group,
        "entity": head.entity,
        "period": head.period,
        "pay_date": head.pay_date.isoformat(),
        "corrects": head.corrects,
        "file": files[0].name,
        "sha256": files[0].sha256,
        "files": [
            {"name": file.name, "media_type": file.media_type, "bytes": len(file.content), "sha256": file.sha256}
            for file in files
        ],
        "record_count": len(rows),
        "employee_count": len({target.identity(person) for person in people}),
        "control_totals": control,
        "hash_total": hash_total(people),
        "previous_batch_id": previous.id if previous else None,
        "previous_batch_sha256": previous.sha256 if previous else None,
        "created_at": instant_text(head.created_at),
    }
    return Batch(
        head=head,
        format=target.format,
        files=files,
        sha256=files[0].sha256,
        manifest=json.dumps(manifest, indent=2).encode() + b"\n",
        record_count=len(rows),
        control_totals=control,
        rows=tuple((row.number, line.id) for row in rows for line in row.lines),
    )
