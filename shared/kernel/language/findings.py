"""What is wrong, or not said, in a plan: a stable code, where in the plan, what it means and how to mend it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final, Literal

Severity = Literal["error", "warning", "note"]
Path = tuple[str | int, ...]
"""Where in the plan: the keys and list places that lead there, as in `("components", 0, "tiers", 1, "up_to")`."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that somebody should mend or say. An error keeps the plan from being used at all."""

    code: str
    severity: Severity
    path: Path
    message: str
    mend: str = ""

    @classmethod
    def error(cls, code: str, path: Path, *, message: str, mend: str = "") -> Finding:
        """What keeps the plan from being used."""
        return cls(code=code, severity="error", path=path, message=message, mend=mend)

    @classmethod
    def warning(cls, code: str, path: Path, *, message: str, mend: str = "") -> Finding:
        """What probably pays otherwise than it was meant."""
        return cls(code=code, severity="warning", path=path, message=message, mend=mend)

    @classmethod
    def note(cls, code: str, path: Path, *, message: str, mend: str = "") -> Finding:
        """What may be meant as it is."""
        return cls(code=code, severity="note", path=path, message=message, mend=mend)

    @property
    def in_words(self) -> str:
        """Code, what, and how to mend it, in one line."""
        return f"{self.code}: {self.message}" + (f"; {self.mend}" if self.mend else "")

    def under(self, *path: str | int) -> Finding:
        """The same, seen from further out."""
        return replace(self, path=(*path, *self.path))


class Flaws(ValueError):
    """Errors of a part of a plan, each at its own place; raised by validators in place of a plain `ValueError`."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = tuple(findings)


UNIT_CODES: Final = frozenset({"P211", "P213"})
"""Findings about a percent sign that may have been forgotten: where it is written, it was not."""
MANY = 24


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that is nearest to one that is not, if any is near."""
    return next(iter(get_close_matches(word, [name for name in known if name != word], n=1)), None)


def did_you_mean(word: str, known: Collection[str], *, what: str) -> str:
    """A hint: the nearest known word, or all of them where none is near and they are few."""
    known = [name for name in known if name != word]  # known elsewhere, and no help here
    if near := nearest(word, known):
        return f"did you mean {near}?"
    if not known:
        return f"there are no {what} yet"
    if len(known) > MANY:
        return f"it is none of the {what}"
    return f"the {what} are {', '.join(sorted(known))}"
