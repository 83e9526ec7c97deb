"""Why deals of closed months earn something else than when a run last looked, in words: each cause with what was before
and what is now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from services.payout.statements import words
from services.payout.statements.deals import counted
from services.payout.statements.writing import Writing
from shared.explanation import Line, Part
from shared.explanation.frozen import components_of
from shared.kernel.arithmetic.expressions import WITHOUT_RATE
from shared.money import from_minor
from shared.pay.deal_facts import DealHistory
from shared.pay.deals_changed import KEY, Corrected
from shared.pay.terms.words.release import DatedAmount
from shared.periods import Month

Details = Mapping[tuple[str, Month], Any]
"""By participant and month the detail of what was earned (`shared.explanation.frozen`)."""


class ChangedLine(NamedTuple):
    """What a line of a closed month earns more or less, in minor units, and why; without a deal by a rule of the
    component.
    """

    deal_id: str | None
    component: str
    amount: int
    why: str


class DealPay(NamedTuple):
    """How a deal pays in a component: its lines, and the part that they are of."""

    part: Part
    lines: Sequence[Line]

    @property
    def credited(self) -> Fraction:
        """What is credited of it."""
        return sum((Fraction(line.credited) for line in self.lines), Fraction(0))

    @property
    def pays(self) -> Fraction:
        """What it pays before it is rounded."""
        pieces = (piece for line in self.lines for piece in line.slices if piece.reach not in WITHOUT_RATE)
        return sum((Fraction(piece.pays) for piece in pieces), Fraction(0))


def changed_lines(
    corrected: Corrected, facts: Mapping[str, DealHistory], *, before: Details, now: Details, writing: Writing
) -> Mapping[tuple[str, str, Month], Sequence[ChangedLine]]:
    """By participant, currency and month what became of which deal, and of what no deal earned.

    Args:
        corrected: what earns something else.
        facts: what became of its deals, as far as it was asked.
        before: what a run last looked at.
        now: what is earned now.
        writing: how amounts and dates are written.
    """
    changes: dict[tuple[str, str, Month], list[ChangedLine]] = {}

    def add(row: Mapping[str, Any], why: str, *, deal: str | None) -> None:
        change = ChangedLine(
            deal, row["component"], row["amount_now"] - row["amount"], _with_amounts(why, row, writing=writing)
        )
        changes.setdefault((row["participant_id"], row["currency"], row["period"]), []).append(change)

    deals_before, deals_now = _DealPays(before), _DealPays(now)
    for row in corrected.deals.iter_rows(named=True):
        who, _, period, component, deal = (row[name] for name in KEY)
        was, pays = (deals.of(who, period, component=component, deal=deal) for deals in (deals_before, deals_now))
        add(row, "; ".join(_causes(row, facts.get(deal), was=was, now=pays, writing=writing)), deal=deal)
    for row in corrected.others.iter_rows(named=True):
        add(row, words.rule(row["rule"]), deal=None)
    return changes


class _DealPays:
    """The deals of details, each detail read once and when it is asked for."""

    def __init__(self, details: Details) -> None:
        self._details = details
        self._read: dict[tuple[str, Month], dict[tuple[str, str], DealPay]] = {}

    def of(self, who: str, period: Month, *, component: str, deal: str) -> DealPay | None:
        """How a deal pays somebody in a month; None where that is not known."""
        if (who, period) not in self._read:
            detail = self._details.get((who, period))
            self._read[who, period] = {} if detail is None else dict(_deal_pays(detail))
        return self._read[who, period].get((component, deal))


def _deal_pays(detail: Any) -> Iterator[tuple[tuple[str, str], DealPay]]:
    for component, parts in components_of(detail):
        for part in parts:
            by_deal: dict[str, list[Line]] = {}
            for line in part.lines:
                if line.deal_id is not None:
                    by_deal.setdefault(line.deal_id, []).append(line)
            for deal, lines in by_deal.items():
                yield (component, deal), DealPay(part, lines)


def _with_amounts(why: str, row: Mapping[str, Any], *, writing: Writing) -> str:
    was, is_now = (
        writing.amount(from_minor(row[name], row["currency"]), row["currency"]) for name in ("amount", "amount_now")
    )
    return f"{why[:1].upper()}{why[1:]}: {was} before, {is_now} now"


def _causes(
    row: Mapping[str, Any], fact: DealHistory | None, *, was: DealPay | None, now: DealPay | None, writing: Writing
) -> list[str]:
    """All that makes a deal earn something else, in words."""
    # From the cause that explains most to the one that explains least: a deal that is gone needs no words about its
    # rate.
    if not row["is_there"]:
        return _causes_of_a_loss(row, fact, writing=writing) or ["no longer credited to you"]
    if not row["was_there"]:
        return ["credited to you since the month was paid"]
    causes = [] if fact is None else list(_of_the_deal(row, fact, writing=writing))
    if was is not None and now is not None:
        causes += _of_the_credit(was, now, writing=writing, explained=bool(causes))
        causes += _of_the_rate(was, now, writing=writing)
        # Nothing about the deal changed: a pool or tier was summed anew, and the cent that rounding leaves fell on
        # another line.
        if not causes:
            causes.append("cents are rounded once, on the total, which changed")
    return causes or ["calculated anew"]


def _causes_of_a_loss(row: Mapping[str, Any], fact: DealHistory | None, *, writing: Writing) -> list[str]:
    """Why a deal earns somebody nothing any more, as far as the deal says it."""
    # Whoever has no share in it by now lost it by that, whatever became of the deal afterwards.
    if fact is None or fact.shares_of(row["participant_id"], row["period"]) == {}:
        return []
    if fact.cancelled_on is not None:
        return [f"cancelled on {fact.cancelled_on}"]
    # Refunds explain that nothing is left only where they are as much as the deal.
    refunded = sum(refund.amount for refund in fact.refunds)
    return list(_of_the_deal(row, fact, writing=writing)) if fact.amount is not None and fact.amount <= refunded else []


def _of_the_deal(row: Mapping[str, Any], fact: DealHistory, *, writing: Writing) -> Iterator[str]:
    """Refunds and the amount."""
    known, refunds = Counter(DatedAmount.all_of(row["refunds"]) or ()), Counter(fact.refunds)

    currency = row["deal_currency"]

    def money(amount: int) -> str:
        return f"{writing.amount(from_minor(amount, currency), currency)} {currency}" if currency else "part of it"

    # Compared as multisets: two refunds of the same amount on the same day are two.
    for refund in sorted((refunds - known).elements()):
        yield f"{money(refund.amount)} refunded on {refund.day}"
    for refund in sorted((known - refunds).elements()):
        yield f"the refund of {money(refund.amount)} on {refund.day} was taken back"
    if fact.amount is not None and row["deal_amount"] not in (None, fact.amount) and currency:
        yield f"the amount of the deal is {money(fact.amount)} instead of {money(row['deal_amount'])}"


def _of_the_credit(was: DealPay, now: DealPay, *, writing: Writing, explained: bool) -> Iterator[str]:
    """Share, rate of exchange; and what is credited, where nothing of the deal explains it."""
    before, after = was.lines[0], now.lines[0]
    if None not in (before.share_percent, after.share_percent) and before.share_percent != after.share_percent:
        shares = (writing.percent(line.share_percent) for line in (after, before))  # type: ignore[arg-type]
        yield "your share is {} instead of {}".format(*shares)
        explained = True
    if before.exchange != after.exchange and after.exchange:
        yield f"converted at {after.exchange}"
        explained = True
    if was.credited != now.credited and not explained:
        credited = (
            writing.amount(sum((line.credited for line in pay.lines), Decimal(0)), pay.part.currency)
            for pay in (now, was)
        )
        yield "{} are credited instead of {}".format(*credited)


def _of_the_rate(was: DealPay, now: DealPay, *, writing: Writing) -> Iterator[str]:
    """Plan version, quota and the part of the measure that it makes up, where the rate on the whole is another."""
    # The rate on the whole, pays / credited, is the same: cross-multiplied, because either may be zero.
    if was.pays * now.credited == now.pays * was.credited:
        return
    plans = [f"{pay.part.plan} version {pay.part.version}" for pay in (now, was)]
    if plans[0] != plans[1]:
        yield "under {} instead of {}".format(*plans)
    if was.part.quota != now.part.quota:
        quotas = (
            "none" if pay.part.quota is None else counted(pay.part.quota, pay.part, writing=writing)
            for pay in (now, was)
        )
        yield "the quota is {} instead of {}".format(*quotas)
    reaches = [_reach(pay, writing) for pay in (now, was)]
    if reaches[0] != reaches[1]:
        yield "it reaches {} instead of {}".format(*reaches)
        return
    rates = [_rates(pay, writing) for pay in (now, was)]
    yield "paid at {} instead of {}".format(*rates) if rates[0] != rates[1] else "what else its pay depends on changed"


def _reach(pay: DealPay, writing: Writing) -> str:
    """From where to where it takes the measure: `from 37.2% to 52% of quota`."""
    first, last = pay.lines[0], pay.lines[-1]
    if first.attainment_before is not None and last.attainment_after is not None:
        return f"from {writing.percent(first.attainment_before)} to {writing.percent(last.attainment_after)} of quota"
    begins, ends = (counted(measure, pay.part, writing=writing) for measure in (first.before, last.after))
    return f"from {begins} to {ends}"


def _rates(pay: DealPay, writing: Writing) -> str:
    """The rates of a deal, in the order in which it takes the measure through them: `5% and 8% × 1.2`."""
    pieces = [
        piece for line in pay.lines for piece in line.slices if piece.reach not in WITHOUT_RATE and piece.credited > 0
    ]
    of_amounts = pay.part.rates_are_amounts
    rates = (
        f"{writing.amount(piece.rate, pay.part.currency) if of_amounts else writing.percent(piece.rate * 100)}"
        f"{'' if piece.factor == 1 else f' × {writing.number(piece.factor)}'}"
        for piece in pieces
    )
    return " and ".join(dict.fromkeys(rates)) or "nothing"
