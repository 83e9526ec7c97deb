"""What a run freezes for a participant's statement: the facts that `statements` shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

import orjson

from services.payout.statements.facts import (
    BalanceFacts,
    Company,
    HeldFacts,
    ParticipantFacts,
    PayLine,
    Person,
    RunFacts,
    StatementFacts,
    YearFacts,
    frozen,
)
from shared.pay.people import Attributes
from shared.pay.run import Run
from shared.pay.settlement import PayLine as SettledLine
from shared.pay.settlement import Settlement
from shared.pay.steps import STEPS
from shared.pay.terms.words.release import HoldReason
from shared.periods import Month

_UNKNOWN: Final = HoldReason("", "")


# A statement's year is the calendar year of the month that the run books in, whenever it is paid.
YearSums = Mapping[tuple[str, str], int]
"""By account and kind of journal, debits positive, in minor units."""


class StepPart(NamedTuple):
    """A part of a step of the pay in a month, in minor units, with the words for it: one adjustment, one deal."""

    amount: int
    reason: str
    deal_id: str | None = None
    component: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayslipWords:
    """What is known of a participant's pay besides its amounts.

    Args:
        accounts: the customers of deals, by deal.
        parts: what a step consists of, by currency, step and month. What they leave of it is shown without words.
    """

    accounts: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[tuple[str, str, Month], Sequence[StepPart]] = field(default_factory=dict)


def payslip_facts(
    *,
    company: Company,
    run: Run,
    participant_id: str,
    home: Attributes,
    manager_name: str,
    settlements: Sequence[Settlement],
    details: Mapping[Month, bytes],
    before: Mapping[str, Mapping[str, int]],
    year: Iterable[YearFacts],
    words: PayslipWords,
) -> bytes:
    """The facts of a statement as bytes; the same facts are always the same bytes.

    Args:
        company: who pays.
        run: what pays.
        participant_id: whom.
        home: what the roster says of them at the end of the pay period.
        manager_name: their manager's name, empty where it is not known.
        settlements: theirs, one per currency.
        details: by month the detail of what was earned, as scoring made it.
        before: by currency, what is payable, held, drawn and owed before the run.
        year: sums since the first day of the year, the run included.
        words: customers and reasons.
    """
    facts = StatementFacts(
        company=company,
        run=RunFacts(
            id=run.id,
            name=run.pay_period,
            starts=run.starts,
            ends=run.ends,
            pay_date=run.pay_date,
            pay_group=run.pay_group,
            kind=run.kind,
        ),
        participant=_participant(participant_id, home, manager_name=manager_name),
        accounts=dict(words.accounts),
        pay_lines=[line for settlement in settlements for line in _pay_lines(settlement, run, words=words)],
        balances=[
            line for settlement in settlements for line in _balances(settlement, before.get(settlement.currency, {}))
        ],
        held=[line for settlement in settlements for line in _held(settlement)],
        year_to_date=list(year),
    )
    return _with_details(frozen(facts), details)


def _participant(participant_id: str, home: Attributes, *, manager_name: str) -> ParticipantFacts:
    return ParticipantFacts(
        id=participant_id,
        name=full_name(home),
        position=home.position,
        plan=home.plan,
        manager=Person(id=home.manager, name=manager_name) if home.manager else None,
        entity=home.entity or None,
        cost_center=home.cost_center or None,
        payroll_id=home.payroll_id,
    )


def year_with_run(booked: YearSums | None, settlement: Settlement, *, run: Run) -> YearFacts:
    """The year with what the run adds."""
    figures = dict.fromkeys(("earned", "adjusted", "guaranteed", "drawn", "recovered", "clawed_back", "paid"), 0)
    for (account, kind), amount in (booked or {}).items():
        match account, kind:
            case "earned" | "adjusted" | "guaranteed", _:
                figures[account] += amount
            case "draw", "draw":
                figures["drawn"] += amount
            case "draw", "recovery":
                figures["recovered"] -= amount
            case "clawback", _ if amount < 0:  # what was taken from pay; what became owed is no figure of the year
                figures["clawed_back"] -= amount
            case "paid", _:
                figures["paid"] -= amount
    for line in settlement.lines:
        if name := STEPS[line.step].year:
            figures[name] += -line.amount if name in ("recovered", "clawed_back") else line.amount
    figures["paid"] += settlement.paid  # booked with the approval, after the statement is made: so it is added here
    since = date(int(run.month[:4]), 1, 1)
    return YearFacts(currency=settlement.currency, since=since, **figures)


def full_name(home: Attributes) -> str:
    """How a participant is called; empty where nobody said."""
    return home.name or " ".join(filter(None, (home.first_name, home.last_name)))


def _with_details(document: bytes, details: Mapping[Month, bytes]) -> bytes:
    """The document with the details as they are: they are JSON already, and reading a million lines to write them again
    would be idle.
    """
    together = b",".join(orjson.dumps(month) + b":" + detail for month, detail in sorted(details.items()))
    return document.replace(b'"details":{}', b'"details":{' + together + b"}", 1)


def _pay_lines(settlement: Settlement, run: Run, *, words: PayslipWords) -> Iterable[PayLine]:
    for line in settlement.lines:
        if line.step == "lapse":  # lost while it was held: no part of pay, but what is held afterwards says so
            continue
        parts = words.parts.get((settlement.currency, line.step, line.about), ())
        # Parts are what is known of a step. What they leave is a line too: the lines of a statement sum to what is
        # paid, to the cent.
        if rest := line.amount - sum(part.amount for part in parts):
            parts = [*parts, StepPart(rest, _reason(settlement, line), line.deal_id, line.component)]
        for part in parts:
            yield PayLine(
                kind=line.step,
                currency=settlement.currency,
                amount=part.amount,
                origin_period=line.about if line.about != run.month else None,
                component=part.component,
                deal_id=part.deal_id,
                reason=part.reason,
            )
    yield PayLine(kind="payment", currency=settlement.currency, amount=settlement.paid)


def _reason(settlement: Settlement, line: SettledLine) -> str:
    """A person's or a rule's words for a step."""
    if line.step == "dismissal":
        return settlement.dismissal_reasons.get((line.deal_id or "", line.about, line.component or ""), "")
    if line.step == "hold" and line.earning is not None and line.earning in settlement.hold_reasons:
        return settlement.hold_reasons[line.earning].reason
    return settlement.reasons.get((line.step, line.about), "")


def _balances(settlement: Settlement, before: Mapping[str, int]) -> Iterable[BalanceFacts]:
    after = {
        "payable": settlement.carried,
        "held": sum(amount.held for amount in settlement.held.values()),
        "draw": settlement.draw,
        "clawback": settlement.receivable,
    }
    for account, amount in after.items():
        if amount or before.get(account):  # an account that is and was empty is no news
            facts = {
                "account": account,
                "currency": settlement.currency,
                "before": before.get(account, 0),
                "after": amount,
            }
            yield BalanceFacts.model_validate(facts)


def _held(settlement: Settlement) -> Iterable[HeldFacts]:
    for earning, figures in sorted(settlement.held.items()):
        if figures.held:
            why = settlement.hold_reasons.get(earning, _UNKNOWN)
            yield HeldFacts(
                currency=settlement.currency,
                amount=figures.held,
                component=earning.component,
                deal_id=earning.deal_id or None,
                origin_period=earning.period,
                reason=why.reason,
                released_by=why.released_by,
            )
