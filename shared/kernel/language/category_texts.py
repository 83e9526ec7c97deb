"""Categories of a participant in formulas: names that stand beside texts, as in `position = 'senior'`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Final, NamedTuple

import polars as pl
from pydantic import StringConstraints
from sqlglot import expressions as sql

from shared.kernel.language.findings import Path
from shared.kernel.language.values import Name

CATEGORY: Final = "category"
"""The function by which a formula may name a category outright: `category(segment)`."""


ROSTER_CATEGORIES: Final = ("position", "territory", "manager", "participant_id")
"""Attributes of the roster by which plans may tell participants apart; any other name is a category of the company's
own, the roster's `category.<name>`."""


CategoryText = Annotated[str, StringConstraints(min_length=1)]
"""The name of a category, such as senior."""


def roster_attribute(category: str) -> str:
    """The column of a roster file that holds a category."""
    return category if category in ROSTER_CATEGORIES else f"{CATEGORY}.{category}"


Among = Name
"""Who is together: everyone on the plan, all who share a manager, or a category (territory, position or one of the
company's own)."""


def category_of(among: Among) -> str:
    """The category of participants that makes the groups."""
    return "manager" if among == "team" else among


def told_apart_by(among: Among) -> Iterator[tuple[Path, Compared]]:
    """The category by which groups are told apart, if it is one, and where a part of a plan says it."""
    if among not in ("plan", "team"):
        yield ("among",), Compared(among, ())


def is_one_of(categories: pl.Series, texts: Sequence[str]) -> pl.Series:
    """Which rows have one of the texts; a blank is none of them."""
    return categories.is_in(texts).fill_null(value=False)


def nearly(text: str, known: Iterable[str]) -> str | None:
    """The one of some texts that a text rather is: senior of senoir, and not of junior."""
    return next(iter(get_close_matches(text, list(known), n=1, cutoff=4 / 5)), None)


class Compared(NamedTuple):
    """A category, and the texts with which it is compared."""

    category: str
    texts: tuple[str, ...]


class NotCompared(ValueError):
    """A text that stands where it cannot be compared; the message says why."""


def compared(node: Any) -> Compared | None:
    """What a comparison by `=`, `<>` or `in` compares, if that is a category with texts.

    Raises:
        NotCompared: a text stands beside a number, or a category beside another.
    """
    if not isinstance(node, sql.EQ | sql.NEQ | sql.In):
        return None
    one, among = node.this.unnest(), [each.unnest() for each in _among(node)]
    if not among:
        raise NotCompared(f"{_said(node)}: in names what it is one of, as in position in ('senior', 'lead')")
    if _is_text(one) and len(among) == 1 and not isinstance(node, sql.In):
        one, among = among[0], [one]  # 'senior' = position
    quoted = [each for each in among if isinstance(each, sql.Column) and each.this.args.get("quoted")]
    if quoted:
        raise NotCompared(f"a text stands in single quotes: '{quoted[0].name}', not \"{quoted[0].name}\"")
    name = _category(one)
    texts = [each.name for each in among if _is_text(each)]
    if not texts and not _is_category(one):
        return None
    if name is None or len(texts) < len(among):
        raise NotCompared(f"{_said(node)}: a category is compared with texts alone, as in position = 'senior'")
    if "" in texts:
        raise NotCompared(f"{_said(node)}: a blank category is equal to nothing; say what everybody else has by else")
    return Compared(name, tuple(texts))


def in_a_case(node: sql.Case) -> dict[str, set[str]]:
    """The categories that the conditions of a `case` compare, each with its texts; those of cases within it are
    theirs."""
    found: dict[str, set[str]] = {}
    for branch in node.args["ifs"]:
        for category, texts in _within(branch.this):
            found.setdefault(category, set()).update(texts)
    return found


def texts_of(tree: sql.Expression) -> Iterator[Compared]:
    """All comparisons of a category in a formula."""
    yield from (found for node in tree.walk() if (found := compared(node)) is not None)


def searched(tree: sql.Expression) -> sql.Expression:
    """The tree with `case position when 'senior' then …` written as `case when position = 'senior' then …`."""
    for case in tree.find_all(sql.Case):
        if (of := case.args.get("this")) is not None:
            for branch in case.args["ifs"]:
                branch.set("this", sql.EQ(this=of.copy(), expression=branch.this))
            case.set("this", None)
    return tree


def _said(node: sql.Expression) -> str:
    return node.sql(normalize_functions=False)


def _within(node: Any) -> Iterator[Compared]:
    found = compared(node)
    if found is not None:
        yield found
    elif not isinstance(node, sql.Case):
        for part in node.iter_expressions():
            yield from _within(part)


def _among(node: Any) -> Sequence[Any]:
    return node.expressions if isinstance(node, sql.In) else [node.expression]


def _is_text(node: Any) -> bool:
    return isinstance(node, sql.Literal) and bool(node.is_string)


def _is_category(node: Any) -> bool:
    return isinstance(node, sql.Anonymous) and node.name.lower() == CATEGORY


def _category(node: Any) -> str | None:
    if _is_category(node):
        return str(node.expressions[0].name)
    return str(node.name) if isinstance(node, sql.Column) else None
