"""Who reports to whom on which days follows from the roster, however it came in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from services.access.assignments.worker import step
from shared.log.port import Partition, Record, Stored

FIRST = date(2026, 1, 1)
PEOPLE = ("ada", "bo", "cy", "di")
DAYS = [FIRST + timedelta(days=day) for day in range(5)]

Move = tuple[str, date, str, str]
"""Who, from when, an attribute and its value."""

MOVES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(PEOPLE), st.sampled_from(DAYS[1:4]), st.just("manager"), st.sampled_from(PEOPLE)),
        st.tuples(
            st.sampled_from(PEOPLE), st.sampled_from(DAYS[1:4]), st.just("pay_group"), st.sampled_from(["us", "de"])
        ),
    ),
    max_size=8,
)


def stored(moves: Sequence[Move], begin: int = 0) -> list[Stored]:
    records = []
    for number, (who, day, attribute, value) in enumerate(moves, begin):
        body = {
            "participant_id": who,
            "fields": {f"{day}/{attribute}": value},
            "occurred_at": "2026-01-01T00:00:00.000000Z",
            "sequence": number,
            "source": "hr",
            "by": "hr",
        }
        records.append(Stored(Partition("roster", 0), number, Record(who, orjson.dumps(body), {}), 0.0))
    return records


def manager_on(moves: Sequence[Move], who: str, day: date) -> str | None:
    """As somebody would read it off the list: the latest day that is not after this one, and of it the last word."""
    said = [
        (since, at, value)
        for at, (w, since, attribute, value) in enumerate(moves)
        if (w, attribute) == (who, "manager")
    ]
    holds = [each for each in said if each[0] <= day]
    if not holds:
        return None
    manager = max(holds)[2]
    return manager if manager != who else None


def above(moves: Sequence[Move], who: str, day: date) -> set[str]:
    found: list[str] = [who]
    while (manager := manager_on(moves, found[-1], day)) is not None and manager not in found:
        found.append(manager)
    return set(found[1:])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, cut=st.integers(0, 8))
def test_lines_are_those_that_a_reader_of_the_roster_finds_day_by_day(
    service_engine: Engine, moves: list[Move], cut: int
) -> None:
    with service_engine.begin() as connection:
        for table in ("participant", "assignment", "reporting"):
            connection.execute(text(f"delete from {table}"))
    for part, begin in ((moves[:cut], 0), (moves[cut:], cut), (moves[:cut], 0)):  # the first come once more
        with service_engine.begin() as connection:
            assert step(connection, stored(part, begin)).rejections == []
    with service_engine.connect() as connection:
        for day in DAYS:
            found = connection.execute(
                text("select participant_id, manager from reporting where :day between first_day and last_day"),
                {"day": day},
            ).all()
            assert {tuple(row) for row in found} == {(who, m) for who in PEOPLE for m in above(moves, who, day)}
