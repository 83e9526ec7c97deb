"""A version that never holds, because a higher one of the same plan holds from the same day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.kernel.language.findings import Finding
from shared.kernel.plan.version import Plan


def never_holds(plan: Plan, others: Sequence[Plan]) -> Iterator[Finding]:
    """What replaces the version from its first day; which is how a version is corrected, and may be meant."""
    higher = [each for each in others if each.effective_from == plan.effective_from and each.version > plan.version]
    if higher:
        last = max(higher, key=lambda each: each.version)
        said = f"version {last.version} holds from the same day and replaces this one: it never holds"
        yield Finding(
            code="P604",
            severity="note",
            path=("effective_from",),
            message=said,
            mend="change the day, if both are to hold",
        )
