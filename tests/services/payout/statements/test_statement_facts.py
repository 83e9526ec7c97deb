"""The frozen facts of a statement."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from services.payout.statements.facts import ParticipantFacts, PayLine, RunFacts, StatementFacts, frozen, sha256

RUN = RunFacts(id="run-2026-06-1", name="2026-06", starts=date(2026, 6, 1), ends=date(2026, 6, 30))
ADA = ParticipantFacts(id="ada", name="Ada Brandt")


def line(kind: str, amount: int, currency: str = "USD") -> PayLine:
    return PayLine.model_validate({"kind": kind, "amount": amount, "currency": currency})


def test_pay_lines_sum_to_the_payment_in_every_currency() -> None:
    lines = [
        line("earnings", 500),
        line("hold", -100),
        line("payment", 400),
        line("earnings", 7, "EUR"),
        line("payment", 7, "EUR"),
    ]
    assert len(StatementFacts(run=RUN, participant=ADA, pay_lines=lines).pay_lines) == 5


def test_pay_lines_that_do_not_sum_to_the_payment_are_refused_and_the_currency_named() -> None:
    with pytest.raises(ValidationError, match="do not sum to the payment in EUR"):
        StatementFacts(
            run=RUN,
            participant=ADA,
            pay_lines=[line("earnings", 500), line("payment", 500), line("earnings", 7, "EUR")],
        )


def test_the_same_facts_are_the_same_bytes_and_come_back_from_them() -> None:
    facts = StatementFacts(run=RUN, participant=ADA, pay_lines=[line("earnings", 500), line("payment", 500)])
    again = StatementFacts.model_validate_json(frozen(facts))
    assert again == facts
    assert sha256(frozen(again)) == sha256(frozen(facts))
