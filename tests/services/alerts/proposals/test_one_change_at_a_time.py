"""Of what changes the same plan one proposal is accepted at a time, and it is followed until it is published and holds."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import Engine

from tests.services.alerts.proposals.conftest import ALERT, OTHER, Ask, Now, Publish, decide, note, offer, stages
from tests.services.alerts.proposals.offers import draft, offered, quotas


def test_what_competes_with_an_accepted_proposal_is_retired_and_cannot_be_accepted(ask: Ask) -> None:
    other_plan = offered(kind="steeper", plans=["eur-rep@1"], files=[draft("eur-rep", 2)])
    offer(ask, offered(), offered(kind="margin_modifier"), other_plan)
    offer(ask, offered(kind="quotas", files=[quotas("ann", "bob")]), alert=OTHER)
    assert decide(ask, f"{ALERT}.p1").status_code == 200
    assert stages(ask) == {
        f"{ALERT}.p1": "not published",
        f"{ALERT}.p2": "retired",
        f"{ALERT}.p3": "offered",  # changes another plan
        f"{OTHER}.p1": "retired",
    }
    retired = ask("reader").get(f"/v1/proposals/{ALERT}.p2").json()
    assert (retired["retired_by"], retired["decision"]) == (f"{ALERT}.p1", None)
    for proposal in (f"{ALERT}.p2", f"{OTHER}.p1"):
        refused = decide(ask, proposal)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:earnest:problem:proposal-retired")
        assert f"{ALERT}.p1 was, and changes rep too" in refused.json()["detail"]
    assert decide(ask, f"{ALERT}.p3").status_code == 200
    assert decide(ask, f"{ALERT}.p2", "rejected").status_code == 200


def test_what_was_accepted_may_be_rejected_before_it_is_published_and_the_others_are_offered_again(
    ask: Ask, publish: Publish
) -> None:
    offer(ask, offered(), offered(kind="margin_modifier"))
    decide(ask, f"{ALERT}.p1")
    assert decide(ask, f"{ALERT}.p1", "rejected").json()["stage"] == "rejected"
    assert stages(ask)[f"{ALERT}.p2"] == "offered"
    acts = ask("reader").get(f"/v1/alerts/{ALERT}").json()["acts"]
    assert [act["why"] for act in acts[-2:]] == [
        f"Proposal {ALERT}.p1 is {decision}: {decision} for a reason" for decision in ("accepted", "rejected")
    ]
    assert decide(ask, f"{ALERT}.p2").status_code == 200
    publish("rep", 3, "2025-09-01")
    refused = decide(ask, f"{ALERT}.p2", "rejected")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:earnest:problem:proposal-published")


def test_a_draft_is_not_published_until_its_version_is_and_holds_from_the_date_it_was_published_with(
    ask: Ask, now: Now, publish: Publish
) -> None:
    offer(ask, offered(plans=["rep@2", "senior@1"], files=[draft(), draft("senior", 2)]))
    decide(ask, f"{ALERT}.p1")
    publish("rep", 2, "2024-01-01")
    publish("rep", 3, "2025-10-01")
    assert stages(ask) == {f"{ALERT}.p1": "not published"}  # one of two
    publish("senior", 2, "2025-11-01")
    found = ask("analyst").get(f"/v1/proposals/{ALERT}.p1").json()
    assert (found["stage"], found["holds_from"], found["effective_from"]) == ("published", "2025-11-01", "2025-09-01")
    now.instant = datetime(2025, 11, 1, 12, tzinfo=UTC)
    assert stages(ask) == {f"{ALERT}.p1": "in force"}


def test_once_a_change_is_in_force_the_next_one_may_be_accepted_if_it_starts_from_it(
    ask: Ask, now: Now, publish: Publish
) -> None:
    offer(ask, offered(), offered(kind="margin_modifier"))
    decide(ask, f"{ALERT}.p1")
    publish("rep", 3, "2025-09-01")
    now.instant = datetime(2025, 9, 2, tzinfo=UTC)
    stale = decide(ask, f"{ALERT}.p2")
    assert (stale.status_code, stale.json()["type"]) == (409, "urn:earnest:problem:proposal-published")
    assert "rep@3 is published already; propose again" in stale.json()["detail"]
    offer(ask, offered(kind="margin_modifier", plans=["rep@3"], files=[draft(version=4)]))
    assert decide(ask, f"{ALERT}.p2").json()["stage"] == "not published"


def test_quotas_hold_once_the_roster_says_a_quota_of_their_date_of_everybody_in_the_file(
    ask: Ask, now: Now, alerts_engine: Engine
) -> None:
    offer(ask, offered(kind="quotas", files=[quotas("ann", "bob")]))
    # Of other people on the same plan: both can be told apart.
    offer(ask, offered(kind="quotas", files=[quotas("cyd")]), alert=OTHER)
    decide(ask, f"{ALERT}.p1")
    assert stages(ask) == {f"{ALERT}.p1": "not published", f"{OTHER}.p1": "offered"}
    for who, day in (("ann", date(2025, 9, 1)), ("bob", date(2025, 8, 1))):
        _quota(alerts_engine, who, day)
    assert stages(ask)[f"{ALERT}.p1"] == "not published"
    _quota(alerts_engine, "bob", date(2025, 9, 1))
    found = ask("reader").get(f"/v1/proposals/{ALERT}.p1").json()
    assert (found["stage"], found["holds_from"]) == ("published", "2025-09-01")


def _quota(engine: Engine, who: str, day: date) -> None:
    said = {"participant_id": who, "fields": {f"{day}/quota.bookings": "1000", f"{day}/plan": "rep"}}
    note(engine, "roster", said | {"occurred_at": "2025-03-14T00:00:00.000000Z", "sequence": 0, "source": "hr"})
