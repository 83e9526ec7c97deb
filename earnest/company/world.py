"""A company like Fernhill Instruments: by which seed it lives, from when to when, and what goes wrong in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from earnest.company import FIRST_DAY, LAST_DAY, SEED
from shared.periods import month_number

DriftKind = Literal["discount", "win_rate", "quota", "pull_forward", "splits", "cost_of_sales"]
Dimension = Literal["", "product", "territory", "plan", "manager"]
Segments = Mapping[str, str]
"""By dimension, the segment that something belongs to."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What goes wrong from a day on, in one segment, or everywhere where no dimension is named.

    `basis_points` say how much, added again each month where it grows (`each_month`). They are of the list price
    (discount), of deals that came to an end and are lost instead of won (win rate), of the quotas, of the deals of a
    quarter's first two weeks that close at the end of the quarter before (pull-forward), of deals won that are split,
    and of the rates of the plan (cost of sales).
    """

    kind: DriftKind
    begins: date
    basis_points: int
    each_month: bool = False
    dimension: Dimension = ""
    segment: str = ""

    def hits(self, segments: Segments) -> bool:
        """Whether it is about this part of the company."""
        return not self.dimension or segments.get(self.dimension) == self.segment

    def strength(self, day: date) -> int:
        """How strong it is on a day, in basis points."""
        if day < self.begins:
            return 0
        return self.basis_points * (month_number(day) - month_number(self.begins) + 1 if self.each_month else 1)


@dataclass(frozen=True, kw_only=True)
class World:
    """A company's life from the first day to the last: the same seed and drifts give the same one every time."""

    seed: int
    first_day: date
    last_day: date
    drifts: tuple[Drift, ...] = ()

    def strength(self, kind: DriftKind, day: date, *, segments: Segments) -> int:
        """How strong drifts of a kind are on a day in a part of the company, in basis points; 0 without any."""
        return sum(drift.strength(day) for drift in self.drifts if drift.kind == kind and drift.hits(segments))


_DISCOUNT_BEGINS: Final = date(2026, 3, 1)

FERNHILL: Final = World(
    seed=SEED,
    first_day=FIRST_DAY,
    last_day=LAST_DAY,
    # The fifteenth month: from here on reps discount more every month, to reach the tiers that pay best, and half as
    # much again in one territory: a KPI that is looked at by territory has something to show.
    drifts=(
        Drift(kind="discount", begins=_DISCOUNT_BEGINS, basis_points=420, each_month=True),
        Drift(
            kind="discount",
            begins=_DISCOUNT_BEGINS,
            basis_points=210,
            each_month=True,
            dimension="territory",
            segment="west",
        ),
    ),
)
"""The demo company."""
