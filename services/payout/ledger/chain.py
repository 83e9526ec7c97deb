"""The hash chain of a participant's journals: each names the hash of the one before, so that none can be changed or
left out.

What is hashed is the journal as it was booked, postings included, as JSON with sorted keys. The form is frozen: hashes
made with it are in the books of every installation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from services.payout.ledger.journal import Journal
from shared.contracts.base import instant_text

NOTHING: Final = ""
"""What stands before the first journal of a participant."""


class Head(NamedTuple):
    """The end of a participant's chain: how many journals there are, and the hash of the last."""

    entries: int = 0
    sha256: str = NOTHING


class Link(NamedTuple):
    """A journal's place in the chain of its participant, counted from 1."""

    entry: int
    previous_sha256: str
    sha256: str


def journal_sha256(journal: Journal, entry: int, *, previous_sha256: str, recorded_at: datetime) -> str:
    """The hash of a journal at its place in the chain."""
    # A list and not a mapping: its order is part of the form, and the names of our fields may change without the
    # hashes. Everything that an auditor reads of a journal is in it; its `number` is not, which the database gives and
    # which says nothing.
    fields: Sequence[Any] = (
        previous_sha256,
        entry,
        str(journal.id),
        journal.kind,
        journal.participant_id,
        journal.assignment.period,
        journal.origin_period,
        journal.assignment.pay_group,
        journal.assignment.entity,
        journal.assignment.cost_center,
        # JSONB of PostgreSQL keeps no order of keys: sorted, the cause is the same when it is read again.
        journal.cause,
        journal.actor,
        instant_text(recorded_at),
        [posting.columns() for posting in journal.postings],
    )
    return hashlib.sha256(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).hexdigest()


def chain(journals: Iterable[Journal], heads: Mapping[str, Head], *, recorded_at: datetime) -> list[Link]:
    """A link per journal, in order, going on from the heads; a participant without a head has no journal yet."""
    ends = dict(heads)
    links = []
    for journal in journals:
        head = ends.get(journal.participant_id, Head())
        entry = head.entries + 1
        digest = journal_sha256(journal, entry, previous_sha256=head.sha256, recorded_at=recorded_at)
        ends[journal.participant_id] = Head(entry, digest)
        links.append(Link(entry, head.sha256, digest))
    return links
