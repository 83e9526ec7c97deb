"""What HTTP takes and gives of proposals."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.alerts.proposals.later_effect import LaterEffect
from services.alerts.proposals.proposal import EFFECT, Candidate, Decision, Proposal
from services.alerts.proposals.rules import Kind
from shared.contracts.base import NAME, WITHOUT_NUL, CurrencyCode, Identifier, PeriodName, Submission, Text

MOST_PROPOSALS: Final = 100
LEAST_PEOPLE: Final = 5
LONGEST_FILE: Final = 500_000

Sentence = Annotated[str, Field(min_length=1, max_length=2000, pattern=WITHOUT_NUL)]
KpiName = Annotated[str, Field(pattern=NAME)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@:+-]*$", max_length=256)]


class _Part(BaseModel):
    """A part of what is offered: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FigureView(_Part):
    """A KPI over the simulated months, as it was and as it would have been."""

    before: Decimal
    after: Decimal


class EffectView(_Part):
    """What a change would have paid over the months from `first` to `last`. Money in major units of the currency."""

    first: PeriodName
    last: PeriodName
    currency: CurrencyCode
    cost_before: Decimal
    cost_after: Decimal
    gain: int = Field(ge=0)
    lose: int = Field(ge=0)
    same: int = Field(ge=0)
    change_p10: Decimal
    change_p50: Decimal
    change_p90: Decimal
    figures: dict[KpiName, FigureView]


class CandidateBody(_Part):
    """A change as it was simulated, with the file that it is."""

    rule: KpiName
    kind: Kind
    plan: Identifier
    version: int | None = Field(default=None, ge=1, description="Of a draft plan; none of a file of quotas")
    words: tuple[Sentence, ...] = Field(min_length=1, max_length=100)
    cause: Sentence
    behaviour: Sentence
    source: Sentence
    effective_from: date
    file: FileName
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_FILE, pattern=WITHOUT_NUL)]
    effect: EffectView

    def candidate(self) -> Candidate:
        """As the domain has it."""
        effect = EFFECT.validate_python(self.effect.model_dump())
        return Candidate(**(self.model_dump(exclude={"effect"}) | {"effect": effect}))


class ProposalsBody(_Part):
    """The candidates for an alert, all that were made."""

    proposals: tuple[CandidateBody, ...] = Field(min_length=1, max_length=MOST_PROPOSALS)

    @model_validator(mode="after")
    def _each_once(self) -> ProposalsBody:
        keys = [(each.kind, each.plan) for each in self.proposals]
        if len(set(keys)) < len(keys):
            raise ValueError("a kind of change is proposed once for a plan")
        return self


class DecisionRequest(Submission):
    """What is decided about a proposal, and why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"decision": "accepted", "reason": "x"}]})

    decision: Decision
    reason: Text


class LaterEffectView(BaseModel):
    """The KPI after the change against the same phases of the year before: two times compared, no cause proven."""

    kpi: str
    pairs: int
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Literal["supported", "not distinguishable", "contradicted"]
    causal: Literal[False] = False

    @classmethod
    def of(cls, effect: LaterEffect, kpi: str) -> LaterEffectView:
        """The view of what became of a KPI."""
        return cls(kpi=kpi, **{name: getattr(effect, name) for name in LaterEffect.__dataclass_fields__})


class ProposalView(BaseModel):
    """A proposal, without its file. What it changes of few people's pay is null for keys that may not read earnings."""

    proposal_id: str
    alert_id: str
    rule: str
    kind: Kind
    plan: str
    version: int | None
    words: list[str]
    cause: str
    behaviour: str
    source: str
    effective_from: date
    file: str
    effect: EffectView | None
    proposed_by: str
    proposed_at: datetime
    decision: Decision | None
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, proposal: Proposal, *, reads_pay: bool) -> ProposalView:
        """The view of a proposal for somebody who may read earnings, or not."""
        return cls(**_fields(proposal, reads_pay=reads_pay))


class ProposalDetail(ProposalView):
    """A proposal with its file, and after its date what became of the KPI. A file of quotas is null for keys that may
    not read earnings: it has everybody's.
    """

    text: str | None
    later_effect: LaterEffectView | None

    @classmethod
    def whole(cls, proposal: Proposal, later: LaterEffectView | None, *, reads_pay: bool) -> ProposalDetail:
        """The view of a proposal with all there is for somebody who may read earnings, or not."""
        shown = reads_pay or proposal.candidate.version is not None
        return cls(
            **_fields(proposal, reads_pay=reads_pay),
            text=proposal.candidate.text if shown else None,
            later_effect=later,
        )


class Proposals(BaseModel):
    """Proposals, by alert in the order in which they were made."""

    proposals: list[ProposalView]


def _fields(proposal: Proposal, *, reads_pay: bool) -> dict[str, Any]:
    candidate = proposal.candidate
    of_candidate = {name: getattr(candidate, name) for name in Candidate.__dataclass_fields__ if name != "text"}
    # The difference in cost of one or two people is the difference in their pay.
    shown = reads_pay or candidate.effect.gain + candidate.effect.lose >= LEAST_PEOPLE
    effect = EffectView(**EFFECT.dump_python(candidate.effect)) if shown else None
    decided = {name: getattr(proposal, name) for name in ("decision", "reason", "decided_by", "decided_at")}
    return {
        "proposal_id": proposal.proposal_id,
        "alert_id": proposal.alert_id,
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at,
        **of_candidate,
        "effect": effect,
        **decided,
    }
