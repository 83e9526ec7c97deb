"""The domain by itself: differences, journals, the period they are booked in, the hash that freezes a run."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payout.errors import BadPeriod
from services.payout.ledger.journal import ComponentKey, CostAssignment, cost_assignment, difference, earning_journal
from services.payout.periods import checked
from services.payout.runs.journals import pay_journals
from services.payout.runs.record import PayRecord, SettlementRecord, sha256_of_rows
from shared.money import MOST
from shared.pay.people import Person

PARTS = st.builds(
    ComponentKey,
    st.sampled_from(["commission", "override"]),
    st.just("p"),
    st.integers(1, 2),
    st.sampled_from(["USD", "JPY"]),
)
AMOUNTS = st.dictionaries(PARTS, st.integers(-MOST, MOST).filter(bool), max_size=5)
IN = partial(CostAssignment, pay_group="default", entity="", cost_center="")
PERIODS = st.dates(date(2020, 1, 1), date(2030, 12, 31)).map(lambda day: f"{day:%Y-%m}")


@given(AMOUNTS, AMOUNTS)
def test_a_difference_makes_what_was_what_is(before: dict[ComponentKey, int], after: dict[ComponentKey, int]) -> None:
    booked = Counter(before)
    booked.update(difference(before, after))
    assert {part: amount for part, amount in booked.items() if amount} == after


@given(AMOUNTS, AMOUNTS)
def test_a_journal_of_a_difference_sums_to_zero_in_every_currency(
    before: dict[ComponentKey, int], after: dict[ComponentKey, int]
) -> None:
    journal = earning_journal(
        "ada",
        "2025-01",
        assignment=IN("2025-02"),
        revision=7,
        changes=difference(before, after),
        record="earnings/0/1",
        corrects=None,
        actor="payout",
    )
    sums: Counter[str] = Counter()
    for posting in journal.postings:
        assert posting.amount
        sums[posting.currency] += posting.amount
    assert not any(sums.values())


def test_moving_an_amount_to_a_new_plan_version_leaves_what_is_owed_alone() -> None:
    old, new = ComponentKey("commission", "p", 1, "USD"), ComponentKey("commission", "p", 2, "USD")
    journal = earning_journal(
        "ada",
        "2025-01",
        assignment=IN("2025-01"),
        revision=2,
        changes=difference({old: 500}, {new: 500}),
        record="-",
        corrects=None,
        actor="payout",
    )
    assert [(posting.account, posting.amount) for posting in journal.postings] == [("earned", -500), ("earned", 500)]


def test_the_same_cause_has_the_same_journal_and_another_cause_another() -> None:
    def journal(participant: str, origin: str, revision: int, period: str = "2025-05") -> object:
        return earning_journal(
            participant,
            origin,
            assignment=IN(period),
            revision=revision,
            changes={ComponentKey("c", "p", 1, "USD"): 1},
            record="-",
            corrects=None,
            actor="w",
        ).id

    assert journal("ada", "2025-01", 1) == journal("ada", "2025-01", 1, period="2025-06")
    assert len({journal("ada", "2025-01", 1), journal("ada", "2025-01", 2), journal("ada", "2025-02", 1)}) == 3
    payments = {
        next(
            pay_journals(
                run,
                PayRecord(who, currency, paid=1, carried=0, journals_seen=0, settlement=SettlementRecord({})),
                assignment=IN("2025-02"),
                actor="dana",
            )
        ).id
        for run in ("run-2025-01-1", "run-2025-01-2")
        for who in ("ada", "bob")
        for currency in ("USD", "EUR")
    }
    assert len(payments) == 8


@given(PERIODS, st.none() | PERIODS)
def test_a_change_is_booked_in_its_own_month_or_the_first_open_one_after_it(origin: str, first: str | None) -> None:
    place = cost_assignment(Person("ada", {}), origin, open_from={"default": first} if first else {"others": "2031-01"})
    assert place == CostAssignment(max(origin, first or origin), "default", "", "")


def test_a_change_is_booked_for_the_pay_group_that_the_participant_is_in_when_that_month_ends() -> None:
    stamp = ["2025-01-01T00:00:00.000000Z", 0, "hr"]
    moved = {"2025-01-01/pay_group": "weekly", "2025-03-15/pay_group": "monthly", "2025-03-15/entity": "DE"}
    person = Person("ada", {path: [value, *stamp] for path, value in moved.items()})
    assert cost_assignment(person, "2025-01", open_from={}) == CostAssignment("2025-01", "weekly", "", "")
    assert cost_assignment(person, "2025-01", open_from={"weekly": "2025-02"}) == CostAssignment(
        "2025-02", "weekly", "", ""
    )
    assert cost_assignment(person, "2025-01", open_from={"weekly": "2025-03"}) == CostAssignment(
        "2025-03", "monthly", "DE", ""
    )
    later = {"weekly": "2025-04", "monthly": "2025-06"}
    assert cost_assignment(person, "2025-01", open_from=later) == CostAssignment("2025-06", "monthly", "DE", "")


@pytest.mark.parametrize("text", ["2025-13", "2025-00", "25-01", "2025-1", "٢٠٢٥-٠١", "2025-01-01", "", "9999-12"])
def test_what_is_no_month_is_no_period(text: str) -> None:
    with pytest.raises(BadPeriod):
        checked(text)


ROWS = st.lists(st.sampled_from(["ada\tUSD\t1", "ada\tUSD\t2", "bob", "", "a\tb"]), max_size=4, unique=True)


@given(ROWS, ROWS)
def test_the_hash_of_a_run_tells_any_two_runs_apart_whatever_the_order_of_rows(
    one: list[str], other: list[str]
) -> None:
    assert sha256_of_rows("r1", one) == sha256_of_rows("r1", list(reversed(one)))
    assert sha256_of_rows("r1", one) != sha256_of_rows("r2", one)
    assert (sha256_of_rows("r1", one) == sha256_of_rows("r1", other)) == (sorted(one) == sorted(other))
