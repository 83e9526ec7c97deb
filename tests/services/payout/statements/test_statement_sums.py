"""A statement's sums are sums of what it shows, and it says what its facts say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.payout.statements.build import statement
from services.payout.statements.facts import PayKind
from services.payout.statements.layout import sheet
from services.payout.statements.sheet import Section, Sheet, Table
from services.payout.statements.words import ABOUT, PAY
from tests.services.payout.statements.samples import document, full

KINDS: list[PayKind] = [kind for kind in PAY if kind != "payment"]


def tables(sheet_or_section: Sheet | Section) -> list[Table]:
    """All tables, in reading order."""
    own = list(sheet_or_section.tables) if isinstance(sheet_or_section, Section) else []
    return own + [table for section in sheet_or_section.sections for table in tables(section)]


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "") or 0)


def sums_hold(shown: Sheet) -> int:
    """How many tables with a total there are; each total is what the rows above it come to."""
    found = 0
    for table in tables(shown):
        if table.rows and table.rows[-1].total:
            found += 1
            for place, column in enumerate(table.columns):
                if column.numeric and table.rows[-1].cells[place].text:
                    above = sum(number(row.cells[place].text) for row in table.rows[:-1])
                    assert above == number(table.rows[-1].cells[place].text), table.caption
    return found


def test_every_total_of_a_full_statement_is_the_sum_of_its_column() -> None:
    assert sums_hold(sheet(statement(document(), final=True))) == 8


line = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "currency": st.sampled_from(["USD", "JPY", "KWD"]),
        "amount": st.integers(-(10**9), 10**9),
    },
    optional={
        "origin_period": st.sampled_from(["2025-12", "2026-06"]),
        "deal_id": st.sampled_from(["D-17", "D-9"]),
        "component": st.sampled_from(["commission", "plan_minimum"]),
        "reason": st.text(max_size=30),
    },
)


@settings(max_examples=60)
@given(st.lists(line, max_size=12))
def test_whatever_happened_the_steps_sum_to_the_payment_and_what_is_shown_sums_up(lines: list[dict[str, Any]]) -> None:
    paid: dict[str, int] = {}
    for each in lines:
        if each["kind"] != "forgiveness":
            paid[each["currency"]] = paid.get(each["currency"], 0) + each["amount"]
    payments = [{"kind": "payment", "currency": currency, "amount": amount} for currency, amount in paid.items()]
    made = statement(document(full(pay_lines=[*lines, *payments])), final=True)
    for pay in made.pay:
        assert sum(step.amount for step in pay.steps if step.kind != "forgiveness") == pay.payment
    shown = sheet(made)
    sums_hold(shown)
    figures = {(figure.name, figure.value) for figure in shown.figures}
    for found in made.summary:
        assert found.earned + found.prior_period + found.held_or_released + found.other == found.paid
        assert ("Paid now", f"{found.paid:,.{-int(found.paid.as_tuple().exponent)}f}\u00a0{found.currency}") in figures


def test_earned_is_one_figure_on_a_page() -> None:
    lines = [
        {"kind": "earnings", "currency": "USD", "amount": 1000_00},
        {"kind": "prior_period", "currency": "USD", "amount": -300_00, "origin_period": "2026-05"},
        {"kind": "payment", "currency": "USD", "amount": 700_00},
    ]
    shown = sheet(statement(document(full(pay_lines=lines)), final=True))
    rows = [row for table in tables(shown) for row in table.rows if row.cells[0].text == "Earned"]
    assert [row.cells[-1].text for row in rows] == ["1,000.00"]
    figures = [(figure.name, figure.value) for figure in shown.figures]
    assert ("Earned", "1,000.00\u00a0USD") in figures
    assert ("Changes to earlier months", "-300.00\u00a0USD") in figures


def test_components_sum_to_what_was_earned_and_lines_to_their_component() -> None:
    made = statement(document(), final=True)
    assert [(each.component, each.amount) for each in made.earned] == [
        ("commission", Decimal("7059.92")),
        ("services_bonus", Decimal("300.00")),
    ]
    for each in made.earned:
        assert sum(line.amount for part in each.parts for line in part.lines) == each.amount
    earnings = [step.amount for step in made.pay[0].steps if step.kind == "earnings"]
    assert sum(earnings) == sum(each.amount for each in made.earned)


def test_each_deal_is_told_slice_by_slice_in_words() -> None:
    [commission] = [t for t in tables(sheet(statement(document(), final=True))) if t.caption.startswith("Commission")]
    how = {row.cells[0].text: (row.cells[3].text, *row.cells[3].more) for row in commission.rows}
    assert how["D-30"] == (
        "14,250.00 at 5% = 712.50, up to 100% of quota",
        "15,750.00 at 8% = 1,260.00, above 100% of quota",
        "then at 115.75% of quota",
    )


def test_a_difference_to_an_earlier_month_names_its_deal_customer_month_and_cause() -> None:
    steps = statement(document(), final=True).pay[0].steps
    [told] = [step.words for step in steps if step.deal_id == "D-9"]
    assert told == "Deal D-9, Tern Logistics, Commission, March 2026: the deal was refunded in part"


def test_where_a_month_is_paid_in_several_runs_the_statement_says_what_is_in_this_one() -> None:
    lines = [{"kind": kind, "currency": "USD", "amount": 100_000} for kind in ("earnings", "payment")]
    shown = sheet(statement(document(full(pay_lines=lines)), final=True))
    assert shown.sections[0].paragraphs == (
        "The deals below come to 7,359.92\u00a0USD; 1,000.00\u00a0USD are earned in this run, the rest is part of other runs.",
    )
    assert sheet(statement(document(), final=True)).sections[0].paragraphs == ()


def test_a_month_before_the_run_that_no_run_paid_is_an_earning_of_this_run() -> None:
    run = full()["run"] | {"starts": "2026-07-01", "ends": "2026-07-31", "name": "2026-07"}
    lines = [{"kind": kind, "currency": "USD", "amount": 735_992} for kind in ("earnings", "payment")]
    made = statement(document(full(run=run, pay_lines=[lines[0] | {"origin_period": "2026-07"}, lines[1]])), final=True)
    assert {each.earlier for each in made.earned} == {False}
    shown = sheet(made)
    assert [section.heading for section in shown.sections][1] == "What you earned in June 2026"
    assert shown.sections[0].paragraphs == ()


def test_a_month_that_earlier_runs_paid_is_shown_as_it_is_now_and_is_no_earning_of_this_run() -> None:
    run = full()["run"] | {"starts": "2026-07-01", "ends": "2026-07-31", "name": "2026-07"}
    lines = [
        {"kind": "prior_period", "currency": "USD", "amount": -500, "origin_period": "2026-06", "deal_id": "D-17"},
        {"kind": "carried_forward", "currency": "USD", "amount": 500},
        {"kind": "payment", "currency": "USD", "amount": 0},
    ]
    made = statement(document(full(run=run, pay_lines=lines)), final=True)
    assert {each.earlier for each in made.earned} == {True}
    headings = [section.heading for section in sheet(made).sections]
    assert headings[:3] == ["How your pay comes about", "June 2026, as it stands now", "Changes to earlier months"]
    assert sheet(made).sections[0].paragraphs == ()


def test_a_statement_of_nothing_says_so() -> None:
    facts = full(pay_lines=[], balances=[], held=[], year_to_date=[], details={})
    shown = sheet(statement(document(facts), final=True))
    assert [section.paragraphs for section in shown.sections] == [("Nothing was earned, paid or held in this run.",)]


def test_a_draft_says_that_it_is_one() -> None:
    shown = sheet(statement(document(), final=False))
    assert (shown.final, shown.state) == (False, "Draft: not approved, may still change")


@pytest.mark.parametrize(
    ("locale", "paid", "paper"),
    [
        ("en_US", "6,538.92\u00a0USD", "us-letter"),
        ("de_DE", "6.538,92\u00a0USD", "a4"),
        ("de-CH", "6’538.92\u00a0USD", "a4"),
        ("nowhere", "6,538.92\u00a0USD", "us-letter"),
    ],
)
def test_amounts_are_written_as_the_company_writes_them(locale: str, paid: str, paper: str) -> None:
    shown = sheet(statement(document(full(company={"name": "C", "locale": locale})), final=True))
    assert (shown.figures[0].value, shown.paper) == (paid, paper)


def test_every_kind_of_step_has_words() -> None:
    assert set(PAY) == set(ABOUT) == set(get_args(PayKind))
