"""Everyone on a plan in a period together: who they are, and amounts divided among them to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from shared.kernel.arithmetic.exact_column import ExactColumn, Mode
from shared.kernel.components.context import EvaluationContext
from shared.kernel.language.category_texts import Among, category_of
from shared.kernel.language.phrases import spoken
from shared.money import largest_remainder


def grouped(context: EvaluationContext, among: Among = "plan", *, component: str | None = None) -> list[list[int]]:
    """The rows of each period, plan version and group, in the order of participants; who is in no group is alone. With
    a component, those of its participants only."""
    rows: dict[tuple[str, int, int, str], list[tuple[str, int]]] = defaultdict(list)
    takes_part = context.everywhere if component is None else context.takes_part(component)
    of = context.rows["fiscal"] if among == "plan" else context.category(category_of(among))
    for number, (participant, period, fiscal, version, group) in enumerate(
        context.rows.select("participant_id", "period", "fiscal", "version", group=of).iter_rows()
    ):
        if not takes_part[number]:
            continue
        # A slash begins no id, so nobody who is alone shares a group with one that is called like them.
        rows[period, fiscal, version, f"/{participant}" if group is None else group].append((participant, number))
    return [[number for _, number in sorted(members)] for members in rows.values()]


def together(among: Among) -> str:
    """Who is together, in words."""
    return "everyone on the plan" if among == "plan" else f"everyone of a {spoken(among)}"


def divided(amount: Fraction, weights: Sequence[Fraction], *, digits: int, mode: Mode = "half_up") -> list[Fraction]:
    """An amount, rounded to the smallest unit, in shares by weight that sum to it: what is left over goes to the
    largest rests."""
    whole = sum(weights, Fraction(0))
    if not whole:
        return [Fraction(0)] * len(weights)
    units = int(ExactColumn.constant(abs(amount) * 10**digits, 1).rounded(mode).to_fractions()[0])
    given = largest_remainder([units * weight / whole for weight in weights], units)
    # The size is divided and the sign given back, so that a pool that takes back is divided as one that pays.
    sign = -1 if amount < 0 else 1
    return [Fraction(sign * share, 10**digits) for share in given]
