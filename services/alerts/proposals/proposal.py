"""A proposal: a candidate change that was offered for an alert, and what was decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from pydantic import TypeAdapter

from services.alerts.proposals.errors import DecidedOtherwise
from services.alerts.proposals.rules import Kind

Decision = Literal["accepted", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A KPI over the simulated months, as it was and as it would have been."""

    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a change would have paid over months of history, both included. Money in major units; who gains, loses or
    stays the same is counted of those whom either version pays, and `change_…` are quantiles of what it changes for
    those whose pay it changes. `figures` are by KPI.
    """

    first: str
    last: str
    currency: str
    cost_before: Decimal
    cost_after: Decimal
    gain: int
    lose: int
    same: int
    change_p10: Decimal
    change_p50: Decimal
    change_p90: Decimal
    figures: Mapping[str, Figure]


EFFECT: Final[TypeAdapter[Effect]] = TypeAdapter(Effect)
"""Reads and writes an effect as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A change as it was simulated. `version` is that of a draft plan, none of a file of quotas; `text` is the file.

    `words` say what is changed, `cause` is why, `behaviour` what no calculation says of it, `source` who says so.
    """

    rule: str
    kind: Kind
    plan: str
    version: int | None
    words: tuple[str, ...]
    cause: str
    behaviour: str
    source: str
    effective_from: date
    file: str
    text: str
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A candidate that was offered for an alert: one for each kind of change and plan."""

    alert_id: str
    number: int
    candidate: Candidate
    proposed_by: str
    proposed_at: datetime
    decision: Decision | None = None
    reason: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def proposal_id(self) -> str:
        """The alert's id and the number of the proposal: short, and safe in URLs."""
        return f"{self.alert_id}.p{self.number}"

    def offered(self, candidate: Candidate, *, who: str, now: datetime) -> Proposal:
        """With the candidate as it is now. What somebody has decided about stays as they saw it."""
        if self.decision is not None or candidate == self.candidate:
            return self
        return replace(self, candidate=candidate, proposed_by=who, proposed_at=now)

    def decided(self, decision: Decision, *, reason: str, who: str, now: datetime) -> Proposal:
        """With a decision. The same once more changes nothing.

        Raises:
            DecidedOtherwise: somebody decided the other way.
        """
        if self.decision == decision:
            return self
        if self.decision is not None:
            raise DecidedOtherwise(self.proposal_id, self.decision, who=self.decided_by)
        return replace(self, decision=decision, reason=reason, decided_by=who, decided_at=now)
