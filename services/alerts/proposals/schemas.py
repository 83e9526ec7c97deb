"""What HTTP takes and gives of proposals."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.alerts.proposals.later_effect import LaterEffect
from services.alerts.proposals.proposal import EFFECT, FILES, Candidate, Decision, Effect, Stage, Standing
from services.alerts.proposals.rules import Kind
from shared.contracts.base import NAME, WITHOUT_NUL, CurrencyCode, Identifier, PeriodName, Submission, Text

MOST_PROPOSALS: Final = 100
LEAST_PEOPLE: Final = 5
LONGEST_FILE: Final = 500_000
MOST_FILES: Final = 50
MOST_MONTHS: Final = 120

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


class MonthView(_Part):
    """What a month costs as it was and as it would have been; `changed` counts whose pay of it changes."""

    month: PeriodName
    cost_before: Decimal
    cost_after: Decimal
    changed: int = Field(ge=0)


class EffectView(_Part):
    """What a change would have paid over the months from `first` to `last`, together and in each. Money in major units
    of the currency.
    """

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
    months: tuple[MonthView, ...] = Field(
        max_length=MOST_MONTHS, description="Empty where the pay of few people changes in one of them"
    )


class FileBody(_Part):
    """A draft version of a plan, or a roster file with quotas, which has no plan."""

    file: FileName
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_FILE, pattern=WITHOUT_NUL)]
    plan: Identifier | None = None
    version: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> FileBody:
        if (self.plan is None) != (self.version is None):
            raise ValueError("a draft has a plan and a version, a file of quotas has neither")
        header = self.text.split("\n", 1)[0]
        if self.plan is None and not {"participant_id", "effective_from"} <= set(header.strip().split(",")):
            raise ValueError("a file of quotas has the columns participant_id and effective_from")
        return self


class CandidateBody(_Part):
    """A change as it was simulated, with the files that it is made of."""

    rule: KpiName
    kind: Kind
    plans: tuple[Identifier, ...] = Field(
        min_length=1, max_length=MOST_FILES, description="The versions that it starts from", examples=[["rep@2"]]
    )
    words: tuple[Sentence, ...] = Field(min_length=1, max_length=100)
    cause: Sentence
    behaviour: Sentence
    source: Sentence
    effective_from: date
    files: tuple[FileBody, ...] = Field(min_length=1, max_length=MOST_FILES)
    effect: EffectView

    def candidate(self) -> Candidate:
        """As the domain has it."""
        effect = EFFECT.validate_python(self.effect.model_dump())
        files = FILES.validate_python([each.model_dump() for each in self.files])
        return Candidate(**(self.model_dump(exclude={"effect", "files"}) | {"effect": effect, "files": files}))


class ProposalsBody(_Part):
    """The candidates for an alert, all that were made."""

    proposals: tuple[CandidateBody, ...] = Field(min_length=1, max_length=MOST_PROPOSALS)

    @model_validator(mode="after")
    def _each_once(self) -> ProposalsBody:
        keys = [(each.kind, plan.partition("@")[0]) for each in self.proposals for plan in each.plans]
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


class FileView(BaseModel):
    """A file of a proposal. `text` is told with one proposal, and of quotas to keys that may read earnings alone: it
    has everybody's.
    """

    file: str
    plan: str | None
    version: int | None
    text: str | None


class ProposalView(BaseModel):
    """A proposal. What it changes of few people's pay, or of that of one manager's team, is null for keys that may not
    read earnings.

    `stage` is how far it has come, `holds_from` the day from which an accepted change holds once it is published;
    `retired_by` names the accepted proposal that changes the same and does not hold yet. `verify` is the command that
    calculates the effect once more, of these files over the facts as they are, and compares.
    """

    proposal_id: str
    alert_id: str
    rule: str
    kind: Kind
    plans: list[str]
    words: list[str]
    cause: str
    behaviour: str
    source: str
    effective_from: date
    files: list[FileView]
    effect: EffectView | None
    verify: str
    proposed_by: str
    proposed_at: datetime
    decision: Decision | None
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    stage: Stage
    holds_from: date | None
    retired_by: str | None

    @classmethod
    def of(cls, standing: Standing, *, today: date, reads_pay: bool) -> ProposalView:
        """The view of a proposal for somebody who may read earnings, or not."""
        return cls(**_fields(standing, today=today, reads_pay=reads_pay, texts=False))


class ProposalDetail(ProposalView):
    """A proposal with the texts of its files, and once it holds what became of the KPI."""

    later_effect: LaterEffectView | None

    @classmethod
    def whole(
        cls, standing: Standing, later: LaterEffectView | None, *, today: date, reads_pay: bool
    ) -> ProposalDetail:
        """The view of a proposal with all there is for somebody who may read earnings, or not."""
        return cls(**_fields(standing, today=today, reads_pay=reads_pay, texts=True), later_effect=later)


class Proposals(BaseModel):
    """Proposals, by alert in the order in which they were made."""

    proposals: list[ProposalView]


def _fields(standing: Standing, *, today: date, reads_pay: bool, texts: bool) -> dict[str, Any]:
    proposal = standing.proposal
    candidate = proposal.candidate
    of_candidate = {name: getattr(candidate, name) for name in Candidate.__dataclass_fields__}
    files = [
        FileView(
            file=each.file,
            plan=each.plan,
            version=each.version,
            text=each.text if texts and (reads_pay or each.plan is not None) else None,
        )
        for each in candidate.files
    ]
    decided = {name: getattr(proposal, name) for name in ("decision", "reason", "decided_by", "decided_at")}
    return {
        "proposal_id": proposal.proposal_id,
        "alert_id": proposal.alert_id,
        "proposed_by": proposal.proposed_by,
        "proposed_at": proposal.proposed_at,
        **of_candidate,
        "files": files,
        "effect": _effect(candidate.effect, personal=standing.personal, reads_pay=reads_pay),
        "verify": f"earnest alerts verify {proposal.proposal_id}",
        **decided,
        "stage": standing.stage(today),
        "holds_from": standing.holds_from,
        "retired_by": standing.retired_by.proposal_id if standing.retired_by else None,
    }


def _effect(effect: Effect, *, personal: bool, reads_pay: bool) -> EffectView | None:
    """The difference in cost of one or two people is the difference in their pay, also that of a month; and figures of
    one manager's team are told as those of the alert about it are.
    """
    if not reads_pay and (personal or effect.gain + effect.lose < LEAST_PEOPLE):
        return None
    shown = EffectView(**EFFECT.dump_python(effect))
    told = reads_pay or all(month.changed == 0 or month.changed >= LEAST_PEOPLE for month in effect.months)
    return shown if told else shown.model_copy(update={"months": ()})
