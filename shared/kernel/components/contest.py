"""Contests: prizes by rank among everyone on the plan in a period."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from shared.formatting import trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components.base import EvaluationContext, Kind, Part, Unpaid
from shared.kernel.components.groups import grouped, together
from shared.kernel.language.category_texts import Among, Compared, told_apart_by
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Path
from shared.kernel.language.phrases import scale, table
from shared.kernel.language.values import Amount, Name


class Contest(Kind):
    """`kind: contest` pays `prizes` to the first, second … by the measure, of those whom `when` lets take part.

    Equal results share the prizes of the places they fill (`share`), or each get the prize of the best place (`each`).
    """

    kind: Literal["contest"]
    measure: Name
    """By what everyone is ranked."""
    on: Literal["attainment", "amount"] = "amount"
    """Whether by its attainment or by its amount."""
    prizes: tuple[Amount, ...] = Field(min_length=1)
    """The prize of the first place, the second and so on."""
    ties: Literal["share", "each"] = "share"
    """Whether equal results share the prizes of their places, or each get that of the best."""
    lowest_wins: bool = False
    """Whether the lowest result is the best."""
    among: Among = "plan"
    """Who is ranked together: everyone on the plan, or each team, territory or position by itself."""

    walks: ClassVar[bool] = False
    needs_group: ClassVar[bool] = True
    result: ClassVar[str] = "The prize"

    def categories(self) -> Iterator[tuple[Path, Compared]]:
        """That by which groups are told apart, too."""
        yield from told_apart_by(self.among)
        yield from super().categories()

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """The prizes by place, and what happens to equal results."""
        best = "lowest" if self.lowest_wins else "highest"
        everyone = together(self.among)
        yield f"{everyone[0].upper()}{everyone[1:]} is ranked by {scale(self.measure, self.on)}, the {best} first:"
        yield table(["place", "prize"], [(str(n), trimmed(prize)) for n, prize in enumerate(self.prizes, start=1)])
        ties = {"share": "share the prizes of the places they fill", "each": "each get the prize of the best place"}
        yield f"Equal results {ties[self.ties]}."

    def unpaid(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """A place without a prize, too."""
        yield from super().unpaid(context)
        yield Unpaid("no_prize", self.measure, context.everywhere)

    def standing_in_words(self, everyone: pl.DataFrame, own: Mapping[str, Any], *, currency: str) -> str:
        """The place, and with how many it is shared; empty where measures alone do not tell it."""
        if self.when is not None or self.on != "amount":
            return ""
        measure, amount = own["measure"], own["amount"]
        ahead = pl.col("measure") < measure if self.lowest_wins else pl.col("measure") > measure
        alike = pl.col("measure") == measure
        # Measures that differ after nine decimals only are alike here: prizes tell them apart.
        place = everyone.filter(ahead | (alike & (pl.col("amount") > amount))).height + 1
        tied = everyone.filter(alike & (pl.col("amount") == amount)).height
        shared = f", shared by {tied}" if tied > 1 else ""
        return f" of place {place} among {everyone.height} by {self.measure}{shared}"

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: the prize."""
        value = context.scale(self.measure, self.on)
        scores = value.to_fractions()
        takes_part = context.condition(self.when).to_list() if self.when is not None else [True] * context.height
        prizes = [Fraction(0)] * context.height
        for members in grouped(context, self.among, component=self.component):
            running = [
                row
                for row in members
                # Who has nothing wins nothing, even where there are more prizes than sellers; except where least wins,
                # and nothing is the best.
                if (takes_part[row] and scores[row] > 0) or (takes_part[row] and self.lowest_wins)
            ]
            ranked = sorted(scores[row] for row in running)
            for row in running:
                below, up_to = bisect_left(ranked, scores[row]), bisect_right(ranked, scores[row])
                prizes[row] = self._prize(below if self.lowest_wins else len(ranked) - up_to, up_to - below)
        return [Part("prize", ExactColumn.fractions(prizes), Fraction(1))]

    def _prize(self, better: int, tied: int) -> Fraction:
        if self.ties == "each":
            return Fraction(self.prizes[better]) if better < len(self.prizes) else Fraction(0)
        # Two who are first share the first and the second prize, and the next is third: the sum of the prizes does not
        # hang on ties.
        return sum((Fraction(prize) for prize in self.prizes[better : better + tied]), Fraction(0)) / tied
