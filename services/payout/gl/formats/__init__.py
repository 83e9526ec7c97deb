"""The files that carry entries to the books, one module each: its settings, what its target refuses, and the text. A
new format is a new module.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from services.payout.gl.formats.base import Fault, JournalFormat

_modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]

FORMATS: Final[dict[str, JournalFormat]] = {
    form.name: form for module in _modules for form in getattr(module, "FORMATS", ())
}
"""The formats by name."""

__all__ = ["FORMATS", "Fault", "JournalFormat"]
