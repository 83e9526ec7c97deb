"""The step over a batch: what each observation contributes moves from where it counted to where it counts now.

Deals, earnings and runs are coalesced: one row per deal, per participant and month, per run, however many records fell
on them. A change of the roster moves what the deals and months of the participant contribute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from services.alerts.kpis import Catalogue
from services.alerts.rollups import people, store
from services.alerts.rollups.contributions import Counting, Moved
from services.alerts.rollups.observations import (
    DealFrames,
    Observed,
    deal_day,
    earnings_frame,
    observed_earnings,
    owner_of,
    runs_frame,
)
from services.alerts.rollups.people import NOBODY
from services.alerts.rollups.store import Earner, KnownDeal, KnownEarnings
from shared.contracts.base import instant_text
from shared.contracts.deals import DealFact
from shared.contracts.earnings import EarningsChanged
from shared.contracts.roster import EVERYONE, RosterFact
from shared.contracts.runs import RunChanged
from shared.contracts.topics import DEALS, EARNINGS, ROAD, ROSTER, RUNS
from shared.facts import merge
from shared.log.headers import is_note_of_replay
from shared.log.port import Stored
from shared.log.step import Outcome, Rejection, decoded
from shared.periods import last_day

WORKER: Final = "alerts"
BATCH: Final = 2000
"""Records in one transaction: a batch of this size costs a deal least."""

COUNTED: Final = (ROSTER, DEALS, EARNINGS, RUNS)
"""The topics whose records the sums are a function of."""
TOPICS: Final = (*COUNTED, *(topic.dead_letters for topic in ROAD))
_LETTERS: Final = frozenset(topic.dead_letters.name for topic in ROAD)


class CountingStep:
    """Counts by a catalogue: roster, deals, earnings, runs and dead letters."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._counting = Counting(catalogue)
        self._frames = DealFrames(self._counting.names("deals"), catalogue.columns, calendar=catalogue.calendar)

    def __call__(self, connection: Connection, batch: Sequence[Stored]) -> Outcome:
        """Count a batch."""
        rejections: list[Rejection] = []
        patches = [one for _, one in decoded(batch, RosterFact, topic=ROSTER, rejections=rejections)]
        facts = [deal for _, deal in decoded(batch, DealFact, topic=DEALS, rejections=rejections)]
        earned = [one for _, one in decoded(batch, EarningsChanged, topic=EARNINGS, rejections=rejections)]
        runs = [run for _, run in decoded(batch, RunChanged, topic=RUNS, rejections=rejections)]
        if patches or facts or earned:
            store.lock_roster(connection, changes=bool(patches))
        moved: Moved = {}
        others = self._merge_roster(connection, patches)
        self._count_deals(connection, facts, names=sorted(others), moved=moved)
        self._count_earnings(connection, earned, participants=sorted(set(others.values())), moved=moved)
        self._count_runs(connection, runs, moved=moved)
        store.add(connection, moved)
        _count_letters(connection, batch)
        return Outcome(rejections=rejections)

    def _merge_roster(self, connection: Connection, patches: Sequence[RosterFact]) -> dict[str, str]:
        """Merge patches of the roster; of those of whom it says something else now all names, with the participant."""
        said = [(patch, fields) for patch in patches if (fields := people.relevant(patch.fields))]
        said = [(patch, fields) for patch, fields in said if patch.participant_id != EVERYONE]
        if not said:
            return {}
        known = store.roster(connection, sorted({patch.participant_id for patch, _ in said}))
        names: dict[str, str] = {}
        changed = {}
        for patch, fields in said:
            participant = patch.participant_id
            facts = known.setdefault(participant, {})
            before = people.names_of(participant, facts)
            if merge(facts, fields, occurred_at=patch.occurred_at, sequence=patch.sequence, source=patch.source):
                changed[participant] = facts
                names |= dict.fromkeys(before | people.names_of(participant, facts), participant)
        store.save_roster(connection, changed)
        return names

    def _count_deals(
        self, connection: Connection, deals: Iterable[DealFact], *, names: Sequence[str], moved: Moved
    ) -> None:
        """Count patches of deals, and again the deals of owners whose roster changed."""
        patches: dict[str, list[tuple[dict[str, Any], DealFact]]] = defaultdict(list)
        latest = ""
        for deal in deals:
            # Of every patch, also of those that no KPI depends on: "as of" is where deals are, not where sums moved.
            latest = max(latest, deal.occurred_at)
            if fields := self._frames.relevant(deal.fields):
                patches[deal.deal_id].append((fields, deal))
        changed = store.deals_of(connection, names) if names else {}
        known = changed | (store.deals(connection, list(patches)) if patches else {})
        # As they were counted: a deal is merged in place. A new one was not counted.
        before = self._frames.of([deal.facts for deal in known.values()], [deal.roles for deal in known.values()])
        place = {deal_id: number for number, deal_id in enumerate(known)}
        for deal_id, of_deal in patches.items():
            one = known.get(deal_id) or KnownDeal(facts={}, owner="", roles={})
            changes = [  # a list, because every patch must be merged, also after one that changes something
                merge(one.facts, fields, occurred_at=said.occurred_at, sequence=said.sequence, source=said.source)
                for fields, said in of_deal
            ]
            if any(changes):
                changed[deal_id] = one
        if changed:
            counted = before[[place[deal_id] for deal_id in changed if deal_id in place]]
            self._give_roles(connection, changed)
            after = self._frames.of(
                [deal.facts for deal in changed.values()], [deal.roles for deal in changed.values()]
            )
            self._counting.move(moved, "deals", before=counted, after=after)
            store.save_deals(connection, changed)
        if latest:
            if instant_text(datetime.fromisoformat(latest)) != latest:
                raise ValueError(
                    "occurred_at is not an instant as the road writes it"
                )  # it would be the latest for ever
            store.move_latest(connection, latest)

    def _give_roles(self, connection: Connection, deals: Mapping[str, KnownDeal]) -> None:
        """Say whose deals are now, and what the roster says of the owners."""
        for deal in deals.values():
            deal.owner = owner_of(deal.facts)
        owners = store.people_named(connection, sorted({deal.owner for deal in deals.values()} - {""}))
        for deal in deals.values():
            deal.roles = owners.get(deal.owner, NOBODY).on(deal_day(deal.facts))

    def _count_earnings(
        self, connection: Connection, earnings: Iterable[EarningsChanged], *, participants: Sequence[str], moved: Moved
    ) -> None:
        """Count earnings, and again the months of participants whose roster changed."""
        newest: dict[Earner, EarningsChanged] = {}
        for earned in earnings:
            earner: Earner = (earned.participant_id, earned.period)
            if earner not in newest or newest[earner].revision < earned.revision:
                newest[earner] = earned
        changed = store.earnings_of(connection, participants) if participants else {}
        known = changed | (store.earnings(connection, list(newest)) if newest else {})
        newer = {
            earner: earned
            for earner, earned in newest.items()
            # Else it is repeated, or overtaken: what is counted is newer.
            if earner not in known or earned.revision > known[earner].revision
        }
        changed |= {earner: known[earner] for earner in newer if earner in known}
        before = _months(changed)
        for earner, earned in newer.items():
            observed = observed_earnings(earned)
            changed[earner] = KnownEarnings(revision=earned.revision, observed=observed, roles={})
        if not changed:
            return
        persons = store.people(connection, sorted({participant for participant, _ in changed}))
        for (participant, period), month in changed.items():
            month.roles = persons.get(participant, NOBODY).on(last_day(period).isoformat())
        self._counting.move(moved, "earnings", before=before, after=_months(changed))
        store.save_earnings(connection, changed)

    def _count_runs(self, connection: Connection, runs: Sequence[RunChanged], *, moved: Moved) -> None:
        newest: dict[str, RunChanged] = {}
        for run in runs:
            if run.run_id not in newest or newest[run.run_id].revision < run.revision:
                newest[run.run_id] = run
        known = store.runs(connection, list(newest)) if newest else {}
        changed = {
            run_id: run.model_dump(mode="json")
            for run_id, run in newest.items()
            if run_id not in known or run.revision > known[run_id]["revision"]
        }
        if not changed:
            return
        before = [known[run_id] for run_id in changed if run_id in known]
        self._counting.move(moved, "runs", before=runs_frame(before), after=runs_frame(list(changed.values())))
        store.save_runs(connection, changed)


def _months(known: Mapping[Earner, KnownEarnings]) -> Observed:
    return earnings_frame([(earner, row, month.roles) for earner, month in known.items() for row in month.observed])


def _count_letters(connection: Connection, batch: Iterable[Stored]) -> None:
    counted: dict[str, tuple[int, int]] = {}
    for stored in batch:
        topic = stored.partition.topic
        if topic in _LETTERS:
            written, replayed = counted.get(topic, (0, 0))
            note = is_note_of_replay(stored.record)
            counted[topic] = (written + (not note), replayed + note)
    store.add_letters(connection, counted)
