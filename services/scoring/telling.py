"""Earnings in sentences that a rep can follow and a calculator can check."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.scoring.explanation import Line, Part

PROBLEMS = {
    "no_quota": "There is no quota above zero for {measure} in this period, and without one this component pays nothing",
    "no_term": "A figure of their own that this component needs is not in the roster, and without it this component pays nothing",
}

CAUSES = {
    "opening": "Without any deal, by scores, quotas and fixed amounts",
    "minimum": "Raised to the minimum",
    "maximum": "Cut to the maximum",
    "limit": "Brought within the limits",
    "carry_over": "Cut to the maximum, or paid from what it cut off before",
    "result": "What the component came to",
}
"""What moved the pay of a line without a deal."""


def plain(value: Decimal, least: int = 0) -> Decimal:
    """The value without trailing zeros, but with `least` decimals, and without an exponent."""
    exponent = value.normalize().as_tuple().exponent
    return value.quantize(Decimal(1).scaleb(min(exponent, -least) if isinstance(exponent, int) else -least))


def of_line(line: Line, part: Part) -> str:
    """What a line says."""
    currency = part.currency
    if line.deal_id is None:
        return f"{CAUSES.get(line.rule, line.rule)}: {_number(line.amount)} {currency}."
    said = [
        f"Deal {line.deal_id}, closed on {line.credit_date}, credits {_number(line.credited)} {currency} by rule"
        f" {line.rule} (share {_number(line.share_percent or Decimal(100))}%).",
        f"That takes {part.measure} from {_number(line.before)}{_of_quota(line.attainment_before)}"
        f" to {_number(line.after)}{_of_quota(line.attainment_after)}.",
    ]
    if part.problem:
        return " ".join([*said, f"{PROBLEMS[part.problem].format(measure=part.measure)}."])
    said += [
        f"{_number(piece.credited)} × {_percent(piece.rate)}{_times(piece.factor)} = {_number(piece.pays)} ({piece.reach})."
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


def _times(factor: Decimal) -> str:
    return "" if factor == 1 else f" × {_number(factor)}"


def _of_quota(attainment: Decimal | None) -> str:
    return "" if attainment is None else f" ({_number(attainment)}% of quota)"


def _number(value: Decimal) -> str:
    return f"{value:,f}"


def _percent(value: Decimal) -> str:
    return f"{_number(plain(value * 100))}%"
