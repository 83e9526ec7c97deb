"""The step over a batch: what each record contributes moves from where it counted to where it counts now.

Deals and earnings are coalesced: one row per deal and one per participant and period, however many records fell on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from sqlalchemy import Connection

from services.alerts import store
from services.alerts.deals import contribution, relevant
from services.alerts.earnings import contributions
from services.alerts.store import Earner
from services.alerts.totals import Day, DaySums, Month, PeriodSums, add, take_back
from shared.contracts.base import Contract, instant_text
from shared.contracts.deals import DealFact
from shared.contracts.earnings import EarningsChanged
from shared.contracts.topics import DEALS, EARNINGS, ROAD
from shared.facts import merge
from shared.log.headers import is_note_of_replay
from shared.log.port import Stored
from shared.log.worker import Outcome, Rejection

_Message = TypeVar("_Message", bound=Contract)


WORKER: Final = "alerts"
BATCH: Final = 2000
"""Records in one transaction: a batch of this size costs a deal least."""

TOPICS: Final = (DEALS, EARNINGS, *(topic.dead_letters for topic in ROAD))


def step(connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Count a batch of deals, earnings and dead letters."""
    topics: dict[str, list[Stored]] = defaultdict(list)
    for stored in batch:
        topics[stored.partition.topic].append(stored)
    rejections: list[Rejection] = []
    _count_deals(connection, _read(DealFact, topics[DEALS.name], rejections))
    _count_earnings(connection, _read(EarningsChanged, topics[EARNINGS.name], rejections))
    _count_letters(connection, {topic.dead_letters.name: topics[topic.dead_letters.name] for topic in ROAD})
    return Outcome(rejections=rejections)


def _count_deals(connection: Connection, deals: Iterable[DealFact]) -> None:
    patches: dict[str, list[tuple[dict[str, Any], str, int, str]]] = defaultdict(list)
    latest = ""
    for deal in deals:
        latest = max(latest, deal.occurred_at)
        if fields := relevant(deal.fields):
            patches[deal.deal_id].append((fields, deal.occurred_at, deal.sequence, deal.source))
    known = store.facts_of(connection, list(patches)) if patches else {}
    moved: dict[Day, DaySums] = {}
    changed = {}
    for deal_id, of_deal in patches.items():
        facts = known.get(deal_id, {})
        before = contribution(facts)
        if not sum(merge(facts, *patch) for patch in of_deal):  # a sum, because every patch must be merged
            continue
        changed[deal_id] = facts
        after = contribution(facts)
        if before is not None:
            take_back(moved, *before)
        if after is not None:
            add(moved, *after)
    store.save_facts(connection, changed)
    store.add_to_days(connection, moved)
    if latest:
        if instant_text(datetime.fromisoformat(latest)) != latest:
            raise ValueError("occurred_at is not an instant as the road writes it")  # it would be the latest for ever
        store.saw(connection, latest)


def _count_earnings(connection: Connection, earnings: Iterable[EarningsChanged]) -> None:
    newest: dict[Earner, EarningsChanged] = {}
    for earned in earnings:
        earner = (earned.participant_id, earned.period)
        if earner not in newest or newest[earner].revision < earned.revision:
            newest[earner] = earned
    held = store.earned_by(connection, list(newest)) if newest else {}
    moved: dict[Month, PeriodSums] = {}
    changed = {}
    for earner, earned in newest.items():
        revision, before = held.get(earner, (-1, {}))
        if earned.revision <= revision:
            continue
        after = contributions(earned.period, earned.earnings)
        changed[earner] = (earned.revision, after)
        for month, sums in before.items():
            take_back(moved, month, sums)
        for month, sums in after.items():
            add(moved, month, sums)
    store.save_earned(connection, changed)
    store.add_to_months(connection, moved)


def _count_letters(connection: Connection, topics: Mapping[str, Sequence[Stored]]) -> None:
    counted = {}
    for topic, letters in topics.items():
        replayed = sum(is_note_of_replay(letter.record) for letter in letters)
        if letters:
            counted[topic] = (len(letters) - replayed, replayed)
    store.add_letters(connection, counted)


def _read(message: type[_Message], batch: Iterable[Stored], rejections: list[Rejection]) -> Iterator[_Message]:
    """The messages of a batch; what cannot be read is rejected, told by the place of the error and never by its value."""
    for stored in batch:
        try:
            yield message.model_validate_json(stored.record.value or b"")
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            rejections.append(Rejection(stored, "malformed", f"{place}: {first['msg']}" if place else first["msg"]))
