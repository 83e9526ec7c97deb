"""Where one participant stands in one fiscal period: measures worked out from the credits themselves, quotas, terms,
scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.reference_model import dates
from tests.reference_model.credits import Credit
from tests.reference_model.facts import (
    DECIMALS,
    EVERYONE,
    Data,
    Roster,
    convention,
    figure_in_force,
    in_force,
    is_active,
    number,
)
from tests.reference_model.formulas import misses, worked_out
from tests.reference_model.lookups import looked_up
from tests.reference_model.tables import in_table

SHARES = ("score", "scorecard", "ratio", "formula", "lookup")
"""Ways of measuring that give a share of a whole by themselves: without a quota, the attainment is the value."""


def rules_of(measure: Data) -> set[str]:
    """The rules that feed a measure."""
    ratio, distinct = measure.get("ratio") or {}, measure.get("distinct") or {}
    plain = [measure.get(way) or () for way in ("sum_of", "count_of", "average_of", "latest_of")]
    if measure.get("pay_of"):
        return {f"pay_of:{measure['measure']}"}
    return {
        rule for rules in (*plain, ratio.get("of", ()), ratio.get("to", ()), distinct.get("of", ())) for rule in rules
    }


def named(parts: list[Data], what: str, name: str) -> Data:
    """The part of a plan that has a name."""
    return next(part for part in parts if part[what] == name)


@dataclass
class Evaluation:
    """A participant at the end of a step (a fiscal period, a version, a month), seen by one plan version.

    `before` are the credits up to and including the step, of this version, or of all with `versions: continue`.
    """

    plan: Data
    participant: str
    fiscal: dates.Fiscal
    before: list[Credit]
    roster: Roster
    pays: Callable[[Evaluation, str], Fraction]
    everyone: list[Credit] = field(default_factory=list)
    """The same of everyone on the plan, for measures of groups."""
    day: date | None = None
    """The date of the deal at which the participant is seen, if it is one."""
    as_of: date | None = None
    """The day of which figures and categories are, if it is not the last."""

    @property
    def decimals(self) -> int:
        """The decimals of the plan's currency."""
        return DECIMALS[self.plan["currency"]]

    def in_window_of(self, component: Data) -> list[Credit]:
        """The credits that feed a component's measure in the component's window so far."""
        name = component["measure"]
        reset = component.get("window") or named(self.plan["measures"], "measure", name).get("reset", "month")
        here = dates.window(self.fiscal, reset)
        return [
            each
            for each in self.before
            if each.rule in rules_of(named(each.plan["measures"], "measure", name))
            and dates.window(each.fiscal, reset) == here
        ]

    @property
    def last_day(self) -> date:
        """The last day of the fiscal period."""
        return dates.days(self.plan, self.fiscal)[1]

    def value(self, name: str) -> Fraction:
        """A measure."""
        measured = self.measured(name)
        return max(measured, Fraction(0)) if convention(self.plan, "negative") == "nothing" else measured

    def measured(self, name: str) -> Fraction:
        """A measure, also below zero where that counts as zero."""
        return self._measured(named(self.plan["measures"], "measure", name))

    def _hits(self, name: str, way: Callable[[Data], Any]) -> list[Credit]:
        measure = named(self.plan["measures"], "measure", name)
        found = []
        for each in self.before if not measure.get("among") else self._of_group(measure["among"]):
            feeding = way(named(each.plan["measures"], "measure", name))
            if each.rule in feeding and dates.counts_at(each.fiscal, self.fiscal, measure):
                found.append(each)
        return found

    def _of_group(self, among: str) -> list[Credit]:
        """The credits of all who were, on the date of the credit, in the group in which the participant is now."""
        mine = self._group(among, self.participant, self.day or self.last_day)
        return [each for each in self.everyone if self._group(among, each.payee, each.day) == mine]

    def _group(self, among: str, participant: str, day: date) -> Any:
        if among == "plan":
            return among
        named = {"team": "manager", "territory": "territory", "position": "position"}
        own = in_force(self.roster, participant, named.get(among, f"category.{among}"), day)
        return (participant,) if own is None else own

    def _measured(self, measure: Data) -> Fraction:
        name = measure["measure"]
        if measure.get("sum_of"):
            return _sum(self._hits(name, lambda m: m["sum_of"]))
        if measure.get("pay_of"):
            return _sum(self._hits(name, rules_of))
        if measure.get("count_of"):
            return Fraction(len(self._hits(name, lambda m: m["count_of"])))
        if measure.get("average_of"):
            hits = self._hits(name, lambda m: m["average_of"])
            return _sum(hits) / len(hits) if hits else Fraction(0)
        if measure.get("latest_of"):
            hits = self._hits(name, lambda m: m["latest_of"])
            return max(hits, key=lambda c: (c.day, c.deal_id, c.rule)).amount if hits else Fraction(0)
        if measure.get("distinct"):
            hits = self._hits(name, lambda m: m["distinct"]["of"])
            return Fraction(len({c.column.get(measure["distinct"]["column"]) for c in hits} - {None}))
        if measure.get("ratio"):
            of, to = (_sum(self._hits(name, lambda m, side=side: m["ratio"][side])) for side in ("of", "to"))  # type: ignore[misc]
            return of / to if to else Fraction(0)
        if measure.get("score"):
            return self._score(measure)
        if measure.get("scorecard"):
            return sum((self._goal(each, goal) for each, goal in measure["scorecard"].items()), Fraction(0))
        if measure.get("lookup"):
            return self._looked_up(measure["lookup"])
        return Fraction(self.formula(measure["formula"]))

    def _looked_up(self, lookup: Data) -> Fraction:
        if lookup.get("axes"):
            return in_table(lookup["values"], lookup["axes"], self)
        if lookup.get("category"):
            return number(lookup["of"].get(self.category(lookup["category"]), lookup.get("others", 0)))
        amount = lookup.get("on", "attainment") == "amount"
        at = self.value(lookup["measure"]) if amount else self.attainment(lookup["measure"])
        return looked_up(at, lookup, convention(self.plan, "boundary"))

    def _goal(self, name: str, goal: Data) -> Fraction:
        attained = self.attainment(name)
        if goal.get("minimum") is not None and attained < number(goal["minimum"]):
            return Fraction(0)
        if goal.get("maximum") is not None:
            attained = min(attained, number(goal["maximum"]))
        return attained * number(goal["weight"])

    def _score(self, measure: Data) -> Fraction:
        """The latest score entered in the window so far: the participant's own, or else everyone's."""
        own = self._entered(measure, self.participant)
        found = self._entered(measure, EVERYONE) if own is None else own
        return Fraction(0) if found is None else Fraction(Decimal(found))

    def _entered(self, measure: Data, whose: str) -> Any:
        key = f"score.{measure['measure']}"
        here = dates.window(self.fiscal, measure.get("reset", "month"))
        entered = [
            (change["effective_from"], change[key])
            for change in self.roster
            if change["participant_id"] == whose and key in change and change["effective_from"] <= self.last_day
        ]
        if not entered:
            return None
        day, value = max(entered, key=lambda each: each[0])
        there = dates.window(dates.fiscal(self.plan, day), measure.get("reset", "month"))
        return value if there == here else None

    def quota(self, name: str) -> Fraction:
        """The quota of a measure for its window."""
        measure = named(self.plan["measures"], "measure", name)
        terms = measure.get("quota") or {}
        if measure.get("reset") == "never" or not set(terms) - {"default"}:
            return self._figure(measure, self.last_day)
        return self._quota_of_window(measure, terms)

    def _figure(self, measure: Data, day: date) -> Fraction:
        own = figure_in_force(self.roster, self.participant, f"quota.{measure['measure']}", day)
        if own is not None:
            return Fraction(Decimal(own))
        default = (measure.get("quota") or {}).get("default")
        if isinstance(default, dict):  # the participant's own figure of the day
            term = figure_in_force(self.roster, self.participant, f"term.{default['term']}", day)
            found = default.get("default") if term is None else term
            if found is not None:
                return number(found) * number(default.get("times", 1))
        elif default is not None:
            return number(default)
        return Fraction(1 if any(measure.get(way) for way in SHARES) else 0)

    def _quota_of_window(self, measure: Data, terms: Data) -> Fraction:
        """The window's fiscal periods, each with its part of the year, of the figure and of the ramp, and of that the
        days in role.
        """
        periods = dates.periods_of(self.fiscal, dates.over(measure))
        year = Fraction(12, dates.PERIODS[terms["per"]] if terms.get("per") else len(periods))
        if terms.get("to_date"):
            periods = [each for each in periods if each <= self.fiscal]
        part = Fraction(0)
        by_day = str(terms.get("changes")).endswith("days")
        for each in periods:
            spread = terms.get("spread")
            of_year = number(spread[each[1]]) if spread else Fraction(1, 12)
            day = dates.days(self.plan, each)[1] if terms.get("changes") == "by_period" else self.last_day
            figure = self._by_day(measure, terms, each) if by_day else self._figure(measure, day)
            part += of_year * year * self._ramp(terms, each) * figure
        if terms.get("prorate", "no") != "no" and not by_day:
            day, last = dates.days(self.plan, periods[0])[0], dates.days(self.plan, periods[-1])[1]
            counted, there = 0, 0
            while day <= last:
                if terms["prorate"] == "calendar_days" or day.weekday() < 5:
                    counted, there = counted + 1, there + self.in_role(day)
                day += timedelta(days=1)
            part *= Fraction(there, counted)
        return part

    def _by_day(self, measure: Data, terms: Data, of: dates.Fiscal) -> Fraction:
        """Each figure for its days of a period; of days out of role nothing, where the quota is prorated."""
        found, counted = Fraction(0), 0
        day, last = dates.days(self.plan, of)
        while day <= last:
            if terms["changes"] == "calendar_days" or day.weekday() < 5:
                counted += 1
                if terms.get("prorate", "no") == "no" or self.in_role(day):
                    found += self._figure(measure, day)
            day += timedelta(days=1)
        return found / counted

    def _ramp(self, terms: Data, of: dates.Fiscal) -> Fraction:
        days = [
            c["effective_from"]
            for c in self.roster
            if c["participant_id"] == self.participant
            and in_force(self.roster, self.participant, "plan", c["effective_from"]) == self.plan["plan"]
        ]
        if not terms.get("ramp") or not days:
            return Fraction(1)
        (year, place), (started, first) = of, dates.fiscal(self.plan, min(days))
        number_of = (year - started) * 12 + place - first
        return number(terms["ramp"][number_of]) if 0 <= number_of < len(terms["ramp"]) else Fraction(1)

    def in_role(self, day: date) -> bool:
        on = in_force(self.roster, self.participant, "plan", day) == self.plan["plan"]
        away = in_force(self.roster, self.participant, "on_leave", day)
        return on and not away and is_active(self.roster, self.participant, day)

    def attainment(self, name: str) -> Fraction:
        """A measure by its quota."""
        quota = self.quota(name)
        if quota > 0:
            return self.value(name) / quota
        return Fraction(1 if convention(self.plan, "zero_quota") == "full" else 0)

    def term(self, name: str, default: Any = None) -> Fraction | None:
        """A figure of the participant's own; None where there is none and no default."""
        own = figure_in_force(self.roster, self.participant, f"term.{name}", self.as_of or self.last_day)
        if own is not None:
            return Fraction(Decimal(own))
        return None if default is None else number(default)

    def category(self, name: str) -> str | None:
        """A category of the participant: an attribute in the roster, or their id."""
        if name == "participant_id":
            return self.participant
        built_in = name in ("position", "territory", "manager")
        path = name if built_in else f"category.{name}"
        return in_force(self.roster, self.participant, path, self.as_of or self.last_day)  # type: ignore[no-any-return]

    def figure(self, figure: Any) -> Fraction:
        """An amount of the plan or the participant's own; zero where there is none."""
        if isinstance(figure, dict) and "measure" in figure:
            return self.value(figure["measure"]) * number(figure.get("times", 1))
        if isinstance(figure, dict):
            own = self.term(figure["term"], figure.get("default")) or Fraction(0)
            return own * number(figure.get("times", 1))
        return number(figure)

    def formula(self, text: str) -> Any:
        """What a formula comes to."""
        return worked_out(text, self._named, self.category)

    def misses(self, text: str) -> bool:
        """Whether the participant is in no row of a `case` over categories in a formula."""
        return misses(text, self._named, self.category)

    def _named(self, name: str, of: str | None) -> Any:
        if of is None:
            return self.value(name)
        if name == "pay":
            return self.pays(self, of)
        return {"attainment": self.attainment, "quota": self.quota, "term": lambda n: self.term(n) or Fraction(0)}[
            name
        ](of)


def own_tiers(component: Data, here: Evaluation) -> list[Data]:
    """The tiers with each figure as it is of the participant; one that would end below the tier before ends with it."""
    found: list[Data] = []
    low: Fraction | None = None
    for tier in component["tiers"]:
        own = {name: None if value is None else here.figure(value) for name, value in tier.items()}
        if own.get("up_to") is not None and low is not None:
            own["up_to"] = max(own["up_to"], low)
        low = own.get("up_to")
        found.append(own)
    return found


def _sum(credits: list[Credit]) -> Fraction:
    return sum((each.amount for each in credits), Fraction(0))
