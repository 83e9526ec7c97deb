"""The kinds of plan components, one module each: its words, what it pays, and how that is told. A new kind is a new
module here."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field

from shared.kernel.components.base import Kind, Part, Unpaid

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

KINDS: dict[str, type[Kind]] = {
    get_args(kind.model_fields["kind"].annotation)[0]: kind
    for kind in sorted(Kind.__subclasses__(), key=lambda kind: kind.__name__)
}
"""The kinds by name."""

if TYPE_CHECKING:
    Component = Kind
else:
    Component = Annotated[reduce(or_, KINDS.values()), Field(discriminator="kind")]

__all__ = ["KINDS", "Component", "Kind", "Part", "Unpaid"]
