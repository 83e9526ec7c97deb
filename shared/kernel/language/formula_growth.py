"""Whether a formula can grow without end, and whether it multiplies two things that do."""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as sql

from shared.kernel.language.formulas import parsed


def grows(text: str) -> bool:
    """Whether what the formula comes to has no bound as measures grow."""
    return _grows(parsed(text))


def multiplies_growth(text: str) -> bool:
    """Whether two factors of a product both grow without end, and nothing bounds the product."""
    return _multiplies(parsed(text))


def _grows(node: Any) -> bool:
    match node:
        case sql.Column():
            return True
        case sql.Anonymous():
            return node.name.lower() in ("attainment", "pay")
        case sql.Least():
            return all(_grows(operand) for operand in (node.this, *node.expressions))
        case sql.Case():
            default = node.args.get("default")
            results = [branch.args["true"] for branch in node.args["ifs"]] + ([default] if default is not None else [])
            return any(_grows(result) for result in results)
        case sql.Div():
            return _grows(node.left)
        case sql.Round():
            return _grows(node.this)
    return any(_grows(child) for child in node.iter_expressions())


def _multiplies(node: Any) -> bool:
    if isinstance(node, sql.Mul) and _grows(node.left) and _grows(node.right):
        return True
    if isinstance(node, sql.Least):
        return all(_multiplies(operand) for operand in (node.this, *node.expressions))
    return any(_multiplies(child) for child in node.iter_expressions())
