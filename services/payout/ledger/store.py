"""What is booked: journals and their postings, chained, the earnings they are differences of.

One statement per table, however many journals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias, get_args
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from services.payout.columns import columns, json_lines
from services.payout.ledger.chain import Head, linked
from services.payout.ledger.journal import Earned, Journal, Part
from shared.pay.steps import JournalKind

Earner: TypeAlias = tuple[str, str]
"""A participant and a period."""


class HeldEarning(NamedTuple):
    """What is booked for an earner: the revision of the last event, its amounts, and the last journal, if any was needed."""

    revision: int
    earned: Earned
    journal: UUID | None


def held(connection: Connection, earners: Iterable[Earner]) -> dict[Earner, HeldEarning]:
    """What is booked for each earner; one for whom nothing is is absent."""
    rows = connection.execute(_HELD, columns(earners))
    return {
        (participant, period): HeldEarning(
            revision, {Part(*part): amount for *part, amount in orjson.loads(earned)}, journal
        )
        for participant, period, revision, earned, journal in rows
    }


def hold(connection: Connection, earned: Mapping[Earner, HeldEarning]) -> None:
    """Write what is booked for each earner."""
    if not earned:
        return
    rows = [(*earner, held.revision, held.journal) for earner, held in earned.items()]
    amounts = json_lines([(*part, amount) for part, amount in held.earned.items()] for held in earned.values())
    connection.execute(_HOLD, {**columns(rows), "earned": amounts})


def post(connection: Connection, journals: Sequence[Journal], *, now: datetime) -> None:
    """Book journals in open periods, recorded at `now`.

    Raises:
        sqlalchemy.exc.IntegrityError: one is booked already, does not balance, or its period is closed.
    """
    if not journals:
        return
    participants = {journal.participant_id for journal in journals}
    links = linked(journals, _hold_heads(connection, participants), recorded_at=now)
    rows = [
        (
            j.id,
            j.kind,
            j.participant_id,
            j.period,
            j.origin_period,
            j.pay_group,
            j.entity,
            j.cost_center,
            j.actor,
            *link,
        )
        for j, link in zip(journals, links, strict=True)
    ]
    postings = [
        (
            j.id,
            line,
            p.account,
            j.participant_id,
            p.currency,
            p.amount,
            *(p.part[:3] if p.part else (None,) * 3),
            p.deal,
        )
        for j in journals
        for line, p in enumerate(j.postings)
    ]
    causes = json_lines(j.cause for j in journals)
    connection.execute(_POST_JOURNALS, {**columns(rows), "causes": causes, "now": now})
    connection.execute(_POST_POSTINGS, columns(postings))
    ends = {j.participant_id: link for j, link in zip(journals, links, strict=True)}
    heads = [(participant, link.entry, link.sha256) for participant, link in ends.items()]
    connection.execute(_MOVE_HEADS, columns(heads))


def register_kinds(connection: Connection) -> None:
    """Let the database know every kind of journal that steps of pay have; those of versions before stay, their journals do too."""
    connection.execute(_REGISTER_KINDS, {"kinds": list(get_args(JournalKind))})


def heads(connection: Connection, participants: Iterable[str] | None = None) -> dict[str, Head]:
    """The ends of the chains of these participants, or of all; one without a journal is absent."""
    wanted = None if participants is None else sorted(participants)
    rows = connection.execute(_HEADS, {"participants": wanted})
    return {participant: Head(entries, sha256) for participant, entries, sha256 in rows}


def _hold_heads(connection: Connection, participants: set[str]) -> dict[str, Head]:
    """The ends of chains, which nobody else moves until the transaction ends.

    Everybody first begins the missing ones in one order and then holds all in that order, so that none waits for each other.
    """
    wanted = {"participants": sorted(participants)}
    connection.execute(_BEGIN_HEADS, wanted)
    rows = connection.execute(_HOLD_HEADS, wanted)
    return {participant: Head(entries, sha256) for participant, entries, sha256 in rows}


_REGISTER_KINDS = text("""
    insert into journal_kind select unnest(cast(:kinds as text[])) on conflict (kind) do nothing""")

_HELD = text("""
    select participant_id, period, revision, earned, journal
    from unnest(cast(:c0 as text[]), cast(:c1 as text[])) as wanted (participant_id, period)
    join held_earning using (participant_id, period)""")

_HOLD = text("""
    insert into held_earning (participant_id, period, revision, journal, earned)
    select * from unnest(cast(:c0 as text[]), cast(:c1 as text[]), cast(:c2 as bigint[]), cast(:c3 as uuid[]),
                         string_to_array(:earned, chr(10)))
    on conflict (participant_id, period)
    do update set revision = excluded.revision, journal = excluded.journal, earned = excluded.earned""")

_POST_JOURNALS = text("""
    insert into journal (id, kind, participant_id, period, origin_period, pay_group, entity, cost_center, actor,
                         entry, previous_sha256, sha256, cause, recorded_at)
    select id, kind, participant_id, period, origin_period, pay_group, entity, cost_center, actor,
           entry, previous_sha256, sha256, cast(cause as jsonb), :now
    from unnest(cast(:c0 as uuid[]), cast(:c1 as text[]), cast(:c2 as text[]), cast(:c3 as text[]), cast(:c4 as text[]),
                cast(:c5 as text[]), cast(:c6 as text[]), cast(:c7 as text[]), cast(:c8 as text[]), cast(:c9 as integer[]),
                cast(:c10 as text[]), cast(:c11 as text[]), string_to_array(:causes, chr(10)))
        as n (id, kind, participant_id, period, origin_period, pay_group, entity, cost_center, actor,
              entry, previous_sha256, sha256, cause)""")

_POST_POSTINGS = text("""
    insert into posting (journal, line, account, participant_id, currency, amount, component, plan, version, deal)
    select * from unnest(cast(:c0 as uuid[]), cast(:c1 as smallint[]), cast(:c2 as text[]), cast(:c3 as text[]),
                         cast(:c4 as text[]), cast(:c5 as bigint[]), cast(:c6 as text[]), cast(:c7 as text[]),
                         cast(:c8 as integer[]), cast(:c9 as text[]))""")

_HOLD_HEADS = text("""
    select participant_id, entries, head_sha256 from book
    where participant_id = any(cast(:participants as text[])) order by participant_id for update""")

_BEGIN_HEADS = text("""
    insert into book (participant_id, entries, head_sha256)
    select participant_id, 0, '' from unnest(cast(:participants as text[])) as n (participant_id)
    on conflict (participant_id) do nothing""")

_MOVE_HEADS = text("""
    update book set entries = n.entries, head_sha256 = n.head_sha256
    from unnest(cast(:c0 as text[]), cast(:c1 as integer[]), cast(:c2 as text[])) as n (participant_id, entries, head_sha256)
    where book.participant_id = n.participant_id""")

_HEADS = text("""
    select participant_id, entries, head_sha256 from book
    where cast(:participants as text[]) is null or participant_id = any(cast(:participants as text[]))""")
