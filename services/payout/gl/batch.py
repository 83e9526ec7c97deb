"""A batch: entries posted together, their files, and a manifest that chains it to the batch before. It never
changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import orjson

from services.payout.exports.chain import PreviousBatch, links
from services.payout.exports.files import File
from services.payout.gl.entry import EntryLine, JournalEntry
from services.payout.gl.errors import CannotPost
from services.payout.gl.formats import FORMATS
from services.payout.gl.formats.base import FileRefused
from services.payout.gl.journals import numbered
from services.payout.gl.policy import GlAccounts
from shared.contracts.base import instant_text
from shared.money import major_text
from shared.pay.policy import Version
from shared.periods import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class GlBatch:
    """Entries of an entity and month as they went to the books. `sha256` is the manifest's, which names all the rest.

    The chain runs over all entities and months, for the books of a group are closed together: `previous_sha256` is that
    of whichever batch was made before.
    """

    id: str
    period: Month
    entity: str
    format: str
    entries: tuple[JournalEntry, ...]
    files: tuple[File, ...]
    manifest: bytes
    sha256: str
    previous_sha256: str | None
    made_by: str
    made_at: datetime


def write_files(
    entries: Sequence[JournalEntry], policy: GlAccounts, *, format_name: str | None, stem: str
) -> tuple[File, ...]:
    """The files of entries, in the policy's format unless another is named; `stem` begins their names.

    Raises:
        CannotPost: there is no such format, or its target would refuse them.
    """
    name = format_name or policy.format
    if name not in FORMATS:
        raise CannotPost(f"there is no format {name!r}; the formats are {', '.join(FORMATS)}")
    form = FORMATS[name]
    try:
        parts = form.files(entries, policy.settings(name))
    except FileRefused as refused:
        raise CannotPost(str(refused), refused.faults) from None
    several = len(parts) > 1
    return tuple(
        File(name=f"{stem}{f'-{part}' if several else ''}.{form.suffix}", media_type=form.media_type, content=content)
        for part, content in enumerate(parts, 1)
    )


def write(
    pending: Sequence[JournalEntry],
    accounts: Version[GlAccounts],
    *,
    number: int,
    format_name: str | None,
    actor: str,
    now: datetime,
    previous: PreviousBatch | None,
) -> GlBatch:
    """The batch of entries of one entity and month; the same arguments give the same bytes.

    Args:
        pending: entries without ids, one at least.
        accounts: the policy of the entity's books.
        number: counts the batches of the month, over all entities.
        format_name: instead of the policy's format.
        actor: who posts.
        now: when.
        previous: the batch that was made before, of whatever entity and month.

    Raises:
        CannotPost: the books would refuse it.
    """
    entries, policy = numbered(number, pending), accounts.policy
    batch_id = f"gl-{entries[0].period}-{number}"
    files = write_files(entries, policy, format_name=format_name, stem=batch_id)
    manifest: dict[str, Any] = {
        "batch_id": batch_id,
        "period": entries[0].period,
        "entity": entries[0].entity,
        "format": format_name or policy.format,
        "policy": {"id": policy.id, "version": accounts.version},
        "entry_count": len(entries),
        "line_count": sum(len(entry.lines) for entry in entries),
        "control_totals": _control_totals(entries),
        # As they are kept, and not as a file shows them: later batches are a difference to these.
        "entries_sha256": sha256(entries_to_json(entries)).hexdigest(),
        "files": [{"name": file.name, "sha256": file.sha256} for file in files],
        **links(previous),
        "made_by": actor,
        "made_at": instant_text(now),
    }
    content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n"
    return GlBatch(
        id=batch_id,
        period=entries[0].period,
        entity=entries[0].entity,
        format=manifest["format"],
        entries=tuple(entries),
        files=files,
        manifest=content,
        sha256=sha256(content).hexdigest(),
        previous_sha256=previous.sha256 if previous else None,
        made_by=actor,
        made_at=now,
    )


def _control_totals(entries: Sequence[JournalEntry]) -> dict[str, str]:
    """The debits by currency, as accountants compare by them; the credits are as much, or there would be no entry."""
    debits: Counter[str] = Counter()
    for entry in entries:
        debits[entry.currency] += sum(line.debit for line in entry.lines)
    return {currency: major_text(total, currency) for currency, total in sorted(debits.items())}


def entries_to_json(entries: Sequence[JournalEntry]) -> bytes:
    """Entries as they are kept, from which later batches take their difference."""
    return orjson.dumps(
        [
            {name: getattr(entry, name) for name in entry.__slots__} | {"lines": [list(line) for line in entry.lines]}
            for entry in entries
        ]
    )


def entries_from_json(content: bytes) -> list[JournalEntry]:
    """The entries that were kept."""
    return [
        JournalEntry(
            **{name: value for name, value in fields.items() if name not in ("day", "lines")},
            day=date.fromisoformat(fields["day"]),
            lines=tuple(
                EntryLine(account, amount, source=source, dimensions=tuple((name, value) for name, value in dimensions))
                for account, amount, source, dimensions in fields["lines"]
            ),
        )
        for fields in orjson.loads(content)
    ]


def defects(batch: GlBatch, content: bytes, *, previous_sha256: str | None) -> list[str]:
    """What of a batch is not as it was made, as sentences: entries as kept in `content`, files, manifest, chain."""
    manifest = orjson.loads(batch.manifest)
    # Hashes are made again from what is stored: of what a row says of itself only the chain is believed, by the batch
    # after it.
    wrong = []
    if sha256(batch.manifest).hexdigest() != batch.sha256:
        wrong.append("its manifest does not have its hash")
    if sha256(content).hexdigest() != manifest["entries_sha256"]:
        wrong.append("its entries are not those of its manifest")
    if [{"name": file.name, "sha256": file.sha256} for file in batch.files] != manifest["files"]:
        wrong.append("its files are not those of its manifest")
    if not batch.previous_sha256 == manifest["previous_batch_sha256"] == previous_sha256:
        wrong.append("it does not follow the batch before it")
    return [f"GL batch {batch.id}: {defect}" for defect in wrong]
