"""Terms that look at a quarter or a year, over runs of a living ledger: what earlier runs paid and brought counts."""

from __future__ import annotations

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
    # after: 130 is all of the quarter, and 120 of it are paid; of what is left nothing is above the draw.
    assert run(company, 2) == {"most": "50.00", "least": "150.00", "lost": "50.00", "after": "10.00"}
    company.deal("J-lost", amount="600.00")
    company.deal("J-least", amount="0.00")
    # Nothing is left to pay of what waits. least: 250 less 100 are 150, and 300 are guaranteed, of which 250 are paid.
    # lost: what January brings more is above the maximum too.
    assert run(company, 3) == {"most": "100.00", "least": "50.00", "after": "140.00"}
    assert run(company, 4) == {"most": "100.00", "least": "100.00", "after": "120.00"}
    assert company.verified() == []
