"""Deals in turn: each deal is priced by where the participant stood before it and stands with it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.reference_model import dates
from tests.reference_model.by_deal import each_deal, is_by_deal, slab_pays
from tests.reference_model.credits import Credit
from tests.reference_model.dependencies import in_turn, lacks
from tests.reference_model.evaluation import Evaluation, named, own_tiers, rules_of
from tests.reference_model.facts import DECIMALS, Data, convention, number, rounded
from tests.reference_model.lookups import pays_each, reached_tier
from tests.reference_model.tables import in_table


def paid_in_turn(component: Data, here: Evaluation) -> Fraction:
    """What all deals of the component's window so far pay, each credit rounded by itself."""
    reset = component.get("window") or named(here.plan["measures"], "measure", component["measure"]).get(
        "reset", "month"
    )
    window = dates.window(here.fiscal, reset)
    credits = [each for each in here.before if dates.window(each.fiscal, reset) == window]
    return sum((_each(component["component"], credit, here) for credit in credits), Fraction(0))


def _each(name: str, credit: Credit, here: Evaluation) -> Fraction:
    plan = credit.plan
    component = next((each for each in plan["components"] if each["component"] == name), None)
    if component is None or not (in_turn(component) or is_by_deal(component, plan)):  # its version pays it otherwise
        return Fraction(0)
    main = named(plan["measures"], "measure", component["measure"])
    if credit.rule not in rules_of(main):
        return Fraction(0)
    if not in_turn(component):
        return rounded(each_deal(component, credit.amount, plan), convention(plan, "rounding"), here.decimals)
    deal = _place(credit, here.before)

    def known(every: list[Credit], *, with_deal: bool) -> list[Credit]:
        anew = component.get("anew")  # then of the same customer only
        same = [each for each in every if anew is None or each.column.get(anew) == credit.column.get(anew)]
        places = [(each, _place(each, here.before)) for each in same]
        return [each for each, place in places if place < deal or (with_deal and place == deal)]

    before, after = (
        _at(credit, here, known(here.before, with_deal=last), known(here.everyone, with_deal=last))
        for last in (False, True)
    )
    if lacks(component, after, of="deal"):
        return Fraction(0)
    of_deal = [each for each in after.before if _place(each, here.before) == deal]
    takes_back = sum((_adds(main, each, of_deal, before) for each in of_deal), Fraction(0)) < 0
    standing = before if takes_back else after

    def pays(each: Credit) -> Fraction:
        credited = _adds(main, each, of_deal, before)
        if component["kind"] == "table":
            return _table(component, each, credited, standing)
        if component["kind"] == "graduated":
            return _graduated(component, credited, before=before, after=after, standing=standing)
        if component["kind"] == "slab":
            tiers = own_tiers(component, standing)
            return slab_pays(component.get("marginal", False), tiers, credited, plan) if credited else Fraction(0)
        return credited * standing.figure(component["rate" if component["kind"] == "flat" else "amount"])

    def cents(exact: Fraction) -> Fraction:
        return rounded(exact, convention(plan, "rounding"), DECIMALS[plan["currency"]])

    if not {"deal_minimum", "deal_maximum"} & set(component):
        return cents(pays(credit))
    paid = sorted((each for each in of_deal if each.rule in rules_of(main)), key=lambda each: each.rule)
    share = max(each.share for each in paid)

    def so_far(some: list[Credit]) -> Fraction:
        """What some credits of the deal pay together, within its least and most, to the cent."""
        credited = sum((_adds(main, each, of_deal, before) for each in some), Fraction(0))
        return cents(_limited(component, sum(map(pays, some), Fraction(0)), credited, share, standing))

    place = next(place for place, each in enumerate(paid) if each is credit)
    return so_far(paid[: place + 1]) - so_far(paid[:place])


def _limited(component: Data, pays: Fraction, credited: Fraction, share: Fraction, standing: Evaluation) -> Fraction:
    """Within the least and the most of a deal, of which each holder has their part; what takes back, likewise. What
    credits nothing pays nothing."""
    sign = (credited > 0) - (credited < 0)
    size = pays * sign
    if component.get("deal_minimum") is not None:
        size = max(size, standing.figure(component["deal_minimum"]) * share)
    if component.get("deal_maximum") is not None:
        size = min(size, standing.figure(component["deal_maximum"]) * share)
    return size * sign


def _at(credit: Credit, here: Evaluation, known: list[Credit], everyone: list[Credit]) -> Evaluation:
    return Evaluation(
        plan=credit.plan,
        participant=here.participant,
        fiscal=credit.fiscal,
        before=known,
        roster=here.roster,
        pays=here.pays,
        everyone=everyone,
        day=credit.day,
        as_of=credit.day,
    )


def _place(credit: Credit, every: list[Credit]) -> Any:
    """Where the deal of a credit comes: by date and name, or within what is paid together by size."""
    plan = credit.plan
    own = (credit.fiscal, plan["version"], dates.month(credit.day))
    order = plan.get("conventions", {}).get("order", "date")
    size = Fraction(0)
    if order != "date":
        mains = {each["measure"] for each in plan["components"] if in_turn(each)}
        for each in every:
            same = (each.plan is plan, each.day, each.deal_id) == (True, credit.day, credit.deal_id)
            for main in mains if same else ():
                measure = named(plan["measures"], "measure", main)
                if each.rule in rules_of(measure):
                    size += each.amount if measure.get("sum_of") else 1
    return (*own, -size if order == "largest_first" else size, credit.day, credit.deal_id)


def _adds(main: Data, credit: Credit, of_deal: list[Credit], before: Evaluation) -> Fraction:
    """What one credit of a deal adds to the measure that is paid."""
    if credit.rule not in rules_of(main):
        return Fraction(0)
    if main.get("sum_of"):
        return credit.amount
    if main.get("count_of"):
        return Fraction(1)
    first = [each for each in of_deal if each.rule < credit.rule]
    low, high = ([*before.before, *first, *more] for more in ([], [credit]))
    name = main["measure"]
    return _at(credit, before, high, []).measured(name) - _at(credit, before, low, []).measured(name)


def _table(component: Data, credit: Credit, credited: Fraction, standing: Evaluation) -> Fraction:
    given = in_table(component["values"], component["axes"], standing, credit.column | {"credited": credited})
    sign = (credited > 0) - (credited < 0)
    if component.get("target") is not None:
        return given * sign * standing.figure(component["target"])
    return given * sign if component.get("gives") == "amount" else given * credited


def _graduated(
    component: Data, credited: Fraction, *, before: Evaluation, after: Evaluation, standing: Evaluation
) -> Fraction:
    name, tiers = component.get("by") or component["measure"], own_tiers(component, standing)
    boundary = convention(after.plan, "boundary")

    def position(at: Evaluation) -> Fraction:
        return at.attainment(name) if component.get("on", "amount") == "attainment" else at.value(name)

    if component.get("crossing") == "whole":
        return credited * pays_each(reached_tier(position(standing), tiers, boundary))
    low, high = sorted((position(before), position(after)))
    if low == high:
        return credited * pays_each(reached_tier(high, tiers, boundary))
    found, start = Fraction(0), None
    for tier in tiers:
        end = None if tier.get("up_to") is None else number(tier["up_to"])
        top = high if end is None else min(high, end)
        bottom = low if start is None else max(low, start)
        found += credited * max(top - bottom, Fraction(0)) / (high - low) * pays_each(tier)
        start = end
    return found
