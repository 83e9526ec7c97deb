"""The first half of the state machine: deals are won and changed, people decide about terms, holds and adjustments,
days pass.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.services.payout.life.checks import Books
from tests.services.payout.life.company import Company
from tests.services.payout.life.model import Booking, Deal, Model

GROUPS = {"ada": "default", "bob": "default", "cyd": "semi", "dee": "semi"}
"""ada is on the graduated plan; terms are drawn for ada and dee; bob and cyd are paid as they earn."""
SEMI = {"valid_from": "2024-01-01", "calendar": {"every": "half_month"}, "currency": "USD"}
GL = ("earned", "adjusted", "guaranteed", "held", "payable", "draw", "clawback", "paid")
SPLITS = st.sampled_from(
    [{"ada": 100}, {"bob": 100}, {"cyd": 100}, {"dee": 100}, {"ada": 50, "dee": 50}, {"bob": 30, "cyd": 70}]
)
HUNDREDS = st.integers(1, 30).map(lambda number: number * 100_00)
SHARE = st.sampled_from(["0%", "25%", "50%", "100%"])
HALF_AND_HALF = [{"share": "50%", "when": "booked"}, {"share": "50%", "when": "collected"}]
RULES: dict[str, Any] = {
    "draw": st.fixed_dictionaries(
        {"amount": st.sampled_from([40, 150]), "kind": st.sampled_from(["recoverable"]), "recover": SHARE}
    ),
    "guarantee": st.fixed_dictionaries({"amount": st.sampled_from([30, 120])}, optional={"every": st.just("quarter")}),
    "maximum": st.fixed_dictionaries(
        {"amount": st.sampled_from([60, 200]), "above": st.sampled_from(["carry", "forfeit"])},
        optional={"every": st.sampled_from(["quarter", "year"])},
    ),
    "minimum": st.fixed_dictionaries(
        {"amount": st.sampled_from([25, 80]), "below": st.sampled_from(["carry", "top_up"])}
    ),
    "negative": st.fixed_dictionaries(
        {"balance": st.sampled_from(["carry", "receivable", "write_off"]), "recover": SHARE}
    ),
    "release": st.sampled_from(
        [
            HALF_AND_HALF,
            HALF_AND_HALF,
            [{"share": "100%", "when": "paid_in_full"}],
            [{"share": "30%", "when": "booked", "days_after": 20}, {"share": "70%", "when": "collected"}],
        ]
    ),
    "clawback": st.sampled_from([{"steps": [{"within_months": 1, "take_back": "50%"}]}, {"prorated_over_months": 3}]),
}
TERMS = st.one_of(
    st.just({"release": HALF_AND_HALF}),
    st.fixed_dictionaries({"draw": RULES["draw"]}, optional={"negative": RULES["negative"]}),
    st.sampled_from(sorted(RULES)).flatmap(lambda name: st.fixed_dictionaries({name: RULES[name]})),
    st.fixed_dictionaries({}, optional=RULES),
)


class DealsAndTerms(RuleBasedStateMachine):
    """`start` makes a company with nothing in it."""

    start: Callable[[], Company]

    def __init__(self) -> None:
        super().__init__()
        self.company = self.start()
        self.model = Model(GROUPS)
        self.books = Books(self.company)
        self.runs: dict[str, dict[str, Any]] = {}
        self.terms: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.holds: list[str] = []
        self.stopped: set[str] = set()
        self.kept_whole: set[str] = set()
        self.numbers = 0
        self.calm = False
        """Nobody decides anything, and payroll takes everything: then the model can tell what everybody is paid."""

    @initialize(
        ada=TERMS,
        dee=TERMS,
        won=st.lists(st.tuples(HUNDREDS, SPLITS, st.integers(0, 32)), min_size=3, max_size=8),
        calm=st.booleans(),
    )
    def found(
        self, ada: dict[str, Any], dee: dict[str, Any], won: list[tuple[int, dict[str, int], int]], calm: bool
    ) -> None:
        self.calm = calm
        self.begin(ada, dee)
        for each in won:
            self.win(*each)

    def begin(self, ada: dict[str, Any], dee: dict[str, Any]) -> None:
        """Everybody is there, with the terms of ada and dee; it is February."""
        company = self.company
        for name, tiers in (
            ("stairs", [{"up_to": "100%", "rate": "5%"}, {"rate": "10%"}]),
            ("flat", [{"rate": "10%"}]),
        ):
            company.road.plan(plan(name, tiers))
        for who, group in GROUPS.items():
            extra: dict[str, Any] = {"quota_bookings": "1000", "plan": "stairs"} if who == "ada" else {"plan": "flat"}
            company.person(who, "2024-01-01", pay_group=group, entity="US", payroll_id=f"E-{who}", **extra)
        company.score()
        company.book()
        assert company.policy("pay_group", "semi", SEMI).is_success
        accounts = [{"ledger": name, "account": f"Pay:{name.title()}"} for name in GL]
        assert company.policy("gl_accounts", "default", {"valid_from": "2024-01-01", "accounts": accounts}).is_success
        self.publish("ada", ada, "2024-01-01")
        self.publish("dee", dee, "2024-01-01")
        company.today = date(2025, 2, 3)

    def publish(self, who: str, rules: dict[str, Any], since: str) -> None:
        body = {"valid_from": since, "currency": "USD", "applies_to": {"participants": [who]}, **rules}
        answer = self.company.policy("payment_terms", who, body)
        assert answer.is_success or answer.status_code == 409, answer.text
        if answer.is_success:
            self.terms.setdefault(who, []).append((since, rules))

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def day(self, back: int) -> date:
        return max(date(2025, 1, 1), self.company.today - timedelta(days=back))

    def some(self, pick: int) -> tuple[str, Deal]:
        return sorted(self.model.deals.items())[pick % len(self.model.deals)]

    # Deals

    @rule(amount=HUNDREDS, splits=SPLITS, back=st.integers(0, 45))
    def win(self, amount: int, splits: dict[str, int], back: int) -> None:
        name, day = f"D{self.number()}", self.day(back)
        self.model.deals[name] = Deal(amount, splits, day)
        shares = {who: str(share) for who, share in splits.items()}
        facts = {"stage": "won", "currency": "USD", "amount": f"{amount // 100}.00", "splits": shares}
        self.company.deal(name, close_date=day.isoformat(), **facts)

    @rule(pick=st.integers(0, 50), amount=HUNDREDS)
    @precondition(lambda self: self.model.deals)
    def amend(self, pick: int, amount: int) -> None:
        name, deal = self.some(pick)
        if amount >= deal.amount - deal.owed:
            deal.amount = amount
            self.company.deal(name, amount=f"{amount // 100}.00")

    @rule(pick=st.integers(0, 50), dated=st.booleans())
    @precondition(lambda self: self.model.deals)
    def void(self, pick: int, dated: bool) -> None:
        name, deal = self.some(pick)
        deal.won = not deal.won
        lost = {"cancel_date": self.company.today.isoformat() if dated and not deal.won else None}
        self.company.deal(name, stage="won" if deal.won else "cancelled", **lost)

    @rule(pick=st.integers(0, 50), part=st.sampled_from([1, 2, 4]), back=st.integers(0, 20))
    @precondition(lambda self: self.model.deals)
    def customer_pays(self, pick: int, part: int, back: int) -> None:
        name, deal = self.some(pick)
        day, amount = self.day(back), deal.amount // part
        deal.payments.append((day, amount))
        self.company.deal(name, **{f"payments.p{self.number()}": entry(amount, day)})

    @rule(pick=st.integers(0, 50), part=st.sampled_from([1, 2, 5]))
    @precondition(lambda self: self.model.deals)
    def refund(self, pick: int, part: int) -> None:
        name, deal = self.some(pick)
        amount = (deal.amount // part) // 10_00 * 10_00
        if 0 < amount <= deal.owed:
            deal.refunds.append((self.company.today, amount))
            self.company.deal(name, **{f"refunds.r{self.number()}": entry(amount, self.company.today)})

    @rule(pick=st.integers(0, 50), splits=SPLITS)
    @precondition(lambda self: self.model.deals)
    def split_otherwise(self, pick: int, splits: dict[str, int]) -> None:
        name, deal = self.some(pick)
        if name not in self.kept_whole:
            deal.splits = splits
            self.company.deal(name, splits={who: str(share) for who, share in splits.items()})

    @rule(booked=st.booleans())
    def read(self, booked: bool) -> None:
        """Scoring reads, and payout does or lags behind."""
        self.company.score()
        self.model.score()
        if booked:
            self.company.book()
            self.model.book()

    @rule(days=st.sampled_from([3, 8, 16, 30]))
    def time_passes(self, days: int) -> None:
        self.company.today += timedelta(days=days)

    @rule(who=st.sampled_from(sorted(GROUPS)), entity=st.sampled_from(["US", "DE"]))
    @precondition(lambda self: not self.calm)
    def move(self, who: str, entity: str) -> None:
        """Somebody belongs to another legal entity from this month on."""
        self.company.person(who, f"{self.company.today:%Y-%m}-01", entity=entity)

    # What people decide

    @rule(who=st.sampled_from(["ada", "dee"]), rules=TERMS)
    @precondition(lambda self: not self.calm)
    def change_terms(self, who: str, rules: dict[str, Any]) -> None:
        self.publish(who, rules, f"{self.company.today:%Y-%m}-01")

    @rule(scope=st.sampled_from(["participant", "deal"]), who=st.sampled_from(["ada", "dee"]), pick=st.integers(0, 50))
    @precondition(lambda self: self.model.deals and not self.calm)
    def hold(self, scope: str, who: str, pick: int) -> None:
        name = f"hold-{self.number()}"
        if scope == "deal":
            mine = sorted(name for name, deal in self.model.deals.items() if set(deal.splits) <= {"ada", "dee"})
            if not mine:
                return
            who = mine[pick % len(mine)]
            self.kept_whole.add(who)
        body = {"id": name, "scope": scope, "subject": who, "reason": "the invoice is disputed", "expected": True}
        assert self.company.post("/v1/holds", "tina", body).status_code == 201
        self.holds.append(name)
        self.stopped |= {"ada", "dee"}

    @rule(who=st.sampled_from(sorted(GROUPS)), dollars=st.sampled_from([-90, 35, 400]), about=st.integers(0, 60))
    def adjust(self, who: str, dollars: int, about: int) -> None:
        month, number = f"{self.day(about):%Y-%m}", self.number()
        body = {
            "id": str(UUID(int=number)),
            "participant_id": who,
            "amount": f"{dollars}.00",
            "currency": "USD",
            "month": month,
            "reason": f"agreed with the manager, {number}",
            "attachment_name": "mail.txt",
            "attachment": base64.b64encode(b"yes").decode(),
        }
        answer = self.company.approved(self.company.post("/v1/adjustments", "tina", body))
        booked = max(month, self.model.first_open(GROUPS[who], softly=False))
        assert answer.is_success == (booked <= f"{self.company.today:%Y-%m}"), answer.text
        if answer.is_success:
            self.model.adjustments.append(Booking(who, booked, month, dollars * 100))

    @rule()
    @precondition(lambda self: self.holds)
    def release(self) -> None:
        answer = self.company.post(f"/v1/holds/{self.holds.pop(0)}/release", "tina", {"reason": "it is settled"})
        assert answer.is_success, answer.text


def entry(amount: int, day: date) -> dict[str, str]:
    """A payment or refund of so many cents."""
    return {"amount": f"{amount // 100}.{amount % 100:02d}", "date": day.isoformat()}


def plan(name: str, tiers: list[dict[str, str]]) -> dict[str, Any]:
    """A plan that pays what its holders are credited with."""
    commission = {"component": "commission", "measure": "bookings"}
    rates = (
        {"kind": "graduated", "on": "attainment", "tiers": tiers} if len(tiers) > 1 else {"kind": "flat", **tiers[0]}
    )
    return {
        "plan": name,
        "version": 1,
        "name": name.title(),
        "currency": "USD",
        "effective_from": date(2024, 1, 1),
        "credits": [{"rule": "own"}],
        "measures": [{"measure": "bookings", "sum_of": ["own"]}],
        "components": [commission | rates],
    }
