"""Whether a formula can grow without end, and whether it multiplies two things that do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import expressions as sql

from shared.kernel.language.formulas import parsed

Bounded = Callable[[str], bool]
"""Whether a measure has a bound, however much is sold: a rate by position, a factor in steps."""


def grows(text: str, bounded: Bounded) -> bool:
    """Whether what the formula comes to has no bound as measures grow."""
    return _grows(parsed(text), bounded)


def multiplies_growth(text: str, bounded: Bounded) -> bool:
    """Whether two factors of a product both grow without end, and nothing bounds the product."""
    return _multiplies(parsed(text), bounded)


def _grows(node: Any, bounded: Bounded) -> bool:
    match node:
        case sql.Column():
            return not bounded(node.name)
        case sql.Anonymous():
            kind = node.name.lower()
            return kind == "pay" or (kind == "attainment" and not bounded(node.expressions[0].name))
        case sql.Least():
            return all(_grows(operand, bounded) for operand in (node.this, *node.expressions))
        case sql.Case():
            default = node.args.get("default")
            results = [branch.args["true"] for branch in node.args["ifs"]] + ([default] if default is not None else [])
            return any(_grows(result, bounded) for result in results)
        case sql.Div():
            return _grows(node.left, bounded)
        case sql.Round():
            return _grows(node.this, bounded)
    return any(_grows(child, bounded) for child in node.iter_expressions())


def _multiplies(node: Any, bounded: Bounded) -> bool:
    if isinstance(node, sql.Mul) and _grows(node.left, bounded) and _grows(node.right, bounded):
        return True
    if isinstance(node, sql.Least):
        return all(_multiplies(operand, bounded) for operand in (node.this, *node.expressions))
    return any(_multiplies(child, bounded) for child in node.iter_expressions())
