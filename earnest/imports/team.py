"""The roster of an export: who reports to whom, on which plan, with which quota."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from earnest.imports.reading import participant_id, rows_of
from earnest.imports.recipe import QuotaRule, Recipe
from shared.contracts import roster
from shared.contracts.message import structured_event


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterMember:
    """One participant of the roster; a manager has no manager here."""

    participant_id: str
    name: str
    plan: str
    manager: str | None
    territory: str | None


def team(folder: Path, recipe: Recipe) -> list[RosterMember]:
    """Everyone on the roster: participants of the file, and the managers they name."""
    rules = recipe.roster
    members: dict[str, RosterMember] = {}
    for _, row in rows_of(folder, rules.file, rules.participant, rules.manager, rules.territory):
        boss = row[rules.manager]
        manager, territory = participant_id(boss), row[rules.territory]
        members.setdefault(
            manager,
            RosterMember(participant_id=manager, name=boss, plan=rules.manager_plan, manager=None, territory=territory),
        )
        name = row[rules.participant]
        # As a participant of the file, also where the same person was met before as somebody's manager.
        members[participant_id(name)] = RosterMember(
            participant_id=participant_id(name), name=name, plan=rules.plan, manager=manager, territory=territory
        )
    return list(members.values())


def quotas(
    members: Iterable[RosterMember], events: Iterable[dict[str, Any]], *, rule: QuotaRule, plan: str
) -> dict[str, Decimal]:
    """The monthly quota of everyone on the plan, by the recipe's rule.

    Per territory: the value won in its first `months` months with wins, divided by those months and by the members who
    won anything in them, to the nearest amount. A territory where nobody won has no quota.
    """
    territory = {member.participant_id: member.territory for member in members}
    won: dict[str | None, dict[date, dict[str, Decimal]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    for event in events:
        fields = event["data"]["fields"]
        if fields.get("stage") == "won":
            month = date.fromisoformat(fields["close_date"]).replace(day=1)
            won[territory.get(fields["owner"])][month][fields["owner"]] += Decimal(fields["amount"])
    per_territory: dict[str | None, Decimal] = {}
    for name, months in won.items():
        first = [months[month] for month in sorted(months)[: rule.months]]
        winners = {owner for month in first for owner in month}
        total = sum((value for month in first for value in month.values()), Decimal(0))
        # Over whoever won anything: a list of people who never sell would make everybody's quota small.
        average = total / len(first) / len(winners)
        per_territory[name] = (average / rule.nearest).quantize(Decimal(1), ROUND_HALF_UP) * rule.nearest
    return {
        member.participant_id: per_territory[member.territory]
        for member in members
        if member.plan == plan and member.territory in per_territory
    }


def roster_events(
    members: Sequence[RosterMember], deals: Iterable[dict[str, Any]], *, recipe: Recipe
) -> list[dict[str, Any]]:
    """The roster as events, with the quotas that the events of the deals come to."""
    quota = quotas(members, deals, rule=recipe.quotas, plan=recipe.roster.plan)
    events = []
    for member in members:
        fields: dict[str, Any] = {"plan": member.plan, "manager": member.manager, "territory": member.territory}
        if member.participant_id in quota:
            fields["quotas"] = {recipe.quotas.measure: str(quota[member.participant_id])}
        data = {
            "participant_id": member.participant_id,
            "effective_from": recipe.roster.effective_from.isoformat(),
            "name": member.name,
            "fields": fields,
        }
        time = f"{recipe.occurred_at.isoformat()}T00:00:00Z"
        name = f"roster-{member.participant_id}"
        events.append(structured_event(roster.TYPE, name, source="crm-export", time=time, data=data))
    return events
