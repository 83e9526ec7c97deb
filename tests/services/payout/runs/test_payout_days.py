"""Several runs within a month, and money that comes in between them: each day's run pays what is due on that day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from services.payout.runs import journals
from shared.pay import held_lines
from shared.pay.settlement import EarningLineKey, PayLine
from shared.pay.steps import STEPS
from tests.services.payout.life.company import Company, write_keys
from tests.services.payout.life.deals_and_terms import HALF_AND_HALF
from tests.services.payout.life.pay_life import PayLife
from tests.services.scoring.conftest import scoring_engine

__all__ = ["scoring_engine"]


@pytest.fixture
def unchecked(
    scoring_engine: Engine, payout_engine: Engine, service_engine: Engine, view_engine: Engine, tmp_path: Path
) -> Iterator[PayLife]:
    """A company in which dee is paid half at booking and half as money comes in; what the model predicts is checked at every run."""
    write_keys(tmp_path)
    company = staticmethod(
        lambda: Company(scoring_engine, payout_engine, service=service_engine, view=view_engine, folder=tmp_path)
    )
    life: PayLife = type("Life", (PayLife,), {"start": company})()
    life.begin({}, {"release": HALF_AND_HALF})
    yield life
    life.company.close()


@pytest.fixture
def life(unchecked: PayLife) -> Iterator[PayLife]:
    """The same; in the end everything is checked."""
    yield unchecked
    unchecked.holds_true()
    unchecked.books.check_everything()


def test_money_that_came_in_before_the_runs_day_stays_released_whatever_comes_later(life: PayLife) -> None:
    life.company.today = date(2025, 1, 10)
    life.win(1000_00, {"dee": 100}, 0)
    life.customer_pays(0, 2, 0)
    life.company.today = date(2025, 1, 20)
    life.take_on("semi", "export")
    life.company.today = date(2025, 2, 3)
    life.customer_pays(0, 2, 0)
    life.take_on("semi", "export")
    assert life.books.accounts("dee") == {"earned": 100_00, "held": -25_00, "paid": -75_00}


def test_what_a_run_within_the_month_saw_and_did_not_pay_is_held_by_the_next(life: PayLife) -> None:
    life.company.today = date(2025, 1, 20)
    life.win(1000_00, {"dee": 100}, 0)
    life.take_on("semi", "export")
    life.company.today = date(2025, 2, 3)
    life.take_on("semi", "export")
    assert life.books.accounts("dee") == {"earned": 100_00, "held": -50_00, "paid": -50_00}


def test_what_an_off_cycle_run_saw_and_did_not_pay_waits_for_its_day(life: PayLife) -> None:
    life.company.today = date(2025, 1, 28)
    life.win(1000_00, {"cyd": 100}, 0)
    life.win(2000_00, {"cyd": 100}, 25)
    life.read(booked=True)
    life.draft_off_cycle("cyd", 20)
    life.calculate(0, late=False)
    for step in (life.submit, life.approve, life.export):
        step(0)
    life.take_on("semi", "export")
    assert life.books.accounts("cyd") == {"earned": 300_00, "payable": -100_00, "paid": -200_00}


def test_a_refund_of_what_was_paid_in_full_holds_nothing(life: PayLife) -> None:
    life.company.today = date(2025, 1, 10)
    life.win(1000_00, {"dee": 100}, 0)
    life.customer_pays(0, 1, 0)
    life.refund(0, 5)
    life.company.today = date(2025, 1, 20)
    life.take_on("semi", "export")
    assert life.books.accounts("dee") == {"earned": 80_00, "paid": -80_00}


def wrong_line(step: Any, amount: int, *, key: EarningLineKey) -> PayLine:
    """Half of what is to be held."""
    return PayLine(
        step=step,
        amount=-(-amount // 2),
        about=key.period,
        earning=key,
        deal_id=key.deal_id or None,
        component=key.component,
    )


def test_a_rule_that_is_broken_on_purpose_is_found(unchecked: PayLife, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_lines, "_line", wrong_line)
    unchecked.company.today = date(2025, 1, 10)
    unchecked.win(1000_00, {"dee": 100}, 0)
    with pytest.raises(AssertionError):
        unchecked.take_on("semi", "export")


def test_a_payment_that_is_booked_wrongly_is_found(unchecked: PayLife, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "STEPS", STEPS | {"hold": replace(STEPS["hold"], booking=None)})
    unchecked.company.today = date(2025, 1, 10)
    unchecked.win(1000_00, {"dee": 100}, 0)
    with pytest.raises(AssertionError):
        unchecked.take_on("semi", "export")
