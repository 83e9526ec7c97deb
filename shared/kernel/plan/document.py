"""The plan document: a plan version in plain words, as Markdown, for whoever is paid by it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from shared.formatting import amount as amount_in_words
from shared.formatting import percent, trimmed
from shared.kernel.components import Component
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.crediting_rules import WON, CreditingRule
from shared.kernel.language.measures import DAYS, Measure, PayOf, QuotaTerms
from shared.kernel.language.phrases import figure_in_words, listed, spoken
from shared.kernel.language.sql_in_words import filter_in_words, formula_in_words
from shared.kernel.language.values import Figure
from shared.kernel.plan.version import Plan

_TO = {
    "holder": "the one who holds the deal, or each who shares it with their part",
    "managers": "every manager above a holder, with the parts held below them",
    "team": "everyone who has the same manager as the holder",
    "territory": "everyone whose territory is the deal's",
}
_WINDOWS = {"month": "each month", "quarter": "each quarter", "half_year": "each half-year", "year": "each year"}
_ADVERB = {"month": "monthly", "quarter": "quarterly", "half_year": "half-yearly", "year": "yearly", "never": "once"}
_CONVENTIONS = {
    "boundary": {
        "lower": "A value exactly on a boundary belongs to the tier that ends there.",
        "upper": "A value exactly on a boundary belongs to the tier that begins there.",
    },
    "rounding": {
        "half_up": "Pay is rounded to the smallest unit of the currency, halves away from zero.",
        "half_even": "Pay is rounded to the smallest unit of the currency, halves to the even one.",
        "up": "Pay is rounded up to the smallest unit of the currency.",
        "down": "Pay is rounded down to the smallest unit of the currency.",
    },
    "round_on": {"total": "The pay of the period is rounded once.", "deal": "The pay of every deal is rounded."},
    "order": {
        "date": "Deals count in the order of their dates.",
        "smallest_first": "Within a month small deals count before large ones.",
        "largest_first": "Within a month large deals count before small ones.",
    },
    "zero_quota": {
        "refuse": "Without a quota, what depends on attainment is not paid until there is one.",
        "nothing": "Without a quota, attainment is 0%.",
        "full": "Without a quota, attainment is 100%.",
    },
    "negative": {
        "pays_back": "A measure below zero pays back at the first rate.",
        "nothing": "A measure below zero counts as zero.",
    },
    "leavers": {
        "paid_to_the_last_day": "Who leaves is paid for what was credited until the last day.",
        "nothing_in_the_last_period": "Who leaves within a month is paid nothing of that month.",
    },
    "versions": {
        "restart": "When a new version of the plan begins, sums begin anew.",
        "continue": "When a new version of the plan begins, sums go on, and it pays what is added from then on.",
    },
}


def document(plan: Plan) -> str:
    """The whole document."""
    return "\n\n".join(_blocks(plan)) + "\n"


def _blocks(plan: Plan) -> Iterator[str]:
    yield f"# {plan.name}"
    yield (
        f"Plan {plan.plan}, version {plan.version}, in force from {_day(plan)}. "
        f"All amounts are in {plan.currency}, before tax."
    )
    if plan.reason is not None:
        yield f"Why this version: {plan.reason.rstrip('.')}."
    if plan.author is not None:
        yield f"Written by {plan.author}."
    yield "## What you are paid"
    yield "Everything is calculated for a month and paid for it, unless said otherwise."
    for component in plan.components:
        yield from _component(component, plan)
    if plan.minimum is not None:
        yield f"All of it together is at least {figure_in_words(plan.minimum)} a month."
    if plan.maximum is not None:
        yield f"All of it together is at most {figure_in_words(plan.maximum)} a month."
    yield "## What is measured"
    yield "\n".join(f"- {line}" for measure in plan.measures for line in _measure(measure, plan.conventions))
    if plan.credits:
        yield "## Which deals count, and for whom"
        if plan.match == "first" and len(plan.credits) > 1:
            yield "Of the rules below, only the first that fits a deal counts it for you."
        yield "\n".join(f"- {_rule(rule)}" for rule in plan.rules)
    if plan.exchange is not None:
        yield (
            f"Deals in other currencies are converted at the rates of {plan.exchange.source} in force on the day of"
            " the credit."
        )
    yield "## How it is read"
    yield "\n".join(f"- {line}" for line in _conventions(plan))


def _day(plan: Plan) -> str:
    return f"{plan.effective_from.day} {plan.effective_from:%B %Y}"


def _limits(least: Figure | None, most: Figure | None) -> str:
    """The limits that there are, as one phrase; "" where there are none."""
    figures = (("least", least), ("most", most))
    return " and ".join(f"at {which} {figure_in_words(figure)}" for which, figure in figures if figure is not None)


def _component(component: Component, plan: Plan) -> Iterator[str]:
    yield f"### {component.title or spoken(component.component).capitalize()}"
    yield from component.in_words(plan.conventions)
    if component.when is not None:
        yield f"This is paid only if {formula_in_words(component.when)}."
    for multiplier in component.multiply:
        yield from multiplier.told(plan.conventions.boundary)
    window, paid = plan.window(component), component.pays
    over = f"over {_WINDOWS[window].replace('each', 'a')}" if window in _WINDOWS else "from the beginning"
    if of_deals := _limits(component.deal_minimum, component.deal_maximum):
        yield (
            f"Each deal that is credited above zero pays {of_deals}, and one below zero takes back within the same"
            " limits; one that credits nothing pays nothing. Of a deal that is shared, each holder has their part of"
            " that."
        )
    if component.in_turn:
        yield "What the roster says of you, such as a position or a rate of your own, is that of the deal's day."
    if limits := _limits(component.minimum, component.maximum):
        yield f"It pays {limits} {over}."
    if component.prorate != "no":
        yield (
            f"Of amounts, targets and the minimum it pays the part for the {spoken(component.prorate)} on which you are"
            " in your role; what changes within the time counts for its days."
        )
    if component.budget is not None:
        yield (
            f"To everyone on the plan together it pays at most {amount_in_words(component.budget)} {over}: "
            + (
                "deals are paid in the order of their dates until it is used up."
                if component.first_come
                else "where more is due, each has the same part of it."
            )
        )
    if component.carry_over:
        yield "What the maximum cuts off is carried over to later periods, as far as there is room."
    if window != "month" or paid != "month":
        every = _WINDOWS[paid]
        grown = ", with what it grew by" if paid == "month" else " as a whole, in the last month"
        yield f"It is calculated {over} and paid {every}{grown}."


def _measure(measure: Measure, conventions: Conventions) -> Iterator[str]:
    whose = ""
    if measure.among is not None:
        members = "everyone on the plan" if measure.among == "plan" else f"all of your {measure.among}"
        whose = f", of {members} together"
    how = f"{_how(measure, conventions)}{whose}{_again(measure)}"
    yield f"**{spoken(measure.measure).capitalize()}**: {how}.{_quota(measure.quota)}"


def _how(measure: Measure, conventions: Conventions) -> str:
    names = {
        "sum_of": "the sum of what is credited by {}",
        "count_of": "the number of deals credited by {}",
        "average_of": "the average of what is credited by {}",
        "latest_of": "the latest credit by {}",
    }
    for way, words in names.items():
        if (rules := getattr(measure, way)) is not None:
            return words.format(_listed(rules))
    if measure.distinct is not None:
        column = "deal" if measure.distinct.column == "deal_id" else spoken(measure.distinct.column)
        return f"the number of different values of {column} among what is credited by {_listed(measure.distinct.of)}"
    if measure.ratio is not None:
        return (
            f"what is credited by {_listed(measure.ratio.of)}, divided by what is credited by"
            f" {_listed(measure.ratio.to)}"
        )
    if measure.score is not None:
        return "the score that is entered for you, or once for everyone"
    if measure.scorecard is not None:
        goals = [
            f"{percent(goal.weight)} for the attainment of {spoken(name)}"
            + (f" (nothing below {percent(goal.minimum)})" if goal.minimum is not None else "")
            + (f" (no more than {percent(goal.maximum)})" if goal.maximum is not None else "")
            for name, goal in measure.scorecard.items()
        ]
        return f"a scorecard: {', '.join(goals)}"
    if measure.pay_of is not None:
        return _pay_of(measure.pay_of)
    if measure.lookup is not None:
        by, how, rows = measure.lookup.in_words(conventions.boundary)
        return f"looked up by {by}{how}: {', '.join(f'{gives} for {place}' for place, gives in rows)}"
    return formula_in_words(measure.formula or "0")


def _pay_of(pay_of: PayOf) -> str:
    what = "all pay" if pay_of.components is None else f"the pay by {_listed(pay_of.components)}"
    plans = f"plan{'s' if len(pay_of.plans) > 1 else ''} {' and '.join(pay_of.plans)}"
    levels = {None: "everyone below you", 1: "those who report to you"}
    whom = levels.get(pay_of.levels, f"everyone up to {pay_of.levels} levels below you")
    if pay_of.level is not None:
        whom = levels[1] if pay_of.level == 1 else f"those who are exactly {pay_of.level} levels below you"
    return f"{what} under {plans} of {whom}"


def _again(measure: Measure) -> str:
    if not measure.ingredients:
        return ""
    if measure.rolling is not None:
        before = "one" if measure.rolling == 2 else str(measure.rolling - 1)
        return f", of this month and the {before} before it"
    return ", from the beginning" if measure.reset == "never" else f", beginning anew {_WINDOWS[measure.reset]}"


def _quota(terms: QuotaTerms) -> str:
    phrases = []
    if terms.default is not None:
        default = trimmed(terms.default) if isinstance(terms.default, Decimal) else figure_in_words(terms.default)
        phrases.append(f"the quota is {default} unless yours is another")
    if terms.per is not None:
        phrases.append(f"the quota is set {_ADVERB[terms.per]}")
    if terms.to_date:
        phrases.append("only the part of the months so far counts")
    if terms.changes == "by_period":
        phrases.append("when it changes, each figure counts for the months in which it is in force")
    if terms.changes in DAYS:
        phrases.append(f"when it changes, each figure counts for the {spoken(terms.changes)} on which it is in force")
    if terms.spread:
        phrases.append(f"it is spread over the year as {', '.join(percent(share) for share in terms.spread)}")
    if terms.ramp:
        phrases.append(
            f"in your first months on the plan it is {', '.join(percent(share) for share in terms.ramp)} of it"
        )
    if terms.prorate != "no":
        phrases.append(f"it is reduced to the {spoken(terms.prorate)} on which you are in your role")
    said = "; ".join(phrases)
    return f" {said[0].upper()}{said[1:]}." if said else ""


def _rule(rule: CreditingRule) -> str:
    whom = _TO.get(rule.to, f"the {spoken(rule.to)} of the deal")
    what = "its amount less refunds" if rule.amount is None else formula_in_words(rule.amount)
    share = f"{percent(rule.share)} of " if rule.share is not None else ""
    levels = f", up to {rule.levels} level{'s' if rule.levels > 1 else ''}" if rule.levels is not None else ""
    if rule.level is not None:
        levels = f", {rule.level} level{'s' if rule.level > 1 else ''} up only"
    when = filter_in_words(rule.when)
    day = f", on its {spoken(rule.date)}" if rule.date != "close_date" else ""
    cap = f", at most {figure_in_words(rule.cap)} for one deal" if rule.cap is not None else ""
    deals = "every deal that is won" if rule.when == WON else f"a deal of which {when}"
    return f"**{spoken(rule.rule).capitalize()}**: {deals} counts for {whom}{levels}, with {share}{what}{day}{cap}."


def _conventions(plan: Plan) -> Iterator[str]:
    depending = {name for component in plan.components for name in component.leaves_open()}
    depending |= {name for measure in plan.measures for name in measure.leaves_open()}
    always = {"rounding", "negative", "leavers"}
    for name in Conventions.model_fields:
        if name in depending | always or name in plan.conventions.model_fields_set:
            yield _CONVENTIONS[name][getattr(plan.conventions, name)]


def _listed(rules: tuple[str, ...]) -> str:
    return listed(f"*{spoken(name)}*" for name in rules)
