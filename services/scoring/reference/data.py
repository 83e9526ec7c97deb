"""Roster and plan versions of one moment, by which deals are credited and participants are paid; and what is read off
them: who was ever below whom, and when a version is in force.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from shared.facts import Facts
from shared.kernel import PlanSet, Roster


@dataclass(frozen=True, kw_only=True)
class ReferenceData:
    """Roster and plans at one version of their head; the version grows with every change of either."""

    version: int
    roster: Roster
    plans: PlanSet


NONE = ReferenceData(version=-1, roster=Roster.from_facts([]), plans=PlanSet([]))
"""Before the first version, which is 0."""


def with_people(roster: Roster, people: Mapping[str, Facts]) -> Roster:
    """The roster with these participants as their facts say: all that it said of them before is replaced."""
    new, others = Roster.from_facts(people.items()), ~pl.col("participant_id").is_in(list(people))
    tables = zip(roster.tables, new.tables, strict=True)
    return Roster(*(pl.concat([old.filter(others), said]).sort("effective_from") for old, said in tables))


def spans_of_versions(plans: PlanSet) -> pl.DataFrame:
    """plan, version, begins_on, ends_on: in force from which day on, until which other day (null: none)."""
    ordered = plans.in_force.sort("plan", "effective_from").select("plan", "version", begins_on="effective_from")
    return ordered.with_columns(ends_on=pl.col("begins_on").shift(-1).over("plan"))


def reports_of(*rosters: Roster) -> Mapping[str, set[str]]:
    """manager -> who ever reported to them, on any date in any of the rosters."""
    reports: dict[str, set[str]] = defaultdict(set)
    for roster in rosters:
        for participant, manager in roster.assignments.select("participant_id", "manager").unique().iter_rows():
            if manager is not None:
                reports[manager].add(participant)
    return reports


def below(participants: Iterable[str], reports: Mapping[str, set[str]]) -> set[str]:
    """The participants, and whoever reports to them directly or through others."""
    everyone = set(participants)
    level = everyone
    while level:
        # Without those who are there already, so that it ends also where people managed each other at different times.
        level = set().union(*(reports.get(manager, set()) for manager in level)) - everyone
        everyone = everyone | level
    return everyone
