"""Payments on account go to the deals of the account: exactly where that can be told, then by age; a bounce takes back
what it gave."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.allocation_order import ORDERS
from shared.pay.allocation import AccountDeal, AccountPayment, Allocation, allocate
from shared.pay.terms.words.release import DatedAmount

DAY = date(2025, 1, 1)


def deal(name: str, owed: int, day: int = 0, *, references: tuple[str, ...] = ()) -> AccountDeal:
    return AccountDeal(name, "acme", "USD", DAY + timedelta(days=day), owed, references)


def paid(name: str, amount: int, day: int, reference: str | None = None) -> AccountPayment:
    return AccountPayment(name, "acme", "USD", DAY + timedelta(days=day), amount, reference)


def shares(allocation: Allocation) -> list[tuple[str, str, int]]:
    return [(share.payment.id, share.deal_id, share.amount) for share in allocation.shares]


def left(allocation: Allocation) -> list[tuple[str, int]]:
    return [(one.payment.id, one.amount) for one in allocation.left]


DEALS = [deal("A", 100, 0), deal("B", 250, 1, references=("INV-7",)), deal("C", 80, 2)]


@pytest.mark.parametrize(
    ("payment", "given_to"),
    [
        (paid("p", 80, 5), [("p", "C", 80)]),
        (paid("p", 80, 5, "B"), [("p", "B", 80)]),
        (paid("p", 80, 5, "INV-7"), [("p", "B", 80)]),
        (paid("p", 120, 5), [("p", "A", 100), ("p", "B", 20)]),
        (paid("p", 300, 5, "B"), [("p", "B", 250), ("p", "A", 50)]),
        (paid("p", 80, 5, "of another system"), [("p", "C", 80)]),
    ],
)
def test_a_reference_goes_before_the_amount_and_the_amount_before_age(
    payment: AccountPayment, given_to: list[tuple[str, str, int]]
) -> None:
    assert shares(allocate(DEALS, [payment])) == given_to


def test_what_cannot_be_told_exactly_goes_by_the_order_that_is_said() -> None:
    payment = paid("p", 120, 5)
    newest = payment._replace(order="newest_first")
    assert shares(allocate(DEALS, [newest])) == [("p", "C", 80), ("p", "B", 40)]
    alone = allocate(DEALS, [payment._replace(order="exact_only")])
    assert (shares(alone), left(alone)) == ([], [("p", 120)])


def test_what_no_deal_takes_is_left_and_other_accounts_and_currencies_take_nothing() -> None:
    others = [deal("A", 100)._replace(account="beta"), deal("B", 100)._replace(currency="EUR"), deal("C", 30)]
    found = allocate(others, [paid("p", 100, 1)])
    assert (shares(found), left(found)) == ([("p", "C", 30)], [("p", 70)])


@pytest.mark.parametrize(
    ("bounce", "taken"),
    [
        (paid("x", -80, 9), [("x", "C", -80)]),  # the last payment of that amount
        (paid("x", -120, 9, "p1"), [("x", "B", -20), ("x", "A", -100)]),  # the one that it names, last given first
        (paid("x", -50, 9, "p1"), [("x", "B", -20), ("x", "A", -30)]),
        (paid("x", -90, 9), [("x", "C", -80), ("x", "B", -10)]),  # of none: what was given last
    ],
)
def test_a_bounce_takes_back_what_its_payment_gave(bounce: AccountPayment, taken: list[tuple[str, str, int]]) -> None:
    before = [paid("p1", 120, 5), paid("p2", 80, 6)]
    assert shares(allocate(DEALS, [*before, bounce]))[3:] == taken


def test_a_bounce_frees_the_deal_for_the_next_payment() -> None:
    found = allocate([deal("A", 100)], [paid("p1", 100, 1), paid("x", -100, 2, "p1"), paid("p2", 100, 3)])
    assert shares(found) == [("p1", "A", 100), ("x", "A", -100), ("p2", "A", 100)]


def test_what_bounced_and_was_never_given_is_told() -> None:
    assert left(allocate(DEALS, [paid("x", -40, 1)])) == [("x", -40)]


def test_what_was_given_before_a_deal_was_lost_stays_and_nothing_is_given_after() -> None:
    lost = deal("A", 100)._replace(lost_on=DAY + timedelta(days=5))
    before, on_the_day, after = paid("p1", 30, 4), paid("p2", 20, 5), paid("p3", 60, 6, "A")
    found = allocate([lost, deal("B", 50, 1)], [before, on_the_day, after])
    assert shares(found) == [("p1", "A", 30), ("p2", "A", 20), ("p3", "B", 50)]
    assert (left(found), found.unknown) == ([("p3", 10)], [])


def test_what_bounces_after_a_deal_was_lost_is_not_owed_again() -> None:
    lost = deal("A", 100)._replace(lost_on=DAY + timedelta(days=5))
    found = allocate([lost], [paid("p1", 100, 4), paid("x", -100, 6, "p1"), paid("p2", 100, 7)])
    assert shares(found) == [("p1", "A", 100), ("x", "A", -100)]
    assert left(found) == [("p2", 100)]


@pytest.mark.parametrize(
    ("refunds", "given_to"),
    [
        ([(2, 40)], [("p", "A", 60), ("p", "B", 40)]),  # a credit note, before any money
        ([(6, 40)], [("p", "A", 100)]),  # of a later day: money that went back
        ([(5, 40)], [("p", "A", 100)]),  # of the same day too
        ([(2, 100)], [("p", "B", 50)]),
        ([(2, 30), (3, 30)], [("p", "A", 40), ("p", "B", 50)]),
    ],
)
def test_a_credit_note_lowers_what_is_owed_and_money_that_went_back_does_not(
    refunds: list[tuple[int, int]], given_to: list[tuple[str, str, int]]
) -> None:
    credited = deal("A", 100)._replace(
        refunds=tuple(DatedAmount(DAY + timedelta(days=day), amount) for day, amount in refunds)
    )
    assert shares(allocate([credited, deal("B", 50, 1)], [paid("p", 100, 5)])) == given_to


def test_of_a_deal_paid_in_part_a_refund_is_first_money_and_then_a_credit() -> None:
    deal_paid = deal("A", 70)._replace(
        paid=(DatedAmount(DAY, 30),), refunds=(DatedAmount(DAY + timedelta(days=2), 50),)
    )
    assert shares(allocate([deal_paid], [paid("p", 70, 5)])) == [("p", "A", 50)]


ACCOUNTS = st.sampled_from(["acme", "beta"])
SOME_DEALS = st.lists(
    st.builds(
        AccountDeal,
        st.uuids().map(str),
        ACCOUNTS,
        st.just("USD"),
        st.dates(DAY, DAY + timedelta(days=30)),
        st.integers(-50, 300),
        refunds=st.lists(
            st.builds(DatedAmount, st.dates(DAY, DAY + timedelta(days=30)), st.integers(1, 200)), max_size=2
        ).map(tuple),
        lost_on=st.none() | st.dates(DAY, DAY + timedelta(days=30)),
    ),
    max_size=6,
    unique_by=lambda one: one.deal_id,
)


@st.composite
def deals_and_payments(draw: st.DrawFn) -> tuple[list[AccountDeal], list[AccountPayment]]:
    deals = draw(SOME_DEALS)
    number = draw(st.integers(0, 8))
    names = [f"p{place}" for place in range(number)]
    references = st.sampled_from([None, "unknown", *names, *(one.deal_id for one in deals)])
    payments = [
        AccountPayment(
            name,
            draw(ACCOUNTS),
            "USD",
            DAY + timedelta(days=draw(st.integers(0, 30))),
            draw(st.integers(-200, 300).filter(bool)),
            draw(references),
            draw(st.sampled_from(ORDERS)),
        )
        for name in names
    ]
    return deals, payments


@given(deals_and_payments(), st.randoms(use_true_random=False))
def test_no_deal_gets_more_than_it_owes_sums_add_up_and_the_order_of_arrival_does_not_matter(
    both: tuple[list[AccountDeal], list[AccountPayment]], chance: object
) -> None:
    deals, payments = both
    found = allocate(deals, payments)
    owed = {one.deal_id: max(one.owed, 0) for one in deals}
    on_deal: Counter[str] = Counter()
    for share in found.shares:
        on_deal[share.deal_id] += share.amount
        assert 0 <= on_deal[share.deal_id] <= owed[share.deal_id]
    # All money is on a deal, left, or back with the customer.
    came = sum(one.amount for one in payments)
    assert sum(on_deal.values()) + sum(one.amount for one in found.left) == came
    shuffled = [list(deals), list(payments)]
    for each in shuffled:
        chance.shuffle(each)  # type: ignore[attr-defined]
    assert allocate(shuffled[0], shuffled[1]) == found


@given(deals_and_payments())
def test_a_later_payment_moves_nothing_that_an_earlier_one_gave(
    both: tuple[list[AccountDeal], list[AccountPayment]],
) -> None:
    deals, payments = both
    ordered = sorted(payments, key=lambda one: (one.day, one.amount < 0, one.id))
    whole = allocate(deals, payments).shares
    for end in range(len(ordered)):
        earlier = allocate(deals, ordered[:end]).shares
        assert whole[: len(earlier)] == earlier
