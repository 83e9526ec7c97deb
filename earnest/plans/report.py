"""Findings and assertions as text for people and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import orjson

from earnest.plans.check import Located


def is_clean(found: Sequence[Located]) -> bool:
    """Whether there is nothing beyond notes."""
    return all(each.finding.severity == "note" for each in found)


def as_text(found: Sequence[Located], files: int) -> str:
    """Line by line: where, how bad, the code, what, and how to mend it; the count at the end."""
    lines: list[str] = []
    for each in found:
        finding = each.finding
        lines.append(f"{each.where}: {finding.severity} {finding.code}: {finding.message}")
        if finding.mend:
            lines.append(f"    {finding.mend}")
    counted = Counter(each.finding.severity for each in found)
    told = ", ".join(
        f"{counted[severity]} {severity}{'s' if counted[severity] > 1 else ''}"
        for severity in ("error", "warning", "note")
        if counted[severity]
    )
    of = f"{files} file{'s' if files > 1 else ''}"
    return "\n".join([*lines, f"{of}: {told or 'nothing to mend'}"])


def as_json(found: Sequence[Located]) -> str:
    """A list of findings."""
    return orjson.dumps(
        [
            {
                "file": each.file,
                "line": each.position.line,
                "column": each.position.column,
                "severity": each.finding.severity,
                "code": each.finding.code,
                "path": list(each.finding.path),
                "message": each.finding.message,
                "mend": each.finding.mend,
            }
            for each in found
        ],
        option=orjson.OPT_INDENT_2,
    ).decode()
