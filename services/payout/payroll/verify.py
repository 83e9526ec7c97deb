"""Proves released batches: files, manifests, lines and the chain of batches say the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from services.payout.errors import Refusal
from services.payout.exports.chain import PreviousBatch, links
from services.payout.payroll import store
from services.payout.payroll.batch import EntityLines, ReleasedBatch, batch_lines, write
from services.payout.payroll.errors import LinesRefused
from services.payout.payroll.line import BatchHeader, ReleasedRun
from shared.money import major_text
from shared.proof import anchor
from shared.proof.head import Head

UNREADABLE: Final = (ValueError, LookupError, TypeError, Refusal)
"""What reading rows raises that nobody of ours wrote."""


def readable(differences: Iterator[str], what: str) -> Iterator[str]:
    """The differences of something, and where they end because what is stored of it cannot even be read, that."""
    try:
        yield from differences
    except UNREADABLE:
        yield f"{what}: what is stored of it cannot be read"


def differences(connection: Connection) -> Iterator[str]:
    """What does not fit, as sentences that name batches and no amounts; none when all is well."""
    latest: dict[tuple[str, str | None], ReleasedBatch] = {}
    batches: list[ReleasedBatch] = []
    # A page at a time, from the latest on; the chain is then followed from the first.
    while page := store.batches(connection, before=batches[-1].number if batches else 2**63 - 1):
        batches += page
    for batch in reversed(batches):
        payroll = (batch.pay_group, batch.entity)
        yield from readable(_differences(connection, batch, previous=latest.get(payroll)), f"batch {batch.id}")
        latest[payroll] = batch
    numbers = [batch.number for batch in reversed(batches)]
    if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        yield "payroll batches are not numbered one after the other: one is missing"


def _differences(connection: Connection, batch: ReleasedBatch, *, previous: ReleasedBatch | None) -> Iterator[str]:
    manifest = json.loads(store.manifest(connection, batch.id))
    # `File.sha256` is made from the bytes: what the row says of them is not believed.
    hashes = [file.sha256 for file in store.files(connection, batch.id)]
    if hashes[:1] != [batch.sha256] or hashes != [file["sha256"] for file in manifest["files"]]:
        yield f"batch {batch.id}: its files do not have the hashes that it names"
    sums: Counter[str] = Counter()
    lines = store.lines(connection, batch.id)
    for line in lines:
        sums[line.currency] += line.amount
    totals = {currency: major_text(total, currency) for currency, total in sums.items()}
    # Three that were written apart: the lines, the row of the batch, and the manifest that payroll has.
    if not totals == batch.control_totals == manifest["control_totals"]:
        yield f"batch {batch.id}: its lines do not add up to its control totals"
    if not len({line.row for line in lines}) == batch.record_count == manifest["record_count"]:
        yield f"batch {batch.id}: it has not as many rows as it says"
    expected = links(PreviousBatch(id=previous.id, sha256=previous.sha256) if previous else None)
    if any(manifest[name] != value for name, value in expected.items()):
        yield f"batch {batch.id}: the batch before it is not the one that its manifest names"
    # A manifest of before there was a chain names none.
    if "chain" in manifest and not anchor.is_there(connection, Head.model_validate(manifest["chain"])):
        yield f"batch {batch.id}: the books' chain is not the one that its manifest names"


def is_written_again(connection: Connection, batch: ReleasedBatch, *, run: ReleasedRun, part: EntityLines) -> bool:
    """Whether a batch is what writing its part of the run again gives, byte for byte.

    A batch of another version of its format stands by its hashes alone: the layout that wrote it is no longer here.
    """
    kept = store.manifest(connection, batch.id)
    manifest = json.loads(kept)
    if manifest.get("format") != part.target.version_name:
        return True
    head = BatchHeader(
        batch=batch.id,
        number=batch.number,
        run=run,
        entity=part.entity,
        created_at=batch.released_at,
        chain=Head.model_validate(manifest["chain"]) if "chain" in manifest else None,
    )
    previous = manifest["previous_batch_id"] and PreviousBatch(
        id=manifest["previous_batch_id"], sha256=manifest["previous_batch_sha256"]
    )
    try:
        rewritten = write(part.target, part.lines, head=head, previous=previous)
    except LinesRefused:
        return False
    return (
        (batch.pay_group, batch.entity, batch.period, batch.pay_date, batch.format)
        == (run.pay_group, part.entity, run.period, run.pay_date, rewritten.format)
        and rewritten.manifest == kept
        and list(rewritten.files) == store.files(connection, batch.id)
        and sorted(batch_lines(rewritten, part)) == sorted(store.lines(connection, batch.id))
    )
