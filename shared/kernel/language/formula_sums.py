"""Of which sums a formula comes to a part, and how long each of them adds up."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from sqlglot import expressions as sql

from shared.kernel.language.formulas import CONDITIONS, Reference, parsed, references_in


def added_up(text: str, of: Callable[[Reference], dict[str, int]]) -> dict[str, int]:
    """The sums of which a formula comes to a part or multiple, not those that it only compares or divides by, and how
    long each adds up.

    `of` says it of one measure or pay. A product adds up no longer than its factors do: sales of the month times a rate
    by those of the year begin anew with the month.
    """
    return _added_up(parsed(text), of)[0]


def _added_up(node: sql.Expression, of: Callable[[Reference], dict[str, int]]) -> tuple[dict[str, int], bool]:
    """The sums, and whether there is a part beside them that has none."""
    match node:
        case sql.Column() | sql.Anonymous():
            named = (of(reference) for reference in references_in(node) if reference.kind in ("measure", "pay"))
            sums = next(named, {})
            return sums, not sums
        case sql.Mul():
            (one, plain), (two, other) = (_added_up(side, of) for side in (node.this, node.expression))
            return _longest([_as_long_as(one, two, plain=other), _as_long_as(two, one, plain=plain)]), plain and other
        case sql.Div():
            # Divided by something that is measured it is a rate, and rates do not add up; divided by a number it still
            # does.
            return ({}, True) if list(references_in(node.expression)) else _added_up(node.this, of)
        case sql.Case():
            parts = [branch.args["true"] for branch in node.args["ifs"]]
            parts += [node.args["default"]] if node.args.get("default") is not None else []
        case sql.Literal():
            return {}, True
        case _:
            parts = [] if isinstance(node, CONDITIONS) else list(node.iter_expressions())
    added = [_added_up(part, of) for part in parts]
    return _longest([sums for sums, _ in added]), any(plain for _, plain in added)


def _as_long_as(sums: dict[str, int], factor: dict[str, int], *, plain: bool) -> dict[str, int]:
    """The sums, no longer than what they are multiplied by adds up."""
    return sums if plain or not factor else {name: min(length, max(factor.values())) for name, length in sums.items()}


def _longest(sums: list[dict[str, int]]) -> dict[str, int]:
    return {name: max(lengths[name] for lengths in sums if name in lengths) for name in dict.fromkeys(chain(*sums))}
