"""Scoring as payout sees it: the lines of what is booked, each earning one line, or the deals that a test tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
import polars as pl
from sqlalchemy import Engine, text

from shared.contracts.lines import SCHEMA
from shared.explanation import frozen
from shared.pay.deal_facts import DealHistory, Remarked, Uncredited
from shared.periods import last_day


class Scoring:
    """`deals` says, by participant, month and component, which deals make up the earning: (deal, amount, facts)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.deals: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        self.facts_of: dict[str, DealHistory] = {}
        self.touched: list[dict[str, str]] = []
        self.less: list[str] = []
        self.set_aside: dict[str, str] = {}
        self.not_credited: list[tuple[str, Uncredited]] = []
        self.problems: dict[tuple[str, str], tuple[str, str] | None] = {}
        self.remarked: list[tuple[str, Remarked]] = []

    def of(self, period: str, participants: Sequence[str] | None) -> pl.DataFrame:
        """The lines of a month."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                text("select participant_id, revision, earned from booked_earning where period = :p order by 1"),
                {"p": period},
            ).all()
        wanted = [row for row in rows if participants is None or row.participant_id in participants]
        found = pl.DataFrame([self._row(period, *row) for row in wanted], schema=SCHEMA, orient="row")
        settled = pl.col("settled") & ~pl.col("participant_id").is_in(list(self.set_aside))
        return found.with_columns(settled=settled)

    def facts(self, deals: Sequence[str]) -> dict[str, DealHistory]:
        """What became of deals."""
        return {deal: self.facts_of[deal] for deal in deals if deal in self.facts_of}

    def known(self, deals: Sequence[str]) -> set[str]:
        """The deals that somebody earns by, and those that have facts."""
        earning = {each["deal_id"] for lines in self.deals.values() for each in lines}
        return {*deals} & (earning | self.facts_of.keys())

    def plans(self) -> set[str]:
        """The plan of every earning."""
        return {"plan"}

    def paid_less(self, as_of: date) -> list[str]:
        """Deals that are paid less than they were."""
        return self.less

    def quarantined(self) -> dict[str, str]:
        """Whose plan version is set aside."""
        return self.set_aside

    def remarks(self, period: str) -> list[Remarked]:
        """What looks like a slip in a month."""
        return [each for month, each in self.remarked if month == period]

    def uncredited(self, period: str) -> list[Uncredited]:
        """Shares of deals of a month that credit nobody."""
        return [each for month, each in self.not_credited if month == period]

    def _row(self, period: str, who: str, revision: int, earned: str) -> dict[str, Any]:
        lines: list[dict[str, Any]] = []
        earnings = []
        booked = orjson.loads(earned)
        told_of = {component for person, month, component in self.deals if (person, month) == (who, period)}
        # What is zero the ledger does not keep, and scoring says.
        nothing = sorted(told_of - {component for component, *_ in booked})
        for component, plan, version, currency, amount in [*booked, *([each, "plan", 1, "USD", 0] for each in nothing)]:
            part = {"component": component, "plan": plan, "version": version, "currency": currency}
            problem, about = self.problems.get((who, component)) or (None, None)
            no_quota = dict.fromkeys(("quota", "attainment", "share"))
            earnings.append(part | no_quota | {"amount": amount, "measure": 0, "problem": problem, "about": about})
            told = self.deals.get((who, period, component), [{"deal_id": None, "amount": amount}])
            rest = amount - sum(each["amount"] for each in told)
            told = told if not rest else [*told, {"deal_id": None, "amount": rest}]
            for number, each in enumerate(told, 1):
                lines.append(self._line(period) | part | {"line": number} | each)
        detail = frozen.nothing(who, period)
        return {
            "participant_id": who,
            "period": period,
            "revision": revision,
            "settled": True,
            "earnings": earnings,
            "lines": lines,
            "touched_by": self.touched,
            "detail": detail,
        }

    @staticmethod
    def _line(period: str) -> dict[str, Any]:
        absent = (
            "problem",
            "deal_amount",
            "deal_currency",
            "payments",
            "refunds",
            "cancelled_on",
            "term_months",
            "start_date",
            "contract",
            "account",
        )
        return {"rule": "base", "credit_date": last_day(period), "closed_on": None} | dict.fromkeys(absent)


def deal(
    name: str, amount: int, closed_on: date, deal_amount: int, came_in: int = 0, on: date | None = None
) -> dict[str, Any]:
    """A line of a deal, in minor units."""
    collected = {"payments": [{"day": on, "amount": came_in}]} if on else {}
    return {
        "deal_id": name,
        "amount": amount,
        "credit_date": closed_on,
        "closed_on": closed_on,
        "deal_amount": deal_amount,
        **collected,
    }
