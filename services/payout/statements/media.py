"""In which form a statement is asked for: by the end of the address, or else by what the caller accepts."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from shared.decimals import NotDecimal, plain_decimal

Form = Literal["json", "html", "pdf"]

MEDIA: Final[dict[Form, str]] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
}
TYPES: Final[dict[str, Form]] = {"application/json": "json", "text/html": "html", "application/pdf": "pdf"}


def named(path: str) -> tuple[str, Form | None]:
    """`ada.brandt.pdf` is `ada.brandt` as PDF; without such an end the form is open."""
    for form in MEDIA:
        # An end with nothing before it is an id and no form.
        if path.endswith(f".{form}") and len(path) > len(form) + 1:
            return path.removesuffix(f".{form}"), form
    return path, None


def accepted(header: str | None) -> Form | None:
    """What an `Accept` header likes best, JSON where it does not care; None where it takes none of the three."""
    best: tuple[Decimal, int, Form] | None = None
    for order, entry in enumerate((header or "*/*").split(",")):
        kind, *parameters = (part.strip().lower() for part in entry.split(";"))
        weight = _weight(parameters)
        for media, form in TYPES.items():
            if weight and kind in (media, f"{media.partition('/')[0]}/*", "*/*"):
                # what is named goes before what is only not excluded
                rank = (weight, (2 if kind == media else 0) * 1000 - order, form)
                best = rank if best is None or rank[:2] > best[:2] else best
    return None if best is None else best[2]


def _weight(parameters: list[str]) -> Decimal:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return plain_decimal(parameter[2:])
            except NotDecimal:
                return Decimal(0)
    return Decimal(1)
