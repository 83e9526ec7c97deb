"""Numbers of a plan in words: percentages where they mean shares of a quota, amounts otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from shared.formatting import amount, percent
from shared.kernel.language.values import Figure, OfMeasure, Term


def mark(value: Decimal, on: str) -> str:
    """A threshold: in percent of quota, or as an amount."""
    return percent(value) if on == "attainment" else amount(value)


def between(ends: Sequence[Decimal | None], on: str) -> list[str]:
    """Tiers in words: `up to 100% of quota`, `from 100% to 150% of quota`, `above 150% of quota`."""
    tiers: list[str] = []
    start: Decimal | None = None
    unit = " of quota" if on == "attainment" else ""
    for end in ends:
        if end is None:
            tiers.append("all of it" if start is None else f"above {mark(start, on)}{unit}")
        elif start is None:
            tiers.append(f"up to {mark(end, on)}{unit}")
        else:
            tiers.append(f"from {mark(start, on)} to {mark(end, on)}{unit}")
        start = end
    return tiers


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
        return f"{part}the {spoken(figure.measure)} that is worked out below"
    if isinstance(figure, Term):
        part = "" if figure.times == 1 else f"{percent(figure.times)} of "
        return f"{part}their {spoken(figure.term)}"
    return amount(figure)
