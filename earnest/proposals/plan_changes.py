"""What each kind of change is in a plan: one or two figures, as edits of its file and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from earnest.proposals.plan_text import Edit, append, put, say
from services.alerts.proposals import PlanChange
from shared.formatting import percent, trimmed
from shared.kernel.language.values import number_in_plan

QUOTA: Final = Decimal(1)
TIERED: Final = ("graduated", "whole", "slab")
STEP: Final = Decimal("0.2")
"""How far above the last accelerator a second kink or a steeper tier begins at least, as a share of quota."""
LEAST_RATE_STEP: Final = Decimal("0.0005")
"""Rates that are changed are rounded to this."""


class NothingToChange(ValueError):
    """The plan has nothing of the kind that is to be changed; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What is changed in a plan: the edits of its text, and a sentence for each figure."""

    edits: tuple[Edit, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Tiers:
    """Tiers of a component by attainment: where they stand in the plan, where each begins, its end and its rate.

    `whole` says that the rate of the tier that is reached pays all, so that pay leaps at each edge.
    """

    component: str
    whole: bool
    path: tuple[str | int, ...]
    ends: tuple[Decimal, ...]
    rates: tuple[Decimal, ...]

    def begin(self, number: int) -> Decimal:
        """Where a tier begins."""
        return self.ends[number - 1] if number else Decimal(0)

    def leap(self, at: Decimal, below: Decimal, *, above: Decimal) -> str:
        """By how much pay leaps at an edge, as a sentence; empty where it only grows at another rate from there."""
        if not self.whole or below == above:
            return ""
        size = percent(abs(above - below) * at)
        return (
            f" A deal over the edge of {percent(at)} pays all at {percent(above)} instead of {percent(below)}: "
            f"{size} of quota at once."
        )


Document = Mapping[str, Any]


def changed_by(plan: Document, change: PlanChange, *, large_deal: Decimal | None) -> Changed:
    """A change as it is in a plan.

    Args:
        plan: the data of its file.
        change: what to change.
        large_deal: for `largest_deals` the amount that its share of deals stays below, in major units.

    Raises:
        NothingToChange: the plan has nothing to change, or has it otherwise than as numbers.
    """
    found = [*_KINDS[change.kind](plan, change, large_deal)]
    if not found:
        raise NothingToChange(_MISSING[change.kind])
    return Changed(edits=tuple(edit for edits, _ in found for edit in edits), words=tuple(words for _, words in found))


def sums_begin_anew(plan: Document) -> list[Edit]:
    """Says of sums over more than a month that they begin anew with a version, where the plan leaves that open."""
    if (said := plan.get("conventions")) is None:
        return [say((), "conventions", value={"versions": "restart"})]
    return [] if "versions" in said else [say(("conventions",), "versions", value="restart")]


Found = Iterator[tuple[list[Edit], str]]


def _first_tier(plan: Document, change: PlanChange, _: Decimal | None) -> Found:
    for tiers in _tiers(plan):
        by = change.by or Decimal(0)
        end = tiers.ends[0] + by if tiers.ends else Decimal(0)
        if end > 0:
            words = f"The first tier of {tiers.component} ends at {percent(end)} instead of {percent(tiers.ends[0])}."
            leap = tiers.leap(end, tiers.rates[0], above=tiers.rates[1])
            yield [put((*tiers.path, 0, "up_to"), percent(end))], words + leap


def _accelerator(plan: Document, change: PlanChange, _: Decimal | None) -> Found:
    for tiers in _tiers(plan):
        by = change.by or Decimal(0)
        for number, end in enumerate(tiers.ends):
            faster = tiers.rates[number + 1] > tiers.rates[number]
            below_next = number + 1 == len(tiers.ends) or end + by < tiers.ends[number + 1]
            if end >= QUOTA and faster and below_next:
                words = f"The accelerator of {tiers.component} begins at {percent(end + by)} instead of {percent(end)}."
                leap = tiers.leap(end + by, tiers.rates[number], above=tiers.rates[number + 1])
                yield [put((*tiers.path, number, "up_to"), percent(end + by))], words + leap
                break


def _second_kink(plan: Document, change: PlanChange, _: Decimal | None) -> Found:
    for tiers in _tiers(plan):
        # The rate up to quota: what was paid before accelerators began.
        base = next((rate for number, rate in enumerate(tiers.rates) if _end(tiers, number) >= QUOTA), tiers.rates[0])
        last = len(tiers.rates) - 1
        at = max(change.at or QUOTA, tiers.begin(last) + STEP)
        if tiers.rates[last] > base:
            words = (
                f"Beyond {percent(at)} {tiers.component} pays {percent(base)} instead of {percent(tiers.rates[last])}."
            )
            yield _split(tiers, at, rate=base), words + tiers.leap(at, tiers.rates[last], above=base)


def _steeper(plan: Document, change: PlanChange, _: Decimal | None) -> Found:
    for tiers in _tiers(plan):
        last = len(tiers.rates) - 1
        rate = _rounded(tiers.rates[last] * (1 + (change.by or Decimal(0))))
        at = max(change.at or QUOTA, tiers.begin(last))
        words = f"Beyond {percent(at)} {tiers.component} pays {percent(rate)} instead of {percent(tiers.rates[last])}."
        is_begin = at == tiers.begin(last)
        leap = tiers.leap(at, tiers.rates[last - 1 if is_begin else last], above=rate)
        edits = [put((*tiers.path, last, "rate"), percent(rate))] if is_begin else _split(tiers, at, rate=rate)
        yield edits, words + leap


def _largest_deals(plan: Document, change: PlanChange, large_deal: Decimal | None) -> Found:
    for place, rule in _paying_rules(plan):
        if "cap" not in rule and "amount" not in rule and large_deal:
            share = percent(change.at or Decimal(1))
            words = f"One deal credits {rule['rule']} with {large_deal:,f} at most: {share} of deals are smaller."
            yield [say(("credits", place), "cap", value=large_deal)], words


def _discount_gate(plan: Document, change: PlanChange, _: Decimal | None) -> Found:
    allowed, by = change.at or Decimal(0), change.by or Decimal(0)
    if not allowed:
        return
    # From all of it at the edge down a straight line: an edge that took half at once would be haggled over to the cent.
    share = (
        f"greatest({trimmed(1 - by)}, 1 - {trimmed(by / allowed)} * ({trimmed(1 - allowed)} - amount / list_amount))"
    )
    discounted = f"list_amount > 0 and amount < {trimmed(1 - allowed)} * list_amount"
    for place, rule in _paying_rules(plan):
        if plan.get("match") != "first":
            words = (
                f"Of a deal discounted by more than {percent(allowed)} {rule['rule']} credits less, evenly down to "
                f"{percent(1 - by)} at a discount of {percent(2 * allowed)}."
            )
            amount = f"({rule.get('amount', 'amount - refunded')}) * {share}"
            yield _apart(plan, place, of=discounted, credited={"amount": amount}), words


def _margin_modifier(plan: Document, _: PlanChange, __: Decimal | None) -> Found:
    for place, rule in _paying_rules(plan):
        if "amount" not in rule and plan.get("match") != "first":
            words = f"{rule['rule']} credits a discounted deal with its share of the list price: 10% off, 10% less."
            amount = {"amount": "(amount - refunded) * amount / list_amount"}
            yield _apart(plan, place, of="amount < list_amount", credited=amount), words


def _apart(plan: Document, place: int, *, of: str, credited: Document) -> list[Edit]:
    """Deals of which a condition holds are credited by a rule of their own, in another way; both add up as one did."""
    rule = plan["credits"][place]
    when, name, path = rule.get("when", "stage = 'won'"), f"{rule['rule']}_discounted", ("credits", place)
    others = f"({when}) and (list_amount is null or not ({of}))"
    sums = [
        append(("measures", plan["measures"].index(measure), source), name)
        for measure, source in _sources(plan)
        if rule["rule"] in measure[source]
    ]
    apart = append(("credits",), {**rule, "rule": name, "when": f"({when}) and {of}", **credited})
    return [put((*path, "when"), others) if "when" in rule else say(path, "when", value=others), apart, *sums]


def _quarterly_measure(plan: Document, _: PlanChange, __: Decimal | None) -> Found:
    of_tiers = {component["measure"] for component in plan.get("components", ()) if component.get("on") == "attainment"}
    for place, measure in enumerate(plan.get("measures", ())):
        path = ("measures", place)
        if measure["measure"] not in of_tiers or measure.get("reset", "month") != "month" or "rolling" in measure:
            continue
        # Quotas stay those of a month: a quarter's is their sum.
        quota = measure.get("quota", {})
        monthly = say((*path, "quota"), "per", value="month") if quota else say(path, "quota", value={"per": "month"})
        reset = put((*path, "reset"), "quarter") if "reset" in measure else say(path, "reset", value="quarter")
        yield (
            [reset] if "per" in quota else [reset, monthly],
            f"{measure['measure']} adds up over a quarter instead of a month, against the quotas of its three months.",
        )


def _credit_once(plan: Document, _: PlanChange, __: Decimal | None) -> Found:
    uses = {
        frozenset(measure["measure"] for measure, source in _sources(plan) if rule["rule"] in measure[source])
        for rule in plan.get("credits", ())
    }
    # Rules of other measures credit nothing twice: a later one would never fit again, and a SPIF would be paid no more.
    if len(plan.get("credits", ())) > 1 and len(uses) == 1 and plan.get("match", "all") == "all":
        edit = put(("match",), "first") if "match" in plan else say((), "match", value="first")
        yield (
            [edit],
            "A deal is credited to a participant by one rule only, the first that fits, and no longer by each.",
        )


_KINDS: Final[Mapping[str, Callable[[Document, PlanChange, Decimal | None], Found]]] = {
    "first_tier": _first_tier,
    "accelerator": _accelerator,
    "second_kink": _second_kink,
    "steeper": _steeper,
    "largest_deals": _largest_deals,
    "discount_gate": _discount_gate,
    "margin_modifier": _margin_modifier,
    "quarterly_measure": _quarterly_measure,
    "credit_once": _credit_once,
}
_MISSING: Final[Mapping[str, str]] = {
    "first_tier": "it has no tiers of attainment, or the first is too short to end earlier",
    "accelerator": "it has no accelerator that begins at quota or above",
    "second_kink": "it has no accelerator above quota",
    "steeper": "it has no tiers of attainment",
    "largest_deals": "no rule credits whole deals without a cap, or there are no deals to tell large ones by",
    "discount_gate": "no rule credits whole deals, or a deal is credited by the first rule that fits",
    "margin_modifier": "no rule credits what deals sold for",
    "quarterly_measure": "no measure that is paid by attainment begins anew each month",
    "credit_once": "no two rules credit the same measures and no others, or the first that fits credits alone already",
}


def _tiers(plan: Document) -> Iterator[Tiers]:
    """The tiers by attainment whose ends and rates are numbers; the last has no end."""
    for place, component in enumerate(plan.get("components", ())):
        if component.get("kind") not in TIERED or component.get("on") != "attainment":
            continue
        tiers: Sequence[Any] = component.get("tiers", ())
        try:
            ends = tuple(number_in_plan(tier["up_to"]) for tier in tiers[:-1])
            rates = tuple(number_in_plan(tier["rate"]) for tier in tiers)
        except (ValueError, KeyError):
            continue  # figures of each participant's own
        if ends and "up_to" not in tiers[-1]:
            path = ("components", place, "tiers")
            whole = component["kind"] == "whole"
            yield Tiers(component=component["component"], whole=whole, path=path, ends=ends, rates=rates)


def _sources(plan: Document) -> Iterator[tuple[Document, str]]:
    """Each measure, with each key by which it names the rules whose credits it takes."""
    for measure in plan.get("measures", ()):
        for source in ("sum_of", "count_of", "average_of", "latest_of"):
            if source in measure:
                yield measure, source


def _paying_rules(plan: Document) -> Iterator[tuple[int, Document]]:
    """The rules that credit whoever holds a deal with it, for a sum."""
    summed = {rule for measure in plan.get("measures", ()) for rule in measure.get("sum_of", ())}
    for place, rule in enumerate(plan.get("credits", ())):
        if rule.get("to", "holder") == "holder" and rule["rule"] in summed:
            yield place, rule


def _end(tiers: Tiers, number: int) -> Decimal:
    return tiers.ends[number] if number < len(tiers.ends) else Decimal("Infinity")


def _split(tiers: Tiers, at: Decimal, *, rate: Decimal) -> list[Edit]:
    """The last tier ends, and one with another rate follows."""
    last = len(tiers.rates) - 1
    ends = {"up_to": percent(at), "rate": percent(tiers.rates[last])}
    return [put((*tiers.path, last), ends), append(tiers.path, {"rate": percent(rate)})]


def _rounded(rate: Decimal) -> Decimal:
    return (rate / LEAST_RATE_STEP).quantize(Decimal(1), ROUND_HALF_EVEN) * LEAST_RATE_STEP
