"""Candidates for a signal: each a draft plan version or a file of quotas, with what it would have paid over history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cache
from typing import Final, NamedTuple

import polars as pl

from earnest.files.kernel_inputs import KernelInputs
from earnest.proposals.drafts import draft, effective_date
from earnest.proposals.effects import Effect, Paid, Span, attained, effect, paid, span_of
from earnest.proposals.plan_changes import NothingToChange, changed_by
from earnest.proposals.quotas import Factors, changed_evenly, people_of, quota_file, reallocated, with_factors
from services.alerts.proposals import Direction, PlanChange, Rule, rules_for
from shared.formatting import counted, percent
from shared.kernel.plan.exact_yaml import read_document
from shared.kernel.plan.version import Plan
from shared.money import from_minor

MONTHS_OF: Final[Mapping[str, int]] = {"quarterly_measure": 3}
"""With what a draft's date begins, in months: what adds up over a quarter begins with one."""
TEAMS: Final = ("territory", "manager", "position")
"""Dimensions whose segments are some of the people of a plan."""
QUOTAS: Final = ("quotas", "reallocate_quotas")
"""Changes of the roster; all others are of a plan."""


class Signal(NamedTuple):
    """What an alert says: a KPI that went up or down, of the whole company or of a segment."""

    kpi: str
    direction: Direction
    dimension: str = ""
    segment: str = ""

    @property
    def of_roster(self) -> dict[str, str]:
        """The segment as an attribute of participants; empty where it is of the whole company, or of deals."""
        return {self.dimension: self.segment} if self.dimension in ("plan", *TEAMS) else {}

    def answered_by(self, rule: Rule) -> Sequence[PlanChange]:
        """The changes of a rule that fit: what is wrong with some people of a plan is answered with their quotas, where
        those answer it, and not with a plan that others have, too.
        """
        quotas = [change for change in rule.changes if change.kind in QUOTAS]
        return quotas if quotas and self.dimension in TEAMS else rule.changes


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A change that answers a signal. `file` and `text` are a draft plan or a roster file with quotas."""

    rule: Rule
    change: PlanChange
    plan: str
    version: int | None
    words: tuple[str, ...]
    effective_from: date
    file: str
    text: str
    effect: Effect


@dataclass(frozen=True, kw_only=True)
class Left:
    """A change that a plan has nothing for, and why."""

    plan: str
    kind: str
    why: str


@dataclass(kw_only=True)
class Proposing:
    """The history of a company and its plans, over which candidates are made and simulated."""

    inputs: KernelInputs
    texts: Mapping[str, str]
    """The text of each published version by its key (`rep@2`)."""
    today: date
    left: list[Left] = field(default_factory=list)

    def candidates(self, signal: Signal, *, step: Callable[[str], None]) -> Iterator[Candidate]:
        """The candidates for a signal; what plans have nothing for is added to `left`.

        Raises:
            NothingToChange: there is no history to simulate over.
            Overflow: a sum is beyond 10^18 minor units.
        """
        span = span_of(self.inputs.deals, until=self.today)
        if span is None:
            raise NothingToChange("no deal was won in a complete month: there is no history to simulate over")
        for plan in self._plans(signal):
            before = cache(lambda plan=plan: paid(self.inputs, plan, roster=self.inputs.roster, span=span))
            for rule in rules_for(signal.kpi, signal.direction):
                for change in signal.answered_by(rule):
                    step(f"{plan.plan}: {change.kind.replace('_', ' ')}")
                    try:
                        yield self._candidate(rule, change, plan=plan, signal=signal, span=span, before=before)
                    except NothingToChange as reason:
                        self.left.append(Left(plan=plan.plan, kind=change.kind, why=str(reason)))

    def _plans(self, signal: Signal) -> list[Plan]:
        """The versions in force that somebody is on: of a signal about a plan only that one."""
        names = sorted({plan.plan for plan in self.inputs.plans})
        wanted = [signal.segment] if signal.dimension == "plan" else names
        held = [self.inputs.plans.version_on(name, self.today) for name in wanted if name in names]
        return [plan for plan in held if plan is not None and self._people(plan, signal)]

    def _people(self, plan: Plan, signal: Signal) -> list[str]:
        return people_of(self.inputs.roster, day=self.today, **{**signal.of_roster, "plan": plan.plan})

    def _of_figures(self, signal: Signal) -> list[str] | None:
        """Whose attainment and pay the figures are of; None for everybody's."""
        wanted = signal.of_roster
        return people_of(self.inputs.roster, day=self.today, **wanted) if wanted else None

    def _candidate(
        self,
        rule: Rule,
        change: PlanChange,
        *,
        plan: Plan,
        signal: Signal,
        span: Span,
        before: Callable[[], Paid],
    ) -> Candidate:
        starts = effective_date(self.today, months=MONTHS_OF.get(change.kind, 1))
        if change.kind in QUOTAS:
            people = self._people(plan, signal)
            factors, words = _quotas(change, people, before=before(), plan=plan)
            file = quota_file(self.inputs.roster, factors, effective_from=starts, name=f"{plan.plan}-{change.kind}")
            after = paid(self.inputs, plan, roster=with_factors(self.inputs.roster, factors), span=span)
            version, name, text = None, file.file, file.text
        else:
            source = self.texts[plan.key]
            changed = changed_by(
                read_document(source).data, change, large_deal=self._large_deal(plan, change, span=span)
            )
            version, words = (
                1 + max(other.version for other in self.inputs.plans if other.plan == plan.plan),
                changed.words,
            )
            reason = f"{rule.cause} {' '.join(words)}"
            made = draft(source, changed, version=version, effective_from=starts, reason=reason, name=change.kind)
            after = paid(self.inputs, made.plan, roster=self.inputs.roster, span=span)
            name, text = made.file, made.text
        return Candidate(
            rule=rule,
            change=change,
            plan=plan.plan,
            version=version,
            words=words,
            effective_from=starts,
            file=name,
            text=text,
            effect=effect(before(), after, span=span, people=self._of_figures(signal)),
        )

    def _large_deal(self, plan: Plan, change: PlanChange, *, span: Span) -> Decimal | None:
        """The amount below which a share of the deals of the span stays, rounded up to two digits; in major units."""
        if change.kind != "largest_deals" or change.at is None:
            return None
        won = span.won(self.inputs.deals, plan.currency)
        amount = won["amount"].quantile(float(change.at), "higher")
        if amount is None or amount <= 0:
            return None
        major = from_minor(int(amount), plan.currency)
        step = Decimal(10) ** (major.adjusted() - 1)
        return (major / step).quantize(Decimal(1), ROUND_CEILING) * step


def _quotas(change: PlanChange, people: list[str], *, before: Paid, plan: Plan) -> tuple[Factors, tuple[str, ...]]:
    by = change.by or Decimal(0)
    if change.kind == "quotas":
        whose = counted(len(people), "person", "people")
        words = f"Quotas of {whose} on {plan.plan} are {percent(abs(by))} {'higher' if by > 0 else 'lower'}."
        return changed_evenly(people, by), (words,)
    months = attained(before.earned).filter(pl.col("plan") == plan.plan, pl.col("participant_id").is_in(people))
    sums = months.group_by("participant_id").agg(pl.col("quota", "measure").sum())
    factors = reallocated({who: (quota, sold) for who, quota, sold in sums.iter_rows()}, by=by)
    words = f"The same total of quotas is divided by what people brought, {percent(by)} of the way."
    return factors, (words,)
