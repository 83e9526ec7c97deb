"""What a change of roster or plans touches: holders, the deals of whom are credited again from a date on, and who earns
again.

Too much is harmless, too little is wrong pay. So whoever was ever below a changed participant, before or after the
change, counts as below.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import polars as pl

from services.scoring.reference.data import below, reports_of
from shared.contracts.roster import EVERYONE
from shared.kernel import Plan, PlanSet, Roster
from shared.kernel.roster import alias_key

_Rows = list[tuple[Any, ...]]
"""Rows of one participant, without the name; the first column is the date where the table has one."""


@dataclass(frozen=True)
class Selection:
    """What is calculated again.

    Args:
        holders: by participant, the date on or after which a deal that they hold closed if it is credited again.
        earners: who earns again: what they are paid by changed.
        everything: from which close date on every deal is credited again, whoever holds it; None where holders decide.
    """

    holders: dict[str, date] = field(default_factory=dict)
    earners: set[str] = field(default_factory=set)
    everything: date | None = None

    def add_holders(self, participants: Iterable[str], since: date) -> None:
        """Select the deals that these hold from a date on."""
        for participant in participants:
            self.holders[participant] = min(since, self.holders.get(participant, since))


def select(
    before: Roster, after: Roster, *, participants: Collection[str], new_plans: Sequence[Plan], plans: PlanSet
) -> Selection:
    """What two rosters that differ in the named participants touch, and plan versions that are new beside `plans`."""
    changed = [who for who in participants if who != EVERYONE]
    selection = Selection()
    reports = reports_of(before, after)
    was, now = _rows(before.assignments, changed), _rows(after.assignments, changed)
    told = _told_by_the_roster(PlanSet([*plans, *new_plans]))
    own = [(_rows(of(before), participants), _rows(of(after), participants)) for of in told]
    # Quotas, rates, scores and other categories change what is earned, and not who is credited.
    tables = zip(before.tables[1:], after.tables[1:], strict=True)
    figures = [(_rows(one, changed), _rows(other, changed)) for one, other in tables]
    for participant in changed:
        since = _first_difference(was[participant], now[participant])
        since = _first([since, *(_first_difference(one[participant], other[participant]) for one, other in own)])
        if since is not None:
            selection.add_holders(below([participant], reports), since)
        if since is not None or any(set(one[participant]) != set(other[participant]) for one, other in figures):
            selection.earners.add(participant)
    if EVERYONE in participants:  # figures of everyone change what anybody earns
        everybody = set(after.assignments["participant_id"])
        selection.earners.update(everybody)
        since = _first([_first_difference(one[EVERYONE], other[EVERYONE]) for one, other in own])
        if since is not None:
            selection.add_holders(everybody, since)
    selection.add_holders(_named_otherwise(before, after, changed=changed), date.min)
    for plan in new_plans:
        # Also what is held below them: a version may credit managers who are on it with that.
        ever_on = _ever_on(plan.plan, before, after)
        selection.add_holders(below(ever_on, reports), plan.effective_from)
        selection.earners.update(ever_on)
    return _beyond_holders(selection, new_plans, plans=plans)


def _told_by_the_roster(plans: PlanSet) -> list[Callable[[Roster], pl.DataFrame]]:
    """What credits depend on beside assignments, by participant and date: the groups for which they count, and their
    caps."""
    categories = [partial(Roster.of_category, name=name) for name in plans.own_groups]
    return [*categories, *(partial(_figures, name=name) for name in plans.own_caps)]


def _figures(roster: Roster, name: str) -> pl.DataFrame:
    return roster.terms.filter(pl.col("name") == name).select("participant_id", "effective_from", "value")


def _first(days: Iterable[date | None]) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _named_otherwise(before: Roster, after: Roster, *, changed: list[str]) -> set[str]:
    """Names under which deals are stored that mean another participant now: those whom nobody had, and those of
    participants whose alias they were.
    """
    tables = [roster.aliases.filter(pl.col("participant_id").is_in(changed)) for roster in (before, after)]
    names = pl.concat([pl.Series("value", changed, pl.String), *(table["value"].drop_nulls() for table in tables)])
    keys = names.to_frame().select(alias_key(pl.col("value")).unique()).to_series().to_list()
    was, now = before.who_is(keys), after.who_is(keys)
    return {name for key in keys if was[key] != now[key] for name in (key, was[key])}


def _beyond_holders(selection: Selection, new_plans: Sequence[Plan], *, plans: PlanSet) -> Selection:
    """What is selected where deals credit others than those who hold them, or on other dates than the close date."""
    rules = [rule for plan in (*plans, *new_plans) for rule in plan.credits]
    # The close date then says nothing of the day that counts: all that the holders ever sold is looked at.
    if any(rule.date != "close_date" for rule in rules):
        selection = replace(selection, holders=dict.fromkeys(selection.holders, date.min))
    since = [plan.effective_from for plan in new_plans if _declares_otherwise(plan, plans)]
    # Teams and territories credit people whom no chain of managers leads to.
    if selection.holders and (since or any(rule.to in ("team", "territory") for rule in rules)):
        since += selection.holders.values()
    return replace(selection, everything=min(since)) if since else selection


def _declares_otherwise(plan: Plan, plans: PlanSet) -> bool:
    """Whether a version asks for other columns of the company's own than the one that it follows: what is stored is
    then read anew.
    """
    earlier = [
        version
        for version in plans.holding
        if version.plan == plan.plan and version.effective_from <= plan.effective_from
    ]
    last = max(earlier, key=lambda version: version.effective_from, default=None)
    return plan.columns != (last.columns if last else {})


def _rows(table: pl.DataFrame, participants: Collection[str]) -> Mapping[str, _Rows]:
    """Each participant's rows without the name, by effective date where the table is."""
    rows: dict[str, _Rows] = defaultdict(list)
    columns = [
        "participant_id",
        "effective_from",
        *(c for c in table.columns if c not in ("participant_id", "effective_from")),
    ]
    of_them = table.select(columns).filter(pl.col("participant_id").is_in(list(participants)))
    for participant, *row in of_them.iter_rows():
        rows[participant].append(tuple(row))
    return rows


def _first_difference(before: _Rows, after: _Rows) -> date | None:
    """The first date on which two timelines say different things; before its first row a timeline says that nobody is
    there.
    """
    was: dict[date, list[Any]] = {day: state for day, *state in before}
    now: dict[date, list[Any]] = {day: state for day, *state in after}
    old: list[Any] | None = None
    new: list[Any] | None = None
    for day in sorted(was.keys() | now.keys()):
        old, new = was.get(day, old), now.get(day, new)
        if old != new:
            return day
    return None


def _ever_on(plan: str, *rosters: Roster) -> set[str]:
    return {
        participant
        for roster in rosters
        for participant in roster.assignments.filter(pl.col("plan") == plan)["participant_id"]
    }
