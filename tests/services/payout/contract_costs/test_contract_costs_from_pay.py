"""Lines of pay become costs of contracts."""

from __future__ import annotations

from datetime import date

import polars as pl

from services.payout.contract_costs.earned_lines import EarnedLine, costs_of, lines_of
from shared.contract_costs.facts import CostLine
from shared.contracts.lines import SCHEMA


def line(deal: str | None, amount: int, day: int = 10, **more: object) -> EarnedLine:
    return EarnedLine(
        participant_id="ada",
        period="2026-01",
        component="new",
        deal_id=deal,
        credit_date=date(2026, 1, day),
        amount=amount,
        currency="USD",
        entity="us",
        term_months=24,
        **more,
    )  # type: ignore[arg-type]


def test_lines_of_one_deal_are_one_cost_and_pay_without_a_deal_is_none() -> None:
    (cost,) = costs_of([line("D1", 100_00), line(None, 500_00), line("D1", 140_00, 20, contract="K9")])
    assert (cost.earning_line_id, cost.contract_id, cost.amount) == ("ada/2026-01/new/D1/USD", "K9", 240_00)
    assert (cost.signed, cost.recognised) == (date(2026, 1, 20), date(2026, 1, 20))


def test_what_a_line_gives_and_another_takes_back_is_no_cost() -> None:
    assert list(costs_of([line("D1", 100), line("D1", -100)])) == []


def test_a_credit_dated_outside_its_month_is_earned_within_it() -> None:
    (cost,) = costs_of([line("D1", 100)._replace(credit_date=date(2025, 12, 30))])
    assert (cost.signed, cost.recognised) == (date(2025, 12, 30), date(2026, 1, 1))


def test_the_lines_of_a_month_in_bulk_are_read_with_the_facts_of_their_deals() -> None:
    told = {
        "component": "new",
        "plan": "p",
        "version": 1,
        "line": 1,
        "deal_id": "D1",
        "rule": "own",
        "credit_date": date(2026, 1, 10),
        "amount": 240_00,
        "currency": "USD",
        "deal_amount": 2_400_00,
        "deal_currency": "USD",
        "payments": [],
        "refunds": [],
        "closed_on": date(2026, 1, 9),
        "cancelled_on": None,
        "term_months": 24,
        "start_date": date(2026, 2, 1),
        "contract": "K9",
    }
    rows = [
        {"participant_id": "ada", "period": "2026-01", "revision": 1, "settled": True, "earnings": [], "lines": [told]},
        {"participant_id": "bob", "period": "2026-01", "revision": 1, "settled": True, "earnings": [], "lines": []},
    ]
    table = pl.DataFrame([row | {"touched_by": [], "detail": b"{}"} for row in rows], schema=SCHEMA)
    (cost,) = costs_of(lines_of(table, lambda participant, _: f"entity-of-{participant}"))
    assert cost == CostLine(
        earning_line_id="ada/2026-01/new/D1/USD",
        contract_id="K9",
        signed=date(2026, 1, 9),
        amount=240_00,
        currency="USD",
        entity="entity-of-ada",
        component="new",
        service_start=date(2026, 2, 1),
        earned=date(2026, 1, 10),
        term_months=24,
    )
