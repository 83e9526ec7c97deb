"""The team's statement: who is in it, what it sums up, and that it agrees with the statements of its people."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.payout.statements.build import statement
from services.payout.statements.facts import Person, StatementFacts
from services.payout.statements.page import page
from services.payout.statements.pdf import pdf
from services.payout.statements.team import Placed, Reports, below, team, team_sheet
from tests.services.payout.statements.hostile import ATTACKS, facts
from tests.services.payout.statements.samples import Deal, document, earner
from tests.services.payout.statements.test_statement_sums import sums_hold

SOLD: Deal = ("D-1", "60000.00", "2026-06-03", "Instruments")
MORE: Deal = ("D-2", "50000.00", "2026-06-04", "Services")


def sales() -> dict[str, dict[str, Any]]:
    """Mia leads Ben and Cleo; Ben leads Dan, who sold nothing."""
    return {
        "ben": earner("ben", "Ben", [SOLD, MORE], "mia"),
        "cleo": earner("cleo", "Cleo", [MORE], "mia"),
        "dan": earner("dan", "Dan", [SOLD], "ben") | {"pay_lines": [], "details": {}},
        "mia": earner("mia", "Mia", [SOLD]),
    }


def reports(people: dict[str, dict[str, Any]]) -> list[Reports]:
    found = [StatementFacts.model_validate(each).participant for each in people.values()]
    return [Reports(who.id, who.name, who.manager.id if who.manager else None) for who in found]


def test_a_team_is_everybody_below_each_after_whom_they_report_to() -> None:
    assert below("mia", reports(sales())) == [Placed("ben", 1), Placed("dan", 2), Placed("cleo", 1)]
    assert below("dan", reports(sales())) == []


def test_a_circle_of_managers_ends() -> None:
    circle = [Reports("a", "A", "b"), Reports("b", "B", "a"), Reports("c", "C", "c")]
    assert below("a", circle) == [Placed("b", 1)]
    assert below("c", circle) == []


@given(st.lists(st.integers(0, 30), max_size=30))
def test_nobody_is_twice_in_a_team_and_levels_grow_one_by_one(managers: list[int]) -> None:
    people = [Reports(f"p{number}", f"P{number}", f"p{above}") for number, above in enumerate(managers)]
    found = below("p0", people)
    assert len({each.participant_id for each in found}) == len(found)
    assert all(each.participant_id != "p0" for each in found)
    assert all(after.level <= before.level + 1 for before, after in pairwise(found))


def test_a_teams_sums_are_those_of_the_statements_of_its_people() -> None:
    documents = {who: document(each) for who, each in sales().items()}
    placed = below("mia", reports(sales()))
    made = team(Person(id="mia", name="Mia"), placed, documents=documents, final=True)
    own = {who: statement(each, final=True) for who, each in documents.items()}
    for member in made.members:
        assert member.summary == own[member.participant.id].summary
    [total] = made.totals
    assert (total.people, total.earned, total.paid) == (2, Decimal("8600.00"), Decimal("8600.00"))
    assert [each.attainment for each in made.members[0].attained] == [Decimal("110.00")]
    assert made.members[0].statement == f"/v1/statements/{made.run.id}/ben"


def test_the_teams_sheet_sums_up_links_to_each_statement_and_names_who_has_nothing() -> None:
    documents = {who: document(each) for who, each in sales().items()}
    made = team_sheet(
        team(Person(id="mia", name="Mia"), below("mia", reports(sales())), documents=documents, final=True)
    )
    assert sums_hold(made) == 1
    for each in made.sections[0].tables[0].rows:
        *parts, paid = [Decimal(cell.text.replace(",", "")) for cell in each.cells[3:]]
        assert sum(parts) == paid, each
    assert made.sections[0].paragraphs[1] == "Without earnings, pay or holds in this run: Dan."
    assert '<a href="../ben.html">' in page(made).decode()
    assert pdf(made).startswith(b"%PDF")


def test_hostile_names_are_text_in_a_team_too() -> None:
    for attack in ATTACKS:
        hostile = facts(attack)
        made = team(
            Person(id="mia", name=attack),
            [Placed("ada.brandt", 1)],
            documents={"ada.brandt": document(hostile)},
            final=False,
        )
        assert "<script>" not in page(team_sheet(made)).decode()
        assert pdf(team_sheet(made)).startswith(b"%PDF")
