"""The step over a batch: what each record contributes moves from where it counted to where it counts now.

Deals and earnings are coalesced: one row per deal and one per participant and period, however many records fell on
them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from services.alerts.rollups import contributions, store
from services.alerts.rollups.store import Earner
from shared.contracts.base import instant_text
from shared.contracts.deals import DealFact
from shared.contracts.earnings import EarningsChanged
from shared.contracts.topics import DEALS, EARNINGS, ROAD
from shared.facts import merge
from shared.log.headers import is_note_of_replay
from shared.log.port import Stored
from shared.log.step import Outcome, Rejection, decoded
from shared.periods import Month

WORKER: Final = "alerts"
BATCH: Final = 2000
"""Records in one transaction: a batch of this size costs a deal least."""

TOPICS: Final = (DEALS, EARNINGS, *(topic.dead_letters for topic in ROAD))
_LETTERS: Final = frozenset(topic.dead_letters.name for topic in ROAD)


def step(connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Count a batch of deals, earnings and dead letters."""
    rejections: list[Rejection] = []
    _count_deals(connection, (deal for _, deal in decoded(batch, DealFact, topic=DEALS, rejections=rejections)))
    earnings = decoded(batch, EarningsChanged, topic=EARNINGS, rejections=rejections)
    _count_earnings(connection, (earned for _, earned in earnings))
    _count_letters(connection, batch)
    return Outcome(rejections=rejections)


def _count_deals(connection: Connection, deals: Iterable[DealFact]) -> None:
    patches: dict[str, list[tuple[dict[str, Any], str, int, str]]] = defaultdict(list)
    latest = ""
    for deal in deals:
        # Of every patch, also of those that no KPI depends on: "as of" is where deals are, not where sums moved.
        latest = max(latest, deal.occurred_at)
        if fields := contributions.relevant(deal.fields):
            patches[deal.deal_id].append((fields, deal.occurred_at, deal.sequence, deal.source))
    known = store.facts_of(connection, list(patches)) if patches else {}
    moved: Counter[tuple[date, str, str]] = Counter()
    changed = {}
    for deal_id, of_deal in patches.items():
        facts = known.get(deal_id, {})
        before = contributions.of_deal(facts)  # before the merge, which changes the facts in place
        changes = [  # a list, because every patch must be merged, also after one that changes something
            merge(facts, fields, occurred_at=occurred_at, sequence=sequence, source=source)
            for fields, occurred_at, sequence, source in of_deal
        ]
        if not any(changes):
            continue
        changed[deal_id] = facts
        after = contributions.of_deal(facts)
        for counted, sign in ((before, -1), (after, 1)):
            if counted is not None:
                bucket, sums = counted
                for name, value in sums.items():
                    moved[*bucket, name] += sign * value
    store.save_facts(connection, changed)
    store.add_to_days(connection, moved)
    if latest:
        if instant_text(datetime.fromisoformat(latest)) != latest:
            raise ValueError("occurred_at is not an instant as the road writes it")  # it would be the latest for ever
        store.move_latest(connection, latest)


def _count_earnings(connection: Connection, earnings: Iterable[EarningsChanged]) -> None:
    newest: dict[Earner, EarningsChanged] = {}
    for earned in earnings:
        earner: Earner = (earned.participant_id, earned.period)
        if earner not in newest or newest[earner].revision < earned.revision:
            newest[earner] = earned
    known = store.earned_by(connection, list(newest)) if newest else {}
    moved: Counter[tuple[Month, str, str]] = Counter()
    changed = {}
    for earner, earned in newest.items():
        revision, before = known.get(earner, (-1, {}))
        if earned.revision <= revision:
            continue  # repeated, or overtaken: what is counted is newer
        after = contributions.of_earnings(earned.earnings)
        changed[earner] = (earned.revision, after)
        for by_currency, sign in ((before, -1), (after, 1)):
            for currency, sums in by_currency.items():
                for name, value in sums.items():
                    moved[earned.period, currency, name] += sign * value
    store.save_earned(connection, changed)
    store.add_to_months(connection, moved)


def _count_letters(connection: Connection, batch: Iterable[Stored]) -> None:
    counted: dict[str, tuple[int, int]] = {}
    for stored in batch:
        topic = stored.partition.topic
        if topic in _LETTERS:
            written, replayed = counted.get(topic, (0, 0))
            note = is_note_of_replay(stored.record)
            counted[topic] = (written + (not note), replayed + note)
    store.add_letters(connection, counted)
