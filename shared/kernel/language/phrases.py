"""Numbers of a plan in words: percentages where they mean shares of a quota, amounts otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from shared.formatting import amount, percent
from shared.kernel.language.values import Figure, OfMeasure, Term

WHOLE_TO_EACH: Final = "Of a deal that is split, each who holds a part of it is paid the whole amount."


class Told(NamedTuple):
    """What a name came to: as text, null for a blank category, and as sentences say it."""

    value: str | None
    said: str


def mark(value: Figure, on: str) -> str:
    """A threshold: in percent of quota, as an amount, or the name of the participant's own."""
    if not isinstance(value, Decimal):
        return figure_in_words(value)
    return percent(value) if on == "attainment" else amount(value)


def marks(values: Sequence[Figure], on: str) -> list[str]:
    """The thresholds of one scale."""
    shares = are_shares([value for value in values if isinstance(value, Decimal)])
    return [mark(value, "attainment" if shares else on) for value in values]


def are_shares(values: Sequence[Decimal]) -> bool:
    """Whether the marks of a scale look like shares of something: they are written in percent, as people say a margin
    or a discount."""
    return any(value % 1 for value in values) and all(abs(value) <= 1 for value in values)


def between(ends: Sequence[Figure | None], on: str, *, boundary: str = "lower") -> list[str]:
    """Tiers in words: `up to 100% of quota`, `from 100% to 150% of quota`, `above 150% of quota`.

    Of a value that lies in one of them, and not in parts in several, it is said to which a `boundary` belongs: where
    that is the one that begins there, `below 100%`, `from 100% to below 150%`, `from 150% on`.
    """
    unit = " of quota" if on == "attainment" else ""
    said = marks([end for end in ends if end is not None], on)
    if not said:
        return ["all of it" for _ in ends]
    if boundary == "upper":
        inner = [f"from {start} to below {end}{unit}" for start, end in pairwise(said)]
        return [f"below {said[0]}{unit}", *inner, *([f"from {said[-1]}{unit} on"] if ends[-1] is None else [])]
    inner = [f"from {start} to {end}{unit}" for start, end in pairwise(said)]
    return [f"up to {said[0]}{unit}", *inner, *([f"above {said[-1]}{unit}"] if ends[-1] is None else [])]


def spoken(name: str) -> str:
    """A name as people say it: `new_accounts` as `new accounts`."""
    return name.replace("_", " ")


def listed(values: Iterable[str]) -> str:
    """One or more after each other: `a, b and c`."""
    *first, last = values
    return f"{', '.join(first)} and {last}" if first else last


def scale(measure: str, on: str) -> str:
    """What a threshold is compared with: a measure, or its attainment."""
    return f"attainment of {spoken(measure)}" if on == "attainment" else spoken(measure)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right."""
    lines = [header, [":--", *("--:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def figure_in_words(figure: Figure) -> str:
    """An amount, the name of the participant's own, or of a measure."""
    if isinstance(figure, OfMeasure):
        part = "" if figure.times == 1 else f"{percent(figure.times)} of "
        return f"{part}{spoken(figure.measure)}, which is worked out below"
    if isinstance(figure, Term):
        part = "" if figure.times == 1 else f"{percent(figure.times)} of "
        return f"{part}your {spoken(figure.term)}"
    return amount(figure)
