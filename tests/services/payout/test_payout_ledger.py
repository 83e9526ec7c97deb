"""The domain by itself: differences, journals, the period they are booked in, the hash that freezes lines."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payout import runs
from services.payout.ledger import Part, difference, earning_journal, payment_journal
from services.payout.periods import booking_period, checked
from services.payout.refusals import BadPeriod, PeriodClosed, PeriodNotEnded
from services.payout.runs import Line
from shared.money import MOST

PARTS = st.builds(
    Part, st.sampled_from(["commission", "override"]), st.just("p"), st.integers(1, 2), st.sampled_from(["USD", "JPY"])
)
AMOUNTS = st.dictionaries(PARTS, st.integers(-MOST, MOST).filter(bool), max_size=5)
PERIODS = st.dates(date(2020, 1, 1), date(2030, 12, 31)).map(lambda day: f"{day:%Y-%m}")


@given(AMOUNTS, AMOUNTS)
def test_a_difference_makes_what_was_what_is(before: dict[Part, int], after: dict[Part, int]) -> None:
    booked = Counter(before)
    booked.update(difference(before, after))
    assert {part: amount for part, amount in booked.items() if amount} == after


@given(AMOUNTS, AMOUNTS)
def test_a_journal_of_a_difference_sums_to_zero_in_every_currency(
    before: dict[Part, int], after: dict[Part, int]
) -> None:
    journal = earning_journal("ada", "2025-01", "2025-02", 7, difference(before, after), "earnings/0/1", "payout")
    sums: Counter[str] = Counter()
    for posting in journal.postings:
        assert posting.amount
        sums[posting.currency] += posting.amount
    assert not any(sums.values())


def test_moving_an_amount_to_a_new_plan_version_leaves_what_is_owed_alone() -> None:
    old, new = Part("commission", "p", 1, "USD"), Part("commission", "p", 2, "USD")
    journal = earning_journal("ada", "2025-01", "2025-01", 2, difference({old: 500}, {new: 500}), "-", "payout")
    assert [(posting.account, posting.amount) for posting in journal.postings] == [("earned", -500), ("earned", 500)]


def test_the_same_cause_has_the_same_journal_and_another_cause_another() -> None:
    def journal(participant: str, origin: str, revision: int, period: str = "2025-05") -> object:
        return earning_journal(participant, origin, period, revision, {Part("c", "p", 1, "USD"): 1}, "-", "w").id

    assert journal("ada", "2025-01", 1) == journal("ada", "2025-01", 1, period="2025-06")
    assert len({journal("ada", "2025-01", 1), journal("ada", "2025-01", 2), journal("ada", "2025-02", 1)}) == 3
    payments = {
        payment_journal(run, who, currency, 1, "2025-01", "2025-02", "dana").id
        for run in ("run-2025-01-1", "run-2025-01-2")
        for who in ("ada", "bob")
        for currency in ("USD", "EUR")
    }
    assert len(payments) == 8


@given(PERIODS, st.none() | PERIODS)
def test_a_change_is_booked_in_its_own_period_or_the_first_open_one_after_it(origin: str, closed: str | None) -> None:
    period = booking_period(origin, closed)
    assert period >= origin
    assert closed is None or period > closed
    if closed is None or origin > closed:
        assert period == origin
    else:
        assert booking_period(closed, None) == closed
        assert not [
            p
            for p in (f"{year}-{month:02d}" for year in range(2020, 2032) for month in range(1, 13))
            if closed < p < period
        ]


@pytest.mark.parametrize("text", ["2025-13", "2025-00", "25-01", "2025-1", "٢٠٢٥-٠١", "2025-01-01", "", "9999-12"])
def test_what_is_no_month_is_no_period(text: str) -> None:
    with pytest.raises(BadPeriod):
        checked(text)


def test_a_run_is_over_a_period_that_has_ended_and_is_open() -> None:
    assert runs.check_period("2025-01", date(2025, 2, 1), "2024-12") == "2025-01"
    with pytest.raises(PeriodNotEnded):
        runs.check_period("2025-01", date(2025, 1, 31), None)
    with pytest.raises(PeriodClosed):
        runs.check_period("2025-01", date(2025, 6, 1), "2025-01")


LINES = st.lists(
    st.builds(Line, st.sampled_from(["ada", "bob", "a\tb"]), st.sampled_from(["USD", "EUR"]), st.integers(-9, 9)),
    max_size=4,
    unique_by=lambda line: line[:2],
)


@given(LINES, LINES)
def test_the_hash_of_lines_tells_any_two_runs_apart_whatever_their_order(one: list[Line], other: list[Line]) -> None:
    assert runs.lines_sha256("r1", one) == runs.lines_sha256("r1", list(reversed(one)))
    assert runs.lines_sha256("r1", one) != runs.lines_sha256("r2", one)
    assert (runs.lines_sha256("r1", one) == runs.lines_sha256("r1", other)) == (sorted(one) == sorted(other))
