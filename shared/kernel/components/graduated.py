"""Graduated (marginal) tiers: each tier's rate pays only the part of the measure that lies in the tier.

Where another measure is the position (`by`), or a deal that crosses a tier is not divided, there is no function of what
the measure has come to: each deal is paid in turn, by where the participant stands at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.components.base import DealsInTurn, EvaluationContext, Kind, Part
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formulas import Reference, on_scale
from shared.kernel.language.lookups import PaidTier, all_rates_or_amounts, ends_of, lies_in, rising_and_open
from shared.kernel.language.phrases import Told, between, scale, spoken, table
from shared.kernel.language.plausibility import suspicious_rates
from shared.kernel.language.units import Units
from shared.kernel.language.values import Name, ThresholdFigure


class GraduatedTier(PaidTier):
    """One row of the rate table: up to where it reaches (the last: no end), and what it pays."""

    up_to: ThresholdFigure | None = None
    """Where the tier ends, or `{term: name}`, the participant's own; the last has none."""


class Graduated(Kind):
    """`kind: graduated` pays tiers on `attainment` (thresholds in percent of quota) or on `amount` (in major units)."""

    kind: Literal["graduated"]
    measure: Name
    """What is paid."""
    by: Name | None = None
    """The measure that is the position in the tiers, unless it is the same: climbed by tickets, paid on price."""
    on: Literal["attainment", "amount"] = "amount"
    """Whether `up_to` is a share of quota (`attainment`) or an amount."""
    anew: Name | None = None
    """The column of the deal, such as its account, for each value of which the tiers begin anew within the window."""
    each: Literal["deal"] | None = None
    """Whether it pays each deal by itself, at figures of the deal's day."""
    crossing: Literal["split", "whole"] = "split"
    """Whether a deal that crosses a tier is paid in parts, or wholly at the rate of the tier that it reaches."""
    tiers: tuple[GraduatedTier, ...] = Field(min_length=1)
    """The tiers, in rising order."""

    @model_validator(mode="after")
    def _rising_and_open(self) -> Graduated:
        rising_and_open([tier.up_to for tier in self.tiers])
        all_rates_or_amounts(self.tiers)
        return self

    @property
    def rates_are_amounts(self) -> bool:
        """Where tiers have amounts."""
        return self.tiers[0].has_amount

    @property
    def in_turn(self) -> bool:
        """Where the position is another measure or one of each customer, or a deal is not divided among tiers, too."""
        if self.each is not None or super().in_turn:
            return True
        return self.crossing == "whole" or self.anew is not None or self.by not in (None, self.measure)

    def looks_at_deal(self) -> Iterator[tuple[Path, str, bool]]:
        """The column for each value of which tiers begin anew."""
        if self.anew is not None:
            yield ("anew",), self.anew, True

    @property
    def position(self) -> str:
        """The measure that is the position in the tiers."""
        return self.by or self.measure

    def refers_to(self) -> list[Reference]:
        """The measure that is paid and the one that is the position."""
        return [Reference("amount", self.measure), Reference(self.on, self.position)]

    def named(self) -> list[Reference]:
        """The position at a deal, too, and where it stood before one that is divided."""
        if not self.in_turn:
            return super().named()
        anew = [] if self.anew is None else [Reference("deal", self.anew)]
        divided = [] if self.crossing == "whole" else [self._before]
        return [*anew, *divided, Reference(on_scale(self.on), self.position), *super().named()]

    def phrases(self, told: Mapping[str, Told], conventions: Conventions) -> dict[str, str]:
        """Of deals in turn where each begins and ends, or by what it is paid as a whole."""
        said = super().phrases(told, conventions)
        position = Reference(on_scale(self.on), self.position).text
        if (at := told.get(position)) is None or not self.in_turn:
            return said
        if (before := told.get(self._before.text)) is not None:
            said[position] = f"{position} {before.said} before the deal and {at.said} after it"
            del said[self._before.text]
        elif self.crossing == "whole":
            said[position] = f"the whole deal at {position} {at.said}"
        if (anew := Reference("deal", self.anew or "").text) in said:
            which, column = told[anew].said, spoken(self.anew or "")
            blank = f"for deals without {column} together"
            said[anew] = blank if told[anew].value is None else f"for {column} {which} alone"
        return said

    @property
    def _before(self) -> Reference:
        """The position before a deal."""
        return Reference("attainment_before" if self.on == "attainment" else "before", self.position)

    def priced_at(self, deals: DealsInTurn) -> EvaluationContext:
        """After a deal that is divided, where its step has come to."""
        return deals.standing if self.crossing == "whole" else deals.after

    def pays_of(self) -> list[Reference]:
        """Its measure."""
        return [Reference("measure", self.measure)]

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """The table of rates, and that each pays its own part only."""
        of = scale(self.position, self.on)
        if not self.in_turn:
            yield f"Each part of {spoken(self.measure)} is paid at the rate of the tier in which it lies:"
        elif self.crossing == "whole":
            yield (
                f"Each deal of {spoken(self.measure)} is paid wholly at the rate of the tier to which it takes the"
                f" {of}, one deal after the other:"
            )
        else:
            yield (
                f"Each deal of {spoken(self.measure)} is paid at the rates of the tiers through which it takes the"
                f" {of}, in proportion, one deal after the other:"
            )
        if self.anew is not None:
            yield f"The tiers begin anew for each {spoken(self.anew)} of a deal."
        # A deal that is split at a boundary is paid the same whichever tier exactly that value belongs to.
        boundary = conventions.boundary if self.crossing == "whole" else "lower"
        reach = between([tier.up_to for tier in self.tiers], self.on, boundary=boundary)
        rates = [tier.pays_in_words for tier in self.tiers]
        yield table([of, "pays"], zip(reach, rates, strict=True))

    def lint(self, units: Units) -> Iterator[Finding]:
        """Numbers that look like another unit, tiers that make no difference, and boundaries with a gap."""
        ends = [tier.up_to for tier in self.tiers]
        gives = [(tier.pays,) for tier in self.tiers]
        yield from suspicious_rates(
            ends,
            gives,
            on=self.on,
            by=self.position,
            measure=self.measure,
            units=units,
            amounts=self.rates_are_amounts,
        )

    def leaves_open(self) -> set[str]:
        """Where deals are paid in turn, to which tier one on a boundary belongs."""
        return super().leaves_open() | ({"boundary"} if self.in_turn and len(self.tiers) > 1 else set())

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part per tier; the first reaches down without end, so that a measure below zero pays back at its rate."""
        if self.in_turn:
            assert context.per_deal is not None
            return [Part("each deal in turn", context.per_deal(context, self.component), Fraction(1))]
        return list(self._parts(context))

    def _parts(self, context: EvaluationContext) -> Iterator[Part]:
        value = context.value(self.measure)
        start: ExactColumn | Fraction | None = None
        ends = ends_of(self.tiers, context.rate)
        for tier, reach, up_to in zip(self.tiers, self._reaches, ends, strict=True):
            end = None if up_to is None else self._end(up_to, value, context=context)
            inside = value if end is None else value.least(end)
            yield Part(reach, inside if start is None else (inside - start).greatest(0), context.rate(tier.pays))
            start = end

    @property
    def _reaches(self) -> list[str]:
        return between([tier.up_to for tier in self.tiers], self.on)

    def _end(
        self, up_to: ExactColumn | Fraction, value: ExactColumn, *, context: EvaluationContext
    ) -> ExactColumn | Fraction:
        """Up to which value a tier reaches. Without a quota all of the measure lies in the tier of its attainment (0%
        or 100%)."""
        if self.on == "amount":
            return up_to
        quota, attained = context.quota(self.measure), 1 if context.conventions.zero_quota == "full" else 0
        # Thresholds become amounts, and not the measure an attainment: so the parts are in money, as the statement
        # tells them, and a quota that changes moves the boundaries and nothing else.
        if isinstance(up_to, ExactColumn):
            return where(quota > 0, quota * up_to, otherwise=where(up_to >= attained, value, otherwise=0))
        return where(quota > 0, quota * up_to, otherwise=value if up_to >= attained else 0)

    def parts_in_turn(self, deals: DealsInTurn) -> Sequence[Part]:
        """A part per tier: what of each credit is paid in it."""
        return list(self._crossing_whole(deals) if self.crossing == "whole" else self._crossing_split(deals))

    def _crossing_whole(self, deals: DealsInTurn) -> Iterator[Part]:
        position, boundary = deals.standing.scale(self.position, self.on), deals.standing.conventions.boundary
        reaches = between([tier.up_to for tier in self.tiers], self.on, boundary=boundary)
        in_one = self._all_in_one(deals.credited, position, context=deals.standing)
        yield from (replace(part, reach=reach) for part, reach in zip(in_one, reaches, strict=True))

    def _crossing_split(self, deals: DealsInTurn) -> Iterator[Part]:
        """The step that a deal takes, in the parts that lie in each tier; a deal that takes none is paid where it
        stands."""
        before, after = (context.value(self.position) for context in (deals.before, deals.after))
        unit: ExactColumn | int = 1
        if self.on == "attainment":
            # In units of the measure, as above. Without a quota the attainment is one number, and no deal moves it.
            quota = deals.after.quota(self.position)
            unit = where(quota > 0, quota, otherwise=1)
            attained = 1 if deals.after.conventions.zero_quota == "full" else 0
            before, after = (where(quota > 0, value, otherwise=attained) for value in (before, after))
        low, high = before.least(after), before.greatest(after)
        step = high - low
        stays = step.equals(0)
        # Divided once, so that all parts share one bottom (`exact_column._over_one`).
        each = deals.credited * step.inverse()
        here = self._all_in_one(deals.credited, after, context=deals.after, unit=unit)
        start: ExactColumn | None = None
        for up_to, at_once in zip(ends_of(self.tiers, deals.standing.rate), here, strict=True):
            end = None if up_to is None else up_to * unit + after * 0
            top = high if end is None else high.least(end)
            inside = (top - (low if start is None else low.greatest(start))).greatest(0)
            yield Part(at_once.reach, where(stays, at_once.base, otherwise=each * inside), at_once.rate)
            start = end

    def _all_in_one(
        self, credited: ExactColumn, position: ExactColumn, *, context: EvaluationContext, unit: ExactColumn | int = 1
    ) -> Iterator[Part]:
        """All of each credit in the tier in which the position lies."""
        ends = ends_of(self.tiers, context.rate)
        here = lies_in(position, ends, boundary=context.conventions.boundary, unit=unit)
        for tier, reach, all_of_it in zip(self.tiers, self._reaches, here, strict=True):
            yield Part(reach, credited * all_of_it, context.rate(tier.pays))
