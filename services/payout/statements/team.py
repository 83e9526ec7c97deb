"""The statement of a team: everybody below a manager in a run, from the same frozen facts as their own statements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple
from urllib.parse import quote

from services.payout.statements import words
from services.payout.statements.build import head, own_months, summary
from services.payout.statements.facts import Person, StatementFacts, sha256
from services.payout.statements.layout import foot, name_of, span
from services.payout.statements.schemas import Attained, Member, Summary, TeamStatement, TeamTotal
from services.payout.statements.sheet import Cell, Column, Figure, Row, Section, Sheet, Table, row
from services.payout.statements.writing import Writing, safe
from shared.explanation.frozen import components_of

ADDS_UP: Final = {
    "earned": "Earned",
    "prior_period": "Earlier months",
    "held_or_released": "Held or released",
    "other": "Other",
    "paid": "Paid",
}
"""The columns of the team's table: in each row, and in the sums, all but the last come to the last."""


class Reports(NamedTuple):
    """Somebody with a statement in a run, and whom they report to."""

    participant_id: str
    name: str
    manager: str | None


class Placed(NamedTuple):
    """Somebody below a manager: `level` 1 reports to the manager."""

    participant_id: str
    level: int


def below(manager: str, people: Sequence[Reports]) -> list[Placed]:
    """Everybody below a manager, each after whom they report to, siblings by name. Circles end where they close."""
    directs: dict[str, list[Reports]] = {}
    for person in sorted(people, key=lambda person: (person.name, person.participant_id)):
        if person.manager is not None:
            directs.setdefault(person.manager, []).append(person)
    # People may report in a circle (two managers who stand in for each other), and a statement that never ends would
    # stop the service. The manager counts as seen: their own pay is no part of the team's. A stack and no recursion,
    # for the depth is whatever the roster says.
    seen, placed = {manager}, []
    waiting = [(direct, 1) for direct in reversed(directs.get(manager, []))]
    while waiting:
        person, level = waiting.pop()
        if person.participant_id not in seen:
            seen.add(person.participant_id)
            placed.append(Placed(person.participant_id, level))
            waiting += [(direct, level + 1) for direct in reversed(directs.get(person.participant_id, []))]
    return placed


def team(manager: Person, placed: Sequence[Placed], *, documents: Mapping[str, bytes], final: bool) -> TeamStatement:
    """The statement over the frozen documents of those placed below the manager; `final` once the run is approved.

    Raises:
        IndexError: nobody is.
    """
    members, currencies = [], set()
    # Over who is in it and their facts, in order: somebody who joins or leaves the team is another document.
    stamp = hashlib.sha256()
    for person in placed:
        document = documents[person.participant_id]
        stamp.update(f"{person.participant_id}\t{sha256(document)}\n".encode())
        member = _member(person, StatementFacts.model_validate_json(document))
        members.append(member)
        currencies |= {summary.currency for summary in member.summary}
    some = StatementFacts.model_validate_json(documents[placed[0].participant_id])
    return TeamStatement(
        state="final" if final else "draft",
        facts_sha256=stamp.hexdigest(),
        company=some.company,
        run=head(some.run),
        manager=manager,
        totals=[_total(currency, members) for currency in sorted(currencies)],
        members=members,
    )


def _member(placed: Placed, facts: StatementFacts) -> Member:
    who = facts.participant
    return Member(
        participant=Person(id=who.id, name=who.name),
        manager=who.manager or Person(id=who.id),
        level=placed.level,
        position=who.position,
        plan=who.plan,
        attained=[
            Attained(component=component, title=words.title(component), month=month, attainment=part.attainment)
            for month in sorted(own_months(facts) & set(facts.details))
            for component, parts in components_of(facts.details[month])
            for part in parts[-1:]  # the last plan of the month is the one that still runs
            if part.attainment is not None
        ],
        summary=summary(facts),
        statement=f"/v1/statements/{facts.run.id}/{quote(who.id, safe='')}",
    )


def _total(currency: str, members: Sequence[Member]) -> TeamTotal:
    summaries = [summary for member in members for summary in member.summary if summary.currency == currency]

    def together(name: str) -> Decimal:
        return sum((getattr(summary, name) for summary in summaries), Decimal(0))

    return TeamTotal(
        currency=currency,
        people=len(summaries),
        **{name: together(name) for name in (*ADDS_UP, "carried_forward", "held")},
    )


def team_sheet(statement: TeamStatement) -> Sheet:
    """The sheet of a team's statement."""
    writing = Writing(statement.company.locale)
    who = name_of(statement.manager)
    figures = [
        figure
        for total in statement.totals
        for figure in (
            Figure(name="Paid to the team", value=writing.money(total.paid, total.currency), main=True),
            Figure(name="Earned", value=writing.money(total.earned, total.currency), note=f"by {total.people} people"),
            Figure(name="Held back", value=writing.money(total.held, total.currency), note="until it is released"),
            Figure(name="Carried forward", value=writing.money(total.carried_forward, total.currency)),
        )
    ]
    return Sheet(
        title=f"Team statement {safe(statement.run.period)}, {who}",
        heading=f"Team statement for {who}",
        company=safe(statement.company.name),
        state=words.FINAL if statement.state == "final" else words.DRAFT,
        final=statement.state == "final",
        paper=writing.paper,
        about=(
            ("Manager", statement.manager.id),
            ("Pay period", f"{safe(statement.run.period)}, {span(statement.run, writing)}"),
            ("People", str(len(statement.members))),
            ("Run", statement.run.id),
        ),
        figures=tuple(figures),
        sections=(
            Section(
                "People",
                (words.TEAM_NOTE, *_without_anything(statement)),
                tables=tuple(_people(total, statement, writing=writing) for total in statement.totals),
            ),
        ),
        foot=foot(statement.run, statement.state, facts_sha256=statement.facts_sha256, chain=statement.chain),
        mark=f"{who}, team · {safe(statement.run.period)} · {statement.run.id}",
    )


def _without_anything(statement: TeamStatement) -> Iterator[str]:
    """Those who are in no table."""
    if names := [name_of(member.participant) for member in statement.members if not member.summary]:
        yield f"{words.TEAM_NOTHING} {', '.join(names)}."


def _people(total: TeamTotal, statement: TeamStatement, *, writing: Writing) -> Table:
    columns = (
        Column("Person", share=4),
        Column("Reports to", share=3),
        Column("Attainment", share=4),
        *(Column(name, numeric=True, share=2) for name in ADDS_UP.values()),
    )
    rows = [
        _person(member, summary, writing=writing)
        for member in statement.members
        for summary in member.summary
        if summary.currency == total.currency
    ]
    sums = (writing.amount(getattr(total, name), total.currency) for name in ADDS_UP)
    return Table(f"The team in {total.currency}", columns, (*rows, row("Together", "", "", *sums, total=True)))


def _person(member: Member, summary: Summary, *, writing: Writing) -> Row:
    attained = [f"{component.title} {writing.percent(component.attainment)}" for component in member.attained]
    more = tuple(filter(None, (safe(member.position or ""),)))
    return row(
        Cell(name_of(member.participant), more, link=f"../{quote(member.participant.id, safe='')}.html"),
        name_of(member.manager),
        Cell(attained[0], tuple(attained[1:]), even=True) if attained else "",
        *(writing.amount(getattr(summary, name), summary.currency) for name in ADDS_UP),
    )
