"""Notifications on real servers: signed webhooks, mails and Slack's form, at least once, and given up after a day."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import standardwebhooks
import structlog
import svix
from prometheus_client import REGISTRY
from sqlalchemy import Engine, text

from services.alerts.evaluation.episodes import Findings
from services.alerts.kpis import Catalogue
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.lifecycle.store import unresolved
from services.alerts.notifications import store
from services.alerts.notifications.declared import Notifications, notifications_of
from services.alerts.notifications.message import Message
from services.alerts.notifications.slack import MOST_BLOCKS, MOST_OF_A_HEADER, MOST_OF_A_SECTION, slack_message
from services.alerts.notifications.worker import Declaration, Sender
from shared.log.postgres import PostgresLog
from tests.services.alerts.lifecycle.watched import DISCOUNT, NOON, episode, found
from tests.services.alerts.notifications.conftest import BERLIN, Clock, Write
from tests.services.alerts.notifications.notices import SECRET, Receiver, told
from tests.waiting import until


def counted(channel: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("earnest_notifications_total", {"channel": channel, "outcome": outcome}) or 0.0


ALL = "  all: {channel: hook, events: [opened, worse, acknowledged, escalated, resolved]}"


def test_a_webhook_is_signed_so_that_the_vendors_libraries_take_it(
    declare: Callable[..., Declaration], write: Write, sends: Callable[..., Sender], hooks: Receiver
) -> None:
    declaration = declare(ALL)
    write(declaration, told())
    assert sends(declaration).round() == 1
    [came] = hooks.received
    assert came.headers["webhook-id"] == "all/average_discount.EUR.1/1"
    for library in (standardwebhooks.Webhook(SECRET), svix.Webhook(SECRET)):
        library.verify(came.body, came.headers)
    payload = json.loads(came.body)
    assert (payload["type"], payload["data"]["alert_id"]) == ("alert.opened", "average_discount.EUR.1")
    forged = came.body.replace(b"0.253117", b"0.053117")
    for library, refusal in (
        (standardwebhooks.Webhook(SECRET), standardwebhooks.WebhookVerificationError),
        (svix.Webhook(SECRET), svix.WebhookVerificationError),
    ):
        with pytest.raises(refusal):
            library.verify(forged, came.headers)


def test_what_did_not_arrive_is_sent_again_later_under_the_same_id_until_it_has(
    declare: Callable[..., Declaration], write: Write, sends: Callable[..., Sender], hooks: Receiver, clock: Clock
) -> None:
    declaration, before = declare(ALL), counted("hook", "failed")
    ours = sends(declaration)
    write(declaration, told())
    hooks.answers = [(503, {}), (302, {"location": hooks.url}), (410, {})]
    rounds = []
    for _ in range(4):
        rounds.append(ours.round())
        rounds.append(ours.round())
        clock.now += timedelta(minutes=5)
    assert rounds == [1, 0] * 4
    assert {came.headers["webhook-id"] for came in hooks.received} == {"all/average_discount.EUR.1/1"}
    assert len(hooks.received) == 4
    assert {json.loads(came.body)["timestamp"] for came in hooks.received} == {"2025-03-14T09:00:00+00:00"}
    assert counted("hook", "failed") - before == 3
    assert ours.round() == 0


def test_what_does_not_arrive_for_a_day_is_given_up_and_counted(
    declare: Callable[..., Declaration], write: Write, sends: Callable[..., Sender], hooks: Receiver, clock: Clock
) -> None:
    declaration, before = declare(ALL), counted("hook", "given_up")
    ours = sends(declaration)
    write(declaration, told())
    hooks.answers = [(500, {})] * 100
    while clock.now < datetime.now(UTC) + timedelta(hours=30):
        ours.round()
        clock.now += timedelta(minutes=30)
    assert counted("hook", "given_up") - before == 1
    assert len(hooks.received) in range(45, 52)  # each half hour of a day


def test_who_took_a_message_and_died_leaves_it_to_others(
    declare: Callable[..., Declaration],
    write: Write,
    sends: Callable[..., Sender],
    hooks: Receiver,
    clock: Clock,
    alerts_engine: Engine,
) -> None:
    declaration = declare(ALL)
    write(declaration, told())
    with alerts_engine.begin() as connection:
        assert len(store.take(connection, clock(), limit=10)) == 1
    assert sends(declaration).round() == 0
    clock.now += timedelta(minutes=3)
    assert sends(declaration).round() == 1
    assert len(hooks.received) == 1


def test_many_senders_send_a_message_once(
    declare: Callable[..., Declaration], write: Write, sends: Callable[..., Sender], hooks: Receiver
) -> None:
    declaration = declare(ALL)
    write(declaration, *(told(event_id=f"average_discount.EUR.{n}/1") for n in range(30)))
    stop = threading.Event()
    threads = [threading.Thread(target=sends(declaration).run, args=(stop,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: len(hooks.received) >= 30)
    stop.set()
    for thread in threads:
        thread.join()
    assert len({came.headers["webhook-id"] for came in hooks.received}) == len(hooks.received) == 30


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:9/x", "an address inside a private network"),
        ("https://127.0.0.1:9/x", "an address inside a private network"),
        ("https://localhost/x", "an address inside a private network"),
        ("https://169.254.169.254/latest/meta-data", "an address inside a private network"),
        ("https://10.0.0.7/x", "an address inside a private network"),
        ("https://[::1]/x", "an address inside a private network"),
        ("https://[::ffff:10.0.0.7]/x", "an address inside a private network"),
        ("https://[fd00::1]/x", "an address inside a private network"),
        ("http://93.184.216.34/x", "over https only"),
    ],
)
def test_nothing_is_sent_into_our_own_network_or_in_the_open(
    declare: Callable[..., Declaration],
    write: Write,
    sends: Callable[..., Sender],
    alerts_engine: Engine,
    url: str,
    why: str,
) -> None:
    declaration = declare("  all: {channel: inside}", f"  inside: {{kind: webhook, url: '{url}', secret: hook}}")
    write(declaration, told())
    assert sends(declaration, loopback=False).round() == 1
    with alerts_engine.connect() as connection:
        assert why in connection.execute(text("select error from message")).scalar_one()


def test_a_digest_is_one_message_a_day_whatever_the_order_of_what_is_told(
    declare: Callable[..., Declaration], write: Write, sends: Callable[..., Sender], hooks: Receiver, clock: Clock
) -> None:
    declaration = declare("  daily: {channel: hook, rhythm: daily, hour: 8}")
    clock.now = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night after, the clocks of Berlin go forward
    events = [
        told(event_id=f"k.{n}/1", alert_id=f"k.{n}", severity="critical" if n == 2 else "warning") for n in (3, 1, 2)
    ]
    write(declaration, *events[:2])
    write(declaration, *events[1:])
    clock.now = datetime(2026, 3, 29, 5, 59, tzinfo=UTC)
    assert sends(declaration).round() == 0
    clock.now = datetime(2026, 3, 29, 6, 0, tzinfo=UTC)  # 8:00 in Berlin
    assert sends(declaration).round() == 1
    [came] = hooks.received
    assert came.headers["webhook-id"] == "daily/digest/2026-03-29"
    data = json.loads(came.body)["data"]
    assert (data["day"], [each["alert_id"] for each in data["events"]]) == ("2026-03-29", ["k.2", "k.1", "k.3"])
    write(declaration, told(event_id="k.4/1"))
    clock.now = datetime(2026, 3, 30, 5, 59, tzinfo=UTC)
    assert sends(declaration).round() == 0


def test_what_is_told_while_a_digest_is_being_sent_is_in_the_next_one(
    declare: Callable[..., Declaration], write: Write, alerts_engine: Engine, clock: Clock
) -> None:
    declaration = declare("  daily: {channel: hook, rhythm: daily, hour: 8}")
    clock.now = datetime(2026, 3, 10, 6, tzinfo=UTC)
    write(declaration, told())
    with alerts_engine.begin() as connection:
        assert len(store.take(connection, clock() + timedelta(hours=2), limit=10)) == 1
    write(declaration, told(event_id="average_discount.EUR.1/2"))  # by a process whose clock is behind
    with alerts_engine.connect() as connection:
        rows = connection.execute(text("select message_id, event_id from told order by event_id")).all()
    assert [tuple(row) for row in rows] == [
        ("daily/digest/2026-03-10", "average_discount.EUR.1/1"),
        ("daily/digest/2026-03-11", "average_discount.EUR.1/2"),
    ]


def test_slack_is_sent_blocks_to_its_secret_address(
    declare: Callable[..., Declaration], write: Write, sends: Callable[..., Sender], hooks: Receiver
) -> None:
    declaration = declare("  chat: {channel: chat}")
    write(declaration, told(title="Discount <!channel>"))
    with structlog.testing.capture_logs() as logs:
        sends(declaration).round()
    [came] = hooks.received
    body = json.loads(came.body)
    assert came.path.endswith("/secret-of-slack")
    assert body["text"].startswith("Discount &lt;!channel&gt; in EUR: 25%, where 20% is expected")
    assert [block["type"] for block in body["blocks"]] == ["header", "section"]
    assert "secret-of-slack" not in str(logs)
    assert SECRET not in str(logs)


@pytest.mark.parametrize("number", [1, 49, 200])
def test_slacks_limits_are_kept_however_much_there_is_to_tell(number: int) -> None:
    many = tuple(told(event_id=f"k.{n}/1", title="T" * 400, why="w" * 5000) for n in range(number))
    message = Message(message_id="m", told=many, day=date(2026, 3, 29) if number > 1 else None)
    body = slack_message(message)
    assert len(body["blocks"]) <= MOST_BLOCKS
    for block in body["blocks"]:
        most = MOST_OF_A_HEADER if block["type"] == "header" else MOST_OF_A_SECTION
        assert 0 < len(block["text"]["text"]) <= most
    assert sum(len(block["text"]["text"]) for block in body["blocks"]) < 13_000
    if number == 200:
        assert "more; `earnest alerts list` shows all" in body["blocks"][-1]["text"]["text"]


def test_a_message_for_a_subscription_that_is_gone_is_given_up(
    declare: Callable[..., Declaration], write: Write, sends: Callable[..., Sender], hooks: Receiver
) -> None:
    write(declare(ALL), told())
    assert sends(declare("  other: {channel: hook}")).round() == 1
    assert hooks.received == []


def test_the_outbox_is_a_part_of_the_transaction_that_tells(
    declare: Callable[..., Declaration], alerts_engine: Engine, clock: Clock
) -> None:
    declared: Notifications = declare(ALL).current()
    with alerts_engine.connect() as connection:
        store.write(connection, [told()], declared=declared, now=clock(), zone=BERLIN)
        assert len(store.messages(connection, waiting_only=True, limit=10)) == 1
        connection.rollback()
        assert len(store.messages(connection, waiting_only=True, limit=10)) == 0


def test_an_empty_file_tells_nobody() -> None:
    assert notifications_of("").for_told(told()) == []


def test_what_opened_while_nobody_could_know_who_is_told_is_told_when_the_file_is_right(
    alerts_engine: Engine, log: PostgresLog, catalogue: Catalogue, declare: Callable[[str], Declaration]
) -> None:
    slip = "  leads: {channel: hook}\nescalate_after_hours: {warning: 4}\n"
    declaration = declare(slip)
    lifecycle = Lifecycle(
        log,
        catalogue=catalogue,
        zone=BERLIN,
        declared=declaration.current,
        refusal=declaration.refusal,
        address="http://alerts.test",
        scoring="http://scoring.test",
    )

    def moved(*findings: Findings, hours: int) -> list[str]:
        now = NOON + timedelta(hours=hours)
        with alerts_engine.begin() as connection:
            lifecycle.move(connection, findings, now=now)
            return [str(row["message_id"]) for row in store.messages(connection, waiting_only=False, limit=9)]

    euro = DISCOUNT._replace(currency="EUR")
    assert moved(found(episode(50)), found(episode(50), subject=euro), hours=0) == []
    with alerts_engine.connect() as connection:
        assert {each.standing.muted_by for each in unresolved(connection)} == {"notifications.yaml"}
    assert moved(found(episode(50, recovered=55)), hours=1) == []
    declare(slip + "  # nobody is told of what is escalated\n")
    assert moved(hours=2) == []
    declare("  leads: {channel: hook}\n  bosses: {channel: hook, level: 2}\nescalate_after_hours: {warning: 4}\n")
    assert moved(hours=9) == ["leads/average_discount.EUR.1/3"]  # what is over was never told
    assert moved(hours=12) == ["leads/average_discount.EUR.1/3"]  # those who are told have their four hours
    assert "bosses/average_discount.EUR.1/4" in moved(hours=13)
    declare(slip)
    later = DISCOUNT._replace(currency="GBP")
    assert "leads/average_discount.GBP.1/1" in moved(found(episode(60), subject=later), hours=14)  # the last good one
