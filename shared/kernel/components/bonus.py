"""Fixed amounts: a bonus where its gate is open, and milestones that each pay once when they are reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from pydantic import model_validator

from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.components.base import EvaluationContext, Kind, Part, Unpaid
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding
from shared.kernel.language.formulas import Reference
from shared.kernel.language.phrases import figure_in_words, mark, scale, table
from shared.kernel.language.plausibility import suspicious_tiers
from shared.kernel.language.units import Units
from shared.kernel.language.values import Amount, Figure, Name, OfMeasure, PlanPart


class Milestone(PlanPart):
    """An amount that is paid once the measure has come to `at`."""

    at: Amount
    """Where it is reached."""
    amount: Figure
    """What it pays once."""


class Bonus(Kind):
    """`kind: bonus` pays `amount` (a kicker, where `when` says so), or the `milestones` that the measure has come to.

    With `highest: true` only the highest milestone pays, not all up to it.
    """

    kind: Literal["bonus"]
    amount: Figure | None = None
    """What it pays where `when` says yes."""
    measure: Name | None = None
    """The measure of the milestones."""
    on: Literal["attainment", "amount"] = "attainment"
    """Whether milestones are attainments or amounts."""
    milestones: tuple[Milestone, ...] = ()
    """What each mark pays once it is reached, in rising order."""
    highest: bool = False
    """Whether only the highest milestone reached pays."""

    @model_validator(mode="after")
    def _in_one_way(self) -> Bonus:
        if (self.amount is None) == (not self.milestones) or bool(self.milestones) != (self.measure is not None):
            raise ValueError("a bonus has either an amount, or a measure with milestones")
        if any(low.at >= high.at for low, high in zip(self.milestones, self.milestones[1:], strict=False)):
            raise ValueError("milestones rise")
        return self

    @property
    def rates_are_amounts(self) -> bool:
        """A milestone that is reached pays its amount."""
        return True

    @property
    def pays_at_the_end(self) -> bool:
        """A fixed amount is no deal's."""
        return self.amount is not None or super().pays_at_the_end

    @property
    def pays_without_credits(self) -> bool:
        """A fixed amount needs no credit."""
        return self.amount is not None or super().pays_without_credits

    def refers_to(self) -> list[Reference]:
        """The measure of the milestones."""
        return [] if self.measure is None else [Reference(self.on, self.measure)]

    def paid_figures(self) -> Iterator[OfMeasure]:
        """The amount, and those of milestones."""
        for figure in (self.amount, *(milestone.amount for milestone in self.milestones)):
            if isinstance(figure, OfMeasure):
                yield figure

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """The amount, or the table of milestones."""
        if self.amount is not None:
            yield f"Pays {figure_in_words(self.amount)}."
            return
        assert self.measure is not None
        of = scale(self.measure, self.on)
        how = "Only the highest milestone pays" if self.highest else "Each milestone pays once, beside those before it"
        yield f"{how}:"
        rows = [(mark(milestone.at, self.on), figure_in_words(milestone.amount)) for milestone in self.milestones]
        yield table([f"{of} of at least", "pays"], rows)

    def lint(self, units: Units) -> Iterator[Finding]:
        """Milestones that look like another unit."""
        ends = [milestone.at for milestone in self.milestones]
        yield from suspicious_tiers(
            ends, [], on=self.on, measure=self.measure or "", unit=units.of(self.measure), rows="milestones", field="at"
        )

    def unpaid(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """No milestone reached, too."""
        yield from super().unpaid(context)
        if self.milestones:
            value = context.scale(self.measure or "", self.on)
            yield Unpaid("no_milestone", self.measure or "", value < Fraction(self.milestones[0].at))

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part for the amount, or one per milestone."""
        if self.amount is not None:
            return [Part("bonus", context.figure(self.amount), Fraction(1))]
        assert self.measure is not None
        value = context.scale(self.measure, self.on)
        parts: list[Part] = []
        for number, milestone in enumerate(self.milestones):
            paid = context.figure(milestone.amount)
            # What the highest pays is the sum of the steps up to it. So `highest` and its opposite are told in the same
            # way, a part per milestone.
            if self.highest and number:
                paid = paid - context.figure(self.milestones[number - 1].amount)
            come: ExactColumn = where(value >= Fraction(milestone.at), 1, otherwise=0)
            parts.append(Part(f"from {mark(milestone.at, self.on)}: {figure_in_words(milestone.amount)}", come, paid))
        return parts
