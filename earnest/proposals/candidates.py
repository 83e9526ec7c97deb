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
from earnest.proposals.drafts import Draft, draft, effective_date
from earnest.proposals.effects import Effect, Paid, Span, attained, effect, paid, span_of
from earnest.proposals.plan_changes import NothingToChange, changed_by
from earnest.proposals.quotas import (
    Factors,
    QuotaFile,
    people_of,
    quota_file,
    reallocated,
    with_quota,
    with_quotas,
)
from services.alerts.kpis import PERSONAL
from services.alerts.proposals import Direction, PlanChange, Rule, rules_for
from shared.formatting import percent
from shared.kernel.language.conventions import RESETS, CalendarTerms, Reset
from shared.kernel.plan.exact_yaml import read_document
from shared.kernel.plan.version import Plan
from shared.money import from_minor

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
    """A change that answers a signal, in all plans that it is made in together: `plans` are the versions that it starts
    from, those published last, `files` draft plans, or a roster file with quotas.
    """

    rule: Rule
    change: PlanChange
    plans: tuple[str, ...]
    words: tuple[str, ...]
    effective_from: date
    files: tuple[Draft | QuotaFile, ...]
    effect: Effect


@dataclass(frozen=True, kw_only=True)
class Left:
    """A change that a plan has nothing for, and why."""

    plan: str
    kind: str
    why: str


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What a change is in one plan: a draft of it, or by what quotas on it are multiplied."""

    plan: Plan
    words: tuple[str, ...]
    made: Draft | Factors


@dataclass(kw_only=True)
class Proposing:
    """The history of a company and its plans, over which candidates are made and simulated."""

    inputs: KernelInputs
    texts: Mapping[str, str]
    """The text of each published version by its key (`rep@2`)."""
    today: date
    left: list[Left] = field(default_factory=list)

    def candidates(self, signal: Signal, *, step: Callable[[str], None]) -> Iterator[Candidate]:
        """The candidates for a signal: each change in all plans together that are alike in currency, calendar and the
        longest time over which they add up. What a plan has nothing for is added to `left`.

        Raises:
            NothingToChange: there is no history to simulate over.
            Overflow: a sum is beyond 10^18 minor units.
        """
        span = span_of(self.inputs.deals, until=self.today)
        if span is None:
            raise NothingToChange("no deal was won in a complete month: there is no history to simulate over")
        by_key = {plan.key: plan for plan in self.inputs.plans}
        paid_by = cache(lambda *keys: paid_with(self.inputs, [by_key[key] for key in keys], files=(), span=span))
        for plans in self._plans(signal):
            for rule in rules_for(signal.kpi, signal.direction):
                for change in signal.answered_by(rule):
                    step(change.kind.replace("_", " "))
                    starts = self._starts(change, plans)
                    parts = [*self._parts(rule, change, plans=plans, starts=starts, signal=signal, span=span)]
                    if parts:
                        yield self._candidate(
                            rule, change, parts=parts, starts=starts, signal=signal, span=span, paid_by=paid_by
                        )

    def _plans(self, signal: Signal) -> list[list[Plan]]:
        """The versions of the plans that somebody is on when a change holds first, by what they are alike in: of a
        signal about a plan only that one. What is published and holds later is changed further, and not dropped by what
        is built on the version of today.
        """
        names = sorted({plan.plan for plan in self.inputs.plans})
        wanted = [signal.segment] if signal.dimension == "plan" else names
        held = [self.inputs.plans.version_on(name, date.max) for name in wanted if name in names]
        alike: dict[tuple[str, CalendarTerms, Reset], list[Plan]] = {}
        for plan in held:
            if plan is not None and self._people(plan, signal, day=effective_date(self.today, plan.calendar)):
                alike.setdefault((plan.currency, plan.calendar, _longest(plan)), []).append(plan)
        return list(alike.values())

    def _people(self, plan: Plan, signal: Signal, *, day: date) -> list[str]:
        return people_of(self.inputs.roster, day=day, **{**signal.of_roster, "plan": plan.plan})

    def of_figures(self, signal: Signal) -> list[str] | None:
        """Whose attainment and pay the figures are of; None for everybody's."""
        wanted = signal.of_roster
        return people_of(self.inputs.roster, day=self.today, **wanted) if wanted else None

    def _parts(
        self, rule: Rule, change: PlanChange, *, plans: Sequence[Plan], starts: date, signal: Signal, span: Span
    ) -> Iterator[_Part]:
        for plan in plans:
            try:
                if change.kind in QUOTAS:
                    yield self._quotas(change, plan=plan, starts=starts, signal=signal, span=span)
                else:
                    yield self._draft(rule, change, plan=plan, starts=starts, span=span)
            except NothingToChange as reason:
                self.left.append(Left(plan=plan.plan, kind=change.kind, why=str(reason)))

    def _starts(self, change: PlanChange, plans: Sequence[Plan]) -> date:
        earliest = max(plan.effective_from for plan in plans)
        return effective_date(self.today, plans[0].calendar, window=_window(change, plans[0]), earliest=earliest)

    def _draft(self, rule: Rule, change: PlanChange, *, plan: Plan, starts: date, span: Span) -> _Part:
        source = self.texts[plan.key]
        large_deal = self._large_deal(plan, change, span=span)
        changed = changed_by(read_document(source).data, change, large_deal=large_deal)
        made = draft(
            source,
            changed,
            version=1 + max(other.version for other in self.inputs.plans if other.plan == plan.plan),
            effective_from=starts,
            window=_window(change, plan),
            reason=f"{rule.cause} {' '.join(changed.words)}",
            name=change.kind,
        )
        return _Part(plan=plan, words=changed.words, made=made)

    def _quotas(self, change: PlanChange, *, plan: Plan, starts: date, signal: Signal, span: Span) -> _Part:
        by, roster = change.by or Decimal(0), self.inputs.roster
        measures = [each.measure for each in plan.measures]
        quotas = with_quota(roster, self._people(plan, signal, day=starts), measures=measures, day=starts)
        if change.kind == "quotas":
            words = f"Quotas{_whose(signal)} are {percent(abs(by))} {'higher' if by > 0 else 'lower'}."
            return _Part(plan=plan, words=(words,), made=dict.fromkeys(quotas, 1 + by))
        people = {who for who, _ in quotas}
        before = paid_with(self.inputs, [plan], files=(), span=span)
        months = attained(before.earned).filter(pl.col("plan") == plan.plan, pl.col("participant_id").is_in(people))
        # Of a month of each: who came late in the year has fewer of them, and no smaller part in the total.
        sums = months.group_by("participant_id").agg(pl.col("quota", "measure").sum(), pl.len())
        brought = {who: (quota / number, sold / number) for who, quota, sold, number in sums.iter_rows()}
        factors = reallocated(brought, by=by)
        words = f"The same total of quotas{_whose(signal)} is divided by what people brought, {percent(by)} of the way."
        made = {(who, measure): factors[who] for who, measure in quotas if who in factors}
        return _Part(plan=plan, words=(words,), made=made)

    def _candidate(
        self,
        rule: Rule,
        change: PlanChange,
        *,
        parts: Sequence[_Part],
        starts: date,
        signal: Signal,
        span: Span,
        paid_by: Callable[..., Paid],
    ) -> Candidate:
        plans = [part.plan for part in parts]
        files: list[Draft | QuotaFile] = [part.made for part in parts if isinstance(part.made, Draft)]
        factors = {whose: by for part in parts if not isinstance(part.made, Draft) for whose, by in part.made.items()}
        if factors:
            name = "-".join([*(plan.plan.replace("/", "_") for plan in plans), change.kind])
            files.append(quota_file(self.inputs.roster, factors, effective_from=starts, name=name))
        return Candidate(
            rule=rule,
            change=change,
            plans=tuple(plan.key for plan in plans),
            words=_together(parts),
            effective_from=starts,
            files=tuple(files),
            effect=effect(
                paid_by(*(plan.key for plan in plans)),
                paid_with(self.inputs, plans, files=files, span=span),
                span=span,
                people=self.of_figures(signal),
            ),
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


def paid_with(inputs: KernelInputs, plans: Sequence[Plan], *, files: Sequence[Draft | QuotaFile], span: Span) -> Paid:
    """What everybody earns in the months of a span with drafts in the place of their plans, and with the quotas of a
    roster file.

    Raises:
        Overflow: a sum is beyond 10^18 minor units.
    """
    drafts, roster = {each.plan.plan: each.plan for each in files if isinstance(each, Draft)}, inputs.roster
    for each in files:
        if isinstance(each, QuotaFile):
            roster = with_quotas(roster, each)
    return paid(inputs, [drafts.get(plan.plan, plan) for plan in plans], roster=roster, span=span)


def _longest(plan: Plan, *beside: Reset) -> Reset:
    """The longest time over which a plan adds up, or one beside it; for ever is none that begins again."""
    windows = [*map(plan.window, plan.components), *beside]
    return max((each for each in windows if each != "never"), key=RESETS.index, default="month")


def _window(change: PlanChange, plan: Plan) -> Reset:
    """With what a change begins: no sum is cut in two, and no quota changed of what is sold already."""
    if change.kind == "quarterly_measure":
        return _longest(plan, "quarter")
    goes_on = plan.conventions.versions == "continue" and change.kind not in QUOTAS
    return "month" if goes_on else _longest(plan)


def _whose(signal: Signal) -> str:
    """Whose quotas are changed, in words; not of which person, for more people read them than may know of one."""
    if signal.dimension not in TEAMS:
        return ""
    return f" of one {signal.dimension}" if signal.dimension in PERSONAL else f" of {signal.dimension} {signal.segment}"


def _together(parts: Sequence[_Part]) -> tuple[str, ...]:
    """What is changed in several plans, once where it is the same in all of them."""
    plans: dict[str, list[str]] = {}
    for part in parts:
        for word in part.words:
            plans.setdefault(word, []).append(part.plan.plan)
    every = [part.plan.plan for part in parts]
    return tuple(word if of == every else f"{', '.join(of)}: {word}" for word, of in plans.items())
