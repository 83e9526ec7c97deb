"""The proof finds nothing where nothing is wrong, and whatever was tampered with where something is."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import orjson
import pytest
from sqlalchemy import Engine, text

from services.scoring.allocation.service import payments_page
from services.scoring.quarantine.service import quarantine
from services.scoring.verify import verify
from shared.contracts.topics import ACCOUNT_PAYMENTS, DEALS, PLANS, ROSTER
from shared.log import dead_letters
from shared.log.port import Record
from shared.log.postgres import PostgresLog
from tests.services.scoring.test_scoring_converges import put
from tests.services.scoring.test_scoring_workers import Recorder, drained, events, log, members
from tests.waiting import until

__all__ = ["log"]


@pytest.fixture
def catch_up(log: PostgresLog, scoring_engine: Engine) -> Callable[[], None]:
    """Run the workers until they have read everything."""

    def ran() -> None:
        stop = threading.Event()
        threads = [threading.Thread(target=worker.run, args=(stop,)) for worker in members(log, scoring_engine, 0)]
        for thread in threads:
            thread.start()
        until(lambda: drained(log, scoring_engine))
        stop.set()
        for thread in threads:
            thread.join()
        assert drained(log, scoring_engine)

    return ran


@pytest.fixture
def scored(log: PostgresLog, administrator: Engine, catch_up: Callable[[], None], seed: int) -> Engine:
    """A company's worth of events, scored; for the administrator, who proves it and sends letters again."""
    recorder = Recorder()
    for event in events(random.Random(seed)):
        put(recorder, event)
    for topic in (DEALS, ROSTER, PLANS):
        log.append(topic, recorder.records[topic.name])
    catch_up()
    return administrator


def test_what_was_scored_is_what_the_log_gives(scored: Engine, log: PostgresLog) -> None:
    told: list[tuple[int, int]] = []
    assert verify(scored, log, progress=lambda done, due: told.append((done, due))) == []
    assert told[-1][0] == told[-1][1] > 0
    with scored.connect() as connection:
        left = connection.execute(text("select nspname from pg_namespace where nspname like 'scoring_verify%'")).all()
    assert left == []


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("update deal set credits = '[]' where deal_id = {deal}", "deal {id}: credits differ"),
        ("update deal set facts = replace(facts, 'USD', 'EUR') where deal_id = {deal}", "deal {id}: facts differ"),
        ("delete from deal where deal_id = {deal}", "deal {id}: missing, the log has it"),
        (
            "insert into deal (deal_id, version, facts, credits, uncredited) values ('zz', 1, '[]', '[]', '[]')",
            "deal zz: held",
        ),
        ("update participant_sums set sums = replace(sums, 'USD', 'EUR')", "sums differ"),
        ("update participant_sums set earnings = '[]'", "earnings differ"),
        ("update participant set facts = '[]'", "participant p0: facts differ"),
        ("delete from plan_version where version = 2", "plan rep 2: missing"),
    ],
)
def test_what_was_tampered_with_is_named(scored: Engine, log: PostgresLog, tampering: str, said: str) -> None:
    with scored.begin() as connection:
        deal = connection.scalar(text("select min(deal_id) from deal where credits <> '[]'"))
        connection.exec_driver_sql(tampering.format(deal=f"'{deal}'"))
    found = verify(scored, log)
    assert any(said.format(id=deal) in sentence for sentence in found), found
    assert len(found) <= 21


def test_payments_by_account_are_proved_too(scored: Engine, log: PostgresLog, catch_up: Callable[[], None]) -> None:
    at = {"occurred_at": "2025-06-01T00:00:00.000000Z", "sequence": 0, "source": "bank"}
    deal = {"account": "Acme", "amount": "100.00", "currency": "USD", "close_date": "2025-05-20", "stage": "won"}
    paid = {"account": "Acme", "currency": "USD", "date": "2025-05-21", "reference": None, "allocate": "oldest_first"}
    for number, amount in enumerate(("60.00", "70.00", "-70.00", "-5.00")):
        fact = {"payment_id": f"P{number}", "fields": {"payment": paid | {"amount": amount}}, **at}
        log.append(ACCOUNT_PAYMENTS, [Record(f"P{number}", orjson.dumps(fact))])
        log.append(DEALS, [Record(f"a{number}", orjson.dumps({"deal_id": f"a{number}", "fields": deal, **at}))])
        catch_up()
    assert verify(scored, log) == []
    with scored.begin() as connection:
        page = payments_page(connection, "", account="Acme", left=False, limit=10)
        assert [
            (paid.payment_id, [(share.deal_id, share.amount) for share in paid.deals]) for paid in page.payments
        ] == [
            ("P0", [("a0", "60.00")]),
            ("P1", [("a0", "40.00"), ("a1", "30.00")]),
            ("P2", [("a0", "-40.00"), ("a1", "-30.00")]),
            ("P3", [("a0", "-5.00")]),
        ]
        connection.execute(text("update deal set allocated = null where deal_id = 'a0'"))
        connection.execute(text("update account_payment set unallocated = 7 where payment_id = 'P0'"))
    assert verify(scored, log) == [
        "deal a0: allocated differ from what the log gives",
        "account payment P0: unallocated differ from what the log gives",
    ]


def test_while_records_wait_it_says_so_and_compares_nothing(scored: Engine, log: PostgresLog) -> None:
    log.append(DEALS, [Record("d0", b"{}")])
    assert verify(scored, log) == ["deals: 1 records wait for credit; verify again when it has caught up"]


def test_what_is_set_aside_is_known_not_to_count_until_it_is_replayed(
    scored: Engine, log: PostgresLog, catch_up: Callable[[], None]
) -> None:
    fact = {
        "deal_id": "d0",
        "fields": {"close_date": "soon"},
        "occurred_at": "2025-05-01T00:00:00.000000Z",
        "source": "crm",
    }
    later = fact | {"fields": {"amount": "77.00"}}
    log.append(DEALS, [Record("d0", orjson.dumps(fact)), Record("d0", orjson.dumps(later))])
    catch_up()
    letters = dead_letters.find(scored, dead_letters.Filter())
    assert [letter.parked for letter in letters] == [False, True]
    assert verify(scored, log) == []
    assert dead_letters.replay(scored, log, which=dead_letters.Filter(), by="ops") == 2
    catch_up()
    replayed_in_vain, *_ = verify(scored, log)
    assert replayed_in_vain.startswith("record deals/")
    assert replayed_in_vain.endswith("cannot be processed: ValueError")


def test_everything_but_what_is_quarantined_is_compared_and_that_is_named(
    scored: Engine, log: PostgresLog, catch_up: Callable[[], None]
) -> None:
    with scored.begin() as connection:
        everyone = connection.execute(text("select participant_id, facts from participant")).all()
        harmful, *_ = connection.execute(text("select plan, version from plan_version order by 1, 2")).all()
        quarantine(connection, harmful.plan, version=harmful.version, cause="it does harm", by="ops")
    sale = {"stage": "won", "amount": "1000.00", "currency": "USD", "close_date": "2025-05-20"}
    for number, (who, _) in enumerate(everyone):
        fact = {"deal_id": f"new{number}", "fields": sale | {"owner": who}, "source": "crm"}
        log.append(DEALS, [Record(f"new{number}", orjson.dumps(fact | {"occurred_at": "2025-06-01T00:00:00.000000Z"}))])
    catch_up()
    named = f"plan version {harmful.plan}@{harmful.version} is quarantined: what waits for it is not compared"
    assert verify(scored, log) == [named]
    with scored.begin() as connection:
        connection.execute(text("update participant set facts = '[]' where participant_id = 'p0'"))
    assert verify(scored, log) == [named, "participant p0: facts differ from what the log gives"]


def test_all_is_compared_again_when_a_corrected_version_has_replaced_the_quarantined_one(
    scored: Engine, log: PostgresLog, catch_up: Callable[[], None]
) -> None:
    with scored.begin() as connection:
        harmful, *_ = connection.execute(
            text("select plan, version, document from plan_version order by 1, 2 desc")
        ).all()
        quarantine(connection, harmful.plan, version=harmful.version, cause="it does harm", by="ops")
    corrected = harmful.document | {"version": harmful.version + 1}
    published = {name: corrected[name] for name in ("version", "effective_from")} | {"plan_id": harmful.plan}
    record = Record(f"{harmful.plan}@{harmful.version + 1}", orjson.dumps(published | {"document": corrected}))
    log.append(PLANS, [record])
    catch_up()
    assert verify(scored, log) == []
