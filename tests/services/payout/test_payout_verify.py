"""The ledger proved against the log: sound when nobody meddled, and a sentence for everything somebody did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest
from sqlalchemy import Engine, text

from services.payout.ledger.worker import TOPICS, WORKER, step
from services.payout.verify import verify
from shared.contracts.topics import EARNINGS
from shared.log import dead_letters
from shared.log.port import Log, Record, Stored
from shared.log.worker import Worker
from tests.owner_edits import edits, unbind
from tests.services.payout.desk import NOW, Desk, earned, roster
from tests.services.payout.scoring import Scoring
from tests.waiting import until

Send = Callable[[Sequence[Stored]], None]


@pytest.fixture
def send(log: Log, payout_engine: Engine, service_engine: Engine) -> Iterator[Send]:
    """Append events, with a real worker behind them, and wait until it is through."""
    stop = threading.Event()
    worker = Worker(WORKER, log, engine=service_engine, topics=TOPICS, step=partial(step, lambda: NOW), member="one")
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()

    def sent(events: Sequence[Stored]) -> None:
        for topic in TOPICS:
            log.append(topic, [event.record for event in events if event.partition.topic == topic.name])
        settle(log, payout_engine)

    yield sent
    stop.set()
    thread.join()


def settle(log: Log, engine: Engine) -> None:
    """Wait until the worker has seen everything."""

    def through() -> bool:
        with engine.connect() as connection:
            rows = connection.execute(text("select topic, partition, next_position from position"))
            reached = {(row.topic, row.partition): row.next_position for row in rows}
        ends = {place: end for topic in TOPICS for place, end in log.ends(topic).items()}
        return all(reached.get(place, 0) == end for place, end in ends.items())

    until(through)


def live(send: Send, desk: Desk, scoring: Scoring) -> None:
    """Two months with a late change, a carried amount, a line that is held, a run that is only approved, and one that
    is only calculated; the roster says something of one participant, and takes it back.
    """
    scoring.touched = [{"who": "tina", "what": "quota"}]
    hold = {
        "id": "h",
        "scope": "participant",
        "subject": "dot",
        "since": "2025-01",
        "reason": "a dispute",
        "expected": True,
    }
    desk.post("/v1/holds", "tina", hold)
    send([roster("ada", "2025-01-01", entity="FR"), roster("ada", "2025-01-01", 1, entity="DE")])
    send(
        [
            earned(who, "2025-01", 1, ("USD", amount))
            for who, amount in (("ada", 500), ("bob", -90), ("cy", 7), ("dot", 40))
        ]
    )
    desk.pay("2025-01")
    send([earned("ada", "2025-01", 3, ("USD", 450)), earned("ada", "2025-01", 2, ("USD", 1))])
    send([earned("bob", "2025-02", 1, ("USD", 100), ("JPY", 3000)), earned("cy", "2025-03", 1, ("USD", 1))])
    desk.release(desk.draft("2025-02")["id"])
    desk.draft("2025-03")


def test_a_sound_ledger_has_no_differences(
    send: Send, desk: Desk, scoring: Scoring, payout_engine: Engine, log: Log
) -> None:
    live(send, desk, scoring)
    assert verify(payout_engine, log) == []


def test_a_dead_letter_is_no_difference_before_or_after_its_replay(
    send: Send, desk: Desk, payout_engine: Engine, log: Log
) -> None:
    bad = earned("ada", "2025-13", 1, ("USD", 500))
    send([bad, earned("ada", "2025-01", 1, ("USD", 5)), earned("bob", "2025-01", 1, ("USD", 6))])
    unknown = desk.get("/v1/participants/ada/balance").json()["detail"]
    assert unknown == "there is no participant ada"  # it waits behind the dead letter of its key
    assert verify(payout_engine, log) == []
    with payout_engine.begin() as connection:
        mended = earned("ada", "2025-02", 1, ("USD", 500)).record.value
        connection.execute(text("update dead_letter set value = :value where not parked"), {"value": mended})
    assert dead_letters.replay(payout_engine, log, which=dead_letters.Filter(key="ada"), by="ops") == 2
    settle(log, payout_engine)
    assert desk.balance("ada") == {"USD": ("5.05", "5.05", "0.00")}
    assert verify(payout_engine, log) == []


def test_what_others_replay_is_not_counted(send: Send, payout_engine: Engine, log: Log) -> None:
    send([earned("ada", "2025-01", 1, ("USD", 5))])
    record = earned("ada", "2025-01", 2, ("USD", 900)).record
    log.append(EARNINGS, [Record(record.key, record.value, {"earnest-only-for": "alerts"})])
    settle(log, payout_engine)
    assert verify(payout_engine, log) == []


def test_what_the_worker_has_not_reached_yet_is_no_difference(payout_engine: Engine, log: Log) -> None:
    log.append(EARNINGS, [earned("ada", "2025-01", 1, ("USD", 5)).record])
    assert verify(payout_engine, log) == []


OF_ADA = "where journal in (select id from journal where participant_id = 'ada' and kind = 'earning')"


REWRITTEN = """
    alter table payroll_batch_file drop constraint payroll_batch_file_check;
    update payroll_batch_file set content = convert_to(replace(convert_from(content, 'UTF8'), ',cy,', ',me,'), 'UTF8')
        where batch = 'run-2025-01-1';
    update payroll_batch_file set sha256 = encode(sha256(content), 'hex') where batch = 'run-2025-01-1';
    update payroll_batch b set sha256 = f.sha256,
        manifest = convert_to(replace(convert_from(manifest, 'UTF8'), b.sha256, f.sha256), 'UTF8')
        from payroll_batch_file f where f.batch = b.id and b.id = 'run-2025-01-1'"""
"""A file with another payee, under hashes that fit it."""


@pytest.mark.parametrize(
    ("meddling", "told"),
    [
        (f"update posting set amount = amount * 2 {OF_ADA}", ["earned by ada for 2025-01: the ledger and the log", "earned by ada for 2025-01: the stream", "payable to ada in USD", "books of ada: journal 1 is not what was booked"]),
        ("update posting set amount = amount + 1 where account = 'payable' and currency = 'JPY'", ["does not sum", "does not sum", "run-2025-02-1: what is booked", "payable to bob in JPY", "books of bob: journal 2"]),
        ("update posting set currency = 'EUR' where currency = 'JPY'", ["earned by bob", "earned by bob for 2025-02: the stream", "run-2025-02-1: what is booked", "books of bob: journal 2"]),
        ("delete from posting where account = 'paid'", ["does not sum", "does not sum", "does not sum", "does not sum", "run-2025-01-1: what is booked", "run-2025-02-1: what is booked", "books of bob: journal 3", "books of ada: journal 2", "books of cy: journal 2"]),
        ("delete from posting where journal in (select id from journal where kind = 'payment' and participant_id = 'cy')", ["run-2025-01-1: what is booked", "does not sum", "payable to cy in USD", "books of cy: journal 2"]),
        ("update journal set origin_period = '2024-12' where participant_id = 'cy' and kind = 'earning' and period = '2025-01'", ["earned by cy for 2024-12", "earned by cy for 2025-01", "earned by cy for 2024-12: the stream", "earned by cy for 2025-01: the stream", "goes on from another journal", "books of cy: journal 1"]),
        ("update run_pay set carried = carried + 1 where run = 'run-2025-02-1' and participant_id = 'bob'", ["run-2025-02-1: what it pays does not have its hash"]),
        ("update run_pay set pay = '{}' where run = 'run-2025-02-1'", ["run-2025-02-1: what it pays"]),
        ("update run_pay set entries = 99 where participant_id = 'bob' and run = 'run-2025-01-1'", ["run-2025-01-1: what it pays"]),
        ("update run_slip set facts = facts || 'x' where run = 'run-2025-01-1' and participant_id = 'cy'", ["run-2025-01-1: what it pays", "run-2025-01-1: what was done"]),
        ("update run_lines set content = content || 'x' where run = 'run-2025-01-1'", ["run-2025-01-1: what it pays", "run-2025-01-1: what was done"]),
        ("delete from run_touch where run = 'run-2025-01-1'", ["run-2025-01-1: what it pays"]),
        ("update run set state = 'paid' where id = 'run-2025-01-1'", ["run-2025-01-1: it is paid, and what was done to it makes it exported"]),
        ("delete from run_event where verb = 'submit' and run = 'run-2025-02-1'", ["run-2025-02-1: what was done to it is not in order"]),
        ("delete from approval where run = 'run-2025-02-1'", ["run-2025-02-1: steps of its approval are missing"]),
        ("update approval set approver = 'tina' where run = 'run-2025-02-1'", ["run-2025-02-1: somebody approved what they had a hand in", "run-2025-02-1: what was done"]),
        ("update approval set approver = 'dana' where run = 'run-2025-02-1'", ["run-2025-02-1: somebody approved what they had a hand in", "run-2025-02-1: what was done"]),
        ("insert into closing select 'default', '2025-07', 'run-2025-03-1', now(), repeat('0', 64)", ["month 2025-07 of default: no approved run closed it", "month 2025-07 of pay group default: its journals"]),
        ("update held_line set held = 39", ["held of dot in USD: not what the runs decided"]),
        ("delete from held_line", ["held of dot in USD: not what the runs decided"]),
        ("update run_payee set payroll_id = 'x' where run = 'run-2025-01-1' and participant_id = 'cy'", ["run-2025-01-1: what it pays"]),
        ("update run_payee set entity = 'UK' where run = 'run-2025-02-1'", ["run-2025-02-1: what it pays"]),
        ("update run_payee set entity = 'UK' where run = 'run-2025-01-1' and participant_id = 'cy'", ["run-2025-01-1: what it pays", "batch run-2025-01-1: it is not what"]),
        ("update run_payee set payroll_profile = 'other/1' where run = 'run-2025-01-1'", ["run-2025-01-1: what it pays", "batch run-2025-01-1: it is not what", "batch run-2025-01-1.2: it is not what"]),
        ("delete from run_payee where run = 'run-2025-01-1'", ["run-2025-01-1: what it pays", "batch run-2025-01-1: it is not what", "batch run-2025-01-1.2: it is not what"]),
        ("update batch_line set person = 'mallory' where participant_id = 'cy'", ["batch run-2025-01-1: it is not what run run-2025-01-1 pays"]),
        (REWRITTEN, ["batch run-2025-01-1: it is not what run run-2025-01-1 pays"]),
        ("alter table payroll_batch_file drop constraint payroll_batch_file_check; update payroll_batch_file set content = content || 'x' where batch = 'run-2025-01-1'", ["batch run-2025-01-1: it is not what", "batch run-2025-01-1: its file does not have its hash", "batch run-2025-01-1: its files do not have the hashes"]),
        ("update batch_line set amount = amount + 1 where participant_id = 'cy'", ["run-2025-01-1: what was released to payroll", "batch run-2025-01-1: it is not what", "batch run-2025-01-1: its lines do not add up"]),
        ("update journal set cause = jsonb_build_object('run', 'run-1999-01-1') where kind = 'payment'", ["run-2025-01-1: what is booked", "run-2025-02-1: what is booked", "run-1999-01-1: something is booked for it, and it does not exist", "books of ada: journal 2", "books of cy: journal 2", "books of bob: journal 3"]),
        ("update journal set recorded_at = recorded_at - interval '1 day' where participant_id = 'ada' and entry = 1", ["books of ada: journal 1 is not what was booked"]),
        ("with gone as (delete from journal where participant_id = 'bob' and period = '2025-02' returning id) delete from posting where journal in (select id from gone)", ["earned by bob for 2025-02: the ledger", "earned by bob for 2025-02: the stream", "goes on from another journal", "payable to bob in USD", "run-2025-02-1: what is booked", "month 2025-02 of pay group default", "books of bob: journal 2 is missing"]),
        ("update booked_earning set earned = '[]' where participant_id = 'cy' and period = '2025-03'", ["earned by cy for 2025-03: the stream"]),
        ("update person set facts = replace(facts, 'DE', 'FR')", ["person ada"]),
        ("delete from person", ["person ada"]),
        ("insert into person values ('bob', '{}')", ["person bob"]),
    ],
)  # fmt: skip
def test_meddling_is_told(
    send: Send, desk: Desk, scoring: Scoring, payout_engine: Engine, log: Log, meddling: str, told: list[str]
) -> None:
    live(send, desk, scoring)
    with payout_engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text(meddling))
    found = verify(payout_engine, log)
    assert all(any(expected in sentence for sentence in found) for expected in told), found
    assert len(found) == len(told), found


MADE_AGAIN = (
    *("posting", "book", "booked_earning", "person", "held_line"),
    *("run_pay", "run_payee", "run_slip", "run_lines", "run_touch", "run_finding"),
)
"""What follows from chained rows and from the log."""


def test_every_edit_of_what_is_made_again_is_told(
    send: Send, desk: Desk, scoring: Scoring, payout_engine: Engine, log: Log
) -> None:
    live(send, desk, scoring)
    with payout_engine.begin() as connection:
        for table in MADE_AGAIN:
            unbind(connection, table)
            connection.execute(text(f"create table kept_{table} as select * from {table}"))
        played = [(table, edit) for table in MADE_AGAIN for edit in edits(connection, table)]
    assert verify(payout_engine, log) == []
    missed = []
    for table, edit in played:
        with payout_engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            connection.execute(text(edit))
        if not verify(payout_engine, log):
            missed.append(edit)
        with payout_engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            connection.execute(text(f"delete from {table}"))
            connection.execute(text(f"insert into {table} select * from kept_{table}"))
    assert not missed, "\n".join(missed)
