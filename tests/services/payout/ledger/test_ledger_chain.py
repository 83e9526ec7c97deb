"""The hash chain of each participant's journals, and the seal of a closed month."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, text

from services.payout.ledger import store_audit as audit
from services.payout.ledger.verify import broken_chains
from tests.services.payout.desk import NOW, Book, Desk, close_month, earned


def broken(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return broken_chains(connection)


def rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_each_journal_names_the_hash_of_the_one_before_it(book: Book, desk: Desk, payout_engine: Engine) -> None:
    book([earned("ada", month, 1, ("USD", 500)) for month in ("2025-01", "2025-02")])
    book([earned("ada", "2025-01", 2, ("USD", 450)), earned("bob", "2025-01", 1, ("USD", 7))])
    desk.pay("2025-02")
    links = rows(
        payout_engine, "select entry, previous_sha256, sha256 from journal where participant_id = 'ada' order by 1"
    )
    assert [link[0] for link in links] == [1, 2, 3, 4]
    assert [link[1] for link in links] == ["", *(link[2] for link in links[:-1])]
    assert rows(payout_engine, "select * from book where participant_id = 'ada'") == [("ada", 4, links[-1][2])]
    assert broken(payout_engine) == []


def test_a_correction_names_the_journal_that_it_corrects(book: Book, payout_engine: Engine) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    book([earned("ada", "2025-01", 2, ("USD", 500)), earned("ada", "2025-02", 1, ("USD", 3))])
    book([earned("ada", "2025-01", 3, ("USD", 450))])
    book([earned("ada", "2025-01", 4, ("USD", 470))])
    found = rows(payout_engine, "select id::text, cause from journal where origin_period = '2025-01' order by entry")
    assert [cause.get("corrects") for _, cause in found] == [None, found[0][0], found[1][0]]


MEDDLING = {
    "update posting set amount = amount * 2 where journal in (select id from journal where participant_id = 'ada' and entry = 2)": 2,
    "update posting set deal = null, component = 'other' where account = 'earned' and journal in (select id from journal where participant_id = 'ada' and entry = 1)": 1,
    "update journal set actor = 'mallory' where participant_id = 'ada' and entry = 3": 3,
    "update journal set cause = '{}' where participant_id = 'ada' and entry = 2": 2,
    "update journal set cost_center = 'other' where participant_id = 'ada' and entry = 2": 2,
    "update journal set recorded_at = recorded_at + interval '1 microsecond' where participant_id = 'ada' and entry = 2": 2,
    "update journal set period = '2025-07' where participant_id = 'ada' and entry = 3": 3,
    "delete from posting where line = 1 and journal in (select id from journal where participant_id = 'ada' and entry = 2)": 2,
    "delete from journal where participant_id = 'ada' and entry = 2": 2,
    "delete from journal where participant_id = 'ada' and entry = 3": 3,
    "delete from journal where participant_id = 'ada'": 1,
}


@pytest.mark.parametrize(("meddling", "entry"), MEDDLING.items(), ids=range(len(MEDDLING)))
def test_the_first_broken_link_is_named(book: Book, payout_engine: Engine, meddling: str, entry: int) -> None:
    for month in ("2025-01", "2025-02", "2025-03"):
        book([earned("ada", month, 1, ("USD", 500)), earned("bob", month, 1, ("USD", 500))])
    with payout_engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text(meddling))
    [told] = broken(payout_engine)
    assert told.startswith(f"the books of ada: journal {entry} ")
    assert "500" not in told


def test_a_head_without_its_journals_and_journals_without_their_head_are_told(
    book: Book, payout_engine: Engine
) -> None:
    book([earned(who, "2025-01", 1, ("USD", 500)) for who in ("ada", "bob")])
    with payout_engine.begin() as connection:
        connection.execute(text("delete from book where participant_id = 'ada'"))
        connection.execute(text("update book set entries = 2 where participant_id = 'bob'"))
    told = broken(payout_engine)
    assert [each.split(":")[0] for each in told] == ["the books of ada", "the books of bob"]


def test_a_closed_month_is_sealed_and_meddling_with_it_breaks_the_seal(book: Book, payout_engine: Engine) -> None:
    book([earned(who, month, 1, ("USD", 500)) for who in ("ada", "bob") for month in ("2025-01", "2025-02", "2025-03")])
    with payout_engine.begin() as connection:
        for month in ("2025-01", "2025-02"):
            close_month(connection, "default", month, f"run-{month}-1", NOW)
        assert audit.broken_seals(connection) == []
    book([earned("cy", "2025-03", 1, ("USD", 1))])
    with payout_engine.begin() as connection:
        assert audit.broken_seals(connection) == []
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("delete from journal where participant_id = 'bob' and period = '2025-02'"))
        assert audit.broken_seals(connection) == [("default", "2025-02")]


def test_chains_hold_while_many_book_for_the_same_people_at_once(book: Book, payout_engine: Engine, seed: int) -> None:
    def stream(number: int) -> None:
        chance = random.Random(f"{seed} {number}")
        people = [f"p{n}" for n in range(6)]
        for revision in range(1, 15):
            chance.shuffle(people)
            book([earned(who, f"20{10 + number}-01", revision, ("USD", chance.randrange(1, 99))) for who in people[:4]])

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(stream, number) for number in range(4)]:
            each.result()
    assert broken(payout_engine) == []
    assert rows(payout_engine, "select sum(entries) from book") == rows(payout_engine, "select count(*) from journal")
