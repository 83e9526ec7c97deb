"""Whether what a proposal drafted is published, and from when it holds: plan versions, and quotas of the roster."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import TypeAlias

from services.alerts.proposals.proposal import Candidate

Versions: TypeAlias = Mapping[tuple[str, int], date]
"""By plan and version, the day from which a published version holds."""
Quotas: TypeAlias = Collection[tuple[str, str]]
"""Participants and the paths of the dated quotas that the roster says of them."""


def holds_from(candidate: Candidate, versions: Versions, *, quotas: Quotas) -> date | None:
    """The first day on which all of a change holds, None as long as a part of it is not published.

    A version counts by its number: whoever publishes a draft may have given it another date first. A file of quotas
    counts when everybody in it has a quota of its date, whatever it was corrected to since.
    """
    if not candidate.drafts <= versions.keys() or not candidate.quotas <= set(quotas):
        return None
    return max((versions[draft] for draft in candidate.drafts), default=candidate.effective_from)
