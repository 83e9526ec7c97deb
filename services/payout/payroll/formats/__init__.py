"""The payroll formats, one module each: settings, columns, and so what is refused. A new format is a new module
here.
"""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field

from services.payout.payroll.formats.base import PayrollFormat

# Importing a module is what makes its classes known as subclasses.
for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


def _leaves(kind: type[PayrollFormat]) -> list[type[PayrollFormat]]:
    """The formats below a class that are no longer extended."""
    return [leaf for below in kind.__subclasses__() for leaf in _leaves(below)] or [kind]


_kinds = [leaf for below in PayrollFormat.__subclasses__() for leaf in _leaves(below)]

FORMATS: dict[str, type[PayrollFormat]] = dict(
    sorted((get_args(kind.model_fields["format"].annotation)[0], kind) for kind in _kinds)
)
"""The formats by name."""

# Which formats there are is found at run time, so for a type checker any of them is a PayrollFormat.
if TYPE_CHECKING:
    AnyFormat = PayrollFormat
else:
    AnyFormat = Annotated[reduce(or_, FORMATS.values()), Field(discriminator="format")]

__all__ = ["FORMATS", "AnyFormat", "PayrollFormat"]
