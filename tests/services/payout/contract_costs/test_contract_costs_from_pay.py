"""Lines of pay become costs of contracts."""

from __future__ import annotations

from datetime import date

from services.payout.contract_costs.pay_lines import PayLine, costs_of


def line(deal: str | None, amount: int, day: int = 10, **more: object) -> PayLine:
    return PayLine("ada", "2026-01", "new", deal, date(2026, 1, day), amount, "USD", "us", term_months=24, **more)  # type: ignore[arg-type]


def test_lines_of_one_deal_are_one_cost_and_pay_without_a_deal_is_none() -> None:
    (cost,) = costs_of([line("D1", 100_00), line(None, 500_00), line("D1", 140_00, 20, contract="K9")])
    assert (cost.earning_line_id, cost.contract_id, cost.amount) == ("ada/2026-01/new/D1/USD", "K9", 240_00)
    assert (cost.signed, cost.recognised) == (date(2026, 1, 20), date(2026, 1, 20))


def test_what_a_line_gives_and_another_takes_back_is_no_cost() -> None:
    assert list(costs_of([line("D1", 100), line("D1", -100)])) == []


def test_a_credit_dated_outside_its_month_is_earned_within_it() -> None:
    (cost,) = costs_of([line("D1", 100)._replace(credit_date=date(2025, 12, 30))])
    assert (cost.signed, cost.recognised) == (date(2025, 12, 30), date(2026, 1, 1))
