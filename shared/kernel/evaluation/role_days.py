"""Days in role: on which days of a window somebody is on the plan, active and not away, and what changes on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Final, Literal

import numpy as np
import polars as pl

from shared.contracts.roster import EVERYONE
from shared.kernel.calendar import bounds
from shared.kernel.plan.version import Plan
from shared.kernel.roster import Roster

Unit = Literal["calendar_days", "business_days"]


# Monday to Friday, without holidays: a quota does not hang on the calendar of a country (docs/plan-language.md,
# quotas).
_WEEK: Final[dict[Unit, str]] = {"calendar_days": "1111111", "business_days": "1111100"}


def days_between(first: date, last: date, *, unit: Unit) -> int:
    """How many days there are from first to last, at least one."""
    return int(np.busday_count(first, last + timedelta(days=1), _WEEK[unit])) or 1


def on_plan(rows: pl.DataFrame, plan: Plan, *, roster: Roster) -> pl.Series:
    """Where participants are on the plan and active at the end of the fiscal period, or if days count on any of its
    days."""
    periods = rows.select("participant_id", "fiscal").join(bounds(rows["fiscal"], plan.calendar), on="fiscal")
    held = roster.spans.filter((pl.col("plan") == plan.plan) & pl.col("active"))
    spans = periods.unique().join(held.select("participant_id", "effective_from", "until"), on="participant_id")
    since = pl.col("first" if plan.prorates else "last")
    meets = (pl.col("effective_from") <= pl.col("last")) & (pl.col("until") > since).fill_null(value=True)
    on = spans.filter(meets).select("participant_id", "fiscal", on=pl.lit(value=True)).unique()
    found = rows.select("participant_id", "fiscal").join(
        on, on=["participant_id", "fiscal"], how="left", maintain_order="left"
    )
    return found["on"].fill_null(value=False)


class RoleDays:
    """The days of the participants of a roster under a plan."""

    def __init__(self, plan: Plan, roster: Roster) -> None:
        self._plan, self._roster = plan, roster

    def share(self, participant: str, first: date, last: date, *, unit: Unit) -> Fraction:
        """The part of the days from first to last on which the participant is in role."""
        return sum((part for _, part, there in self._spans(participant, first, last, unit=unit) if there), Fraction(0))

    def average(
        self,
        participant: str,
        span: tuple[date, date],
        *,
        unit: Unit,
        figure: Callable[[date], Fraction],
        changes: list[date],
        in_role_only: bool,
    ) -> Fraction:
        """What a figure comes to from the first to the last day of a span, each day with the one that holds on it.

        `changes` are the days on which it does change. Days out of role count nothing with `in_role_only`."""
        spans = self._spans(participant, *span, unit=unit, also=changes)
        return sum((part * figure(day) for day, part, there in spans if there or not in_role_only), Fraction(0))

    def moments(self, participant: str, first: date, last: date, *, unit: Unit) -> list[tuple[date, Fraction]]:
        """The times in role between which something changes that the roster says: the first day, and the part of all
        days."""
        also = [*self._changes.get(participant, []), *self._changes.get(EVERYONE, [])]
        return [
            (day, part) for day, part, there in self._spans(participant, first, last, unit=unit, also=also) if there
        ]

    def _spans(
        self, participant: str, first: date, last: date, *, unit: Unit, also: list[date] | None = None
    ) -> Iterator[tuple[date, Fraction, bool]]:
        """The days from first to last in spans: the first day of each, its part of all days, and whether in role."""
        end, days = last + timedelta(days=1), days_between(first, last, unit=unit)
        timeline = self.timeline.get(participant, [])
        inside = {day for day in (*(day for day, _ in timeline), *(also or ())) if first < day < end}
        begins = [first, *sorted(inside)]
        for day, until in zip(begins, [*begins[1:], end], strict=True):
            held = [there for since, there in timeline if since <= day]
            yield day, Fraction(int(np.busday_count(day, until, _WEEK[unit])), days), bool(held and held[-1])

    @cached_property
    def timeline(self) -> dict[str, list[tuple[date, bool]]]:
        """By participant from which day on they are in role, or not."""
        timeline: dict[str, list[tuple[date, bool]]] = defaultdict(list)
        for participant, day, plan, active, on_leave in self._roster.assignments.select(
            "participant_id", "effective_from", "plan", "active", "on_leave"
        ).iter_rows():
            timeline[participant].append((day, active and not on_leave and plan == self._plan.plan))
        return timeline

    @cached_property
    def _changes(self) -> dict[str, list[date]]:
        """By participant the days on which anything is said that a component may look at by itself."""
        changes: dict[str, list[date]] = defaultdict(list)
        for table in (self._roster.assignments, self._roster.terms, self._roster.categories):
            for participant, day in table.select("participant_id", "effective_from").iter_rows():
                changes[participant].append(day)
        return changes
