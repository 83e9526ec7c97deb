"""The step that takes changes of roster and plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from services.scoring.records import cause_of
from services.scoring.reference import store
from services.scoring.reference.admission import NotAdmitted, admitted
from services.scoring.reference.data import with_people
from services.scoring.reference.store import ReferenceDataCache
from services.scoring.roster.selection import select
from services.scoring.roster.service import requests_for
from shared.contracts.plans import PlanPublished
from shared.contracts.roster import RosterFact, merge_patches
from shared.contracts.topics import PLANS, ROSTER
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
    causes = [harm(version.document) for _, version in published]
    store.lock_for_change(connection)
    before = reference.read(connection)
    new_plans, harmful = _admit(before.plans, published, causes=causes, rejections=rejections)
    people = store.participants(connection, {patch.participant_id for patch in patches})
    changed = merge_patches(people, patches)
    if not changed and not new_plans:
        return Outcome(rejections=rejections)
    roster = with_people(before.roster, changed)
    selection = select(before.roster, roster, participants=changed, new_plans=new_plans, plans=before.plans)
    authors: dict[str, str | None] = {}
    for _, version in published:  # the first to publish a version is its author
        authors.setdefault(f"{version.plan_id}@{version.version}", version.author)
    sound = [plan for plan in new_plans if not plan.is_quarantined]
    store.save_change(connection, changed, versions=sound, authors=authors)
    for version, cause in harmful:
        store.add_quarantined(connection, version, cause=cause)
    plans = PlanSet([*before.plans, *new_plans])
    requests = requests_for(connection, selection, cause=cause_of(batch), roster=roster, plans=plans)
    return Outcome(list(requests), rejections)


def _admit(
    plans: PlanSet,
    published: Sequence[tuple[Stored, PlanPublished]],
    *,
    causes: Sequence[str | None],
    rejections: list[Rejection],
) -> tuple[list[Plan], list[tuple[PlanPublished, str]]]:
    """The versions that are new, of those that do harm no more than the name; and these with their causes.

    What cannot stand beside the others is added to the rejections.
    """
    harmful: dict[tuple[str, int], tuple[PlanPublished, str]] = {}
    sound: list[tuple[Stored, PlanPublished]] = []
    for (stored, version), cause in zip(published, causes, strict=True):
        name = (version.plan_id, version.version)
        known = plans.plans.get(name)
        # A version that was taken once keeps its state, whatever its trial says now: it is lifted or quarantined by
        # name, and never by being published again.
        if cause is not None and known is None:
            harmful.setdefault(name, (version, cause))
        elif cause is None and (known is None or not known.is_quarantined):
            sound.append((stored, version))
    together = PlanSet([*plans, *(_in_name_only(version) for version, _ in harmful.values())])
    for stored, version in sound:
        try:
            together = admitted(together, version)
        except NotAdmitted as error:
            rejections.append(Rejection(stored=stored, code=error.code, message=str(error)))
    new = [plan for plan in together if (plan.plan, plan.version) not in plans.plans]
    return new, list(harmful.values())


def _in_name_only(version: PlanPublished) -> Plan:
    currency = str(version.document.get("currency", ""))
    return Plan.quarantined(version.plan_id, version.version, effective_from=version.effective_from, currency=currency)
