"""The generic payroll CSV: one row per payment of a run, and a manifest that lets payroll check what it received.

RFC 4180 with a header and CRLF. Every text in it is an identifier or code of a known form that begins with a letter or digit,
so that no cell needs quoting and none can be taken for a formula by a spreadsheet.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.payout.runs import Line, Run, paid, totals
from shared.contracts.base import instant_text
from shared.money import from_minor

FORMAT: Final = "earnest-payroll-csv/1"
COLUMNS: Final = ("batch_id", "participant_id", "period", "pay_code", "currency", "amount")
PAY_CODE: Final = "COMMISSION"

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]*")


class UnsafeIdentifier(ValueError):
    """An id that could be read as something else in a file: refused rather than changed, for payroll matches by it."""

    def __init__(self, identifier: str) -> None:
        super().__init__(f"the id {identifier!r} cannot go into a payroll file")
        self.identifier = identifier


@dataclass(frozen=True, slots=True)
class PayrollFile:
    """The bytes that payroll gets, never changed once written."""

    run: str
    name: str
    content: bytes
    sha256: str
    manifest: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What the next manifest says of the batch before it, so that a missing file shows."""

    id: str
    sha256: str


def write(run: Run, lines: Sequence[Line], created_at: datetime, previous: Batch | None) -> PayrollFile:
    """The payroll file and manifest of a run; the same arguments give the same bytes.

    Raises:
        UnsafeIdentifier: the id of a participant is not of the form that identifiers have.
        shared.money.UnknownCurrency: a line's currency is none.
    """
    payments = sorted(paid(lines))
    content = _csv(run, payments)
    digest = hashlib.sha256(content).hexdigest()
    name = f"{run.id}.csv"
    manifest = {
        "batch_id": run.id,
        "format": FORMAT,
        "file": name,
        "period": run.period,
        "record_count": len(payments),
        "employee_count": len({line.participant_id for line in payments}),
        "control_totals": {currency: str(from_minor(total, currency)) for currency, total in totals(payments).items()},
        "sha256": digest,
        "previous_batch_id": previous.id if previous else None,
        "previous_batch_sha256": previous.sha256 if previous else None,
        "created_at": instant_text(created_at),
    }
    return PayrollFile(run.id, name, content, digest, json.dumps(manifest, indent=2).encode() + b"\n")


def _csv(run: Run, payments: Iterable[Line]) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for line in payments:
        for identifier in (run.id, line.participant_id, line.currency):
            if not _IDENTIFIER.fullmatch(identifier):
                raise UnsafeIdentifier(identifier)
        amount = from_minor(line.amount, line.currency)
        rows.writerow((run.id, line.participant_id, run.period, PAY_CODE, line.currency, amount))
    return text.getvalue().encode("ascii")
