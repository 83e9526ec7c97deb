"""Hints name a command as its reader calls it: by the same program, with the same folder. What is printed there can be
typed as it stands.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

_COMMAND: Final = re.compile(r"(?<![\w./-])earnest (?=[a-z])")
_given: list[str] = []


def called_with(home: str | None) -> None:
    """Remember the folder that the command line named; None where it named none, and hints need not either."""
    _given[:] = [] if home is None else ["--home", home]


def as_called(text: str) -> str:
    """A text in which `earnest COMMAND` stands as whoever reads it calls it."""
    call = " ".join([_program(), *map(shlex.quote, _given)])
    return text if call == "earnest" else _COMMAND.sub(lambda _: f"{call} ", text)


def _program() -> str:
    called = sys.argv[0]
    if Path(called).name != "earnest":  # within another program, whose reader has the command by its name
        return "earnest"
    found = shutil.which("earnest")
    on_path = found is not None and Path(called).is_absolute() and Path(found).resolve() == Path(called).resolve()
    return "earnest" if on_path else shlex.quote(called)
