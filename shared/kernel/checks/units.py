"""Formulas that compare or add what cannot be compared: a share of quota with an amount of money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlglot import expressions as sql

from shared.kernel.findings import Finding, Path
from shared.kernel.formulas import parsed
from shared.kernel.measures import Measure
from shared.kernel.plan import Plan
from shared.kernel.suspicious import HIGH_ATTAINMENT
from shared.kernel.words import percent, plain

SHARE, MONEY, COUNT = "a share", "money", "a count"
_BESIDE = (sql.Add, sql.Sub, sql.LT, sql.LTE, sql.GT, sql.GTE, sql.EQ, sql.NEQ)


def mixed_units(plan: Plan) -> Iterator[Finding]:
    """Sums and comparisons of two units, and thresholds that look like another unit."""
    for path, text in _formulas(plan):
        for node in parsed(text).walk():
            if isinstance(node, _BESIDE):
                yield from (
                    Finding(code, "warning", path, f"{node.sql()}: {said}", mend)
                    for code, said, mend in _beside(node, plan)
                )


def _formulas(plan: Plan) -> Iterator[tuple[Path, str]]:
    for place, measure in enumerate(plan.measures):
        if measure.formula is not None:
            yield ("measures", place, "formula"), measure.formula
    for place, component in enumerate(plan.components):
        if component.when is not None:
            yield ("components", place, "when"), component.when
        for number, each in enumerate(component.multiply):
            if each.by is not None:
                yield ("components", place, "multiply", number, "by"), each.by
        if component.kind == "formula":
            yield ("components", place, "amount"), str(getattr(component, "amount", "0"))


def _beside(node: Any, plan: Plan) -> Iterator[tuple[str, str, str]]:
    one, two = _unit(node.left, plan), _unit(node.right, plan)
    if one and two and one != two:
        verb = "adds" if isinstance(node, sql.Add | sql.Sub) else "compares"
        yield "P212", f"this {verb} {one} and {two}", "divide by the quota, or compare like with like"
    for unit, other in ((one, node.right), (two, node.left)):
        number = _literal(other)
        if number is not None and unit == SHARE and number >= HIGH_ATTAINMENT:
            said = f"{plain(number)} beside a share is {percent(number)}"
            yield "P211", said, f"write {plain(number)}% if percent is meant"
        if number is not None and unit == MONEY and 0 < number < HIGH_ATTAINMENT and number % 1:
            yield "P211", f"{plain(number)} beside money is hardly anything", "use attainment(…) if a share is meant"


def _literal(node: Any) -> Decimal | None:
    bare = node.unnest()
    return Decimal(bare.name) if isinstance(bare, sql.Literal) and not bare.is_string else None


def _unit(node: Any, plan: Plan) -> str | None:
    """The unit of an expression, as far as it is plain."""
    match node:
        case sql.Paren() | sql.Neg() | sql.Abs() | sql.Floor() | sql.Round():
            return _unit(node.this, plan)
        case sql.Column():
            return _unit_of(plan.measure(node.name), plan)
        case sql.Anonymous():
            kind, name = node.name.lower(), node.expressions[0].name
            return {"attainment": SHARE, "pay": MONEY}.get(kind) or (
                _unit_of(plan.measure(name), plan) if kind == "quota" else None
            )
        case sql.Add() | sql.Sub():
            return _unit(node.left, plan) or _unit(node.right, plan)
        case sql.Div():
            one, two = _unit(node.left, plan), _unit(node.right, plan)
            return SHARE if one and one == two else (one if two is None else None)
    return None


def _unit_of(measure: Measure | None, plan: Plan) -> str | None:
    if measure is None:
        return None
    if measure.formula is not None:
        return _unit(parsed(measure.formula), plan)
    if measure.count_of is not None or measure.distinct is not None:
        return COUNT
    if measure.score is not None or measure.scorecard is not None:
        return SHARE
    if measure.ratio is not None:
        return SHARE if all(rule.amount is None for rule in plan.credits if rule.rule in measure.rules) else None
    return MONEY if all(rule.amount is None for rule in plan.credits if rule.rule in measure.rules) else None
