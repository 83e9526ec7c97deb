"""Pay: every component at every step of every participant, what it grew by within its window, limits, and when it is
paid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.reference_model import dates, kinds
from tests.reference_model.credits import Credit, chain, counts_level, credits
from tests.reference_model.dependencies import RESETS, at_the_end, compares, is_fixed, lacks, measure_window, pay_window
from tests.reference_model.evaluation import Evaluation
from tests.reference_model.facts import (
    DECIMALS,
    EVERYONE,
    Data,
    Deals,
    Roster,
    convention,
    in_force,
    is_active,
    is_on,
    plan_of,
    rounded,
    version_at,
)

Step = tuple[dates.Fiscal, int, str]
"""A fiscal period, the plan version of which there are credits or scores in it, and the month: of these days all is
paid together.
"""
Earned = dict[tuple[str, str, str], Fraction]
"""(participant, component, month) -> pay in major units."""
Paid = dict[tuple[str, str, str, date], Fraction]
"""(participant, component, plan, last day of what it is paid for) -> pay."""


def earnings(deals: Deals, roster: Roster, plans: list[Data]) -> Earned:
    """What everyone is paid; components that pay nothing are left out."""
    return {key: amount for key, amount in earned(credits(deals, roster, plans), roster, plans).items() if amount}


def earned(credited: list[Credit], roster: Roster, plans: list[Data]) -> Earned:
    """What credits pay, and what that pays to those who are paid on the pay of others, until nothing changes."""
    by_pay: list[Credit] = []
    while True:
        found: Earned = defaultdict(Fraction)
        paid: Paid = defaultdict(Fraction)
        for plan in plans:
            for who, component, month, fiscal, amount in _Version(plan, [*credited, *by_pay], roster, plans).paid():
                found[who, component, month] += amount
                paid[who, component, plan["plan"], _last_day(plan, month, fiscal)] += amount
        again = _credits_by_pay(paid, roster, plans)
        if again == by_pay:
            return dict(found)
        by_pay = again


def _last_day(plan: Data, month: str, fiscal: dates.Fiscal) -> date:
    """The last day that a month and a fiscal period share."""
    day = dates.days(plan, fiscal)[1]
    while dates.month(day) != month:
        day -= timedelta(days=1)
    return day


def _credits_by_pay(paid: Paid, roster: Roster, plans: list[Data]) -> list[Credit]:
    """What was paid, credited to each manager above who is paid on it."""
    found: dict[tuple[str, str, str, date], tuple[Data, Fraction]] = {}
    for (who, component, of, day), amount in sorted(paid.items()):
        above = chain(roster, who, day)
        if any(in_force(roster, each, "manager", day) == who for each in above):
            continue  # who reports to themselves through others is nobody's to be paid on
        for level, manager in enumerate(above, start=1):
            plan = plan_of(roster, plans, manager, day)
            for measure in plan["measures"] if plan and amount else ():
                terms = measure.get("pay_of")
                if (
                    terms
                    and of in terms["plans"]
                    and component in (terms.get("components") or [component])
                    and counts_level(terms, level)
                ):
                    key = (manager, who, measure["measure"], day)
                    before = found.get(key, (plan, Fraction(0)))[1]
                    found[key] = (plan, before + amount)
    return [
        Credit(
            deal_id=f"pay of {who}",
            payee=manager,
            plan=plan,
            rule=f"pay_of:{measure}",
            day=day,
            amount=amount,
            column={},
        )
        for (manager, who, measure, day), (plan, amount) in found.items()
    ]


def _family(plan: Data, plans: list[Data]) -> list[Data]:
    """The versions whose sums go on in one another up to this one and from it: neighbours in time that both say so."""
    in_order = sorted((p for p in plans if p["plan"] == plan["plan"]), key=lambda p: p["effective_from"])
    found: list[Data] = []
    for each in in_order:
        if not (found and {convention(p, "versions") for p in (found[-1], each)} == {"continue"}):
            if any(each is plan for each in found):
                return found
            found = []
        found.append(each)
    return found


class _Version:
    """One plan version, and the steps of everyone that it looks at: its own, or those of all versions that go on in it."""

    def __init__(self, plan: Data, credited: list[Credit], roster: Roster, plans: list[Data]) -> None:
        self._plan, self._roster = plan, roster
        self._family = family = _family(plan, plans)
        self._credits = [c for c in credited if any(c.plan is p for p in family)]
        steps: dict[str, set[Step]] = defaultdict(set)
        for each in self._credits:
            steps[each.payee].add((each.fiscal, each.plan["version"], dates.month(each.day)))
        for participant, day in self._scores():
            version = plan_of(roster, plans, participant, day)
            if any(version is p for p in family):
                assert version is not None
                steps[participant].add((dates.fiscal(plan, day), version["version"], dates.month(day)))
        for found in steps.values():  # and the month in which each of their fiscal periods ends
            found |= {(fiscal, version, dates.ends_in(plan, fiscal)) for fiscal, version, _ in found}
        self._steps = {participant: sorted(found) for participant, found in sorted(steps.items())}
        self._everyones = {p: self._with_idle(found) for p, found in self._steps.items()}
        self._known: dict[Any, Evaluation] = {}
        self._due: dict[Any, Fraction] = {}

    def _scores(self) -> Iterator[tuple[str, date]]:
        names = {f"score.{m['measure']}" for m in self._plan["measures"] if m.get("score")}
        for change in self._roster:
            if names & set(change):
                whose = change["participant_id"]
                everyone = {each["participant_id"] for each in self._roster}
                for participant in everyone if whose == EVERYONE else [whose]:
                    yield participant, change["effective_from"]

    def _with_idle(self, steps: list[Step]) -> list[Step]:
        """Where people are compared over more than a month, everyone has everyone's periods from their first on, by the
        versions that hold in them.
        """
        longer = [c for c in self._plan["components"] if compares(self._plan, c["component"])]
        if all(pay_window(self._plan, c) == "month" for c in longer):
            return steps
        first = (steps[0][0], steps[0][2])
        later = {(f, month) for each in self._steps.values() for f, _, month in each if (f, month) > first}
        return sorted({*steps, *((f, number, month) for f, month in later for number in self._holding(f))})

    def _holding(self, fiscal: dates.Fiscal) -> set[int]:
        """The versions, of those whose sums go on, that hold on some day of a fiscal period."""
        day, last = dates.days(self._plan, fiscal)
        found = set()
        while day <= last:
            holds = version_at(self._family, self._plan["plan"], day)
            found |= {holds["version"]} if holds else set()
            day += timedelta(days=1)
        return found

    def paid(self) -> Iterator[tuple[str, str, str, dates.Fiscal, Fraction]]:
        """(participant, component, month, fiscal period, amount) of this version's steps, the plan's own limits among
        them.
        """
        for participant, steps in self._steps.items():
            own = {fiscal for fiscal, version, _ in steps if version == self._number}
            periods = dict.fromkeys(own, Fraction(0))
            for component in self._plan["components"]:
                for (fiscal, _, month), amount in self._component(participant, component):
                    last = dates.periods_of(fiscal, component.get("pays", "month"))[-1]
                    periods[last] = periods.get(last, Fraction(0)) + amount
                    monthly = component.get("pays", "month") == "month"
                    paid_in = (month, fiscal) if monthly else (dates.ends_in(self._plan, last), last)
                    yield participant, component["component"], *paid_in, amount
            for fiscal, amount in periods.items():
                yield from self._limits(participant, fiscal, amount, tops_up=fiscal in own)

    def _ends(self, step: Step) -> bool:
        """Whether the step's fiscal period ends in its month."""
        return dates.ends_in(self._plan, step[0]) == step[2]

    @property
    def _number(self) -> int:
        return int(self._plan["version"])

    def _component(self, participant: str, component: Data) -> Iterator[tuple[Step, Fraction]]:
        """What a component's pay grows by, step by step."""
        steps = self._everyones if compares(self._plan, component["component"]) else self._steps
        window, before, carried, carried_in = None, Fraction(0), Fraction(0), Fraction(0)
        for step in steps[participant]:
            if at_the_end(self._plan, component["component"]) and not self._ends(step):
                continue
            here = self.evaluation(participant, step)
            of_step = dates.window(step[0], pay_window(self._plan, component))
            if of_step != window:
                window, before, carried_in = of_step, Fraction(0), carried
            due = self.due(here, step, component["component"])
            if component.get("carry_over"):
                due += carried_in
                most = self._cents(here.figure(component["maximum"]))
                due, carried = min(due, most), max(due - most, Fraction(0))
            grown, before = due - before, due
            if self._left(here):
                grown = Fraction(0)
            if step[1] == self._number:
                yield step, grown

    def _left(self, here: Evaluation) -> bool:
        nothing = convention(self._plan, "leavers") == "nothing_in_the_last_period"
        return nothing and not is_active(self._roster, here.participant, here.last_day)

    def evaluation(self, participant: str, step: Step) -> Evaluation:
        """Where somebody stands after a step."""
        key = (participant, step)
        if key not in self._known:
            before = [
                c
                for c in self._credits
                if c.payee == participant and (c.fiscal, c.plan["version"], dates.month(c.day)) <= step
            ]
            self._known[key] = Evaluation(
                plan=self._plan,
                participant=participant,
                fiscal=step[0],
                before=before,
                roster=self._roster,
                pays=lambda here, name: self.due(here, step, name),
                everyone=[c for c in self._credits if (c.fiscal, c.plan["version"], dates.month(c.day)) <= step],
            )
        return self._known[key]

    def due(self, here: Evaluation, step: Step, name: str) -> Fraction:
        """What a component has paid in its window so far, rounded, within its minimum and maximum."""
        key = (here.participant, step, name)
        if key not in self._due:
            component = next(c for c in self._plan["components"] if c["component"] == name)
            self._due[key] = self._limited(component, here, step)
        return self._due[key]

    def _limited(self, component: Data, here: Evaluation, step: Step) -> Fraction:
        window = pay_window(self._plan, component)
        if self._lacks(component, here) or not self._takes_part(here.participant, step, window):
            return Fraction(0)
        due = self._in_window(component, here, step)
        if component.get("minimum") is not None and self._has_ended(component, here, step):
            least = sum(
                (then.figure(component["minimum"]) * part for then, part in self._in_role(component, here)), Fraction(0)
            )
            due = max(due, self._cents(least))
        if component.get("maximum") is not None and not component.get("carry_over"):
            due = min(due, self._cents(here.figure(component["maximum"])))
        return due

    def _lacks(self, component: Data, here: Evaluation) -> bool:
        times = self._in_role(component, here) if is_fixed(component) else [(here, Fraction(1))]
        return any(lacks(component, then) for then, _ in times)

    def _takes_part(self, participant: str, step: Step, window: str) -> bool:
        """Whether somebody had a step of their own in the window so far, or one as who is still on the plan."""
        seen = [e for e in self._everyones[participant] if e <= step]
        here = [e for e in seen if dates.window(e[0], window) == dates.window(step[0], window)]
        days = [dates.days(self._plan, e[0])[1] for e in here]
        there = any(is_on(self._roster, participant, self._plan["plan"], day) for day in days)
        return there or any(e in self._steps[participant] for e in here)

    def _has_ended(self, component: Data, here: Evaluation, step: Step) -> bool:
        """Whether a fiscal period of the window has ended."""
        window = pay_window(self._plan, component)
        so_far = [e for e in self._seen(component, here, step) if e <= step]
        return any(self._ends(e) and dates.window(e[0], window) == dates.window(step[0], window) for e in so_far)

    def _seen(self, component: Data, here: Evaluation, step: Step) -> list[Step]:
        """The steps of somebody that a component sees: those of others too where it compares, or is seen at one."""
        own = self._steps[here.participant]
        return (
            self._everyones[here.participant]
            if step not in own or compares(self._plan, component["component"])
            else own
        )

    def _in_window(self, component: Data, here: Evaluation, step: Step) -> Fraction:
        """Before minimum and maximum: in a window longer than that of the measure, the sum of what each of the shorter
        ones paid.
        """
        whole, own = pay_window(self._plan, component), measure_window(self._plan, component)
        if RESETS.index(whole) <= RESETS.index(own):
            return self._unlimited(component, here, step)
        window = dates.window(step[0], whole)
        ends = {
            dates.window(each[0], own): each
            for each in self._seen(component, here, step)
            if each <= step and dates.window(each[0], whole) == window
        }
        evaluations = [(self.evaluation(here.participant, each), each) for each in ends.values()]
        return sum((self._unlimited(component, then, each) for then, each in evaluations), Fraction(0))

    def _unlimited(self, component: Data, here: Evaluation, step: Step) -> Fraction:
        if self._lacks(component, here) or not (component.get("when") is None or here.formula(component["when"])):
            return Fraction(0)
        windows = (pay_window(self._plan, component), measure_window(self._plan, component))
        window = min(windows, key=RESETS.index)
        if not self._takes_part(here.participant, step, window):
            return Fraction(0)
        group = [
            self.evaluation(p, step)
            for p, steps in self._everyones.items()
            if step in steps and self._takes_part(p, step, window)
        ]
        times = self._in_role(component, here) if is_fixed(component) else [(here, Fraction(1))]
        paid = sum((kinds.pays(component, then, group) * part for then, part in times), Fraction(0))
        return self._cents(paid * kinds.factor(component, here))

    def _in_role(self, component: Data, here: Evaluation) -> list[tuple[Evaluation, Fraction]]:
        """Where somebody stands on every day in role of the window of a component that is prorated, and which part of it
        the day is.
        """
        unit = component.get("prorate", "no")
        if unit == "no":
            return [(here, Fraction(1))]
        over = min(pay_window(self._plan, component), measure_window(self._plan, component), key=RESETS.index)
        periods = dates.periods_of(here.fiscal, "year" if over == "never" else over)
        day, last = dates.days(self._plan, periods[0])[0], dates.days(self._plan, periods[-1])[1]
        days = [day + timedelta(days=n) for n in range((last - day).days + 1)]
        counted = [each for each in days if unit == "calendar_days" or each.weekday() < 5]
        return [(replace(here, as_of=each), Fraction(1, len(counted))) for each in counted if here.in_role(each)]

    def _cents(self, amount: Fraction) -> Fraction:
        return rounded(amount, convention(self._plan, "rounding"), DECIMALS[self._plan["currency"]])

    def _limits(
        self, participant: str, fiscal: dates.Fiscal, amount: Fraction, *, tops_up: bool
    ) -> Iterator[tuple[str, str, str, dates.Fiscal, Fraction]]:
        month = dates.ends_in(self._plan, fiscal)
        here = self.evaluation(participant, (fiscal, self._number, month))
        if tops_up and self._plan.get("minimum") is not None and not self._left(here):
            least = self._cents(here.figure(self._plan["minimum"]))
            yield participant, "plan_minimum", month, fiscal, max(least - amount, Fraction(0))
        if self._plan.get("maximum") is not None:
            most = self._cents(here.figure(self._plan["maximum"]))
            yield participant, "plan_maximum", month, fiscal, min(most - amount, Fraction(0))
