"""Whatever plan there is, of every kind of component, a statement can be made of it, and its sums hold."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payout.statements.build import statement
from services.payout.statements.layout import sheet
from services.payout.statements.page import page
from services.payout.statements.pdf import pdf
from shared.explanation import frozen
from shared.kernel import earn, explain, measure
from tests.services.payout.statements.samples import document, full
from tests.services.payout.statements.test_statement_page import ALLOWED, Page
from tests.services.payout.statements.test_statement_sums import sums_hold
from tests.shared.kernel.test_language_against_the_oracle import credited, world


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_statements_of_random_plans_sum_up_and_can_be_shown(seed: int) -> None:
    (credits, _), roster, plans = credited(world(seed))
    earned = earn(measure(credits, plans), roster, plans=plans)
    explained = explain(credits, roster, plans=plans, earnings=earned)
    for period in earned["period"].unique().sort().to_list()[-2:]:
        for who, detail in frozen.details(explained, earned, plans=plans, period=period).iter_rows():
            pay: Counter[str] = Counter()
            own = earned.filter(participant_id=who, period=period)
            for plan, version, amount in own.select("plan", "version", "amount").iter_rows():
                pay[plans.plans[plan, version].currency] += amount
            lines = [
                {"kind": kind, "currency": currency, "amount": amount}
                for currency, amount in pay.items()
                for kind in ("earnings", "payment")
            ]
            facts = full(details={period: orjson.loads(detail)}, pay_lines=lines, accounts={"d1": "Someone"})
            made = statement(document(facts), final=True)
            for found in made.pay:
                shown = sum((each.amount for each in made.earned if each.currency == found.currency), Decimal(0))
                assert shown == found.payment
            laid_out = sheet(made)
            sums_hold(laid_out)
            paid = [line for each in made.earned for part in each.parts for line in part.lines]
            assert all(line.named in str(laid_out) for line in paid if line.amount)
            assert {tag for tag, _, _ in Page(page(laid_out)).elements} <= ALLOWED
            if who == own["participant_id"].min() and period == earned["period"].max():
                assert pdf(laid_out).startswith(b"%PDF")
