"""Whatever happens to contracts: schedules sum to their assets, the past stays, and the books agree with the schedules."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract_costs.account import account_for
from shared.contract_costs.entries import entries
from shared.contract_costs.facts import CostEvent, CostLine
from shared.contract_costs.journals import journals
from shared.contract_costs.policy import ContractCosts
from shared.contract_costs.rollforward import By, Movement, calculated_in_a_year
from shared.contract_costs.rollforward import rollforward as rollforward_of
from shared.contract_costs.schedule import ContractCostBooks
from shared.periods import month_number, month_of_number

FIRST = date(2026, 1, 1)
LAST = "2046-12"
DAYS = st.integers(0, 1500).map(lambda days: FIRST + timedelta(days=days))


@st.composite
def policies(draw: st.DrawFn) -> ContractCosts:
    return ContractCosts.of(
        {
            "kind": "contract_costs",
            "id": "any",
            "valid_from": "2000-01-01",
            "framework": draw(st.sampled_from(["us_gaap", "ifrs"])),
            "benefit_period": {
                "method": draw(st.sampled_from(["term", "term_and_renewals", "customer_life"])),
                "months": 50,
            },
            "practical_expedient": draw(st.booleans()),
            "start": draw(st.sampled_from(["service_start", "signing"])),
            "first_month": draw(st.sampled_from(["full", "next", "half", "mid_month", "days"])),
            "late_cost": draw(st.sampled_from(["catch_up", "remaining"])),
            "on_cost": {
                "percent": draw(st.sampled_from(["0", "7.65", "33.333"])),
                "treatment": draw(st.sampled_from(["capitalise", "expense"])),
                "recovered_on_clawback": draw(st.booleans()),
            },
            "clawback": draw(st.sampled_from(["asset_first", "proportional"])),
            "rounding": draw(st.sampled_from(["half_up", "half_even"])),
            "credit": draw(st.sampled_from(["accrued_commissions", "commission_expense"])),
        }
    )


LINES = st.builds(
    CostLine,
    earning_line_id=st.just(""),
    contract_id=st.just("C"),
    signed=DAYS,
    amount=st.integers(-5_000, 200_000),
    currency=st.sampled_from(["USD", "USD", "JPY"]),
    entity=st.sampled_from(["us", "uk"]),
    component=st.sampled_from(["a", "b"]),
    service_start=st.none() | DAYS,
    earned=st.none() | DAYS,
    occasion=st.sampled_from(["new", "new", "renewal", "modification"]),
    cost=st.sampled_from(["commission", "commission", "override", "legal"]),
    term_months=st.integers(1, 40),
    renewal_months=st.none() | st.integers(0, 24),
    renewal_commensurate=st.none() | st.booleans(),
)
AMOUNTS = st.integers(1, 150_000)
CURRENCIES = st.sampled_from(["USD", "JPY"])
EVENTS = st.one_of(
    st.builds(CostEvent, contract_id=st.just("C"), kind=st.just("estimate"), on=DAYS, months=st.integers(1, 70)),
    st.builds(
        CostEvent, contract_id=st.just("C"), kind=st.just("estimate"), on=DAYS, remaining_months=st.integers(0, 40)
    ),
    st.builds(CostEvent, contract_id=st.just("C"), kind=st.just("estimate"), on=DAYS, ends=DAYS),
    st.builds(CostEvent, contract_id=st.just("C"), kind=st.just("extension"), on=DAYS, months=st.integers(1, 24)),
    st.builds(
        CostEvent,
        contract_id=st.just("C"),
        kind=st.sampled_from(["clawback", "impairment", "reversal"]),
        on=DAYS,
        amount=AMOUNTS,
        currency=CURRENCIES,
    ),
    st.builds(
        CostEvent,
        contract_id=st.just("C"),
        kind=st.just("clawback"),
        on=DAYS,
        amount=AMOUNTS,
        currency=CURRENCIES,
        earning_line_id=st.just("l0"),
    ),
    st.builds(CostEvent, contract_id=st.just("C"), kind=st.just("termination"), on=DAYS),
)


def numbered(lines: list[CostLine]) -> list[CostLine]:
    return [replace(line, earning_line_id=f"l{place}") for place, line in enumerate(lines)]


SOME_LINES = st.lists(LINES, min_size=1, max_size=4).map(numbered)
SOME_EVENTS = st.lists(EVENTS, max_size=6)
MANY = settings(max_examples=150, deadline=None)


def rollforward(found: ContractCostBooks, by: By = "month") -> list[Movement]:
    return list(rollforward_of(entries(found), calculated_in_a_year(found), first="2026-01", last=LAST, by=by))


@MANY
@given(SOME_LINES, SOME_EVENTS, policies())
def test_schedules_sum_to_their_assets_and_never_fall_below_zero(
    lines: list[CostLine], events: list[CostEvent], policy: ContractCosts
) -> None:
    found = account_for(lines, events, policy_at=lambda _: policy)
    for asset in found.assets:
        rows = [row for row in found.schedule if row.asset is asset]
        assert sum(row.amount for row in rows) == asset.total
        carrying = asset.total
        for before, row in zip([None, *rows], rows, strict=False):
            carrying -= row.amount
            assert row.carrying == carrying >= 0
            assert row.cum_amount == asset.total - carrying
            assert row.amount >= 0 or row.source == "reversal"
            assert before is None or before.month <= row.month


@MANY
@given(SOME_LINES, SOME_EVENTS, EVENTS, policies())
def test_what_happens_never_changes_the_months_before_it(
    lines: list[CostLine], events: list[CostEvent], later: CostEvent, policy: ContractCosts
) -> None:
    month = month_number(later.on)

    def past(found: ContractCostBooks) -> list[tuple[object, ...]]:
        rows = [(row.asset.id, *row[1:]) for row in found.schedule if row.month < month]
        return [*rows, *(each for each in found.expenses if each.month < month)]

    before = account_for(lines, events, policy_at=lambda _: policy)
    assert past(before) == past(account_for(lines, [*events, later], policy_at=lambda _: policy))


@MANY
@given(SOME_LINES, SOME_EVENTS, policies())
def test_each_month_opens_with_what_the_one_before_closed_with(
    lines: list[CostLine], events: list[CostEvent], policy: ContractCosts
) -> None:
    found = account_for(lines, events, policy_at=lambda _: policy)
    closed: dict[tuple[str, str], int] = defaultdict(int)
    carried: dict[tuple[str, str, str], int] = defaultdict(int)
    for closing in found.closings:
        carried[month_of_number(closing.month), closing.asset.line.entity, closing.asset.line.currency] += (
            closing.carrying
        )
    for row in rollforward(found):
        assert row.opening == closed[row.entity, row.currency]
        moved = row.additions + row.amortisation + row.impairment + row.reversal + row.clawback
        assert row.current is not None
        assert row.non_current is not None
        assert row.closing == row.opening + moved == row.current + row.non_current
        assert row.closing == carried[row.period, row.entity, row.currency]
        assert min(row.current, row.non_current) >= 0
        closed[row.entity, row.currency] = row.closing
    assert not any(closed.values())
    by_month, by_year = (
        [sum(row[place] for row in rollforward(found, by)) for place in (4, 5, 6, 7, 8, 12)] for by in ("month", "year")
    )
    assert by_month == by_year


@MANY
@given(SOME_LINES, SOME_EVENTS, policies())
def test_the_general_ledger_moves_as_the_asset_does(
    lines: list[CostLine], events: list[CostEvent], policy: ContractCosts
) -> None:
    found = account_for(lines, events, policy_at=lambda _: policy)
    batches: dict[tuple[str, str], int] = defaultdict(int)
    asset: dict[tuple[str, str, str], int] = defaultdict(int)
    for posting in journals(entries(found)):
        batches[posting.batch, posting.event] += posting.amount
        if posting.account == "deferred_contract_costs":
            asset[posting.period, posting.entity, posting.currency] += posting.amount
    assert not any(batches.values())
    for row in rollforward(found):
        assert asset.pop((row.period, row.entity, row.currency), 0) == row.closing - row.opening
    assert not asset


@MANY
@given(SOME_LINES, SOME_EVENTS, policies())
def test_all_costs_become_expense_or_come_back(
    lines: list[CostLine], events: list[CostEvent], policy: ContractCosts
) -> None:
    found = account_for(lines, events, policy_at=lambda _: policy)
    refused = {each.id for each in found.refused}
    capitalised = sum(asset.commission for asset in found.assets)
    at_once = sum(each.amount for each in found.expenses if each.reason != "after_the_asset")
    positive = sum(line.amount for line in lines if line.amount > 0 and line.earning_line_id not in refused)
    negative = sum(line.amount for line in lines if line.amount < 0 and line.cost == "legal")
    assert capitalised + at_once == positive + negative


@MANY
@given(SOME_LINES, SOME_EVENTS, policies(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_are_given_does_not_matter(
    lines: list[CostLine], events: list[CostEvent], policy: ContractCosts, chance: object
) -> None:
    mixed, happened = list(lines), list({repr(event): event for event in events}.values())
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    one = account_for(lines, happened, policy_at=lambda _: policy)
    other = account_for(mixed, list(happened), policy_at=lambda _: policy)
    assert one.schedule == other.schedule
    assert sorted(map(repr, one.expenses)) == sorted(map(repr, other.expenses))
