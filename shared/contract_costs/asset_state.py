"""An asset while it lives: what of it is carried, and how the rest becomes expense from here on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.contract_costs.assets import Asset
from shared.contract_costs.months import gone, length

Source = Literal["run", "estimate_change", "impairment", "reversal", "clawback"]


@dataclass(slots=True)
class StraightLine:
    """A straight line: `base` is carried when `since` of the period has gone by, and nothing when all of `end` has."""

    base: int
    since: int

    def carrying(self, at: int, end: int, *, half_even: bool) -> int:
        """What is carried later: the base less its rounded cumulative share of what has gone by."""
        # Cumulative and rounded once: a month is the difference of two of these, so months sum to the base whatever the
        # rounding, and never drift from the exact line by more than half a minor unit. In whole numbers throughout.
        if at >= end:
            return 0
        if at <= self.since:
            return self.base
        top, bottom = self.base * (at - self.since), end - self.since
        whole, rest = divmod(top, bottom)
        up = 2 * rest > bottom or (2 * rest == bottom and (whole % 2 == 1 or not half_even))
        return self.base - whole - up


class AssetState:
    """The state of one asset while its schedule is walked month by month; it never looks back."""

    def __init__(self, asset: Asset) -> None:
        policy = asset.policy
        self.asset, self.convention = asset, policy.first_month
        self.half_even = policy.rounding == "half_even"
        self.end = length(self.convention, asset.start, months=asset.months)
        # A cost earned after the service began (a tier reached later): from 0 its first month catches up on the months
        # gone by; from where the period is by then, all of it falls in the months left.
        self.now = 0 if policy.late_cost == "catch_up" else self.gone(asset.recognised - 1)
        self.line = StraightLine(asset.total, self.now)
        # What would be carried had nothing been impaired: the ceiling of a reversal (IFRS 15.104). It is a line of its
        # own and not a sum of impairments, because what was impaired would have been expensed meanwhile, too.
        self.unimpaired = StraightLine(asset.total, self.now)
        self.carrying, self.without_impairment = asset.total, asset.total
        self.on_cost = asset.on_cost
        self.committed = asset.line.term_months or asset.months
        self.months = asset.months
        self.source: Source = "run"
        self.over = False

    def gone(self, month: int) -> int:
        """How much of the benefit period has gone by at the end of a month."""
        return gone(self.convention, self.asset.start, month=month)

    def run(self, month: int) -> int:
        """Expense a month: what leaves the asset in it."""
        self.now = max(self.now, self.gone(month))  # `remaining` begins ahead of its first month
        before, self.carrying = self.carrying, self.line.carrying(self.now, self.end, half_even=self.half_even)
        self.without_impairment = self.unimpaired.carrying(self.now, self.end, half_even=self.half_even)
        return before - self.carrying

    @property
    def part(self) -> tuple[int, int]:
        """What has gone by of the straight line that the asset is on, and how long it is: half months, or days."""
        return min(self.now, self.end) - self.line.since, self.end - self.line.since

    def ahead(self, month: int) -> int:
        """What will be carried at the end of a later month, as things stand: a year ahead, the non-current part."""
        return (
            0 if self.over else self.line.carrying(max(self.now, self.gone(month)), self.end, half_even=self.half_even)
        )

    def reduce(self, amount: int, unimpaired_too: bool) -> None:
        """Take an amount off what is carried; the rest is expensed over the months that are left."""
        # A new line from here, so that months before stay as they are (ASC 340-40-35-1, IFRS 15.99).
        self.carrying -= amount
        self.line = StraightLine(self.carrying, self.now)
        if unimpaired_too:  # what is clawed back was never impaired: the ceiling falls with it
            self.without_impairment = max(self.carrying, self.without_impairment - amount)
            self.unimpaired = StraightLine(self.without_impairment, self.now)

    def reestimate(self, end: int) -> int:
        """Let the period end at another time; returns what leaves the asset at once because all of it has gone by
        already.
        """
        # A change of estimate: prospectively, over what is left (ASC 250-10-45-17, IFRS 15.100). No end lies in the
        # past.
        self.end, self.source = max(end, self.now), "estimate_change"
        self.line, self.unimpaired = (
            StraightLine(self.carrying, self.now),
            StraightLine(self.without_impairment, self.now),
        )
        self.months = self._months()
        if self.end > self.now:
            return 0
        at_once = self.carrying
        self.reduce(at_once, unimpaired_too=True)
        return at_once

    def _months(self) -> int:
        """The benefit period in months; begun months count."""
        if self.convention != "days":
            return -(-self.end // 2)
        months = self.end // 31  # no month is longer, so this is never too many
        while length(self.convention, self.asset.start, months=months) < self.end:
            months += 1
        return months
