"""Months close per pay group: for good, or softly; who books and who closes exclude each other, one group at a time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.journal import CostAssignment, Journal, Posting
from tests.services.payout.desk import Book, close_month, earned, roster
from tests.waiting import somebody_waits_for_a_lock, until

AT = datetime(2025, 7, 1, tzinfo=UTC)
TWO_GROUPS = [roster("ada", "2025-01-01", pay_group="weekly"), roster("bob", "2025-01-01", pay_group="monthly")]


def booked(engine: Engine, who: str) -> list[str]:
    """The months in which a participant's journals are booked, in order."""
    with engine.connect() as connection:
        query = text("select period from journal where participant_id = :who order by entry")
        return list(connection.execute(query, {"who": who}).scalars())


def earn(book: Book, revision: int) -> None:
    book([earned(who, "2025-05", revision, ("USD", 100 * revision)) for who in ("ada", "bob")])


def test_each_pay_group_closes_its_own_months(book: Book, payout_engine: Engine) -> None:
    book(TWO_GROUPS)
    with payout_engine.begin() as connection:
        close_month(connection, "weekly", "2025-05", "run-1", AT)
    earn(book, 1)
    assert (booked(payout_engine, "ada"), booked(payout_engine, "bob")) == (["2025-06"], ["2025-05"])
    with payout_engine.connect() as connection:
        assert closings.open_from(connection) == {"weekly": "2025-06"}
        assert closings.closed_through(connection, "weekly") == "2025-05"
        assert closings.closed_through(connection, "monthly") is None


def test_a_soft_closed_month_sends_the_stream_to_the_next_until_it_is_lifted(book: Book, payout_engine: Engine) -> None:
    book(TWO_GROUPS)
    with payout_engine.begin() as connection:
        closings.soft_close(connection, "weekly", period="2025-05", run="run-1", actor="dana", at=AT)
        closings.soft_close(connection, "weekly", period="2025-04", run=None, actor="dana", at=AT)
    earn(book, 1)
    with payout_engine.begin() as connection:
        assert closings.lift(connection, "weekly", run="run-1", actor="dana", at=AT) == 1
        assert closings.open_from(connection) == {"weekly": "2025-05"}
        assert closings.lift(connection, "weekly", run="run-1", actor="dana", at=AT) == 0
    earn(book, 2)
    assert booked(payout_engine, "ada") == ["2025-06", "2025-05"]


def test_finance_may_still_book_in_a_soft_closed_month_and_in_no_closed_one(payout_engine: Engine) -> None:
    def guarantee() -> None:
        postings = (Posting("guaranteed", "USD", 5), Posting("payable", "USD", -5))
        journal = Journal(
            id=uuid4(),
            kind="guarantee",
            participant_id="ada",
            assignment=CostAssignment("2025-05", "default", "", ""),
            origin_period="2025-05",
            cause={"reason": "-"},
            actor="dana",
            postings=postings,
        )
        with payout_engine.begin() as connection:
            books.post(connection, [journal], now=AT)

    with payout_engine.begin() as connection:
        closings.soft_close(connection, "default", period="2025-05", run="run-1", actor="dana", at=AT)
    guarantee()
    with payout_engine.begin() as connection:
        close_month(connection, "default", "2025-05", "run-1", AT)
    with pytest.raises(IntegrityError, match="open period"):
        guarantee()


@pytest.mark.parametrize("table", ["closing", "soft_closing"])
def test_a_month_that_is_closed_does_not_close_again(payout_engine: Engine, table: str) -> None:
    with payout_engine.begin() as connection:
        close_month(connection, "default", "2025-05", "run-1", AT)
    columns = "pay_group, period, run, at" + (", actor" if table == "soft_closing" else "")
    values = "'default', '2025-04', 'run-2', now()" + (", 'dana'" if table == "soft_closing" else "")
    with pytest.raises(IntegrityError, match="closed"), payout_engine.begin() as connection:
        connection.execute(text(f"insert into {table} ({columns}) values ({values})"))


@pytest.mark.parametrize(("group", "waits"), [("weekly", True), ("monthly", False)])
@pytest.mark.parametrize("how", ["close", "soft_close"])
def test_the_stream_of_a_pay_group_waits_for_its_closing_and_for_no_other(
    book: Book, payout_engine: Engine, group: str, waits: bool, how: str
) -> None:
    book(TWO_GROUPS)
    done = threading.Event()

    def stream() -> None:
        book([earned("ada", "2025-05", 1, ("USD", 100))])
        done.set()

    thread = threading.Thread(target=stream)
    with payout_engine.begin() as connection:
        shut(connection, how, group)
        thread.start()
        until(lambda: somebody_waits_for_a_lock(payout_engine) if waits else done.is_set())
        assert done.is_set() != waits
    thread.join()
    assert booked(payout_engine, "ada") == ["2025-06" if waits else "2025-05"]


def test_a_closing_in_sql_waits_for_who_is_booking(book: Book, payout_engine: Engine) -> None:
    closed = threading.Event()

    def close() -> None:
        with payout_engine.begin() as connection:
            shut(connection, "close", "default")
        closed.set()

    thread = threading.Thread(target=close)
    with payout_engine.begin() as connection:
        assert closings.lock_for_booking(connection, ["default"]) == {}
        thread.start()
        until(lambda: somebody_waits_for_a_lock(payout_engine))
        assert not closed.is_set()
    thread.join()
    assert closed.is_set()


def shut(connection: Any, how: str, group: str) -> None:
    if how == "close":
        close_month(connection, group, "2025-05", "run-1", AT)
    else:
        closings.soft_close(connection, group, period="2025-05", run="run-1", actor="dana", at=AT)


def test_the_service_closes_no_month_but_by_a_run(service_engine: Engine) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), service_engine.begin() as connection:
        close_month(connection, "default", "2025-05", "run-1", AT)
