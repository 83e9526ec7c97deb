"""Findings and assertions as text for people and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from shared.kernel.plan.located import Located


def is_clean(findings: Sequence[Located]) -> bool:
    """Whether there is nothing beyond notes."""
    return all(located.finding.severity == "note" for located in findings)


def as_text(findings: Sequence[Located], files: int) -> str:
    """Line by line: where, how bad, the code, what, and how to mend it; the count at the end."""
    lines = [in_lines(found) for found in as_data(findings)]
    counted = Counter(located.finding.severity for located in findings)
    counts = ", ".join(
        f"{counted[severity]} {severity}{'s' if counted[severity] > 1 else ''}"
        for severity in ("error", "warning", "note")
        if counted[severity]
    )
    of = f"{files} file{'s' if files > 1 else ''}"
    return "\n".join([*lines, f"{of}: {counts or 'nothing to mend'}"])


def in_lines(found: Mapping[str, Any]) -> str:
    """One of `as_data`: where, how bad, the code, what; how to mend it below."""
    mend = f"\n    {found['mend']}" if found["mend"] else ""
    place = f"{found['file']}:{found['line']}:{found['column']}"
    return f"{place}: {found['severity']} {found['code']}: {found['message']}{mend}"


def as_json(findings: Sequence[Located]) -> str:
    """A list of findings."""
    return orjson.dumps(as_data(findings), option=orjson.OPT_INDENT_2).decode()


def as_data(findings: Sequence[Located]) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {
            "file": located.file,
            "line": located.position.line,
            "column": located.position.column,
            "severity": located.finding.severity,
            "code": located.finding.code,
            "path": list(located.finding.path),
            "message": located.finding.message,
            "mend": located.finding.mend,
        }
        for located in findings
    ]
