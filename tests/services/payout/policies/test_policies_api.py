"""Policies over HTTP: published once, kept for ever, in force from a date on, never in a closed month."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from services.payout.policies.kinds import policy_kinds
from services.payout.policies.schemas import EXAMPLE
from tests.services.payout.desk import Book, Desk, earned

REASON = "as agreed"
MONTHLY = {"valid_from": "2026-02-01", "calendar": {"every": "month"}}


def publish(
    desk: Desk, policy: dict[str, Any], path: str = "pay_group/us", who: str = "tess"
) -> tuple[int, dict[str, Any]]:
    """What publishing answers; where it takes two people, the version as Petra has approved it."""
    answer = desk.publish(path, who, {"policy": policy, "reason": REASON})
    if answer.status_code != 202:
        return answer.status_code, answer.json()
    versions = desk.get(f"/v1/policies/{path}").json()["versions"]
    number = next(each["version"] for each in versions if each["change"] == answer.json()["id"])
    return 202, desk.get(f"/v1/policies/{path}?version={number}").json()


def test_a_policy_is_published_with_author_and_reason_and_the_same_again_is_the_same_version(desk: Desk) -> None:
    status, first = publish(desk, MONTHLY)
    assert (status, first["version"], first["reason"]) == (202, 1, REASON)
    assert (first["author"], first["approved_by"]) == ("tess", "petra")
    assert first["policy"] == {"kind": "pay_group", "id": "us"} | MONTHLY
    status, again = publish(desk, MONTHLY)
    assert (status, again["version"], again["change"]) == (200, 1, first["change"])
    status, second = publish(desk, MONTHLY | {"arrears_days": 5})
    assert (status, second["version"]) == (202, 2)
    assert publish(desk, MONTHLY)[1]["version"] == 3

    shown = desk.get("/v1/policies/pay_group/us").json()
    assert (shown["version"], [each["version"] for each in shown["versions"]]) == (3, [3, 2, 1])
    assert desk.get("/v1/policies/pay_group/us?version=2").json()["policy"]["arrears_days"] == 5
    assert desk.get("/v1/policies/pay_group/us?version=4").status_code == 404


def test_the_version_of_a_day_is_shown_and_listed(desk: Desk) -> None:
    publish(desk, MONTHLY)
    publish(desk, MONTHLY | {"valid_from": "2026-05-01", "arrears_days": 5})
    publish(desk, MONTHLY, "pay_group/de")
    assert desk.get("/v1/policies/pay_group/us?on=2026-04-30").json()["version"] == 1
    assert desk.get("/v1/policies/pay_group/us?on=2026-05-01").json()["version"] == 2
    assert desk.get("/v1/policies/pay_group/us?on=2026-01-31").status_code == 404
    listed = desk.get("/v1/policies").json()["policies"]
    assert [(each["id"], each["version"]) for each in listed] == [("de", 1), ("us", 2)]
    assert len(desk.get("/v1/policies?kind=pay_group&on=2026-04-30").json()["policies"]) == 2
    assert desk.get("/v1/policies?on=2026-01-31").json() == {"policies": []}


def test_what_is_wrong_in_a_policy_is_told_by_field(desk: Desk) -> None:
    status, told = publish(
        desk, {"valid_from": "2026-02-01", "calendar": {"every": "half_month", "ends_on": [15]}, "pay": 1}
    )
    assert status == 422
    assert {each["field"] for each in told["errors"]} == {"calendar.half_month.ends_on.1", "pay"}
    assert publish(desk, MONTHLY | {"id": "de"})[0] == 422
    assert publish(desk, MONTHLY, "pay_groop/us")[0] == 404
    assert desk.get("/v1/policies?kind=pay_groop").status_code == 404
    for reason in ("", "  ", None):
        answer = desk.publish("pay_group/us", "tess", {"policy": MONTHLY, "reason": reason})
        assert answer.status_code == 422, reason


def test_only_a_key_for_terms_publishes(desk: Desk) -> None:
    assert publish(desk, MONTHLY, who="dana")[0] == 403
    assert desk.get("/v1/policies", who="payroll").status_code == 403


def test_a_policy_cannot_begin_in_a_closed_month(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100))])
    desk.pay("2025-11")
    status, told = publish(desk, MONTHLY | {"valid_from": "2025-11-30"}, "pay_group/default")
    assert (status, told["first_open"]) == (409, "2025-12-01")
    assert "2025-12-01" in told["detail"]
    assert publish(desk, MONTHLY | {"valid_from": "2025-12-01"}, "pay_group/default")[0] == 202
    assert publish(desk, MONTHLY | {"valid_from": "2025-11-01"})[0] == 202, "this pay group has closed nothing"


def test_terms_of_a_pay_group_alone_begin_in_its_own_open_months(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100))])
    desk.pay("2025-11")
    publish(desk, MONTHLY)
    terms = {"kind": "payment_terms", "currency": "USD", "valid_from": "2025-11-01", "draw": {"amount": 100}}

    def said(name: str, whose: dict[str, list[str]]) -> int:
        body = {"policy": terms | {"applies_to": whose}, "reason": "a new group", "expected": True}
        return desk.publish(f"payment_terms/{name}", "tess", body).status_code

    assert said("theirs", {"pay_groups": ["us"]}) == 201
    both = ({"pay_groups": ["us", "default"]}, {"pay_groups": ["us"], "plans": ["plan"]}, {"participants": ["ada"]}, {})
    assert [said("wider", whose) for whose in both] == [409] * 4
    # What ends for others ends in no closed month of theirs.
    assert publish(desk, terms | {"valid_from": "2025-12-01"}, "payment_terms/all")[0] == 201
    assert said("all", {"pay_groups": ["us"]}) == 409


def test_the_books_of_a_closed_month_may_still_be_described(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-11", 1, ("USD", 100))])
    desk.pay("2025-11")
    books = {"kind": "gl_accounts", "id": "default", "valid_from": "2025-01-01", "accounts": []}
    body = {"policy": books, "reason": "the books of last year"}
    answer = desk.publish("gl_accounts/default", "tess", body)
    assert answer.status_code == 201, answer.json()


def test_another_calendar_begins_where_a_pay_period_of_both_begins(desk: Desk) -> None:
    publish(desk, MONTHLY)
    status, told = publish(desk, {"valid_from": "2026-06-16", "calendar": {"every": "half_month"}})
    assert (status, told["type"]) == (409, "urn:earnest:problem:calendar-does-not-follow")
    assert "inside 2026-06 of the calendar until then, which is from 2026-06-01 to 2026-06-30" in told["detail"]
    assert publish(desk, {"valid_from": "2026-07-01", "calendar": {"every": "half_month"}})[0] == 202
    found = desk.get("/v1/pay-groups/us/periods?first=2026-06-01&last=2026-07-31").json()["periods"]
    assert [each["name"] for each in found] == ["2026-06", "2026-07-A", "2026-07-B"]
    assert [each["closes"] for each in found] == [["2026-06"], [], ["2026-07"]]
    assert desk.get("/v1/pay-groups/us/periods/2026-07-A").json()["end"] == "2026-07-15"
    assert desk.get("/v1/pay-groups/us/periods/2026-07").status_code == 404
    assert desk.get("/v1/pay-groups/us/periods/2026-06-A").status_code == 404


def test_the_default_pay_group_is_there_unpublished_and_others_are_not(desk: Desk) -> None:
    found = desk.get("/v1/pay-groups/default/periods?first=2026-01-01&last=2026-12-31").json()["periods"]
    assert len(found) == 12
    assert desk.get("/v1/pay-groups/us/periods/2026-01").json()["type"] == "urn:earnest:problem:no-such-pay-group"
    assert (
        publish(desk, {"valid_from": "2026-06-16", "calendar": {"every": "half_month"}}, "pay_group/default")[0] == 409
    )
    too_long = desk.get("/v1/pay-groups/default/periods?first=1900-01-01&last=2100-12-31")
    assert too_long.status_code == 422


def test_the_schema_of_a_kind_explains_every_field(desk: Desk) -> None:
    assert desk.get("/v1/policy-kinds").json() == {"kinds": list(policy_kinds())}
    schema = desk.get("/v1/policy-kinds/pay_group/schema").json()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "end of its pay period" in schema["properties"]["arrears_days"]["description"]


def test_the_example_of_the_document_is_accepted(desk: Desk) -> None:
    assert publish(desk, EXAMPLE, "pay_group/us-sales")[0] == 202


def test_of_many_at_once_each_gets_a_version_of_its_own(desk: Desk) -> None:
    seen: list[int] = []
    terms = {"valid_from": "2026-02-01", "currency": "USD"}

    def said(amount: int) -> None:
        seen.append(publish(desk, terms | {"draw": {"amount": amount}}, "payment_terms/t")[1]["version"])

    threads = [threading.Thread(target=said, args=[amount]) for amount in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(seen) == Counter(range(1, 9))


@pytest.mark.parametrize(
    "statement",
    [
        "update policy set author = 'frank'",
        "delete from policy",
        "truncate policy",
        "insert into policy select kind, id, version + 2, valid_from, body, author, reason, recorded_at from policy",
        'insert into policy select kind, id, 2, valid_from, body || \'{"id": "x"}\', author, reason, recorded_at from policy',
        "insert into policy select kind, id, 2, valid_from, body, author, ' ', recorded_at from policy",
    ],
)
def test_the_database_itself_refuses_to_change_a_published_policy(
    desk: Desk, payout_engine: Engine, statement: str
) -> None:
    publish(desk, MONTHLY)
    with pytest.raises(DBAPIError) as refused, payout_engine.begin() as connection:
        connection.execute(text(statement.replace(":", "\\:")))
    assert isinstance(refused.value.orig, psycopg.errors.IntegrityError)
