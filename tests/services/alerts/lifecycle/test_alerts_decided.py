"""What people do to alerts over HTTP: on what condition, with which key, and what stays of it in the journal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from earnest.commands.alerts_live import first_cause
from services.alerts.evaluation.episodes import Driver, Episode, Subject
from services.alerts.evaluation.evaluator import Evaluation, Evaluator
from services.alerts.evaluation.readings import Reading
from services.alerts.evaluation.totals import Where
from services.alerts.kpis import built_in
from services.alerts.lifecycle import store
from services.alerts.lifecycle.operational import OperationalAlert
from services.alerts.lifecycle.service import Lifecycle
from shared.contracts.alerts import AlertChanged
from shared.contracts.topics import ALERTS
from shared.log.postgres import PostgresLog
from tests.services.alerts.lifecycle.watched import DISCOUNT, NOON, Ask, Clock, Move, day, episode, found

FIRST = "/v1/alerts/average_discount.USD.1"


def test_an_alert_is_acknowledged_noted_assigned_judged_and_resolved(move: Move, ask: Ask, log: PostgresLog) -> None:
    move(found(episode(50)))
    client = ask()
    assert client.post(f"{FIRST}/acknowledge", json={"note": "I look"}).json()["owner"] == "ops"
    client.post(f"{FIRST}/notes", json={"note": "it is the new price list"})
    client.post(f"{FIRST}/assign", json={"owner": "dana@example.com", "note": "yours"})
    client.post(f"{FIRST}/feedback", json={"useful": True})
    resolved = client.post(f"{FIRST}/resolve", json={"reason": "prices stay"}).json()
    assert (resolved["state"], resolved["resolution"]) == ("resolved", "decided")
    assert [(act["number"], act["who"], act["what"], act["why"], act["to"]) for act in resolved["acts"]] == [
        (1, "earnest", "opened", "", None),
        (2, "ops", "acknowledged", "I look", None),
        (3, "ops", "noted", "it is the new price list", None),
        (4, "ops", "assigned", "yours", "dana@example.com"),
        (5, "ops", "judged", "", None),
        (6, "ops", "resolved", "prices stay", None),
    ]
    published = sorted(log.scan(ALERTS), key=lambda stored: stored.record.headers["ce_id"])
    said = [AlertChanged.model_validate_json(stored.record.value or b"") for stored in published]
    assert [(one.act, one.what, one.state) for one in said][-2:] == [
        (5, "judged", "acknowledged"),
        (6, "resolved", "resolved"),
    ]


def test_who_resolves_an_alert_resolves_what_it_stands_for(move: Move, ask: Ask) -> None:
    parts = [found(episode(52), subject=DISCOUNT._replace(dimension="product", segment=name)) for name in ("Pro", "X")]
    move(found(episode(50)), *parts)
    client = ask()
    assert len(client.get(FIRST).json()["children"]) == 2
    client.post(f"{FIRST}/resolve", json={"reason": "prices stay"})
    assert client.get("/v1/alerts?state=unresolved").json()["alerts"] == []
    last = client.get("/v1/alerts/average_discount.USD.2").json()["acts"][-1]
    assert (last["who"], last["what"], last["why"]) == (
        "ops",
        "resolved",
        "decided with average_discount.USD.1: prices stay",
    )


def test_a_decision_about_what_was_seen_is_refused_when_something_happened_since(move: Move, ask: Ask) -> None:
    move(found(episode(50)))
    seen = ask().get(FIRST).headers["etag"]
    assert seen == '"1"'
    assert ask().post(f"{FIRST}/notes", json={"note": "x"}, headers={"if-match": seen}).status_code == 200
    late = ask().post(f"{FIRST}/resolve", json={"reason": "so"}, headers={"if-match": seen})
    assert (late.status_code, late.json()["type"]) == (412, "urn:earnest:problem:alert-changed")
    assert late.headers["etag"] == '"2"'
    move(found(episode(50), value="0.31"))  # a figure that moves is no act
    assert ask().post(f"{FIRST}/resolve", json={"reason": "so"}, headers={"if-match": '"2"'}).status_code == 200


def test_a_request_that_comes_twice_changes_nothing(move: Move, ask: Ask) -> None:
    move(found(episode(50)))
    for _ in range(2):
        answer = ask().post(f"{FIRST}/snooze", json={"until": "2025-03-20T08:00:00+01:00", "reason": "known"})
    assert [act["what"] for act in answer.json()["acts"]] == ["opened", "snoozed"]
    assert answer.json()["snoozed_until"] == "2025-03-20T07:00:00Z"


@pytest.mark.parametrize(
    ("act", "body", "status", "said"),
    [
        ("snooze", {"reason": "later"}, 422, "until: it is missing"),
        ("snooze", {"until": "2025-03-20T08:00:00"}, 422, "write an instant with its time zone"),
        ("snooze", {"until": "2025-03-01T08:00:00Z"}, 422, "has passed already"),
        ("snooze", {"until": "2026-03-01T08:00:00Z"}, 422, "a snooze lasts 92 days at most"),
        ("resolve", {"reason": " "}, 422, "reason: write a text"),
        ("notes", {"note": "x" * 513}, 422, "write at most 512 characters"),
        ("assign", {"owner": "two words"}, 422, "write letters without accents"),
        ("feedback", {"useful": "maybe"}, 422, "write true or false"),
        ("acknowledge", {"who": "eve"}, 422, "who: there is no such field"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    move: Move, ask: Ask, act: str, body: dict[str, Any], status: int, said: str
) -> None:
    move(found(episode(50)))
    answer = ask().post(f"{FIRST}/{act}", json=body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert len(ask().get(FIRST).json()["acts"]) == 1


def test_a_body_that_is_nested_too_deep_is_refused(move: Move, ask: Ask) -> None:
    move(found(episode(50)))
    body = '{"note":' * 900 + "1" + "}" * 900
    deep = ask().post(f"{FIRST}/notes", content=body, headers={"content-type": "application/json"})
    assert (deep.status_code, "nested too deep" in deep.json()["detail"]) == (422, True)


def test_what_is_over_or_not_there_says_so(move: Move, ask: Ask) -> None:
    move(found(episode(50, recovered=55)))
    over = ask().post(f"{FIRST}/acknowledge", json={})
    assert (over.status_code, over.json()["type"]) == (409, "urn:earnest:problem:alert-resolved")
    gone = ask().post("/v1/alerts/win_rate.7/acknowledge", json={})
    assert (gone.status_code, gone.json()["alert"]) == (404, "win_rate.7")


def test_only_a_key_that_may_write_decides(move: Move, ask: Ask) -> None:
    move(found(episode(50)))
    assert ask("reader").get(FIRST).status_code == 200
    assert ask("reader").post(f"{FIRST}/acknowledge", json={}).status_code == 403
    assert ask("reader").post("/v1/mutes", json={}).status_code == 403


def test_what_is_near_to_somebodys_pay_is_shown_only_to_who_may_read_pay(move: Move, ask: Ask) -> None:
    drivers = (
        Driver(dimension="owner", segment="ann", contribution=0.1, share=0.8),
        Driver(dimension="product", segment="Pro", contribution=0.02, share=0.2),
    )
    usual = episode(50)
    driven = Episode(**{**{name: getattr(usual, name) for name in usual.__slots__}, "drivers": drivers})
    move(found(driven), found(episode(50), subject=DISCOUNT._replace(currency="EUR", dimension="owner", segment="ann")))
    one, other = FIRST, "/v1/alerts/average_discount.EUR.1"
    assert [driver["segment"] for driver in ask("boss").get(one).json()["drivers"]] == ["ann"]
    assert [driver["segment"] for driver in ask("reader").get(one).json()["drivers"]] == ["Pro"]
    assert (ask("boss").get(other).json()["segment"], ask("boss").get(other).json()["value"]) == ("ann", "0.30")
    hidden = ask("reader").get(other).text + ask("reader").get("/v1/alerts").text
    assert "ann" not in hidden.replace("channel", "")
    assert ask("reader").get(other).json()["value"] is None
    for key, number in (("boss", 1), ("reader", 0)):
        assert len(ask(key).get("/v1/alerts", params={"segment": "ann"}).json()["alerts"]) == number


def test_alerts_of_a_kpi_or_plan_that_nobody_knows_are_no_empty_list(
    move: Move, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_before = DISCOUNT._replace(dimension="plan", segment="plan_of_before")
    move(found(episode(10, recovered=20), subject=of_before))
    watched = built_in().by_name["average_discount"].kpi
    where, today = Where("USD", "plan", "rep"), day(1)
    of_rep = Reading(kpi=watched, where=where, as_of=today, value=None, observations=0, grain=watched.grain)
    evaluation = Evaluation(at=0.0, as_of=today, plan=[of_rep], today=today, pipeline=[])
    monkeypatch.setattr(Evaluator, "latest", evaluation)
    for query, says in (
        ({"kpi": "win_rat"}, "kpi: there is no KPI win_rat; did you mean win_rate?"),
        ({"plan": "repp"}, "plan: no KPI knows a plan repp; did you mean rep?"),
    ):
        answer = ask().get("/v1/alerts", params=query)
        assert (answer.status_code, answer.json()["detail"]) == (422, says)
    for query, number in (({"kpi": "win_rate"}, 0), ({"plan": "rep"}, 0), ({"plan": "plan_of_before"}, 1)):
        answer = ask().get("/v1/alerts", params=query)
        assert (answer.status_code, len(answer.json()["alerts"])) == (200, number)
    nothing_yet = ask().get("/v1/alerts", params={"plan": "plan_of_before", "state": "open"})
    assert nothing_yet.json()["alerts"] == []


def test_alerts_are_listed_by_what_is_asked_for_page_by_page(move: Move, ask: Ask) -> None:
    plan = DISCOUNT._replace(currency="EUR", dimension="plan", segment="rep")
    move(found(episode(10, recovered=20), episode(30, recovered=40), episode(50)), found(episode(45), subject=plan))
    ask().post(f"{FIRST[:-1]}3/acknowledge", json={})

    def ids(**query: Any) -> list[str]:
        return [
            alert["alert_id"].removeprefix("average_discount.")
            for alert in ask().get("/v1/alerts", params=query).json()["alerts"]
        ]

    assert ids() == ["USD.3", "EUR.1", "USD.2", "USD.1"]
    assert ids(state="unresolved") == ["USD.3", "EUR.1"]
    assert ids(state="acknowledged") == ["USD.3"]
    assert ids(state="resolved", currency="USD") == ["USD.2", "USD.1"]
    assert (ids(plan="rep"), ids(owner="ops"), ids(about="road")) == (["EUR.1"], ["USD.3"], [])
    seen, after = [], None
    while True:
        page = ask().get("/v1/alerts", params={"limit": 1} | ({"after": after} if after else {})).json()
        seen += [alert["alert_id"] for alert in page["alerts"]]
        after = page["next"]
        if after is None:
            break
    assert [one.removeprefix("average_discount.") for one in seen] == ["USD.3", "EUR.1", "USD.2", "USD.1"]
    assert ask().get("/v1/alerts", params={"after": "tomorrow"}).status_code == 422


def test_a_mute_is_declared_listed_and_keeps_quiet(move: Move, ask: Ask) -> None:
    body = {"name": "quarter-end", "starts_on": "2025-03-10", "ends_on": "2025-04-03", "reason": "everybody closes"}
    assert ask().post("/v1/mutes", json=body).status_code == 201
    backwards = ask().post("/v1/mutes", json=body | {"ends_on": "2025-03-09"})
    assert (backwards.status_code, "ends_on is before starts_on" in backwards.json()["detail"]) == (422, True)
    [mute] = ask().get("/v1/mutes").json()["mutes"]
    assert (mute["name"], mute["who"], mute["kpis"]) == ("quarter-end", "ops", [])
    for nothing in ({"ends_on": None}, {"starts_on": None, "ends_on": None}, {"last_of_quarter": 2}):
        assert ask().post("/v1/mutes", json=body | nothing).status_code == 422
    slip = ask().post("/v1/mutes", json=body | {"kpis": ["win_rate", "averge_discount"]})
    assert slip.status_code == 422
    assert slip.json()["detail"] == "kpis: there is no KPI averge_discount; did you mean average_discount?"
    move(found(episode(50)))
    assert ask().get(FIRST).json()["muted_by"] == "quarter-end"


def test_the_children_of_an_alert_are_named_and_its_series_linked(move: Move, ask: Ask) -> None:
    product = DISCOUNT._replace(dimension="product", segment="Pro & more")
    move(found(episode(50)), found(episode(52), subject=product))
    assert ask().get(FIRST).json()["children"] == ["average_discount.USD.2"]
    links = ask().get(f"{FIRST[:-1]}2").json()["links"]
    assert links["series"] == "/v1/kpis/average_discount/series?currency=USD&dimension=product&segment=Pro+%26+more"
    closed = f"closed_from={day(49)}&closed_to={day(60)}"
    assert links["deals"].startswith(
        f"http://scoring.test/v1/facts/deals?{closed}&where=currency%3DUSD&where=product%3D"
    )
    missing = ask().get(f"{FIRST}/picture.png")
    assert (missing.status_code, "has no past yet" in missing.json()["detail"]) == (404, True)
    assert ask().get(f"{FIRST}/picture.gif").status_code == 422


def test_an_alert_stands_also_for_what_its_parts_stand_for(move: Move, ask: Ask) -> None:
    per_deal = Subject("discount_per_deal", "USD", detector="drift")
    of_product = per_deal._replace(dimension="product", segment="Pro")
    move(found(episode(50)), found(episode(51), subject=per_deal), found(episode(52), subject=of_product))
    listed = ask().get("/v1/alerts?state=all").json()["alerts"]
    assert {each["alert_id"]: each["suppressed_by"] for each in listed} == {
        "average_discount.USD.1": None,
        "discount_per_deal.USD.1": "average_discount.USD.1",
        "discount_per_deal.USD.2": "discount_per_deal.USD.1",
    }
    assert ask().get(FIRST).json()["children"] == ["discount_per_deal.USD.1", "discount_per_deal.USD.2"]
    by_id = {each["alert_id"]: each for each in listed}
    assert {first_cause(each, by_id) for each in listed} == {"average_discount.USD.1"}
    assert first_cause(by_id.pop("discount_per_deal.USD.1"), {}) == "discount_per_deal.USD.1"
    assert first_cause(by_id["discount_per_deal.USD.2"], by_id) == "discount_per_deal.USD.2"


def test_detection_does_not_learn_from_what_somebody_knows_of(move: Move, ask: Ask, alerts_engine: Engine) -> None:
    move(found(episode(10, recovered=20), episode(50)), found(episode(30), subject=Subject("win_rate")))
    ask().post(f"{FIRST[:-1]}2/acknowledge", json={})
    with alerts_engine.connect() as connection:
        assert store.incidents(connection) == {DISCOUNT: [(day(47), None, day(60))]}
    ask().post("/v1/alerts/win_rate.1/resolve", json={"reason": "a clean-up"})
    with alerts_engine.connect() as connection:
        assert store.incidents(connection)[Subject("win_rate")] == [(day(27), None, day(60))]


def behind(status: Any = "firing", starts: datetime = NOON, labels: dict[str, str] | None = None) -> OperationalAlert:
    return OperationalAlert(
        name="EarnestWorkerBehind",
        labels={"alertname": "EarnestWorkerBehind", "severity": "critical", "worker": "earn", **(labels or {})},
        status=status,
        starts_at=starts,
        ends_at=None if status == "firing" else starts + timedelta(hours=1),
        annotations={"summary": "A worker is behind", "action": "Add instances."},
    )


def test_an_alert_of_prometheus_lives_once_however_often_it_is_told(
    alerts_engine: Engine, lifecycle: Lifecycle, ask: Ask, clock: Clock
) -> None:
    def take(*told: OperationalAlert) -> list[tuple[str, str]]:
        clock.now += timedelta(minutes=1)
        with alerts_engine.begin() as connection:
            lifecycle.take_operational_alerts(connection, told, now=clock.now)
        listed = ask().get("/v1/alerts").json()["alerts"]
        return sorted((alert["alert_id"], alert["state"]) for alert in listed)

    first, again = "EarnestWorkerBehind.1", "EarnestWorkerBehind.2"
    assert take(behind(), behind()) == [(first, "open")]
    assert take(behind(starts=NOON + timedelta(minutes=5))) == [(first, "open")]
    assert take(behind("resolved")) == [(first, "resolved")]
    assert take(behind(), behind("resolved")) == [(first, "resolved")]
    later = NOON + timedelta(hours=3)
    assert take(behind(starts=later)) == [(first, "resolved"), (again, "open")]
    assert take(behind("resolved")) == [(first, "resolved"), (again, "open")]
    shown = ask().get(f"/v1/alerts/{again}").json()
    assert (shown["title"], shown["severity"], shown["segment"]) == ("A worker is behind", "critical", "worker=earn")
    assert take(behind(starts=later, labels={"worker": "credit"}))[-1] == ("EarnestWorkerBehind.3", "open")
    ask().post(
        f"/v1/alerts/{again}/snooze", json={"until": (clock.now + timedelta(hours=2)).isoformat(), "reason": "new disk"}
    )
    ask().post("/v1/alerts/EarnestWorkerBehind.3/acknowledge", json={"note": "on it"})
    with alerts_engine.connect() as connection:
        held = store.in_somebodys_hands(connection, clock.now)
    assert [(one.alert_id, one.labels["worker"], one.until is None, one.who, one.why) for one in held] == [
        (again, "earn", False, "ops", "new disk"),
        ("EarnestWorkerBehind.3", "credit", True, "ops", "on it"),
    ]
