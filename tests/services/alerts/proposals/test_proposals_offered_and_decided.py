"""Proposals over HTTP: offered as often as one likes and once in effect, decided once, with the alert's journal."""

from __future__ import annotations

from sqlalchemy import Engine, text

from tests.services.alerts.proposals.conftest import Ask
from tests.services.alerts.proposals.offers import draft, offered, quotas

ALERT = "/v1/alerts/average_discount.USD.1"


def test_what_is_offered_twice_is_offered_once(ask: Ask) -> None:
    analyst = ask("analyst")
    first = analyst.post(f"{ALERT}/proposals", json={"proposals": [offered(), offered(kind="margin_modifier")]})
    assert first.status_code == 200
    assert [each["proposal_id"] for each in first.json()["proposals"]] == [
        "average_discount.USD.1.p1",
        "average_discount.USD.1.p2",
    ]
    again = analyst.post(f"{ALERT}/proposals", json={"proposals": [offered()]})
    assert again.json()["proposals"] == first.json()["proposals"][:1]
    assert len(analyst.get("/v1/proposals").json()["proposals"]) == 2
    whole = analyst.get("/v1/proposals/average_discount.USD.1.p1").json()
    assert [each["text"] for each in whole["files"]] == ["plan: rep\nversion: 3\n"]  # to the last byte
    assert whole["effect"]["cost_before"] == "120000.50"
    assert whole["proposed_by"] == "analyst"
    assert whole["later_effect"] is None


def test_what_nobody_has_decided_about_is_offered_as_it_is_now(ask: Ask) -> None:
    analyst = ask("analyst")
    analyst.post(f"{ALERT}/proposals", json={"proposals": [offered(), offered(kind="margin_modifier")]})
    analyst.post("/v1/proposals/average_discount.USD.1.p1/decision", json={"decision": "accepted", "reason": "as seen"})
    later = [
        offered(files=[draft(version=4)]),
        offered(kind="margin_modifier", files=[draft(version=4)]),
    ]
    analyst.post(f"{ALERT}/proposals", json={"proposals": later})
    texts = [
        analyst.get(f"/v1/proposals/average_discount.USD.1.p{number}").json()["files"][0]["text"] for number in (1, 2)
    ]
    assert texts == ["plan: rep\nversion: 3\n", "plan: rep\nversion: 4\n"]


def test_an_accepted_proposal_says_who_and_why_and_its_alert_is_acknowledged(ask: Ask) -> None:
    analyst = ask("analyst")
    analyst.post(f"{ALERT}/proposals", json={"proposals": [offered()]})
    decision = {"decision": "accepted", "reason": "  Margin is what we need.  "}
    decided = analyst.post("/v1/proposals/average_discount.USD.1.p1/decision", json=decision)
    assert decided.status_code == 200
    found = decided.json()
    assert (found["decision"], found["reason"], found["decided_by"]) == (
        "accepted",
        "Margin is what we need.",
        "analyst",
    )
    alert = analyst.get(ALERT).json()
    assert alert["state"] == "acknowledged"
    last = alert["acts"][-1]
    assert last["why"] == "Proposal average_discount.USD.1.p1 is accepted: Margin is what we need."
    again = analyst.post("/v1/proposals/average_discount.USD.1.p1/decision", json=decision)
    assert again.json() == found
    assert len(analyst.get(ALERT).json()["acts"]) == len(alert["acts"])
    accepted = analyst.get("/v1/proposals", params={"decision": "accepted"}).json()["proposals"]
    assert [each["proposal_id"] for each in accepted] == ["average_discount.USD.1.p1"]


def test_a_decision_stands_in_the_journal_of_an_alert_that_somebody_has_acknowledged(ask: Ask) -> None:
    analyst = ask("analyst")
    analyst.post(f"{ALERT}/proposals", json={"proposals": [offered()]})
    analyst.post(f"{ALERT}/acknowledge", json={"note": "I look"})
    analyst.post("/v1/proposals/average_discount.USD.1.p1/decision", json={"decision": "accepted", "reason": "Margin."})
    acts = [(act["who"], act["what"], act["why"]) for act in analyst.get(ALERT).json()["acts"]]
    assert acts[-2:] == [
        ("analyst", "acknowledged", "I look"),
        ("analyst", "noted", "Proposal average_discount.USD.1.p1 is accepted: Margin."),
    ]


def test_what_is_decided_is_not_decided_again_for_another_reason(ask: Ask) -> None:
    analyst, path = ask("analyst"), "/v1/proposals/average_discount.USD.1.p1/decision"
    analyst.post(f"{ALERT}/proposals", json={"proposals": [offered()]})
    analyst.post(path, json={"decision": "accepted", "reason": "Margin."})
    again = analyst.post(path, json={"decision": "accepted", "reason": "And for next year."})
    assert (again.status_code, again.json()["type"]) == (409, "urn:earnest:problem:proposal-decided")
    assert "accepted by analyst already" in again.json()["detail"]
    assert analyst.get("/v1/proposals/average_discount.USD.1.p1").json()["reason"] == "Margin."


def test_a_rejected_proposal_leaves_its_alert_open_with_a_note(ask: Ask) -> None:
    analyst = ask("analyst")
    analyst.post(f"{ALERT}/proposals", json={"proposals": [offered()]})
    rejected = {"decision": "rejected", "reason": "Too early in the year."}
    analyst.post("/v1/proposals/average_discount.USD.1.p1/decision", json=rejected)
    alert = analyst.get(ALERT).json()
    assert alert["state"] == "open"
    assert alert["acts"][-1]["what"] == "noted"
    other = analyst.post(
        "/v1/proposals/average_discount.USD.1.p1/decision", json={"decision": "accepted", "reason": "After all."}
    )
    assert (other.status_code, other.json()["type"]) == (409, "urn:earnest:problem:proposal-decided")
    assert "rejected by analyst" in other.json()["detail"]


def test_a_decision_about_an_alert_that_is_over_is_a_note(ask: Ask) -> None:
    analyst = ask("analyst")
    analyst.post(f"{ALERT}/proposals", json={"proposals": [offered()]})
    analyst.post(f"{ALERT}/resolve", json={"reason": "We know."})
    decided = analyst.post(
        "/v1/proposals/average_discount.USD.1.p1/decision", json={"decision": "accepted", "reason": "For next year."}
    )
    assert decided.status_code == 200
    alert = analyst.get(ALERT).json()
    assert (alert["state"], alert["acts"][-1]["what"]) == ("resolved", "noted")


def test_what_is_no_proposal_is_refused_and_nothing_is_kept(ask: Ask) -> None:
    analyst = ask("analyst")
    twice = analyst.post(f"{ALERT}/proposals", json={"proposals": [offered(), offered()]})
    assert (twice.status_code, "once for a plan" in twice.text) == (422, True)
    path = analyst.post(
        f"{ALERT}/proposals", json={"proposals": [offered(files=[draft() | {"file": "../../etc/passwd"}])]}
    )
    assert path.status_code == 422
    unknown = analyst.post("/v1/alerts/win_rate.9/proposals", json={"proposals": [offered()]})
    assert (unknown.status_code, "win_rate.9" in unknown.text) == (404, True)
    nothing = analyst.post("/v1/proposals/win_rate.9.p1/decision", json={"decision": "accepted", "reason": "x"})
    assert nothing.status_code == 404
    without = analyst.post("/v1/proposals/win_rate.9.p1/decision", json={"decision": "accepted", "reason": "  "})
    assert without.status_code == 422
    assert analyst.get("/v1/proposals").json()["proposals"] == []


def test_who_may_only_read_alerts_offers_and_decides_nothing(ask: Ask) -> None:
    reader = ask("reader")
    assert reader.get("/v1/proposals").status_code == 200
    assert reader.post(f"{ALERT}/proposals", json={"proposals": [offered()]}).status_code == 403
    decision = {"decision": "accepted", "reason": "x"}
    assert reader.post("/v1/proposals/a.p1/decision", json=decision).status_code == 403


def test_quotas_of_everybody_are_for_those_who_may_read_earnings(ask: Ask) -> None:
    lower = offered(kind="quotas", files=[quotas("ann")])
    ask("analyst").post(f"{ALERT}/proposals", json={"proposals": [lower, offered()]})
    texts = [
        [
            ask(key).get(f"/v1/proposals/average_discount.USD.1.p{number}").json()["files"][0]["text"]
            for number in (1, 2)
        ]
        for key in ("analyst", "reader")
    ]
    assert texts == [[quotas("ann")["text"], draft()["text"]], [None, draft()["text"]]]


def test_what_changes_the_pay_of_few_people_is_for_those_who_may_read_earnings(ask: Ask) -> None:
    few = offered(kind="steeper")
    few["effect"] |= {"gain": 1, "lose": 0}
    ask("analyst").post(f"{ALERT}/proposals", json={"proposals": [few, offered()]})
    seen = {
        key: [each["effect"] is not None for each in ask(key).get("/v1/proposals").json()["proposals"]]
        for key in ("analyst", "reader")
    }
    assert seen == {"analyst": [True, True], "reader": [False, True]}
    assert ask("reader").get("/v1/proposals/average_discount.USD.1.p1").json()["effect"] is None


def test_figures_of_the_team_of_one_manager_are_for_those_who_may_read_earnings(
    ask: Ask, alerts_engine: Engine
) -> None:
    ask("analyst").post(f"{ALERT}/proposals", json={"proposals": [offered()]})
    with alerts_engine.begin() as connection:
        connection.execute(
            text("update alert set dimension = 'manager', segment = 'ann' where kpi = 'average_discount'")
        )
    shown = [
        ask(key).get("/v1/proposals").json()["proposals"][0]["effect"] is not None for key in ("analyst", "reader")
    ]
    assert shown == [True, False]
    assert ask("reader").get("/v1/proposals/average_discount.USD.1.p1").json()["effect"] is None


def test_the_cost_of_a_month_in_which_few_peoples_pay_changes_is_for_those_who_may_read_earnings(ask: Ask) -> None:
    few, many = offered(kind="steeper"), offered()
    few["effect"]["months"][0]["changed"] = 1
    ask("analyst").post(f"{ALERT}/proposals", json={"proposals": [few, many]})
    seen = {
        key: [len(each["effect"]["months"]) for each in ask(key).get("/v1/proposals").json()["proposals"]]
        for key in ("analyst", "reader")
    }
    assert seen == {"analyst": [2, 2], "reader": [0, 2]}


def test_changes_of_several_plans_together_take_the_place_of_those_that_were_offered_one_by_one(ask: Ask) -> None:
    analyst = ask("analyst")
    one_by_one = [offered(), offered(plans=["senior@1"], files=[draft("senior", 2)])]
    first = analyst.post(f"{ALERT}/proposals", json={"proposals": one_by_one}).json()["proposals"]
    assert [each["plans"] for each in first] == [["rep@2"], ["senior@1"]]
    both = offered(plans=["rep@2", "senior@1"], files=[draft(), draft("senior", 2)])
    analyst.post(f"{ALERT}/proposals", json={"proposals": [both]})
    [left] = analyst.get("/v1/proposals").json()["proposals"]
    assert left["plans"] == ["rep@2", "senior@1"]
    assert [each["file"] for each in left["files"]] == ["rep-3.yaml", "senior-2.yaml"]
    twice = analyst.post(f"{ALERT}/proposals", json={"proposals": [both, offered()]})
    assert (twice.status_code, "once for a plan" in twice.text) == (422, True)


def test_a_file_is_a_draft_of_a_version_or_has_quotas(ask: Ask) -> None:
    neither = draft() | {"version": None}
    refused = ask("analyst").post(f"{ALERT}/proposals", json={"proposals": [offered(files=[neither])]})
    assert (refused.status_code, "a plan and a version" in refused.text) == (422, True)
    no_date = {"file": "roster.csv", "text": "participant_id,quota\nann,1\n"}
    refused = ask("analyst").post(f"{ALERT}/proposals", json={"proposals": [offered(files=[no_date])]})
    assert (refused.status_code, "effective_from" in refused.text) == (422, True)
