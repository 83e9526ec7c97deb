"""Earnings in sentences that a rep can follow and a calculator can check."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from shared.kernel.components import Component
from shared.kernel.components.graduated import Graduated

if TYPE_CHECKING:
    from services.scoring.explanation import Line, Part

PROBLEMS = {
    "no_quota": "There is no quota above zero for {measure} in this period, and without one this component pays nothing",
    "inexact_quota": "The quota for {measure} has more decimals than its currency, so this component pays nothing",
}


def plain(value: Decimal, least: int = 0) -> Decimal:
    """The value without trailing zeros, but with `least` decimals, and without an exponent."""
    exponent = value.normalize().as_tuple().exponent
    return value.quantize(Decimal(1).scaleb(min(exponent, -least) if isinstance(exponent, int) else -least))


def of_tier(component: Component, tier: int, currency: str) -> str:
    """What a tier covers: `up to 100% of quota`, `from 50,000 to 80,000 USD`."""
    if not isinstance(component, Graduated):
        return "everything"
    unit = " of quota" if component.on == "attainment" else f" {currency}"
    ends = [
        None if each.up_to is None else (_percent(each.up_to) if component.on == "attainment" else _number(each.up_to))
        for each in component.tiers
    ]
    below, end = ends[tier - 2] if tier > 1 else None, ends[tier - 1]
    if end is None:
        return f"above {below}{unit}" if below else "everything"
    return f"from {below} to {end}{unit}" if below else f"up to {end}{unit}"


def of_line(line: Line, part: Part) -> str:
    """What a line says."""
    currency = part.currency
    said = [
        f"Deal {line.deal_id}, closed on {line.credit_date}, credits {_number(line.credited)} {currency} by rule"
        f" {line.rule} (share {_number(line.share_percent)}%).",
        f"That takes {part.measure} from {_number(line.before)}{_of_quota(line.attainment_before)}"
        f" to {_number(line.after)}{_of_quota(line.attainment_after)}.",
    ]
    if part.problem:
        return " ".join([*said, f"{PROBLEMS[part.problem].format(measure=part.measure)}."])
    said += [
        f"{_number(piece.credited)} × {_percent(piece.rate)} = {_number(piece.pays)} ({piece.reach})."
        for piece in line.slices
    ]
    if len(line.slices) > 1:
        said.append(f"Together {_number(line.exact)}.")
    said.append(
        f"The pay so far is {_number(line.exact_so_far)}, rounded {_number(line.paid_after)};"
        f" it was {_number(line.paid_before)} before, so this line pays {_number(line.amount)} {currency}."
    )
    return " ".join(said)


def of_part(part: Part, component: str) -> str:
    """What the lines of a part come to."""
    measured = f"{part.measure} of {_number(part.measured)} {part.currency}"
    if part.quota is not None:
        measured += f" against a quota of {_number(part.quota)}{_of_quota(part.attainment)}"
    said = f"{component} pays {_number(part.amount)} {part.currency} for {measured}, under {part.plan} version {part.version}"
    number = len(part.lines)
    said += f": the sum of {number} line{'s' if number != 1 else ''}."
    return f"{said} {PROBLEMS[part.problem].format(measure=part.measure)}." if part.problem else said


def _of_quota(attainment: Decimal | None) -> str:
    return "" if attainment is None else f" ({_number(attainment)}% of quota)"


def _number(value: Decimal) -> str:
    return f"{value:,f}"


def _percent(value: Decimal) -> str:
    return f"{_number(plain(value * 100))}%"
