"""The file of notifications: what it takes, and what it says of a mistake."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.alerts.notifications.declared import Undeclared, notifications_of, remarks
from services.alerts.notifications.message import Message, Told, ToldDriver
from services.alerts.notifications.slack import slack_message
from services.alerts.notifications.worker import Declaration
from tests.services.alerts.notifications.notices import told

WHOLE = """
people: {dana: dana@example.com}
channels:
  hook: {kind: webhook, url: "https://hooks.example.com/earnest", secret: hook}
  mail: {kind: email, host: smtp.example.com, sender: earnest@example.com}
  chat: {kind: slack, url: chat}
subscriptions:
  plan_owners: {channel: mail, person: dana, about: plan}
  everything: {channel: hook, events: [opened, worse, acknowledged, escalated, resolved]}
  critical: {channel: chat, severity: critical, kpis: [event_lag, dead_letters]}
  digest: {channel: mail, person: kim@example.com, rhythm: daily, hour: 7}
  second: {channel: chat, level: 2}
escalate_after_hours: {critical: 4, warning: 48}
"""


def test_subscriptions_are_told_what_they_ask_for() -> None:
    declared = notifications_of(WHOLE)
    lag = {"kpi": "event_lag", "about": "road", "severity": "critical"}
    assert declared.for_told(told()) == ["plan_owners", "everything", "digest"]
    assert declared.for_told(told(event="acknowledged")) == ["everything"]
    assert declared.for_told(told(**lag)) == ["everything", "critical", "digest"]
    assert declared.for_told(told(event="escalated", level=1)) == ["plan_owners", "everything", "digest", "second"]
    assert declared.levels == 1


@pytest.mark.parametrize(
    ("instead", "finding"),
    [
        ("channel: chat, level: 2", "subscriptions.second.level: no subscription has level 2, so this one is never reached"),
        ("channel: chart", "subscriptions.second.channel: there is no channel chart; declared are chat, hook, mail"),
        ("channel: mail, person: kim", "subscriptions.second.person: kim has no address; write one, or name the person below `people`"),
        ("channel: mail", "subscriptions.second.person: nobody has no address; write one, or name the person below `people`"),
        ("channel: chat, hour: 7", "subscriptions.second: hour is that of a digest: it needs `rhythm: daily`"),
        ("channel: chat, event: [opened]", "subscriptions.second.event: there is no such field"),
        ("channel: chat, events: []", "subscriptions.second.events: say at least 1"),
        ("channel: chat, rhythm: weekly", "subscriptions.second.rhythm: write one of 'now' or 'daily'"),
        ("channel: chat, rhythm: daily, hour: 24", "subscriptions.second.hour: it has to be at most 23"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(instead: str, finding: str) -> None:
    text = WHOLE.replace("channel: chat, level: 2", instead.replace("level: 2", "level: 3"))
    with pytest.raises(Undeclared) as refused:
        notifications_of(text)
    assert finding in refused.value.findings


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("channels: [", "this is no YAML that can be read"),
        ("- one\n- two", "body: write an object: fields with their values"),
        ("channels: {hook: {kind: webhook, url: 'ftp://x/y', secret: s}}", "write an address as https://host/path"),
        ("channels: {hook: {kind: webhook, url: 'https://a:b@x/y', secret: s}}", "leave names and passwords out"),
        ("channels: {hook: {kind: webhook, url: 'https://x/y', secret: ../keys}}", "channels.hook.webhook.secret"),
        ("escalate_after_hours: {critical: 4}", "no subscription has a level above 1"),
    ],
)
def test_a_text_that_is_no_declaration_says_why(text: str, finding: str) -> None:
    with pytest.raises(Undeclared) as refused:
        notifications_of(text)
    assert finding in str(refused.value)


def test_secrets_that_are_missing_and_kpis_that_there_are_not_are_remarked(tmp_path: Path) -> None:
    declared = notifications_of(WHOLE)
    (tmp_path / "hook").write_text("whsec_c2VjcmV0")
    (tmp_path / "chat").write_text(" \n")
    assert list(remarks(declared, kpis={"event_lag": "road"}, secrets=tmp_path)) == [
        "subscriptions.critical.kpis: there is no KPI dead_letters, so nothing will be told of it",
        f"channels.chat: the secret {tmp_path / 'chat'} is empty",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "subscriptions: there is none, so nobody is told anything"),
        (
            "channels: {chat: {kind: slack, url: chat}}\nsubscriptions: {a: {channel: chat, about: road, kpis: [win_rate]}}",
            "subscriptions.a.kpis: win_rate is about the plan, and only the road is told",
        ),
        (
            "channels: {hook: {kind: webhook, url: 'http://10.0.0.1/hook', secret: chat}}\nsubscriptions: {a: {channel: hook}}",
            "channels.hook.url: notifications go to another machine over https only; write https://",
        ),
        (
            "channels: {hook: {kind: webhook, url: 'http://127.0.0.1:9/hook', secret: chat}}\nsubscriptions: {a: {channel: hook}}",
            None,
        ),
    ],
)
def test_what_would_never_be_told_is_remarked(tmp_path: Path, text: str, says: str | None) -> None:
    (tmp_path / "chat").write_text("secret")
    found = list(remarks(notifications_of(text), kpis={"win_rate": "plan"}, secrets=tmp_path))
    assert found == ([] if says is None else [says])


def test_one_mistake_hides_no_other(tmp_path: Path) -> None:
    text = WHOLE.replace("severity: critical", "severity: grave").replace("channel: chat, level: 2", "channel: chart")
    with pytest.raises(Undeclared) as refused:
        notifications_of(text)
    places = [finding.partition(": ")[0] for finding in refused.value.findings]
    assert places == ["subscriptions.critical.severity", "subscriptions.second.channel", "escalate_after_hours"]
    assert refused.value.readable is not None
    others = list(remarks(refused.value.readable, kpis={"event_lag": "road"}, secrets=tmp_path))
    assert "subscriptions.critical.kpis: there is no KPI dead_letters, so nothing will be told of it" in others
    assert any(said.startswith("channels.hook: the secret") for said in others)


def test_the_file_is_read_again_when_it_changes_and_a_mistake_leaves_the_last_one_in_force(tmp_path: Path) -> None:
    file = tmp_path / "notifications.yaml"
    declaration = Declaration(file)
    assert (declaration.current().subscriptions, declaration.remarks()) == ({}, [])
    file.write_text(WHOLE)
    assert set(declaration.current().subscriptions) == {"plan_owners", "everything", "critical", "digest", "second"}
    file.write_text("subscriptions: {all: {channel: hooks}}")
    assert "everything" in declaration.current().subscriptions
    assert declaration.remarks() == [f"{file}: subscriptions.all.channel: there is no channel hooks; declared are none"]
    file.unlink()
    assert (declaration.current().subscriptions, declaration.remarks()) == ({}, [])


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, "Average discount in EUR: 25%, where 20% is expected"),
        ({"rule": "threshold"}, "Average discount in EUR: 25%, where 20% is allowed"),
        (
            {"event": "resolved", "resolution": "decided", "who": "ops"},
            "Decided by ops: Average discount in EUR: 25%, where 20% is expected",
        ),
        (
            {"event": "resolved", "resolution": "recovered", "value": Decimal("0.21")},
            "Over: Average discount in EUR: 21%, where 20% is expected",
        ),
        ({"event": "resolved", "resolution": "recovered", "value": None}, "Over: Average discount in EUR"),
        ({"event": "resolved", "resolution": "corrected"}, "Not found any more: Average discount in EUR"),
    ],
)
def test_a_headline_says_what_happened_with_its_figures(facts: dict[str, Any], says: str) -> None:
    assert told(**facts).headline == says


def test_what_is_told_says_where_most_of_the_change_comes_from() -> None:
    west = ToldDriver(dimension="territory", segment="west", share=0.853)
    east = ToldDriver(dimension="territory", segment="east", share=0.11)
    opened = told(drivers=(west, east))
    assert (
        "Most of it comes from territory west (85% of the change), territory east (11% of the change)."
        in opened.sentences
    )
    assert "territory west (85% of the change)" in str(slack_message(Message(message_id="1", told=(opened,))))
    assert not any("comes from" in said for said in told(event="resolved", drivers=(west,)).sentences)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({}, "scoring at 10.0.0.1:8802 is down"),
        ({"event": "escalated"}, "Still not acknowledged: scoring at 10.0.0.1:8802 is down"),
        ({"event": "resolved", "resolution": "recovered"}, "Over: scoring at 10.0.0.1:8802 is down"),
    ],
)
def test_an_alert_of_prometheus_reads_as_a_sentence(facts: dict[str, Any], says: str) -> None:
    down = {
        "title": "scoring at 10.0.0.1:8802 is down",
        "rule": "prometheus",
        "dimension": "labels",
        "segment": "instance=10.0.0.1:8802, job=scoring",
        "currency": None,
        "unit": None,
        "direction": None,
        "value": None,
        "expected": None,
    }
    of_it = told(**down | facts)
    assert of_it.headline == says
    since = "Prometheus says so since 2025-03-14. Its labels: instance=10.0.0.1:8802, job=scoring."
    assert of_it.sentences[0] == since


def test_a_message_holds_no_line_that_nobody_meant() -> None:
    assert Told.model_validate_json(told().model_dump_json()) == told()
