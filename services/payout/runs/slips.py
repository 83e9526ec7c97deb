"""What a run freezes for a participant's statement: the facts that `statements` tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

from services.payout.people import Attributes
from services.payout.runs.life import Run
from services.payout.runs.settlement import Settlement
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


def slip(
    company: Company,
    run: Run,
    participant_id: str,
    home: Attributes,
    manager_name: str,
    settlements: Sequence[Settlement],
    details: Mapping[str, bytes],
    before: Mapping[str, Mapping[str, int]],
    year: Iterable[YearFacts],
    reasons: Mapping[str, str],
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
        reasons: by step the words that explain it.
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
        participant=ParticipantFacts(
            id=participant_id,
            name=full_name(home),
            position=home.position,
            plan=home.plan,
            manager=Person(id=home.manager, name=manager_name) if home.manager else None,
            entity=home.entity or None,
            cost_center=home.cost_center or None,
            payroll_id=home.payroll_id,
        ),
        pay_lines=[line for each in settlements for line in _pay_lines(each, run, reasons)],
        balances=[line for each in settlements for line in _balances(each, before.get(each.currency, {}))],
        held=[line for each in settlements for line in _held(each)],
        year_to_date=list(year),
    )
    return _with_details(frozen(facts), details)


def full_name(home: Attributes) -> str:
    """How a participant is called; empty where nobody said."""
    return home.name or " ".join(filter(None, (home.first_name, home.last_name)))


def _with_details(document: bytes, details: Mapping[str, bytes]) -> bytes:
    """The document with the details as they are: they are JSON already, and reading a million lines to write them again would be idle."""
    together = b",".join(orjson.dumps(month) + b":" + detail for month, detail in sorted(details.items()))
    return document.replace(b'"details":{}', b'"details":{' + together + b"}", 1)


def _pay_lines(settlement: Settlement, run: Run, reasons: Mapping[str, str]) -> Iterable[PayLine]:
    for line in settlement.lines:
        if line.step == "lapse":
            continue
        yield PayLine(
            kind=line.step,
            currency=settlement.currency,
            amount=line.amount,
            origin_period=line.about if line.about != run.month else None,
            component=line.component,
            deal_id=line.deal_id,
            reason=reasons.get(line.step, ""),
        )
    yield PayLine(kind="payment", currency=settlement.currency, amount=settlement.paid)


def _balances(settlement: Settlement, before: Mapping[str, int]) -> Iterable[BalanceFacts]:
    after = {
        "payable": settlement.carried,
        "held": sum(each.held for each in settlement.held.values()),
        "draw": settlement.draw,
        "clawback": settlement.receivable,
    }
    for account, amount in after.items():
        if amount or before.get(account):
            facts = {
                "account": account,
                "currency": settlement.currency,
                "before": before.get(account, 0),
                "after": amount,
            }
            yield BalanceFacts.model_validate(facts)


def _held(settlement: Settlement) -> Iterable[HeldFacts]:
    for whose, figures in sorted(settlement.held.items()):
        if figures.held:
            yield HeldFacts(
                currency=settlement.currency,
                amount=figures.held,
                component=whose.component,
                deal_id=whose.deal_id or None,
                origin_period=whose.period,
            )
