"""A released batch reaches the drop that its pay group's policy names: by itself, once, and whatever happens on the
way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.payout.delivery import sftp, store
from services.payout.delivery.parcels import DeliveryFailed, DropFile, next_attempt
from services.payout.delivery.worker import Courier
from shared.settings import Settings
from tests.services.payout.delivery import courier_process
from tests.services.payout.delivery.sftp_drop import Drop, provider
from tests.services.payout.desk import NOW, Book, Desk, earned, problem

RUN = "run-2025-11-1"


class Clock:
    """An instant that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Drop]:
    (tmp_path / "provider").mkdir()
    with provider(tmp_path / "provider") as drop:
        yield drop


@pytest.fixture
def courier(service_engine: Engine, inbox: Drop, clock: Clock) -> Courier:
    settings = Settings(database_url="postgresql://nobody@localhost/unused", deliveries_dir=inbox.secrets)
    return Courier(service_engine, settings, now=clock)


def publish(desk: Desk, policy: dict[str, Any]) -> None:
    answer = desk.publish(
        f"{policy['kind']}/{policy['id']}", "tess", {"policy": policy, "reason": "agreed", "expected": True}
    )
    assert answer.is_success, answer.text


def pay_by_drop(desk: Desk, book: Book, inbox: Drop, **terms: Any) -> None:
    """Publish the drop and that the default pay group uses it, and release November."""
    publish(desk, inbox.policy(valid_from="2025-01-01", **terms).body())
    group = {"kind": "pay_group", "id": "default", "valid_from": "2025-01-01", "calendar": {"every": "month"}}
    publish(desk, group | {"delivery": "drop"})
    book([earned("ada", "2025-11", 1, ("USD", 62500))])
    desk.pay("2025-11")


def shown(desk: Desk) -> dict[str, Any]:
    (found,) = desk.get("/v1/deliveries").json()["deliveries"]
    return dict(found)


def test_a_released_batch_is_delivered_by_itself_with_its_manifest(
    desk: Desk, book: Book, courier: Courier, inbox: Drop
) -> None:
    pay_by_drop(desk, book, inbox)
    assert (shown(desk)["state"], inbox.files()) == ("waiting", {})
    assert courier.round() == 1
    found = shown(desk)
    assert (found["state"], found["batch"], found["to"], found["attempts"]) == ("delivered", RUN, "drop", 1)
    files = inbox.files()
    assert len(files) == 4
    assert files[f"{RUN}.manifest.json"] == desk.get(f"/v1/payroll/batches/{RUN}/manifest").content
    (name,) = (each for each in files if each.endswith(".csv"))
    assert files[name] == desk.get(f"/v1/payroll/batches/{RUN}/file").content
    assert courier.round() == 0


def test_without_a_named_delivery_nothing_is_sent_until_somebody_asks(
    desk: Desk, book: Book, courier: Courier, inbox: Drop
) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 62500))])
    run = desk.draft("2025-11")["id"]
    asked = {"batch": run, "to": "drop"}
    assert desk.post("/v1/deliveries", "dana", asked).status_code == 404
    publish(desk, inbox.policy(valid_from="2025-01-01", manifest=False).body())
    assert desk.post("/v1/deliveries", "dana", asked).json()["type"] == "urn:earnest:problem:no-such-batch"
    desk.do(run, "submit", "dana")
    desk.do(run, "approve", "frank")
    desk.do(run, "export", "dana")
    assert courier.round() == 0
    assert desk.post("/v1/deliveries", "frank", asked).status_code == 403
    assert problem(desk.post("/v1/deliveries", "wendy", asked)) == (404, "no-such-batch")  # of another pay group
    first, again = (desk.post("/v1/deliveries", "dana", asked) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert (first.status_code, first.json()["requested_by"]) == (202, "dana")
    assert desk.get("/v1/deliveries", "wendy").json() == {"deliveries": []}
    assert courier.round() == 1
    assert not any("manifest" in name for name in inbox.names())
    assert desk.post("/v1/deliveries", "dana", asked).status_code == 200


def test_while_the_server_is_away_it_is_tried_again_ever_more_rarely_and_shown(
    desk: Desk, book: Book, courier: Courier, inbox: Drop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> list[str]:
        raise DeliveryFailed("the server is away")

    pay_by_drop(desk, book, inbox)
    with monkeypatch.context() as patched:
        patched.setattr(sftp, "drop", away)
        courier._drop = None
        assert courier.round() == 0
        assert courier.round() == 0, "not due yet"
    found = shown(desk)
    assert (found["state"], found["attempts"], found["error"]) == ("waiting", 1, "the server is away")
    clock.now += timedelta(minutes=20)
    courier._drop = None
    assert courier.round() == 1
    assert (shown(desk)["state"], shown(desk)["error"], shown(desk)["attempts"]) == ("delivered", None, 2)


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    pauses = [(next_attempt(NOW, attempts) - NOW).total_seconds() for attempts in (1, 2, 3, 6, 7, 8, 1000)]
    assert pauses == [15, 30, 60, 480, 900, 900, 900]


def test_an_encrypted_file_is_the_same_at_every_attempt(
    desk: Desk, book: Book, courier: Courier, inbox: Drop, clock: Clock
) -> None:
    import pysequoia

    key = pysequoia.Tsk.generate("payroll@provider.example")
    (inbox.secrets / "drop" / "recipient.asc").write_bytes(bytes(key.extract_certificate()))
    pay_by_drop(desk, book, inbox, encrypt={})
    sent: list[dict[str, bytes]] = []

    def broken_off(_: object, __: object, files: list[DropFile]) -> list[str]:
        sent.append({each.name: each.content for each in files})
        raise DeliveryFailed("broken off")

    courier._drop = broken_off  # type: ignore[assignment]
    for _ in range(2):
        courier.round()
        clock.now += timedelta(minutes=20)
    courier._drop = None
    assert courier.round() == 1
    arrived = {name: content for name, content in inbox.files().items() if not name.endswith(".sha256")}
    assert sent == [arrived, arrived]
    assert all(name.endswith(".pgp") for name in arrived)
    plain = {pysequoia.decrypt(content, key.decryptor()).bytes for content in arrived.values()}
    assert plain == {desk.get(f"/v1/payroll/batches/{RUN}/{what}").content for what in ("file", "manifest")}


def test_names_that_do_not_say_the_batch_are_known_to_recur(
    desk: Desk, book: Book, courier: Courier, inbox: Drop, service_engine: Engine
) -> None:
    publish(desk, inbox.policy(valid_from="2025-01-01").body())
    with service_engine.begin() as connection:
        files = [DropFile("PRABCEPI.csv", b"1"), DropFile("b-1.manifest.json", b"{}")]
        store.request(connection, "b-1", destination="drop", files=files, who="payout", now=NOW)
    sent: list[DropFile] = []
    courier._drop = lambda _, __, files: [each.name for each in files if sent.append(each) is None]  # type: ignore[func-returns-value]
    courier.round()
    assert [(each.name, each.recurs) for each in sent] == [("PRABCEPI.csv", True), ("b-1.manifest.json", False)]


def test_a_batch_waits_for_the_one_before_of_the_same_name_and_others_do_not(
    desk: Desk, courier: Courier, inbox: Drop, service_engine: Engine, clock: Clock
) -> None:
    publish(desk, inbox.policy(valid_from="2025-01-01").body())
    with service_engine.begin() as connection:
        for batch, name in (("b-1", "PRABCEPI.csv"), ("b-2", "PRABCEPI.csv"), ("b-3", "b-3.csv")):
            store.request(
                connection, batch, destination="drop", files=[DropFile(name, batch.encode())], who="payout", now=NOW
            )
    sent: list[bytes] = []

    def broken_off(_: object, __: object, files: list[DropFile]) -> list[str]:
        sent.append(files[0].content)
        raise DeliveryFailed("broken off after the last byte")

    courier._drop = broken_off  # type: ignore[assignment]
    for _ in range(2):
        courier.round()
        clock.now += timedelta(minutes=20)
    assert sent == [b"b-1", b"b-3"] * 2
    courier._drop = None
    assert courier.round() == 2
    clock.now += timedelta(minutes=20)
    assert courier.round() == 0, "the first is not picked up"
    (inbox.folder / "PRABCEPI.csv").unlink()
    clock.now += timedelta(minutes=20)
    assert courier.round() == 1
    assert inbox.files()["PRABCEPI.csv"] == b"b-2"


def test_killed_in_the_middle_of_a_file_another_goes_on_and_nobody_saw_half_of_it(
    desk: Desk, book: Book, courier: Courier, inbox: Drop, service_engine: Engine
) -> None:
    pay_by_drop(desk, book, inbox)
    url = service_engine.url.render_as_string(hide_password=False)
    dying: list[subprocess.Popen[bytes]] = []

    def kill(drop: Drop, _: int) -> None:
        if drop.sessions == 1:
            os.kill(dying[0].pid, signal.SIGKILL)

    inbox.fault = kill
    dying.append(subprocess.Popen([sys.executable, courier_process.__file__, url, str(inbox.secrets)]))
    assert dying[0].wait() == -signal.SIGKILL
    assert all(name.endswith(".tmp") for name in inbox.names())
    assert shown(desk)["state"] == "waiting"
    assert courier.round() == 1
    assert (shown(desk)["state"], len(inbox.names())) == ("delivered", 4)


def test_of_two_couriers_at_once_one_delivers(
    desk: Desk, book: Book, courier: Courier, inbox: Drop, service_engine: Engine
) -> None:
    pay_by_drop(desk, book, inbox)
    both = [courier, Courier(service_engine, courier._settings, now=courier._now)]
    done: list[int] = []
    threads = [threading.Thread(target=lambda one=one: done.append(one.round())) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(done), inbox.sessions) == ([0, 1], 1)


def test_what_waits_is_in_the_metrics_and_refusals_are_told_apart(
    desk: Desk, book: Book, courier: Courier, inbox: Drop, clock: Clock
) -> None:
    def metric(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"earnest_{name}", {"destination": "drop", **labels}) or 0

    refused = metric("delivery_attempts_total", outcome="refused")
    pay_by_drop(desk, book, inbox)
    key = inbox.secrets / "drop" / "ssh_key"
    content = key.read_bytes()
    key.unlink()
    clock.now += timedelta(minutes=30)
    courier.round()
    assert metric("delivery_attempts_total", outcome="refused") == refused + 1
    assert (metric("deliveries_waiting"), metric("delivery_waiting_seconds")) == (1, 1800)
    assert "ssh_key cannot be read" in shown(desk)["error"]
    key.write_bytes(content)
    clock.now += timedelta(minutes=30)
    courier.round()
    assert (metric("deliveries_waiting"), metric("delivery_waiting_seconds")) == (0, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from delivery",
        "truncate delivery cascade",
        "delete from delivery_file",
        "update delivery set delivered_at = null",
        "update delivery set requested_by = 'frank'",
        "update delivery_file set content = 'x'",
        "update delivery_file set sent_content = 'x'",
    ],
)
def test_the_database_itself_keeps_what_was_sent(
    desk: Desk, book: Book, courier: Courier, inbox: Drop, payout_engine: Engine, statement: str
) -> None:
    pay_by_drop(desk, book, inbox)
    courier.round()
    with pytest.raises(DBAPIError) as refused, payout_engine.begin() as connection:
        connection.execute(text(statement))
    assert isinstance(refused.value.orig, psycopg.errors.IntegrityError)
