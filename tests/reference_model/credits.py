"""Who is credited with how much of each deal: one deal after the other, one rule after the other, one payee after the
other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from tests.reference_model import dates
from tests.reference_model.facts import (
    DECIMALS,
    Data,
    Deals,
    Roster,
    figure_in_force,
    in_force,
    number,
    plan_of,
    rounded,
    shared_out,
)
from tests.reference_model.formulas import worked_out

DATES = ("open_date", "close_date")


@dataclass(frozen=True)
class Credit:
    """One deal credits one participant by one rule of one plan version."""

    deal_id: str
    payee: str
    plan: Data
    rule: str
    day: date
    amount: Fraction
    column: dict[str, Any]
    """What the deal has in its columns."""
    share: Fraction = Fraction(1)
    """The part of the deal that the payee holds."""

    @property
    def fiscal(self) -> dates.Fiscal:
        """The fiscal period of the credit date."""
        return dates.fiscal(self.plan, self.day)


def _cap(cap: Any, roster: Roster, payee: str, day: date, decimals: int) -> Fraction:
    """The cap of a rule; a figure of the payee's own on the day of the credit, or the default."""
    if not isinstance(cap, dict):
        return number(cap)
    own = figure_in_force(roster, payee, f"term.{cap['term']}", day)
    return rounded(number(cap["default"] if own is None else own) * number(cap.get("times", 1)), "half_up", decimals)


class Unknown(NamedTuple):
    """A rule selects a deal for somebody, and what it would credit cannot be told: the deal has a blank (`no_value`), or
    the plan no rate for its currency on the day (`no_rate`).
    """

    deal_id: str
    payee: str
    reason: str


def credits(deals: Deals, roster: Roster, plans: list[Data]) -> list[Credit]:
    """All credits of all deals."""
    return [found for found in _of_deals(deals, roster, plans) if isinstance(found, Credit)]


def unknown_amounts(deals: Deals, roster: Roster, plans: list[Data]) -> set[Unknown]:
    """What won deals do not credit although a rule selects them; each rule by itself, whatever others credit."""
    return {
        found
        for found in _of_deals(deals, roster, plans)
        if isinstance(found, Unknown) and deals[found.deal_id].get("stage") == "won"
    }


def _of_deals(deals: Deals, roster: Roster, plans: list[Data]) -> Iterator[Credit | Unknown]:
    for deal_id, deal in sorted(deals.items()):
        if all(deal.get(name) for name in ("amount", "currency", "close_date")):
            yield from _of_deal(deal_id, deal, roster, plans)


def _of_deal(deal_id: str, deal: Data, roster: Roster, plans: list[Data]) -> Iterator[Credit | Unknown]:
    deal = _by_participants(deal, roster)
    columns = _columns(deal)
    for plan in plans:
        taken: set[str] = set()
        rules = sorted(plan["credits"], key=lambda r: -r.get("priority", 0))
        for rule in rules:
            day = columns.get(rule.get("date", "close_date"))
            if day is None or not _selects(rule, columns):
                continue
            is_foreign = columns["currency"] != plan["currency"]
            if is_foreign and not plan.get("exchange"):
                continue
            unrated = is_foreign and _rate(plan, rule, columns["currency"], day) is None
            credited: dict[str, Fraction] = {}
            held: dict[str, Fraction] = {}
            for payee, part, share in _parts(rule, plan, columns, deal, roster, day):
                if plan_of(roster, plans, payee, day) is plan:
                    amount = Fraction(0) if unrated else _in_plan(part, rule, plan, columns, day)
                    credited[payee] = credited.get(payee, Fraction(0)) + amount
                    held[payee] = held.get(payee, Fraction(0)) + share
            for payee, amount in credited.items():
                if plan.get("match", "all") == "first" and payee in taken:
                    continue
                taken.add(payee)
                if unrated or _lacks(rule, plan, columns):
                    lacks = _lacks(rule, plan, columns)
                    yield Unknown(deal_id, payee, "no_value" if lacks else "no_rate")
                    continue
                if rule.get("cap") is not None:
                    amount = min(amount, _cap(rule["cap"], roster, payee, day, DECIMALS[plan["currency"]]))
                yield Credit(
                    deal_id=deal_id,
                    payee=payee,
                    plan=plan,
                    rule=rule["rule"],
                    day=day,
                    amount=amount,
                    column=columns | {"deal_id": deal_id},
                    share=held[payee],
                )


def meant_by(name: str, roster: Roster) -> str:
    """The participant whom a name means: whose id it is, or else the only one whose alias it ever was; if nobody's, itself."""
    ids = {change["participant_id"] for change in roster}
    if name in ids:
        return name
    own = {who for who in ids if _compared(who) == _compared(name)}
    by_alias = {
        change["participant_id"]
        for change in roster
        for attribute, value in change.items()
        if attribute.startswith("alias.") and value is not None and _compared(value) == _compared(name)
    }
    found = own or by_alias
    return found.pop() if len(found) == 1 else _compared(name)


def _compared(name: str) -> str:
    return name.lower() if "@" in name else name


def _by_participants(deal: Data, roster: Roster) -> Data:
    """The deal with participants for owner and holders; two names of one participant are one holder."""
    found = dict(deal)
    if deal.get("owner"):
        found["owner"] = meant_by(deal["owner"], roster)
    if deal.get("splits"):
        shares: dict[str, Decimal] = {}
        for name, share in deal["splits"].items():
            who = meant_by(name, roster)
            shares[who] = shares.get(who, Decimal(0)) + Decimal(share)
        found["splits"] = {who: str(share) for who, share in shares.items()}
    return found


def _columns(deal: Data) -> dict[str, Any]:
    """A deal's columns as filters read them: amounts in major units, dates as dates, the company's own by their names."""
    names = ("stage", "currency", "owner", "product", "account", "territory")
    found: dict[str, Any] = {name: deal.get(name) for name in names}
    for name in DATES:
        found[name] = date.fromisoformat(deal[name]) if deal.get(name) else None
    for name in ("amount", "list_amount"):
        found[name] = Fraction(Decimal(deal[name])) if deal.get(name) else None
    refunds = [Fraction(Decimal(v["amount"])) for k, v in deal.items() if k.startswith("refunds.") and v]
    found["refunded"] = sum(refunds, Fraction(0))
    for path, value in deal.items():
        if path.startswith("custom."):
            found[path.removeprefix("custom.")] = _own(path, value)
    return found


def _own(path: str, value: Any) -> Any:
    """A company's own column; the worlds name theirs so that the name says the type."""
    if value is None or isinstance(value, bool):
        return value
    if path.endswith("_date"):
        return date.fromisoformat(value)
    return Fraction(Decimal(str(value))) if path.endswith(("_units", "_margin")) else value


def _selects(rule: Data, columns: dict[str, Any]) -> bool:
    return worked_out(rule.get("when", "stage = 'won'"), lambda name, _: columns.get(name)) is True


def _lacks(rule: Data, plan: Data, columns: dict[str, Any]) -> bool:
    """Whether the deal has a blank in a column of which the rule's amount is calculated."""
    known = {*columns, *plan.get("columns", {})}
    texts = [rule.get("amount") or ""]
    for component in plan["components"]:  # and of those from which a table for each deal has its numbers
        measure = next(
            each for each in plan["measures"] if each["measure"] == component.get("measure", each["measure"])
        )
        fed = {*measure.get("sum_of", ()), *measure.get("count_of", ()), *measure.get("distinct", {}).get("of", ())}
        if component.get("each") and rule["rule"] in fed:
            texts += [str(axis["deal"]) for axis in component.get("axes", ()) if "deal" in axis and "of" not in axis]
    return any(columns.get(name) is None for name in known.intersection(re.findall(r"[a-z]\w*", " ".join(texts))))


def _parts(
    rule: Data, plan: Data, columns: dict[str, Any], deal: Data, roster: Roster, day: date
) -> Iterator[tuple[str, Fraction, Fraction]]:
    """(payee, part, share) in the deal's currency; a payee who is reached over several holders comes several times."""
    decimals = DECIMALS[columns["currency"]]
    amount = columns["amount"] - columns["refunded"]
    if rule.get("amount") is not None:
        amount = rounded(
            worked_out(rule["amount"], lambda name, _: columns.get(name) or Fraction(0)), "half_up", decimals
        )
    to = rule.get("to", "holder")
    people = sorted({change["participant_id"] for change in roster})
    if to == "territory":
        where = columns["territory"]
        yield from (
            (p, amount, Fraction(1)) for p in people if where and in_force(roster, p, "territory", day) == where
        )
        return
    if to not in ("holder", "managers", "team"):
        if columns.get(to):
            yield meant_by(columns[to], roster), amount, Fraction(1)
        return
    for holder, part in _held(deal, amount, decimals):
        share = Fraction(Decimal(deal["splits"][holder])) / 100 if deal.get("splits") else Fraction(1)
        if to == "holder":
            yield holder, part, share
        elif to == "managers":
            above = chain(roster, holder, day)
            levels = range(1, len(above) + 1)
            yield from ((above[n - 1], part, share) for n in levels if counts_level(rule, n))
        else:
            manager = in_force(roster, holder, "manager", day)
            mates = [p for p in people if manager and in_force(roster, p, "manager", day) == manager]
            yield from ((mate, part, share) for mate in mates)


def counts_level(terms: Data, number: int) -> bool:
    """Whether what is below at this distance counts: up to some levels, or exactly one."""
    if terms.get("level") is not None:
        return number == int(terms["level"])
    return terms.get("levels") is None or number <= int(terms["levels"])


def _held(deal: Data, amount: Fraction, decimals: int) -> list[tuple[str, Fraction]]:
    """How an amount is divided among a deal's holders, by largest remainder, ties in the order of names."""
    if not deal.get("splits"):
        return [(deal["owner"], amount)] if deal.get("owner") else []
    holders = sorted(deal["splits"])
    shares = [Fraction(Decimal(deal["splits"][holder])) for holder in holders]
    return list(zip(holders, shared_out(amount, shares, decimals), strict=True))


def chain(roster: Roster, participant: str, day: date) -> list[str]:
    """The managers above a participant on a day, nearest first; stops where it would turn in a circle."""
    above: list[str] = []
    manager = in_force(roster, participant, "manager", day)
    while manager is not None and manager != participant and manager not in above:
        above.append(manager)
        manager = in_force(roster, manager, "manager", day)
    return above


def _in_plan(part: Fraction, rule: Data, plan: Data, columns: dict[str, Any], day: date) -> Fraction:
    """A part in the plan's currency, and of that the rule's share."""
    decimals = DECIMALS[plan["currency"]]
    if columns["currency"] != plan["currency"]:
        rate = _rate(plan, rule, columns["currency"], day)
        assert rate is not None
        part = rounded(part * rate, "half_up", decimals)
    return part if rule.get("share") is None else rounded(part * number(rule["share"]), "half_up", decimals)


def _rate(plan: Data, rule: Data, currency: str, day: date) -> Fraction | None:
    """The latest rate on or before a day; 1 for a number of things, which is money in no currency."""
    named = set(re.findall(r"[a-z]\w*", rule.get("amount") or ""))
    if plan.get("exchange") and named and all(plan.get("columns", {}).get(name) == "number" for name in named):
        return Fraction(1)
    rates = [
        (rate.get("from", date(1900, 1, 1)), number(rate["rate"]) if "rate" in rate else 1 / number(rate["units"]))
        for rate in (plan.get("exchange") or {"rates": []})["rates"]
        if rate["currency"] == currency and rate.get("from", date(1900, 1, 1)) <= day
    ]
    return max(rates)[1] if rates else None


__all__ = ["Credit", "Unknown", "chain", "counts_level", "credits", "unknown_amounts"]
