"""Formulas that compare or add what cannot be compared: a share of quota with an amount of money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlglot import expressions as sql

from shared.formatting import percent, trimmed
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formulas import parsed
from shared.kernel.language.plausibility import HIGH_ATTAINMENT
from shared.kernel.language.units import MONEY, SHARE, Units
from shared.kernel.plan.version import Plan

_BESIDE = (sql.Add, sql.Sub, sql.LT, sql.LTE, sql.GT, sql.GTE, sql.EQ, sql.NEQ)


def mixed_units(plan: Plan) -> Iterator[Finding]:
    """Sums and comparisons of two units, and thresholds that look like another unit."""
    units = plan.units
    for path, text in _formulas(plan):
        for node in parsed(text).walk():
            if isinstance(node, _BESIDE):
                yield from (
                    Finding.warning(code, path, message=f"{node.sql()}: {said}", mend=mend)
                    for code, said, mend in _beside(node, units)
                )


def _formulas(plan: Plan) -> Iterator[tuple[Path, str]]:
    for place, measure in enumerate(plan.measures):
        if measure.formula is not None:
            yield ("measures", place, "formula"), measure.formula
    for place, component in enumerate(plan.components):
        yield from ((("components", place, *path), text) for path, text in component.formulas())


def _beside(node: Any, units: Units) -> Iterator[tuple[str, str, str]]:
    one, two = units.of_node(node.left), units.of_node(node.right)
    if one and two and one != two:
        verb = "adds" if isinstance(node, sql.Add | sql.Sub) else "compares"
        yield "P212", f"this {verb} {one} and {two}", "divide by the quota, or compare like with like"
    for unit, other in ((one, node.right), (two, node.left)):
        number = _literal(other)
        if number is not None and unit == SHARE and number >= HIGH_ATTAINMENT:
            said = f"{trimmed(number)} beside a share is {percent(number)}"
            yield "P211", said, f"write {trimmed(number)}% if percent is meant"
        if number is not None and unit == MONEY and 0 < number < HIGH_ATTAINMENT and number % 1:
            yield "P211", f"{trimmed(number)} beside money is hardly anything", "use attainment(…) if a share is meant"


def _literal(node: Any) -> Decimal | None:
    bare = node.unnest()
    return Decimal(bare.name) if isinstance(bare, sql.Literal) and not bare.is_string else None
