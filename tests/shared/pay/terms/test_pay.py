"""What a run pays: published draw examples, and every rule of the terms by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pay.steps import STEPS
from shared.pay.terms.pay import Pay, pay
from shared.pay.terms.policy import PaymentTerms, terms_for
from shared.pay.terms.words.base import PaidFor, PeriodTerms, Position, TermLine, Terms
from shared.pay.terms.words.draw import DRAW
from shared.pay.terms.words.maximum import MAXIMUM
from shared.pay.terms.words.negative import NEGATIVE


def terms(**rules: Any) -> Terms:
    document = PaymentTerms.of(
        {"kind": "payment_terms", "id": "t", "valid_from": "2026-01-01", "currency": "USD", **rules}
    )
    return terms_for([document], "ada", plan=None, pay_group="default", currency="USD")


def months(earned: list[int], rules: Terms, **facts: Any) -> list[Pay]:
    """Run month after month over what is earned, in whole dollars."""
    found: list[Pay] = []
    draw = carried = receivable = 0
    for number, amount in enumerate(earned, 1):
        period = f"2026-{number:02d}"
        at = Position(
            pay_period=period,
            due=amount * 100 + carried,
            bases={period: amount * 100},
            draw=draw,
            receivable=receivable,
            **facts,
        )
        one = pay(at, {period: PeriodTerms(rules, period)})
        draw, carried, receivable = one.draw, one.carried, one.receivable
        found.append(one)
    return found


def dollars(found: list[Pay], what: str) -> list[float]:
    return [getattr(one, what) / 100 for one in found]


def test_a_recoverable_draw_is_recovered_from_the_excess_over_the_draw_only() -> None:
    """WE-48 of the published cases."""
    found = months([1000, 5000, 5000], terms(draw={"amount": 3000}))
    assert dollars(found, "paid") == [3000, 3000, 5000]
    assert dollars(found, "draw") == [2000, 0, 0]


def test_the_weekly_draw_ledger_comes_out_as_derived() -> None:
    """WE-50, with its third row corrected as the later rows demand."""
    found = months([400, 600, 1200, 1500, 1400], terms(draw={"amount": 1000}))
    assert dollars(found, "paid") == [1000, 1000, 1000, 1000, 1100]
    assert dollars(found, "draw") == [600, 1000, 800, 300, 0]


def test_a_simple_draw_pays_the_extra_or_carries_the_deficit() -> None:
    """WE-51."""
    assert dollars(months([5000], terms(draw={"amount": 3000})), "paid") == [5000]
    assert dollars(months([2000], terms(draw={"amount": 3000})), "draw") == [1000]


def test_only_the_agreed_part_of_the_excess_goes_into_recovery() -> None:
    found = months([1000, 5000, 5000], terms(draw={"amount": 3000, "recover": "50%"}))
    assert dollars(found, "paid") == [3000, 4000, 4000]
    assert dollars(found, "draw") == [2000, 1000, 0]


def test_after_the_draw_has_ended_its_balance_is_still_recovered() -> None:
    found = months([1000, 1500], terms(draw={"amount": 3000, "until": "2026-01"}))
    assert dollars(found, "paid") == [3000, 0]
    assert dollars(found, "draw") == [2000, 500]


def test_a_non_recoverable_draw_and_a_guarantee_top_up_for_good() -> None:
    for rule in ({"draw": {"amount": 3000, "kind": "non_recoverable"}}, {"guarantee": {"amount": 3000}}):
        found = months([1000, 5000], terms(**rule))
        assert dollars(found, "paid") == [3000, 5000]
        assert [line.step for one in found for line in one.lines] == ["guarantee"]


def test_a_forgiven_draw_is_given_up_at_the_end_of_the_quarter() -> None:
    found = months(
        [1000, 2500, 3200, 4000], terms(draw={"amount": 3000, "kind": "forgiven", "forgive_every": "quarter"})
    )
    assert dollars(found, "paid") == [3000, 3000, 3000, 4000]
    assert dollars(found, "draw") == [2000, 2500, 0, 0]
    assert found[2].lines[-1] == TermLine("forgiveness", 230000, "2026-03")


def test_a_maximum_carries_or_forfeits_what_is_above_it() -> None:
    carry = months([12000, 9000, 0], terms(maximum={"amount": 10000}))
    assert dollars(carry, "paid") == [10000, 10000, 1000]
    lose = months([12000, 9000], terms(maximum={"amount": 10000, "above": "forfeit"}))
    assert dollars(lose, "paid") == [10000, 9000]


def test_a_minimum_waits_or_is_topped_up() -> None:
    assert dollars(months([30, 30, 50], terms(minimum={"amount": 100})), "paid") == [0, 0, 110]
    assert dollars(months([30], terms(minimum={"amount": 100, "below": "top_up"})), "paid") == [100]


@pytest.mark.parametrize(
    ("policy", "paid", "receivable"),
    [
        ("carry", [0, 0, 150], [0, 0, 0]),
        ("receivable", [0, 0, 150], [500, 300, 0]),
        ("write_off", [0, 200, 450], [0, 0, 0]),
    ],
)
def test_a_negative_balance_is_carried_claimed_or_written_off(
    policy: str, paid: list[int], receivable: list[int]
) -> None:
    found = months([-500, 200, 450], terms(negative={"balance": policy}))
    assert dollars(found, "paid") == paid
    assert dollars(found, "receivable") == receivable


def test_a_claim_is_taken_from_later_pay_no_faster_than_agreed() -> None:
    found = months([-500, 200, 450], terms(negative={"balance": "receivable", "recover": "50%"}))
    assert dollars(found, "paid") == [0, 100, 225]
    assert dollars(found, "receivable") == [500, 400, 175]


def test_a_late_correction_lowers_the_top_up_of_its_month_and_not_the_pay_of_this_one() -> None:
    rules = PeriodTerms(terms(guarantee={"amount": 3000, "until": "2026-01"}), "2026-01")
    at = Position(
        pay_period="2026-02", due=650000, bases={"2026-01": 250000, "2026-02": 500000}, topped={"2026-01": 200000}
    )
    found = pay(at, {"2026-01": rules, "2026-02": PeriodTerms(rules.terms, "2026-02")})
    assert found.lines == [TermLine("guarantee", -150000, "2026-01")]
    assert found.paid == 500000


def test_whoever_left_has_the_draw_recovered_from_everything_and_the_rest_becomes_a_claim() -> None:
    rules = PeriodTerms(
        terms(draw={"amount": 3000}, leaver={"draw_balance": "receivable", "guarantee": "ends"}), "2026-02", Fraction(0)
    )
    at = Position(pay_period="2026-02", due=150000, bases={"2026-02": 150000}, draw=200000, leaves=True)
    found = pay(at, {"2026-02": rules})
    assert (found.paid, found.draw, found.receivable) == (0, 0, 50000)


def test_an_off_cycle_run_advances_nothing_and_the_regular_one_counts_what_it_paid() -> None:
    rules = {"2026-01": PeriodTerms(terms(draw={"amount": 3000}), "2026-01")}
    assert (
        pay(Position(pay_period="2026-01", due=100000, bases={"2026-01": 100000}, settles=False), rules).paid == 100000
    )
    found = pay(
        Position(
            pay_period="2026-01", due=50000, bases={"2026-01": 150000}, paid_over={"2026-01": PaidFor(paid=100000)}
        ),
        rules,
    )
    assert (found.paid, found.draw) == (200000, 150000)


def test_what_is_said_of_a_person_goes_before_what_is_said_of_the_plan_and_of_everybody() -> None:
    def document(name: str, whose: dict[str, Any], **rules: Any) -> PaymentTerms:
        facts = {
            "kind": "payment_terms",
            "id": name,
            "valid_from": "2026-01-01",
            "currency": "USD",
            "applies_to": whose,
            **rules,
        }
        return PaymentTerms.of(facts)

    documents = [
        document("a", {"participants": ["ada"]}, draw={"amount": 1}),
        document("b", {"plans": ["field"]}, draw={"amount": 2}, maximum={"amount": 9}),
        document("c", {}, draw={"amount": 3}, maximum={"amount": 8}, negative={"balance": "write_off"}),
    ]
    ada = terms_for(documents, "ada", plan="field", pay_group="default", currency="USD")
    bob = terms_for(documents, "bob", plan=None, pay_group="default", currency="USD")
    assert ada[DRAW]
    assert ada[MAXIMUM]
    assert bob[DRAW]
    assert (ada[DRAW].amount, ada[MAXIMUM].amount, ada[NEGATIVE].balance, bob[DRAW].amount) == (1, 9, "write_off", 3)
    assert terms_for(documents, "ada", plan="field", pay_group="default", currency="EUR")[DRAW] is None


AMOUNTS = st.integers(-5000, 8000)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "draw": st.fixed_dictionaries(
            {"amount": st.integers(0, 4000)},
            optional={
                "recover": st.sampled_from(["0%", "50%", "100%"]),
                "kind": st.sampled_from(["recoverable", "non_recoverable"]),
            },
        ),
        "guarantee": st.fixed_dictionaries({"amount": st.integers(0, 4000)}),
        "minimum": st.fixed_dictionaries(
            {"amount": st.integers(0, 500), "below": st.sampled_from(["carry", "top_up"])}
        ),
        "maximum": st.fixed_dictionaries(
            {"amount": st.integers(500, 9000), "above": st.sampled_from(["carry", "forfeit"])}
        ),
        "negative": st.fixed_dictionaries(
            {
                "balance": st.sampled_from(["carry", "receivable", "write_off"]),
                "recover": st.sampled_from(["30%", "100%"]),
            }
        ),
    },
)


@given(st.lists(AMOUNTS, min_size=1, max_size=8), RULES)
def test_what_was_earned_is_paid_carried_advanced_or_claimed_to_the_cent(
    earned: list[int], rules: dict[str, Any]
) -> None:
    found = months(earned, terms(**rules))
    for_good = sum(
        line.amount
        for one in found
        for line in one.lines
        if STEPS[line.step].changes_pay and STEPS[line.step].booking.debit in ("guaranteed", "adjusted")
    )
    last = found[-1]
    assert sum(earned) * 100 + for_good == sum(one.paid for one in found) + last.carried - last.draw - last.receivable
    assert all(one.paid >= 0 and one.draw >= 0 and one.receivable >= 0 for one in found)
