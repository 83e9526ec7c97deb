"""Numbers of a plan that are allowed and yet look like a slip: another unit, a gap of a cent, a row that changes
nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from shared.formatting import percent, trimmed
from shared.kernel.language.findings import Finding
from shared.kernel.language.phrases import mark
from shared.kernel.language.units import MONEY

HIGH_ATTAINMENT = 10
"""An attainment of 1,000% and more is rather a percentage that lost its sign, or an amount of money."""
HIGH_RATE = 1
"""A rate of 100% and more of what is sold is rather a percentage that lost its sign."""
SMALL_AMOUNT = 10
_NINES = (Decimal("0.99"), Decimal("0.999"), Decimal("0.9999"))


def looks_like_percent(rate: Decimal, unit: str | None, *path: str | int) -> Iterator[Finding]:
    """A rate that pays more than what was sold; of what is counted it may well."""
    # Of a count a rate of 50 is fifty for each; of money it pays fifty times what was sold.
    if abs(rate) >= HIGH_RATE and unit == MONEY:
        said = f"a rate of {trimmed(rate)} is {percent(rate)}: it pays {trimmed(rate)} for each 1 of the measure"
        yield Finding(
            code="P213", severity="warning", path=path, message=said, mend=f"write {trimmed(rate)}% if percent is meant"
        )


def suspicious_tiers(
    ends: Sequence[Decimal | None],
    gives: Sequence[tuple[Decimal, ...]],
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
        measure: whose.
        unit: that of the measure; a small amount is suspicious where it is money.
        rows: the field that has the rows.
        field: the field of a row that has its end; None where a row is the end itself.
    """

    def path(number: int) -> tuple[str | int, ...]:
        return (rows, number) if field is None else (rows, number, field)

    for number, end in enumerate(ends):
        if end is None:
            continue
        if on == "attainment" and end >= HIGH_ATTAINMENT:
            said = f"{trimmed(end)} on attainment is {percent(end)} of quota"
            mend = f"write {trimmed(end)}% if percent is meant, or `on: amount` if it is an amount of {measure}"
            yield Finding(code="P211", severity="warning", path=path(number), message=said, mend=mend)
        if on == "amount" and unit == MONEY and 0 < end < SMALL_AMOUNT and end % 1 and not _ends_in_nines(end):
            said = f"{trimmed(end)} on amount is {trimmed(end)} of {measure}, hardly more than nothing"
            yield Finding(
                code="P211",
                severity="warning",
                path=path(number),
                message=said,
                mend="write `on: attainment` if a share of quota is meant",
            )
        if _ends_in_nines(end * 100 if on == "attainment" else end):
            up = (end * 100).to_integral_value() / 100 if on == "attainment" else end.to_integral_value()
            said = f"a boundary of {mark(end, on)} leaves what lies between it and {mark(up, on)} to the next row"
            mend = (
                f"write {mark(up, on)}; `conventions: {{boundary: upper}}` gives exactly {mark(up, on)} to the next row"
            )
            yield Finding(code="P303", severity="warning", path=path(number), message=said, mend=mend)
    for number, (one, two) in enumerate(pairwise(gives), start=1):
        if one == two:
            said = "this row gives the same as the one before it"
            yield Finding(
                code="P302",
                severity="note",
                path=(rows, number),
                message=said,
                mend="make them one row, or say what changes",
            )


def _ends_in_nines(value: Decimal) -> bool:
    return value % 1 in _NINES
