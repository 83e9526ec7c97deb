"""The chain of batches: each manifest names the one before and its hash, so that a missing or exchanged one shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousBatch:
    """The batch before. Payroll's chain hashes the file that was imported, that of the books the manifest."""

    id: str
    sha256: str


def links(previous: PreviousBatch | None) -> dict[str, str | None]:
    """What a manifest says of the batch before; both null in the first."""
    return {
        "previous_batch_id": previous.id if previous else None,
        "previous_batch_sha256": previous.sha256 if previous else None,
    }
