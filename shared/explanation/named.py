"""The numbers that belong to a formula: what each name in it came to, so that a reader with a calculator comes to the
same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import orjson
from sqlglot import expressions as sql

from shared.explanation.model import NamedValue
from shared.explanation.numbers import attainment, plain
from shared.formatting import grouped, percent, trimmed
from shared.kernel import Plan
from shared.kernel.components import Component
from shared.kernel.evaluation.figures import FOR_EVERYONE
from shared.kernel.evaluation.named_values import ENTERED_FOR, made_of, names_of, told_as_text
from shared.kernel.language.axes import Axis
from shared.kernel.language.formulas import Reference, in_percent, parsed, references
from shared.kernel.language.phrases import Told, are_shares
from shared.kernel.language.units import MONEY, SHARE
from shared.kernel.language.values import OfMeasure

_GIVES_PERCENT: Final = re.compile(r"\b(then|else)\s+-?[\d.]+\s*%", re.IGNORECASE)
"""A formula whose results are written in percent is told in percent."""
_SIGNS: Final[dict[type[Any], str]] = {sql.Add: "+", sql.Sub: "-", sql.Mul: "×", sql.Div: "/"}


MOST_OF_A_SHARE: Final = 3
"""A score above it, such as 75 referrals, is a number and not 7,500%."""


class Names:
    """The names of a component's formulas, and how what they come to is told."""

    def __init__(self, plan: Plan, component: Component) -> None:
        self._plan, self._component = plan, component
        self._names = {reference.text: reference for reference in names_of(component, plan)}
        self._units, self._texts = plan.units, told_as_text(component)
        self._in_shares = set(_in_shares(component))

    def values(self, text: str | None, *, of_deal: bool) -> list[NamedValue]:
        """What the names came to, of `LINES.values`; `of_deal` tells a line of a deal."""
        came_to: Mapping[str, str | None] = orjson.loads(text) if text is not None else {}
        return [
            NamedValue(
                name=name,
                value=value,
                said=self._said(self._names[name], value)
                + (" (entered for everyone)" if came_to.get(f"{name} {ENTERED_FOR}") == FOR_EVERYONE else ""),
            )
            for name, value in came_to.items()
            if name in self._names and (of_deal or not self._names[name].of_deal)
        ]

    def told(self, values: Iterable[NamedValue], pays: Decimal | None) -> str:
        """The formula with its numbers, or else the numbers, and of what is calculated in turn by what it came about.

        Args:
            values: what the names came to.
            pays: what the formula comes to, if that is known.
        """
        said = self._phrases(values)
        if not said:
            return ""
        own = self._listed(self._component.named(), said)
        text = getattr(self._component, "amount", None) if self._component.kind == "formula" else None
        if text is not None and (product := _filled(parsed(text), said)) is not None:
            # What gates and multipliers name beside the formula is told after it.
            rest = [name for name in own if not any(name == said[r.text] for r in references(text))]
            own = [product if pays is None or len(own) == 1 else f"{product} = {grouped(pays)}", *rest]
        main = self._component.main_measure()
        calculated = [*([] if main is None else [Reference("measure", main)]), *self._names.values()]
        by = {
            reference.text: self._listed(made_of(reference, self._component, plan=self._plan), said)
            for reference in calculated
            if reference.text in said or reference.name == main
        }
        numbers = [", ".join(own)] if own else []
        return "; ".join([*numbers, *(f"{name} by {' and '.join(of)}" for name, of in by.items() if of)])

    def of_gate(self, values: Iterable[NamedValue]) -> str:
        """What the names in the gate came to."""
        said = self._phrases(values)
        return ", ".join(self._listed(references(self._component.when or "0"), said))

    def _phrases(self, values: Iterable[NamedValue]) -> dict[str, str]:
        """What each name came to in the words of the component."""
        told = {value.name: Told(value.value, value.said) for value in values}
        return self._component.phrases(told, self._plan.conventions)

    def _listed(self, names: Iterable[Reference], said: Mapping[str, str]) -> list[str]:
        return list(dict.fromkeys(said[reference.text] for reference in names if reference.text in said))

    def _said(self, reference: Reference, value: str | None) -> str:
        if reference.kind == "category" or (reference.kind == "deal" and reference.name in self._texts):
            return "blank" if value is None else value
        number = Decimal(value or 0)
        if reference.kind in ("attainment", "attainment_before"):
            return f"{grouped(attainment(number))}%"
        unit = MONEY if reference.kind == "pay" else None
        if reference.is_measure:
            unit = self._units.of(reference.name)
            measure = self._plan.measure(reference.name)
            if measure is not None and measure.score is not None and abs(number) <= MOST_OF_A_SHARE:
                unit = SHARE
            if measure is not None and _GIVES_PERCENT.search(measure.formula or ""):
                unit = SHARE
            if measure is not None and measure.lookup is not None and all(abs(n) <= 1 for n in measure.lookup.numbers):
                unit = SHARE  # rates and shares; a factor is told as the number that it is
        if reference in self._in_shares:
            unit = SHARE
        if unit == SHARE:
            return percent(number)
        return grouped(plain(number, self._plan.digits)) if unit == MONEY else trimmed(number)


def _in_shares(component: Component) -> Iterator[Reference]:
    """What a component reads as a share: rates, what it compares with a percentage, what it looks up by marks in
    percent."""
    if isinstance(rate := getattr(component, "rate", None), OfMeasure):
        yield Reference("measure", rate.measure)
    axes: Iterable[Axis] = getattr(component, "axes", ())
    yield from (axis.looks_at for axis in axes if are_shares([*axis.up_to, *axis.at]))
    for lookup in component.multiply:
        marks = [*(step.up_to for step in lookup.steps if step.up_to is not None), *(p.at for p in lookup.points)]
        yield from (reference for reference in lookup.looks_at() if are_shares(marks))
    for _, text in component.formulas():
        for node in parsed(text).find_all(sql.LT, sql.LTE, sql.GT, sql.GTE, sql.EQ, sql.NEQ):
            name, number = node.left.unnest(), node.right.unnest()
            if isinstance(name, sql.Column) and isinstance(number, sql.Literal) and in_percent(number):
                yield Reference("measure", name.name)


def _filled(node: Any, said: Mapping[str, str]) -> str | None:
    """A formula that is arithmetic alone with the value beside each name, or None."""
    match node:
        case sql.Paren():
            inner = _filled(node.this, said)
            return None if inner is None else f"({inner})"
        case sql.Literal() if not node.is_string:
            return trimmed(Decimal(node.name))
        case sql.Column():
            return said.get(node.name)
        case sql.Anonymous():
            return said.get(f"{node.name.lower()}({node.expressions[0].name})")
        case sql.Add() | sql.Sub() | sql.Mul() | sql.Div():
            one, two = _filled(node.left, said), _filled(node.right, said)
            return None if one is None or two is None else f"{one} {_SIGNS[type(node)]} {two}"
    return None
