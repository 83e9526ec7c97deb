"""What it takes to reach a target, in sentences and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from earnest.simulation.target import Answer, Question
from shared.formatting import money
from shared.money import major_text
from shared.periods import period_of


def sentences(answer: Answer, question: Question) -> Iterator[str]:
    """The answer, and what a reader must know of it."""
    target, now = _pay(answer, answer.target), _pay(answer, answer.now)
    of = _span(question)
    if answer.amount == 0:
        yield f"{question.participant} earns {now} {of} already: {target} is reached without a further deal."
        return
    kind = f"{_kind(question)} closed on {question.by}"
    if answer.amount is not None:
        each = " each" if question.number > 1 else ""
        pays = _pay(answer, answer.pays)
        least = f"{_deal(answer, answer.amount)}{each}"
        yield f"To earn {target} {of}, {question.participant} needs {kind}, of {least} at least."
        yield f"It brings the pay from {now} to {pays}."
        if answer.falls_at is not None:
            yield f"But from {_deal(answer, answer.falls_at)} on the pay is less than {target} again."
    else:
        yield f"{target} {of} cannot be reached by {kind}."
        if answer.most_from is None:
            yield f"It changes nothing: the pay is {now} with it and without."
        else:
            most, least = _pay(answer, answer.pays), _deal(answer, answer.most_from)
            yield f"The most is {most}, from {least} on; without it the pay is {now}."
        if answer.several is not None:
            number, amount = answer.several
            least = _deal(answer, amount)
            yield f"With {number} such deals it is reached, of {least} each at least: --number {number}."
    yield from (f"Not paid: {unpaid}" for unpaid in answer.unpaid)


def document(answer: Answer, question: Question) -> dict[str, Any]:
    """The answer as data: amounts are text in major units; `amount` is null where no amount reaches the target."""

    def deal(amount: int | None) -> str | None:
        return None if amount is None else major_text(amount, answer.deal_currency)

    def pay(amount: int) -> str:
        return major_text(amount, answer.currency)

    several = answer.several and {"number": answer.several[0], "amount": deal(answer.several[1])}
    return {
        "participant_id": question.participant,
        "over": question.over,
        "by": question.by.isoformat(),
        "sell": dict(question.columns),
        "number": question.number,
        "currency": answer.currency,
        "target": pay(answer.target),
        "now": pay(answer.now),
        "reached": answer.amount is not None,
        "amount": deal(answer.amount),
        "deal_currency": answer.deal_currency,
        "pays": pay(answer.pays),
        "most_from": deal(answer.most_from),
        "falls_at": deal(answer.falls_at),
        "several": several,
        "unpaid": answer.unpaid,
    }


def _span(question: Question) -> str:
    if question.over == "month":
        return f"in {period_of(question.by)}"
    return f"in the {question.over.replace('_', ' ')} of {question.by}"


def _kind(question: Question) -> str:
    said = ", ".join(f"{name} {value}" for name, value in question.columns.items())
    deals = "one further deal" if question.number == 1 else f"{question.number} further deals"
    return f"{deals} ({said})" if said else deals


def _pay(answer: Answer, minor: int) -> str:
    return money(minor, answer.currency, code=True)


def _deal(answer: Answer, minor: int) -> str:
    return money(minor, answer.deal_currency, code=True)
