"""Terms that look at a quarter or a year, over runs of a living ledger: what earlier runs paid and brought counts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from httpx import Response

from tests.services.payout.life.company import Company
from tests.services.payout.runs.test_deals_that_decrease import company, join, run, scoring_engine, won

__all__ = ["company", "scoring_engine"]


def test_quarters_and_years_remember_what_their_pay_periods_brought_and_paid(company: Company) -> None:
    join(company, "most", "least", "lost", "after")
    said = {
        "most": {"maximum": [{"amount": 100}, {"amount": 150, "every": "quarter"}]},
        "least": {"guarantee": {"amount": 300, "every": "quarter", "settled": "running"}},
        "lost": {"maximum": {"amount": 150, "every": "year", "above": "forfeit"}},
        "after": {
            "draw": {"amount": 120, "recovered": "after_maximum", "recover_since": "2025-02"},
            "maximum": {"amount": 130, "every": "quarter"},
        },
    }
    for who, rules in said.items():
        terms = {"valid_from": "2024-01-01", "currency": "USD", "applies_to": {"participants": [who]}, **rules}
        assert company.policy("payment_terms", who, terms).is_success
    for who in said:
        won(company, f"J-{who}", who)  # 100.00
    assert run(company, 1) == {"most": "100.00", "least": "100.00", "lost": "100.00", "after": "120.00"}
    for who in said:
        won(company, f"F-{who}", who, amount="1500.00", close_date="2025-02-10")
    # after: 100 of the 130 of the quarter are paid, and 20 are lent; 30 of 150 are left, and 90 more are lent.
    assert run(company, 2) == {"most": "50.00", "least": "150.00", "lost": "50.00", "after": "120.00"}
    company.deal("J-lost", amount="600.00")
    company.deal("J-least", amount="0.00")
    # Nothing is left to pay of what waits. least: 250 less 100 are 150, and 300 are guaranteed, of which 250 are paid.
    # lost: what January brings more is above the maximum too.
    assert run(company, 3) == {"most": "100.00", "least": "50.00", "after": "120.00"}
    assert run(company, 4) == {"most": "100.00", "least": "100.00", "after": "120.00"}
    assert company.verified() == []


TERMS: dict[str, dict[str, Any]] = {
    "month": {"maximum": {"amount": 120}},
    "quarter": {"maximum": {"amount": 160, "every": "quarter"}},
    "least": {"minimum": {"amount": 50}},
    "guaranteed": {"guarantee": {"amount": 261, "every": "quarter", "settled": "running"}},
    "draw": {"draw": {"amount": 90}},
}
FEBRUARY = {"month": 40, "quarter": 40, "least": 0, "guaranteed": 74, "draw": 90}
MARCH = {"month": "70.00", "quarter": "20.00", "least": "110.00", "guaranteed": "87.00", "draw": "90.00"}


@pytest.mark.parametrize("off_cycle", [False, True])
def test_what_payroll_gave_back_counts_where_it_was_first_paid(company: Company, off_cycle: bool) -> None:
    join(company, *TERMS)
    for who, rules in TERMS.items():
        terms = {"valid_from": "2024-01-01", "currency": "USD", "applies_to": {"participants": [who]}, **rules}
        assert company.policy("payment_terms", who, terms).is_success
        won(company, f"J-{who}", who)  # 100.00
        won(company, f"F-{who}", who, amount="400.00", close_date="2025-02-10")
        won(company, f"M-{who}", who, amount="700.00", close_date="2025-03-10")
    assert run(company, 1) == dict.fromkeys(TERMS, "100.00")
    give_back(company)
    again = 100
    if off_cycle:
        asked = {"off_cycle": "2025-02-06", "pay_group": "default", "participants": sorted(TERMS)}
        assert paid(company.post("/v1/runs/simulate", "dana", asked)) == dict.fromkeys(TERMS, 100)
        assert "2025-02-06 lies ahead" in company.post("/v1/runs", "dana", asked).json()["detail"]
        company.today = date(2025, 2, 6)
        made = company.post("/v1/runs", "dana", asked)
        for verb, actor in (("calculate", "dana"), ("submit", "dana"), ("approve", "frank"), ("export", "dana")):
            made = company.post(f"/v1/runs/{made.json()['id']}/{verb}", actor)
        assert paid(made) == dict.fromkeys(TERMS, again)
        again = 0
    asked = {"period": "2025-02", "pay_group": "default"}
    assert paid(company.post("/v1/runs/simulate", "dana", asked)) == {who: FEBRUARY[who] + again for who in TERMS}
    run(company, 2)
    assert run(company, 3) == MARCH
    assert company.verified() == []


def paid(answer: Response) -> dict[str, Decimal]:
    assert answer.is_success, answer.text
    return {line["participant_id"]: Decimal(line["paid"]) for line in answer.json()["lines"]}


def give_back(company: Company) -> None:
    """As payroll, all of January."""
    company.today = date(2025, 2, 4)
    (batch,) = company.get("/v1/payroll/batches", "payroll").json()["batches"]
    path = f"/v1/payroll/batches/{batch['id']}"
    found = company.get(path, "payroll").json()
    said = {name: found[name] for name in ("sha256", "record_count", "control_totals")} | {"status": "rejected"}
    answer = company.post(f"{path}/ack", "payroll", said, **{"idempotency-key": "key-00001"})
    assert answer.is_success, answer.text
