"""A batch: entries posted together, their files, and a manifest that chains it to the batch before. It never changes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from services.payout.gl.entry import Entry, Line, Unbalanced
from services.payout.gl.errors import CannotPost
from services.payout.gl.formats import FORMATS
from services.payout.gl.formats.base import Refused, money
from services.payout.gl.journals import MissingAccount, SharedName, UnknownKind, numbered
from services.payout.gl.policy import GlAccounts
from shared.contracts.base import instant_text

RefusedByTheBooks = (MissingAccount, UnknownKind, SharedName, Unbalanced, Refused)


class GlFile(NamedTuple):
    """One file of a batch."""

    name: str
    content: bytes
    sha256: str


class Previous(NamedTuple):
    """The batch before, by which a missing one shows."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries of an entity and month as they went to the books. `sha256` is the manifest's, which names everything else."""

    id: str
    period: str
    entity: str
    format: str
    entries: tuple[Entry, ...]
    files: tuple[GlFile, ...]
    manifest: bytes
    sha256: str
    previous_sha256: str | None
    made_by: str
    made_at: datetime


def written(entries: Sequence[Entry], policy: GlAccounts, format_name: str | None, stem: str) -> list[GlFile]:
    """The files of entries.

    Raises:
        CannotPost: there is no such format, or its target would refuse them.
    """
    name = format_name or policy.format
    if name not in FORMATS:
        raise CannotPost(f"there is no format {name!r}; the formats are {', '.join(FORMATS)}")
    form = FORMATS[name]
    try:
        parts = form.files(entries, policy.settings(name))
    except Refused as refused:
        raise CannotPost(str(refused), refused.faults) from None
    several = len(parts) > 1
    return [
        GlFile(f"{stem}{f'-{part}' if several else ''}.{form.suffix}", content, hashlib.sha256(content).hexdigest())
        for part, content in enumerate(parts, 1)
    ]


def batch(
    made: Sequence[Entry],
    policy: GlAccounts,
    policy_version: int,
    number: int,
    format_name: str | None,
    actor: str,
    now: datetime,
    previous: Previous | None,
) -> Batch:
    """The batch of entries of one entity and month; the same arguments give the same bytes.

    Args:
        made: entries without ids, one at least.
        policy: how the entity's books look, in its version `policy_version`.
        number: counts the batches of the month, over all entities.
        format_name: instead of the policy's format.
        actor: who posts.
        now: when.
        previous: the batch that was made before, of whatever entity and month.

    Raises:
        CannotPost: the books would refuse it.
    """
    entries = numbered(number, made)
    period, entity, identity = made[0].period, made[0].entity, f"gl-{made[0].period}-{number}"
    files = written(entries, policy, format_name, identity)
    debits: Counter[str] = Counter()
    for entry in entries:
        debits[entry.currency] += sum(line.debit for line in entry.lines)
    manifest: dict[str, Any] = {
        "batch_id": identity,
        "period": period,
        "entity": entity,
        "format": format_name or policy.format,
        "policy": {"id": policy.id, "version": policy_version},
        "entry_count": len(entries),
        "line_count": sum(len(entry.lines) for entry in entries),
        "control_totals": {currency: money(total, currency) for currency, total in sorted(debits.items())},
        "entries_sha256": hashlib.sha256(stored(entries)).hexdigest(),
        "files": [{"name": file.name, "sha256": file.sha256} for file in files],
        "previous_batch_id": previous.id if previous else None,
        "previous_batch_sha256": previous.sha256 if previous else None,
        "made_by": actor,
        "made_at": instant_text(now),
    }
    content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
    return Batch(
        identity,
        period,
        entity,
        manifest["format"],
        tuple(entries),
        tuple(files),
        content,
        hashlib.sha256(content).hexdigest(),
        previous.sha256 if previous else None,
        actor,
        now,
    )


def stored(entries: Sequence[Entry]) -> bytes:
    """Entries as they are kept, from which later batches take their difference."""
    return orjson.dumps(
        [
            {name: getattr(entry, name) for name in entry.__slots__} | {"lines": [list(line) for line in entry.lines]}
            for entry in entries
        ]
    )


def kept(content: bytes) -> list[Entry]:
    """The entries that were stored."""
    return [
        Entry(
            **{name: value for name, value in told.items() if name not in ("day", "lines")},
            day=date.fromisoformat(told["day"]),
            lines=tuple(
                Line(account, amount, source, tuple((name, value) for name, value in dimensions))
                for account, amount, source, dimensions in told["lines"]
            ),
        )
        for told in orjson.loads(content)
    ]


def broken(batch: Batch, content: bytes, previous_sha256: str | None) -> list[str]:
    """What of a batch is not as it was made, as sentences: entries as kept, files, manifest, chain."""
    told = orjson.loads(batch.manifest)
    found = []
    if hashlib.sha256(batch.manifest).hexdigest() != batch.sha256:
        found.append("its manifest does not have its hash")
    if hashlib.sha256(content).hexdigest() != told["entries_sha256"]:
        found.append("its entries are not those of its manifest")
    files = [{"name": file.name, "sha256": hashlib.sha256(file.content).hexdigest()} for file in batch.files]
    if files != told["files"]:
        found.append("its files are not those of its manifest")
    if not batch.previous_sha256 == told["previous_batch_sha256"] == previous_sha256:
        found.append("it does not follow the batch before it")
    return [f"GL batch {batch.id}: {each}" for each in found]
