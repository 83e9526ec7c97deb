"""Proves released batches: files, manifests, lines and the chain of batches say the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection

from services.payout.errors import Refusal
from services.payout.payroll import store as batches
from services.payout.payroll.release import Released
from shared.money import from_minor

UNREADABLE: Final = (ValueError, LookupError, TypeError, Refusal)
"""What reading rows raises that nobody of ours wrote."""


def readable(found: Iterator[str], what: str) -> Iterator[str]:
    """What is found, and where that ends because what is stored cannot even be read, that."""
    try:
        yield from found
    except UNREADABLE:
        yield f"{what}: what is stored of it cannot be read"


def differences(connection: Connection) -> Iterator[str]:
    """What does not fit, as sentences that name batches and no amounts; none when all is well."""
    latest: dict[tuple[str, str | None], Released] = {}
    before = 2**63 - 1
    every: list[Released] = []
    while page := batches.batches(connection, before=before):
        every += page
        before = page[-1].number
    numbers: list[int] = []
    for batch in reversed(every):
        payroll = (batch.pay_group, batch.entity)
        yield from readable(_told(connection, batch, latest.get(payroll), numbers), f"batch {batch.id}")
        latest[payroll] = batch
    if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        yield "payroll batches are not numbered one after the other: one is missing"


def _told(connection: Connection, batch: Released, previous: Released | None, numbers: list[int]) -> Iterator[str]:
    told = json.loads(batches.manifest(connection, batch.id))
    if "files" in told:
        numbers.append(batch.number)
        yield from _differences(connection, batch, told, previous)
    elif _hashes(connection, batch) != [batch.sha256]:  # a payroll file of an earlier version: no lines, less told
        yield f"batch {batch.id}: its file does not have its hash"


def _hashes(connection: Connection, batch: Released) -> list[str]:
    """The hashes of its files, made again from their bytes."""
    return [file.sha256 for file in batches.files(connection, batch.id)]


def _differences(
    connection: Connection, batch: Released, told: dict[str, Any], previous: Released | None
) -> Iterator[str]:
    hashes = _hashes(connection, batch)
    if hashes[:1] != [batch.sha256] or hashes != [file["sha256"] for file in told["files"]]:
        yield f"batch {batch.id}: its files do not have the hashes that it names"
    sums: Counter[str] = Counter()
    lines = batches.lines(connection, batch.id)
    for line in lines:
        sums[line.currency] += line.amount
    totals = {currency: f"{from_minor(total, currency):f}" for currency, total in sums.items()}
    if not totals == batch.control_totals == told["control_totals"]:
        yield f"batch {batch.id}: its lines do not add up to its control totals"
    if not len({line.row for line in lines}) == batch.record_count == told["record_count"]:
        yield f"batch {batch.id}: it has not as many rows as it says"
    named = (told["previous_batch_id"], told["previous_batch_sha256"])
    if named != ((previous.id, previous.sha256) if previous else (None, None)):
        yield f"batch {batch.id}: the batch before it is not the one that its manifest names"
