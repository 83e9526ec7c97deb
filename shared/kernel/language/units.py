"""In what a number of a plan is measured, as far as it is plain: money, a count, or a share of something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlglot import expressions as sql

from shared.kernel.language.crediting_rules import CreditingRule
from shared.kernel.language.formula_growth import grows
from shared.kernel.language.formulas import parsed
from shared.kernel.language.measures import Measure

SHARE, MONEY, COUNT = "a share", "money", "a count"


class Units:
    """The units of a plan's measures, and of what is calculated from them. None where it is not plain."""

    def __init__(self, measures: Iterable[Measure], rules: Iterable[CreditingRule]) -> None:
        self._measures = {measure.measure: measure for measure in measures}
        # A rule without an expression credits the deal's own amount, which is money; what others come to is not known.
        self._not_money = {rule.rule for rule in rules if rule.amount is not None}

    def of(self, name: str | None) -> str | None:
        """The unit of a measure."""
        measure = self._measures.get(name or "")
        if measure is None or measure.score is not None or measure.lookup is not None:
            return None
        if measure.formula is not None:
            return self.of_node(parsed(measure.formula))
        if measure.counts:
            return COUNT
        if measure.scorecard is not None:
            return SHARE
        if measure.rules & self._not_money:
            return None
        return SHARE if measure.ratio is not None else MONEY

    def bounded(self, name: str) -> bool:
        """Whether a measure has a bound however much is sold, as far as that is plain: a formula that only looks rates
        up."""
        measure = self._measures.get(name)
        if measure is None:
            return False
        looked_up = measure.formula is not None and not grows(measure.formula, self.bounded)
        return measure.lookup is not None or looked_up

    def of_node(self, node: Any) -> str | None:
        """The unit of a part of a formula."""
        match node:
            case sql.Paren() | sql.Neg() | sql.Abs() | sql.Floor() | sql.Round():
                return self.of_node(node.this)
            case sql.Column():
                return self.of(node.name)
            case sql.Anonymous():
                kind, name = node.name.lower(), node.expressions[0].name
                # A term may be anything, so its unit is not known; a quota has the unit of its measure.
                known = {"attainment": SHARE, "pay": MONEY}
                return self.of(name) if kind == "quota" else known.get(kind)
            case sql.Add() | sql.Sub():
                return self.of_node(node.left) or self.of_node(node.right)
            case sql.Div():
                one, two = self.of_node(node.left), self.of_node(node.right)
                return SHARE if one and one == two else (one if two is None else None)
        return None
