"""A version that never holds, because a higher one of the same plan holds from the same day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.kernel.language.findings import Finding
from shared.kernel.plan.version import Plan


def never_holds(plan: Plan, others: Sequence[Plan]) -> Iterator[Finding]:
    """What replaces the version from its first day; which is how a version is corrected, and may be meant."""
    higher = [other for other in others if other.effective_from == plan.effective_from and other.version > plan.version]
    if higher:
        last = max(higher, key=lambda other: other.version)
        message = f"version {last.version} holds from the same day and replaces this one: it never holds"
        yield Finding.note("P604", ("effective_from",), message=message, mend="change the day, if both are to hold")
