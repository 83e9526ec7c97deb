"""Payment terms: what guarantees, minimums and draws that are never taken back add to months, quarters, half-years and
years of 2025, and what maxima that forfeit take away.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

LENGTHS = {"pay_period": 1, "quarter": 3, "half_year": 6, "year": 12}
"""The months of what an amount is for."""
Span = tuple[int, int]
"""The first month, and how many there are."""
Data = Mapping[str, Any]
"""Terms as a file says them; shares as numbers."""


class There(NamedTuple):
    """From which day to which somebody is there."""

    joined: date
    left: date | None

    def part(self, first: date, last: date) -> Fraction:
        """The part of the days from one to another on which they are there."""
        begins, ends = max(first, self.joined), min(last, self.left or last)
        return Fraction(max(0, (ends - begins).days + 1), (last - first).days + 1)


class Added(NamedTuple):
    """What is topped up, and what is lost above a maximum of that."""

    topped: int = 0
    lost: int = 0


def changes(added: Mapping[Span, Added]) -> int:
    """What all of it comes to."""
    return sum(each.topped - each.lost for each in added.values())


def added(
    terms: Data, brought: Sequence[int], day: date, *, settles: bool, there: There, before: Mapping[Span, Added]
) -> dict[Span, Added]:
    """What is added to each span of months through that of a run: first of each month, then of each quarter, half-year
    and year. A run that does not settle its month pays in advance of what that is known to bring: nothing more than
    `before` is topped up in what holds it, and nothing more than a maximum is paid.
    """
    last = day.month - 1
    now, spans, found = list(brought[: last + 1]), list[tuple[int, int]](), {}

    def sum_of(first: int, through: int) -> int:
        return sum(now[first : through + 1]) + sum(change for begins, change in spans if first <= begins <= through)

    for length in LENGTHS.values():
        for first in range(0, last + 1, length):
            floors = _of_month(terms, first, there) if length == 1 else _of_span(terms, (first, length), day, there)
            topped = max([0, *(amount - sum_of(first, counted) for amount, counted in floors)])
            if not settles and first + length > last:
                topped = min(topped, before.get((first, length), Added()).topped)
            base = sum_of(first, min(first + length - 1, last)) + topped
            lost = max([0, *(base - each["amount"] * 100 for each in maxima(terms, "forfeit") if is_for(each, length))])
            found[first, length] = Added(topped, lost)
            if length == 1:
                now[first] += topped - lost
            else:
                spans.append((first, topped - lost))
    return found


def _of_month(terms: Data, month: int, there: There) -> Iterator[tuple[int, int]]:
    """The floors of a month: who is not there on any day of it has none, nor has who leaves in it where they end."""
    part = there.part(start(month), end(month))
    leaves = there.left is not None and there.left <= end(month)
    if not part or (leaves and terms.get("leaver", {}).get("guarantee") == "ends"):
        return
    draw, minimum, guarantee = (terms.get(word, {}) for word in ("draw", "minimum", "guarantee"))
    floors = [draw] if draw.get("kind") == "non_recoverable" and holds(draw, month) else []
    floors += [minimum] if minimum.get("below") == "top_up" else []
    floors += [guarantee] if guarantee and is_for(guarantee, 1) else []
    for floor in floors:
        yield cents(floor["amount"] * 100 * (part if floor.get("prorate") == "days" else 1)), month


def _of_span(terms: Data, span: Span, day: date, there: There) -> Iterator[tuple[int, int]]:
    """The guarantee of a quarter, half-year or year, and the last month that counts. For whoever leaves in it, it ends
    with the month of the last day, or with the month before: then it is of so many of its months.
    """
    (first, length), guarantee = span, terms.get("guarantee")
    if guarantee is None or not is_for(guarantee, length):
        return
    last, whole = day.month - 1, first + length - 1
    if there.left is not None and there.left <= min(day, end(whole)):
        ends = terms.get("leaver", {}).get("guarantee") == "ends"
        counted = there.left.month - 1 - ends
        through = counted if ends else whole
        months = through - first + 1 if counted >= first else 0
    else:
        counted = min(whole, last)
        months = counted - first + (counted < last or (day + timedelta(days=1)).day == 1)
        through = first + months - 1
        if months < length and guarantee.get("settled") != "running":
            return
    if months > 0 and (part := there.part(start(first), end(through))):
        amount = guarantee["amount"] * 100 * Fraction(months, length)
        yield cents(amount * (part if guarantee.get("prorate") == "days" else 1)), counted


def is_for(level: Data, length: int) -> bool:
    """Whether an amount is for spans of so many months."""
    return LENGTHS[level.get("every", "pay_period")] == length


def maxima(terms: Data, above: str) -> list[Data]:
    """The maxima that carry, or those that forfeit."""
    said = terms.get("maximum", [])
    return [each for each in (said if isinstance(said, list) else [said]) if each.get("above", "carry") == above]


def holds(level: Data, month: int) -> bool:
    """Whether a draw holds in a month."""
    return bool(level.get("since", "2025-01") <= f"2025-{month + 1:02d}" <= level.get("until", "2025-12"))


def start(month: int) -> date:
    """The first day of a month, counted from 0."""
    return date(2025, month + 1, 1)


def end(month: int) -> date:
    """The last day of a month, counted from 0."""
    return date(2025, month + 1, monthrange(2025, month + 1)[1])


def cents(amount: Fraction) -> int:
    """Rounded, half away from zero; amounts here are not negative."""
    return int(amount + Fraction(1, 2))
