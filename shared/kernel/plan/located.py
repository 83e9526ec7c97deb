"""Findings at their places in the text of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from shared.kernel.language.findings import UNIT_CODES, Finding
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.text_positions import TextPosition, TextPositions

TOP = TextPosition(1, 1)
KEY_CODES = {"P102"}
"""Findings about a field itself rather than its value."""


@dataclass(frozen=True)
class Located:
    """A finding in a file."""

    file: str
    position: TextPosition
    finding: Finding

    @property
    def where(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.position.line}:{self.position.column}"

    @property
    def in_words(self) -> str:
        """Where, the code, what, and how to mend it, in one line."""
        return f"{self.where}: {self.finding.in_words}"

    def order(self) -> tuple[TextPosition, str, str]:
        """By what findings of a file are sorted: from top to bottom, and the same order every time."""
        return self.position, self.finding.code, self.finding.message


def locate(file: str, root: yaml.Node | None, *, findings: Sequence[Finding]) -> list[Located]:
    """Findings with their places in the document of a file, of which this is the node, in the order in which they are
    given.
    """
    positions = TextPositions(root)
    # Whether a percent sign was written is known from the text only: once it is read, 800% and 8 are the same number.
    return [
        Located(file, positions.of(finding.path, key=finding.code in KEY_CODES), finding)
        for finding in findings
        if finding.code not in UNIT_CODES or not positions.text_at(finding.path).endswith("%")
    ]


def unusable(
    file: str, message: str, *, position: TextPosition = TOP, code: str = "P001", mend: str = ""
) -> list[Located]:
    """Why a file cannot be read at all."""
    return [Located(file, position, Finding.error(code, (), message=message, mend=mend))]


def unreadable(file: str, error: PlanFileError) -> list[Located]:
    """Why a file is no YAML that can be read."""
    return unusable(file, error.what, position=TextPosition(*error.position), code=error.code, mend=error.mend)
