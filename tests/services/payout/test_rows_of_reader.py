"""The database shows the login that reads for people the pay of those only whom the person sees, whatever is asked of
it: one's own, that of one's reports in the months in which they were, that of the pay groups and entities of a grant.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine, make_url, text

from services.access.assignments.worker import step
from shared.database import engine_for
from shared.logins import login_of, view_of
from shared.reader import MACHINE, driver, read_for, snapshots
from tests.services.access.assignments.test_reporting import stored
from tests.services.access.persons import Company
from tests.services.payout.desk import Book, earned, roster

MOVES = [
    ("ada", date(2026, 1, 1), "manager", "max"),
    ("ada", date(2026, 2, 1), "manager", "mia"),
    ("bob", date(2026, 1, 1), "pay_group", "weekly"),
]


@pytest.fixture
def view(engine_of: Callable[[str, str], Engine]) -> Engine:
    """What is read for people."""
    return snapshots(engine_of(view_of("payout"), "payout"))


@pytest.fixture
def people(database_url: str, engine_of: Callable[[str, str], Engine]) -> Company:
    """Ada, whose managers are Max in January and Mia from February on, and Bob, who is paid weekly."""
    with engine_of(login_of("access"), "access").begin() as connection:
        step(connection, stored(MOVES))
    company = Company(engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "access"))
    for who in ("ada", "bob", "max", "mia"):
        company.person(who, participant=who)
        company.role(who, "manager" if who.startswith("m") else "rep")
    for who, limits in {"fin": None, "wendy": ["weekly"]}.items():
        company.person(who)
        company.role(who, "finance", pay_groups=limits)
    company.person("opal")
    company.role("opal", "ops")
    return company


@pytest.fixture
def books(book: Book) -> None:
    """Pay of Ada and Bob in January, February and March."""
    book([roster("ada", "2026-01-01", manager="max"), roster("bob", "2026-01-01", pay_group="weekly")])
    book([earned(who, f"2026-0{month}", 1, ("EUR", 100)) for who in ("ada", "bob") for month in (1, 2, 3)])


def seen(view: Engine, reader: str, query: str = "select participant_id, period from journal") -> set[tuple[str, ...]]:
    read_for(reader)
    with view.connect() as connection:
        return {tuple(row) for row in connection.execute(text(query))}


ADA = {("ada", f"2026-0{month}") for month in (1, 2, 3)}
BOB = {("bob", f"2026-0{month}") for month in (1, 2, 3)}


@pytest.mark.usefixtures("books", "people")
@pytest.mark.parametrize(
    ("reader", "rows"),
    [
        ("ada", ADA),
        ("bob", BOB),
        ("max", {("ada", "2026-01")}),
        ("mia", {("ada", "2026-02"), ("ada", "2026-03")}),
        ("fin", ADA | BOB),
        ("wendy", BOB),
        ("opal", set()),
        ("nobody", set()),
        ("", set()),
        (MACHINE, ADA | BOB),
    ],
)
def test_who_reads_sees_their_own_their_reports_while_they_were_and_what_their_role_reaches(
    view: Engine, reader: str, rows: set[tuple[str, str]]
) -> None:
    assert seen(view, reader) == rows
    assert seen(view, reader, "select participant_id, period from booked_earning") == rows
    postings = "select j.participant_id, j.period from posting p join journal j on j.id = p.journal"
    assert seen(view, reader, postings) == rows


@pytest.mark.usefixtures("books", "people")
def test_a_reader_does_not_outlive_the_transaction_on_a_connection_that_others_use(view: Engine) -> None:
    assert seen(view, "fin") == ADA | BOB
    read_for("")
    with view.connect() as connection:
        assert connection.execute(text("select count(*) from journal")).scalar() == 0
        assert connection.execute(text("select current_setting('earnest.person', true)")).scalar() == ""


@pytest.mark.usefixtures("books", "people")
def test_a_driver_that_reads_past_the_toolkit_reads_for_the_same_person(view: Engine) -> None:
    read_for("bob")
    with view.connect() as connection:
        rows = driver(connection).execute("select participant_id from journal").fetchall()
    assert {row[0] for row in rows} == {"bob"}
    with view.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        assert raw.execute("select participant_id from journal").fetchall() == [], "past this: nobody's"


def test_every_table_of_payout_that_names_participants_is_guarded(payout_engine: Engine) -> None:
    """Save those that hold no pay: what the roster and payroll call people."""
    query = text("""
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'payout'::regnamespace and c.relkind = 'r' and a.attname = 'participant_id'
          and not c.relrowsecurity order by 1""")
    with payout_engine.connect() as connection:
        unguarded = set(connection.execute(query).scalars())
    assert unguarded <= {"person", "confirmed_payee"}
