"""Every number of a plan's measures and components, with its place: where pay may change its course."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sqlglot import expressions as sql

from shared.kernel.language.findings import Path
from shared.kernel.language.formulas import FormulaError, parsed
from shared.kernel.language.values import PlanPart
from shared.kernel.plan.version import Plan

Numbers = list[tuple[Path, Decimal]]
_NAMES = {"component", "measure", "kind", "title", "on", "window", "pays", "reset"}


def numbers_of(plan: Plan) -> Numbers:
    """The numbers and where they stand; those of formulas at the formula."""
    return [*_of_items("components", plan.components), *_of_items("measures", plan.measures)]


def numbers_of_rules(plan: Plan) -> Numbers:
    """The numbers of its crediting rules and where they stand."""
    return list(_of_items("credits", plan.credits))


def _of_items(part: str, items: Iterable[PlanPart]) -> Iterator[tuple[Path, Decimal]]:
    for place, item in enumerate(items):
        yield from _numbers(item.model_dump(exclude_defaults=True), (part, place))


def _numbers(value: Any, path: Path) -> Iterator[tuple[Path, Decimal]]:
    if isinstance(value, Decimal):
        yield path, value
    elif isinstance(value, dict):
        for name, part in value.items():
            if name not in _NAMES:
                yield from _numbers(part, (*path, name))
    elif isinstance(value, list | tuple):
        for place, part in enumerate(value):
            yield from _numbers(part, (*path, place))
    elif isinstance(value, str):
        yield from ((path, number) for number in _literals(value))


def _literals(text: str) -> list[Decimal]:
    try:
        return [Decimal(node.name) for node in parsed(text).find_all(sql.Literal) if not node.is_string]
    except FormulaError:
        return []
