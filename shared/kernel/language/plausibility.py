"""Numbers of a plan that are allowed and yet look like a slip: another unit, a gap of a cent, a row that changes
nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from shared.formatting import percent, trimmed
from shared.kernel.language.findings import Finding
from shared.kernel.language.phrases import mark
from shared.kernel.language.units import MONEY, Units
from shared.kernel.language.values import Figure

HIGH_ATTAINMENT = 10
"""An attainment of 1,000% and more is rather a percentage that lost its sign, or an amount of money."""
HIGH_RATE = 1
"""A rate of 100% and more of what is sold is rather a percentage that lost its sign."""
SMALL_AMOUNT = 10
_NINES = (Decimal("0.99"), Decimal("0.999"), Decimal("0.9999"))


def looks_like_percent(rate: Figure, unit: str | None, *path: str | int) -> Iterator[Finding]:
    """A rate that pays more than what was sold; of what is counted it may well."""
    # Of a count a rate of 50 is fifty for each; of money it pays fifty times what was sold.
    if isinstance(rate, Decimal) and abs(rate) >= HIGH_RATE and unit == MONEY:
        message = f"a rate of {trimmed(rate)} is {percent(rate)}: it pays {trimmed(rate)} for each 1 of the measure"
        yield Finding.warning("P213", path, message=message, mend=f"write {trimmed(rate)}% if percent is meant")


def suspicious_rates(
    ends: Sequence[Figure | None],
    gives: Sequence[tuple[Figure, ...]],
    *,
    on: str,
    by: str,
    measure: str,
    units: Units,
    amounts: bool = False,
) -> Iterator[Finding]:
    """Slips in tiers that give rates of a measure, the first of what each gives, and end at values `on` another one."""
    yield from suspicious_tiers(ends, gives, on=on, measure=by, unit=units.of(by))
    for number, (rate, *_) in enumerate(() if amounts else gives):
        yield from looks_like_percent(rate, units.of(measure), "tiers", number, "rate")


def suspicious_tiers(
    ends: Sequence[Figure | None],
    gives: Sequence[tuple[Figure, ...]],
    *,
    on: str,
    measure: str,
    unit: str | None,
    rows: str = "tiers",
    field: str | None = "up_to",
) -> Iterator[Finding]:
    """Boundaries in the wrong unit or with a gap of a cent, and neighbours that give the same.

    Args:
        ends: where each row ends or lies; None for no end.
        gives: what each row gives, where rows that give the same are one.
        on: what the ends are compared with, `attainment` or `amount`.
        measure: the one whose attainment or amount that is.
        unit: that of the measure; a small amount is suspicious where it is money.
        rows: the field that has the rows.
        field: the field of a row that has its end; None where a row is the end itself.
    """
    for number, end in enumerate(ends):
        place = (rows, number) if field is None else (rows, number, field)
        for code, message, mend in (
            _slips_of_end(end, on, measure=measure, unit=unit) if isinstance(end, Decimal) else ()
        ):
            yield Finding.warning(code, place, message=message, mend=mend)
    for number, (one, two) in enumerate(pairwise(gives), start=1):
        if one == two:
            yield Finding.note(
                "P302",
                (rows, number),
                message="this row gives the same as the one before it",
                mend="make them one row, or say what changes",
            )


def _slips_of_end(end: Decimal, on: str, *, measure: str, unit: str | None) -> Iterator[tuple[str, str, str]]:
    """Code, what and how to mend it, of a boundary."""
    if on == "attainment" and end >= HIGH_ATTAINMENT:
        message = f"{trimmed(end)} on attainment is {percent(end)} of quota"
        yield (
            "P211",
            message,
            f"write {trimmed(end)}% if percent is meant, or `on: amount` if it is an amount of {measure}",
        )
    if on == "amount" and unit == MONEY and 0 < end < SMALL_AMOUNT and end % 1 and not _ends_in_nines(end):
        message = f"{trimmed(end)} on amount is {trimmed(end)} of {measure}, hardly more than nothing"
        yield "P211", message, "write `on: attainment` if a share of quota is meant"
    if _ends_in_nines(end * 100 if on == "attainment" else end):
        # 99.99% means up to 100%, but a value of 99.995% lies between the rows and belongs to the next one.
        up = mark((end * 100).to_integral_value() / 100 if on == "attainment" else end.to_integral_value(), on)
        message = f"a boundary of {mark(end, on)} leaves what lies between it and {up} to the next row"
        yield "P303", message, f"write {up}; `conventions: {{boundary: upper}}` gives exactly {up} to the next row"


def _ends_in_nines(value: Decimal) -> bool:
    return value % 1 in _NINES
