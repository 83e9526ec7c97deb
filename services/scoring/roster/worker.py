"""The step that takes changes of roster and plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from services.scoring.records import cause_of
from services.scoring.reference import store
from services.scoring.reference.admission import NotAdmitted, admitted
from services.scoring.reference.data import with_people
from services.scoring.reference.store import ReferenceDataCache
from services.scoring.roster.selection import touched
from services.scoring.roster.service import asked_again
from shared.contracts.plans import PlanPublished
from shared.contracts.roster import RosterFact
from shared.contracts.topics import PLANS, ROSTER
from shared.facts import Facts, merge
from shared.kernel import Plan, PlanSet
from shared.log.port import Stored
from shared.log.step import Outcome, Rejection, decoded

Harm = Callable[[Mapping[str, Any]], str | None]
"""Why a plan's document cannot be calculated with; None where it can."""


def harmless(_: Mapping[str, Any]) -> str | None:
    """Of every document, that it can be calculated with."""
    return None


def roster_step(
    connection: Connection, batch: Sequence[Stored], *, reference: ReferenceDataCache, harm: Harm = harmless
) -> Outcome:
    """Merge roster patches, take plan versions, and ask again for the deals and earnings that they touch.

    `harm` says why a plan's document cannot be calculated with: then the version is taken and quarantined.
    """
    rejections: list[Rejection] = []
    patches = [fact for _, fact in decoded(batch, RosterFact, topic=ROSTER, rejections=rejections)]
    published = list(decoded(batch, PlanPublished, topic=PLANS, rejections=rejections))
    # Plans are tried before the lock, which keeps all crediting and earning waiting: a trial may take seconds.
    causes = {place: harm(version.document) for place, (_, version) in enumerate(published)}
    store.lock_for_change(connection)
    before = reference.read(connection)
    harmful: list[tuple[PlanPublished, str]] = []
    sound: list[tuple[Stored, PlanPublished]] = []
    for place, (stored, version) in enumerate(published):
        known = before.plans.plans.get((version.plan_id, version.version))
        if (cause := causes[place]) is not None and known is None:
            harmful.append((version, cause))
        elif cause is None and not (known is not None and known.is_quarantined):
            sound.append((stored, version))
    aside = [_in_name_only(version) for version, _ in harmful]
    new_plans = [*_admit(PlanSet([*before.plans, *aside]), sound, rejections=rejections), *aside]
    people = store.participants(connection, {fact.participant_id for fact in patches})
    changed: dict[str, Facts] = {}
    for fact in patches:
        facts = people.setdefault(fact.participant_id, {})
        if merge(
            facts, fact.fields, occurred_at=fact.occurred_at, sequence=fact.sequence, source=fact.source, by=fact.by
        ):
            changed[fact.participant_id] = facts
    if not changed and not new_plans:
        return Outcome(rejections=rejections)
    roster = with_people(before.roster, changed)
    selected = touched(before.roster, roster, participants=changed, new_plans=new_plans, plans=before.plans)
    authors: dict[str, str | None] = {}
    for _, version in published:  # the first to publish a version is its author
        authors.setdefault(f"{version.plan_id}@{version.version}", version.author)
    store.save_change(connection, changed, versions=[plan for plan in new_plans if plan not in aside], authors=authors)
    for version, cause in harmful:
        store.add_quarantined(connection, version, cause=cause)
    plans = PlanSet([*before.plans, *new_plans])
    asked = asked_again(connection, cause_of(batch), touched=selected, roster=roster, plans=plans)
    return Outcome(list(asked), rejections)


def _admit(
    plans: PlanSet, published: Iterable[tuple[Stored, PlanPublished]], *, rejections: list[Rejection]
) -> list[Plan]:
    """The new plan versions; those that cannot stand beside the others are rejected."""
    all_plans = plans
    for stored, version in published:
        try:
            all_plans = admitted(all_plans, version)
        except NotAdmitted as error:
            rejections.append(Rejection(stored=stored, code=error.code, message=str(error)))
    return [plan for plan in all_plans if (plan.plan, plan.version) not in plans.plans]


def _in_name_only(version: PlanPublished) -> Plan:
    currency = str(version.document.get("currency", ""))
    return Plan.quarantined(version.plan_id, version.version, effective_from=version.effective_from, currency=currency)
