"""The whole way over real servers: deals drift, an alert opens, people are told and act, the KPI comes back, and the
alert is resolved.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import standardwebhooks

from earnest.local.claims import claim_port
from shared.contracts.topics import DEALS
from shared.log.port import Stored
from shared.log.postgres import PostgresLog
from tests.command_line import earnest
from tests.services.alerts.notifications.notices import SECRET, Receiver, receiver
from tests.services.alerts.operations.servers import answered, running
from tests.waiting import until

ALERT = "average_discount.USD.1"
SCOPES = ["alerts:read", "alerts:write", "earnings:read"]


class Installation(NamedTuple):
    """A service of alerts that runs, who is told by it, and how commands reach it."""

    told: Receiver
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> str:
        """What `earnest alerts ARGUMENTS` says."""
        done = earnest("alerts", *arguments, environment=self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str) -> str:
        """What it says where it refuses."""
        done = earnest("alerts", *arguments, environment=self.environment)
        assert done.returncode == 1
        return done.stderr

    def heard(self, number: int) -> list[dict[str, Any]]:
        """What the receiver was told, when it was told so much; each was signed."""
        until(lambda: len(self.told.received) >= number, f"notification {number}")
        for came in self.told.received:
            standardwebhooks.Webhook(SECRET).verify(came.body, came.headers)
        return [json.loads(came.body) for came in self.told.received]


@pytest.fixture
def installation(database_url: str, log: PostgresLog, tmp_path: Path) -> Iterator[Installation]:
    key = hashlib.sha256(b"open sesame").hexdigest()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "ops").write_text("open sesame")
    (tmp_path / "keys.json").write_text(json.dumps([{"name": "ops", "sha256": key, "scopes": SCOPES}]))
    (tmp_path / "notifications").mkdir()
    (tmp_path / "notifications" / "hook").write_text(SECRET)
    (tmp_path / "kpis").mkdir()
    (tmp_path / "kpis" / "own.yaml").write_text("kpis: [{name: own}]")
    port = claim_port(tmp_path / "port", 18804)
    with receiver() as told:
        (tmp_path / "notifications.yaml").write_text(
            f"channels: {{hook: {{kind: webhook, url: '{told.url}', secret: hook}}}}\n"
            "subscriptions:\n"
            "  everything: {channel: hook, events: [opened, worse, acknowledged, escalated, resolved], about: plan}\n"
        )
        environment = {
            "DATABASE_URL": database_url,
            "EARNEST_HOME": str(tmp_path),
            "EARNEST_ALERTS_PORT": str(port),
            "EARNEST_ALERTS_URL": f"http://127.0.0.1:{port}",
            "EARNEST_TIME_ZONE": "Europe/Berlin",
            "EARNEST_KEYS_FILE": str(tmp_path / "keys.json"),
            "EARNEST_NOTIFICATIONS_FILE": str(tmp_path / "notifications.yaml"),
            "EARNEST_KPIS_DIR": str(tmp_path / "kpis"),
            "EARNEST_NOTIFICATIONS_LOOPBACK": "true",
            "COLUMNS": "200",
        }
        with running(tmp_path / "service.log", sys.executable, "-m", "services.alerts", **environment):
            ready = f"{environment['EARNEST_ALERTS_URL']}/readyz"
            answered(lambda: httpx.get(ready).status_code == 200, "the service")
            yield Installation(told, environment)


def sell(log: PostgresLog, deal: Callable[..., Stored], day: int, *, discount: int, number: int) -> None:
    at = f"2025-03-{day:02d}T10:00:00.000000Z"
    won = {"stage": "won", "currency": "USD", "close_date": at[:10], "list_amount": "100.00"}
    deals = [deal(f"d{day}-{n}", at, **won, amount=f"{100 - discount}.00").record for n in range(number)]
    log.append(DEALS, deals)


def test_from_deals_that_drift_to_people_who_act_and_back(
    installation: Installation, log: PostgresLog, deal: Callable[..., Stored]
) -> None:
    alerts = installation
    assert alerts("list") == "There is no alert that is unresolved.\n"
    for day in (3, 4, 5, 6, 7):
        sell(log, deal, day, discount=40, number=40)
    [opened] = alerts.heard(1)
    assert (opened["type"], opened["data"]["alert_id"], opened["data"]["value"]) == ("alert.opened", ALERT, "0.400000")

    assert "Average discount in USD" in alerts("list")
    assert f"{ALERT} is acknowledged, owner ops" in alerts("ack", ALERT, "--note", "I look at it")
    assert alerts.heard(2)[1]["type"] == "alert.acknowledged"
    alerts("note", ALERT, "the new price list")
    assert "kim looks after it" in alerts("assign", ALERT, "kim")
    alerts("feedback", ALERT, "--useful")
    story = alerts("show", ALERT)
    assert "As of 2025-03-07 it is 40%, where 20% is allowed." in story
    assert "ops  acknowledged: I look at it" in story
    assert "ops  assigned kim" in story
    assert "ops  gave feedback, useful" in story
    assert "Found on 2025-03-05 by the rule threshold" in story
    assert re.search("began about .* found .* state", alerts("list"))
    assert "Acknowledged, warning, owner kim." in story
    assert json.loads(alerts("show", ALERT, "--json"))["useful"] is True
    assert [one["alert_id"] for one in json.loads(alerts("list", "--owner", "kim", "--json"))["alerts"]] == [ALERT]

    for day in (10, 11, 12, 13, 14):
        sell(log, deal, day, discount=0, number=120)
    resolved = alerts.heard(3)[2]["data"]
    assert (resolved["event"], resolved["resolution"]) == ("resolved", "recovered")
    kpis = earnest("alerts", "kpis", "list", environment=alerts.environment).stdout
    assert re.search("average_discount .* learning", kpis)  # one whole week is known
    assert "resolved: recovered" in alerts("list", "--state", "resolved")
    assert alerts("list", "--state", "open") == "There is no alert that is open.\n"
    ids = [came.headers["webhook-id"] for came in alerts.told.received]
    assert ids == [f"everything/{ALERT}/{number}" for number in (1, 2, 6)]


def test_commands_say_what_to_do_where_they_cannot_do_it(
    installation: Installation, log: PostgresLog, deal: Callable[..., Stored]
) -> None:
    alerts = installation
    for day in (3, 4, 5, 6, 7):
        sell(log, deal, day, discount=40, number=40)
    alerts.heard(1)
    assert "there is no alert win_rate.7; `earnest alerts list --state all` names them" in alerts.refused(
        "show", "win_rate.7"
    )
    assert "write 4h, 3d, 2w, 2026-04-01 or 2026-04-01T09:00" in alerts.refused("snooze", ALERT, "--until", "soon")
    assert "has passed already; name an instant to come" in alerts.refused("snooze", ALERT, "--until", "2025-03-31")
    told = alerts("snooze", ALERT, "--until", "3d", "--reason", "known").strip()
    assert told.startswith(f"{ALERT} is snoozed until ")
    assert "snoozed until" in alerts("list")
    assert f"  Open, {told.removeprefix(f'{ALERT} is ')}, warning, nobody owns it." in alerts("show", ALERT)
    assert "is resolved: prices stay" in alerts("resolve", ALERT, "--reason", "prices stay")
    assert "is resolved (decided)" in alerts.refused("ack", ALERT)
    assert "there is no key eve" in alerts.refused("ack", ALERT, "--as", "eve")
    assert "a mute needs its days and why" in alerts.refused("mute", "quarter-end")
    said = alerts("mute", "quarter-end", "--from", "2099-03-25", "--to", "2099-04-03", "--reason", "everybody closes")
    assert said == "quarter-end: nobody is told from 2099-03-25 to 2099-04-03\n"
    said = alerts("mute", "every-quarter", "--last-of-quarter", "3", "--first-of-quarter", "1", "--reason", "closing")
    days = "on the last 3 business days of every quarter and on the first 1 business day of every quarter"
    assert said == f"every-quarter: nobody is told {days}\n"
    assert "everybody closes" in alerts("mute")


def test_the_declaration_of_notifications_is_checked_and_tried_out(installation: Installation, tmp_path: Path) -> None:
    alerts, good = installation, (tmp_path / "notifications.yaml").read_text()
    assert "everything: hook, at once: acknowledged, escalated, opened, resolved, worse" in alerts(
        "notifications", "check"
    )
    assert alerts("notifications", "test", "everything") == "everything: an example has arrived\n"
    [example] = alerts.heard(1)
    assert example["data"]["title"] == "Example, to try out this channel"
    assert "there is no subscription nobody; declared are everything" in alerts.refused(
        "notifications", "test", "nobody"
    )
    alerts.told.answers = [(500, {})]
    assert "answers with status 500" in alerts.refused("notifications", "test", "everything")
    assert alerts("notifications", "list") == "Everything has arrived.\n"
    (tmp_path / "notifications.yaml").write_text("escalate_after_hours: {warning: 4}")
    refused = f"{tmp_path / 'notifications.yaml'}: escalate_after_hours: "
    unsaid = alerts("notifications", "list")
    assert f"Not in force: {refused}" in unsaid
    assert "Everything has arrived" not in unsaid
    said = httpx.get(f"{alerts.environment['EARNEST_ALERTS_URL']}/readyz").json()["remarks"]
    assert [each.startswith(refused) for each in said] == [True, False]
    assert said[1].startswith(f"{tmp_path / 'kpis'}: own.yaml is not used: ")
    (tmp_path / "notifications.yaml").write_text(good)
    assert alerts("notifications", "list") == "Everything has arrived.\n"
    (tmp_path / "notifications" / "hook").unlink()
    wrong = earnest("alerts", "notifications", "check", environment=alerts.environment)
    assert wrong.returncode == 1
    assert "channels.hook: the secret" in wrong.stdout
