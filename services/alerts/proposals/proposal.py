"""A proposal: a candidate change that was offered for an alert, what was decided about it, and how far it has come."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from pydantic import TypeAdapter

from services.alerts.proposals.errors import DecidedAlready
from services.alerts.proposals.rules import Kind
from shared.contracts.roster import EVERY_QUOTA

Decision = Literal["accepted", "rejected"]
Stage = Literal["offered", "retired", "rejected", "not published", "published", "in force"]
"""How far a proposal has come: of one that was accepted, whether its files are published, and hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A KPI over the simulated months, as it was and as it would have been."""

    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCost:
    """What a month costs as it was and as it would have been, and of how many people the pay of the month changes."""

    month: str
    cost_before: Decimal
    cost_after: Decimal
    changed: int


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
    months: tuple[MonthCost, ...]


EFFECT: Final[TypeAdapter[Effect]] = TypeAdapter(Effect)
"""Reads and writes an effect as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFile:
    """A file of a proposal: a draft version of a plan, or without one the rows of a roster file with quotas."""

    file: str
    text: str
    plan: str | None = None
    version: int | None = None


FILES: Final[TypeAdapter[tuple[DraftFile, ...]]] = TypeAdapter(tuple[DraftFile, ...])
"""Reads and writes the files of a proposal as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A change as it was simulated, of all plans that it is made in together.

    `plans` are the versions in force that it starts from (`rep@2`). `words` say what is changed, `cause` is why,
    `behaviour` what no calculation says of it, `source` who says so.
    """

    rule: str
    kind: Kind
    plans: tuple[str, ...]
    words: tuple[str, ...]
    cause: str
    behaviour: str
    source: str
    effective_from: date
    files: tuple[DraftFile, ...]
    effect: Effect

    @property
    def names(self) -> frozenset[str]:
        """The plans, whatever their version."""
        return frozenset(plan.partition("@")[0] for plan in self.plans)

    @property
    def drafts(self) -> frozenset[tuple[str, int]]:
        """The plan versions that its files are drafts of."""
        return frozenset((each.plan, each.version) for each in self.files if each.plan and each.version)

    @property
    def quotas(self) -> frozenset[tuple[str, str]]:
        """The participants whose quotas its roster files set, with the path by which the roster says each."""
        return frozenset(quota for each in self.files if each.plan is None for quota in _quotas(each.text))

    def competes(self, other: Candidate) -> bool:
        """Whether they change the same plan, or quotas on it of the same people: after both at once nobody could tell
        which of them had an effect.
        """
        if self.names.isdisjoint(other.names):
            return False
        people = [{who for who, _ in each.quotas} for each in (self, other)]
        return not all(people) or not people[0].isdisjoint(people[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A candidate that was offered for an alert: one for each kind of change of the plans that pay in a currency."""

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
        """With a decision. The same by the same person once more changes nothing; what was accepted may be rejected
        after all.

        Raises:
            DecidedAlready: somebody rejected it, or accepted it with another reason or as another person.
        """
        if (self.decision, self.reason, self.decided_by) == (decision, reason, who):
            return self
        if self.decision == "rejected" or self.decision == decision:
            raise DecidedAlready(self.proposal_id, self.decision, who=self.decided_by, alert_id=self.alert_id)
        return replace(self, decision=decision, reason=reason, decided_by=who, decided_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a proposal stands, beside what was decided about it.

    `holds_from` is the day from which its change holds, once all its files are published or loaded. `retired_by` is the
    accepted proposal that competes with it, as long as that one does not hold yet. `personal` says that its alert is
    about one person.
    """

    proposal: Proposal
    personal: bool
    holds_from: date | None = None
    retired_by: Proposal | None = None

    def stage(self, today: date) -> Stage:
        """How far it has come."""
        if self.proposal.decision == "rejected":
            return "rejected"
        if self.proposal.decision is None:
            return "offered" if self.retired_by is None else "retired"
        if self.holds_from is None:
            return "not published"
        return "in force" if self.holds_from <= today else "published"


def _quotas(text: str) -> Iterator[tuple[str, str]]:
    for row in csv.DictReader(text.splitlines()):
        who, day = row.pop("participant_id"), row.pop("effective_from")
        yield from (
            (who, f"{day}/{EVERY_QUOTA if column == 'quota' else column}") for column, cell in row.items() if cell
        )
