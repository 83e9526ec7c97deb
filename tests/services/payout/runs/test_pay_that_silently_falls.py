"""What an approver is told where pay is less than somebody would expect, and not where it is only later."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.pay.deal_facts import Remarked
from tests.services.payout.desk import Book, Desk, earned, lines, roster
from tests.services.payout.scoring import Scoring, deal


def found(run: dict[str, Any], kind: str) -> list[str]:
    return [each["participant_id"] for each in run["findings"] if each["kind"] == kind]


def publish(desk: Desk, name: str, **policy: Any) -> dict[str, Any]:
    body = {"policy": {"valid_from": "2025-01-01", "currency": "USD", **policy}, "reason": "as agreed"}
    answer = desk.publish(f"payment_terms/{name}", "tina", body)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_sales_without_pay_are_those_that_earn_nothing_not_those_whose_pay_is_held_or_set_off(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    publish(desk, "wait", release=[{"share": "100%", "when": "booked", "days_after": 90}])
    amounts = {"held": [100_00], "gone": [100_00, -100_00], "none": [0], "bonus": [0]}
    book([earned(who, "2025-01", 1, ("USD", sum(each))) for who, each in amounts.items() if who != "bonus"])
    book([roster(who, "2025-01-01", plan="plan") for who in amounts])
    book([earned("bonus", "2025-01", 1, ("USD", 0), ("USD", 50_00))])
    for who, each in amounts.items():
        sold = [deal(f"{who}-{number}", amount, date(2025, 1, 5), 600_00) for number, amount in enumerate(each)]
        scoring.deals[who, "2025-01", "c0"] = sold
    run = desk.draft("2025-01")
    assert lines(run) == [("bonus", "USD", "50.00")]
    assert found(run, "no_pay_with_sales") == ["none"]


def test_a_run_that_would_pay_and_close_earlier_months_too_says_so(desk: Desk, book: Book) -> None:
    """Two months at once are no mistake where they are meant; a month that was only forgotten is named before anybody
    approves.
    """
    book([earned("ada", month, 1, ("USD", 10_00)) for month in ("2025-01", "2025-02", "2025-03")])
    march = desk.draft("2025-03")
    assert [each["why"] for each in march["findings"] if each["kind"] == "earlier_months"] == [
        "no run has closed 2025-01 to 2025-02: this one pays what is due of it and closes it, too"
    ]
    assert desk.post(f"/v1/runs/{march['id']}/cancel", "dana").is_success
    assert found(desk.pay("2025-01"), "earlier_months") == []
    desk.pay("2025-02")
    book([earned("ada", "2025-01", 2, ("USD", 15_00))])
    assert found(desk.draft("2025-03"), "earlier_months") == [], "a change of a closed month is no month left out"


@pytest.mark.parametrize("sold", [False, True])
def test_a_month_left_out_whose_guarantees_nobody_pays_any_more_is_named(desk: Desk, book: Book, *, sold: bool) -> None:
    publish(desk, "t", guarantee={"amount": 700})
    book([roster("ada", "2025-01-01", plan="plan"), earned("ada", "2025-01", 1, ("USD", 10_00))])
    desk.pay("2025-01")
    months = ("2025-02", "2025-03") if sold else ("2025-03",)
    book([earned("ada", month, 1, ("USD", 10_00)) for month in months])
    march = desk.draft("2025-03")
    told = [each["why"] for each in march["findings"] if each["kind"] == "earlier_months"]
    assert len(told) == 1 + sold
    assert told[-1] == (
        "no run was over 2025-02: guarantees, minimums and draws of it are paid by a run over it alone, which is not "
        "possible any more once this one is approved; cancel this one and run 2025-02 first"
    )
    assert desk.post(f"/v1/runs/{march['id']}/cancel", "dana").is_success
    desk.pay("2025-02")
    assert found(desk.draft("2025-03"), "earlier_months") == []


def test_a_run_over_an_earlier_month_that_is_not_approved_yet_is_named(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-02", 1, ("USD", 10_00))])
    february = desk.draft("2025-02")["id"]
    desk.do(february, "submit", "dana")
    book([earned("ada", "2025-03", 1, ("USD", 10_00))])
    told = [each["why"] for each in desk.draft("2025-03")["findings"] if each["kind"] == "earlier_months"]
    assert told[-1].startswith(f"{february} is submitted, and cannot be approved any more once this run")


def test_pay_below_zero_is_named_also_where_it_is_owed_or_borne(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500_00))])
    desk.pay("2025-01")
    for negative, becomes in (("receivable", "is booked as owed by them"), ("write_off", "the company bears the rest")):
        publish(desk, "t", valid_from="2025-02-01", negative={"balance": negative})
        book([earned("ada", "2025-01", 2 if negative == "receivable" else 3, ("USD", 0))])
        run = desk.draft("2025-02")
        [why] = [each["why"] for each in run["findings"] if each["kind"] == "negative_net"]
        assert becomes in why
        assert desk.post(f"/v1/runs/{run['id']}/cancel", "dana").is_success


def test_who_joins_within_the_pay_period_changed_no_plan_and_who_changed_it_did(desk: Desk, book: Book) -> None:
    book([roster("joiner", "2025-01-15", plan="plan"), roster("ada", "2024-06-01", plan="other")])
    book([roster("ada", "2025-01-15", 1, plan="plan")])
    book([earned(who, "2025-01", 1, ("USD", 10_00)) for who in ("joiner", "ada")])
    assert found(desk.draft("2025-01"), "late_plan_change") == ["ada"]


def test_a_hold_that_is_over_by_the_end_of_the_pay_period_is_open_no_more(desk: Desk, book: Book) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 10_00))])
    hold = {"id": "h1", "scope": "participant", "subject": "ada", "reason": "a dispute", "dispute": True}
    assert desk.post("/v1/holds", "tina", hold | {"since": "2025-01", "until": "2025-02-10"}).is_success
    run = desk.draft("2025-01")
    assert found(run, "open_dispute") == ["ada"]
    assert desk.post(f"/v1/runs/{run['id']}/cancel", "dana").is_success
    book([earned("ada", "2025-02", 1, ("USD", 10_00))])
    assert found(desk.draft("2025-02"), "open_dispute") == []


def test_who_approved_what_was_then_returned_approved_nothing_of_what_it_is_now(desk: Desk, book: Book) -> None:
    policy = {"valid_from": "2025-01-01", "steps": [{"role": "finance"}, {"role": "cfo"}]}
    answer = desk.publish("approval/two", "tina", {"policy": policy, "reason": "two people"})
    assert answer.is_success, answer.text
    book([earned("ada", "2025-01", 1, ("USD", 10_00))])
    run = desk.draft("2025-01")["id"]
    desk.do(run, "submit", "dana")
    assert [each["approver"] for each in desk.do(run, "approve", "frank")["approvals"]] == ["frank"]
    assert desk.post(f"/v1/runs/{run}/return", "carol", {"reason": "look again"}).json()["approvals"] == []
    assert desk.do(run, "calculate", "dana")["approvals"] == []


def test_terms_that_name_whom_nobody_is_are_published_with_a_warning_unless_it_is_expected(
    desk: Desk, book: Book
) -> None:
    book([roster("ada", "2024-01-01", plan="plan"), roster("bob", "2025-03-01", plan="plan", pay_group="default")])
    book([roster("ada", "2024-12-01", 1, plan="other", active=False)])
    whose = {"plans": ["plan"], "participants": ["ada", "bob"], "pay_groups": ["default"]}
    assert publish(desk, "t", applies_to=whose)["warnings"] == [
        "applies_to.participants: nobody is there as ada from 2025-01-01 on"
    ]
    book([roster("bob", "2025-03-01", 2, plan="other")])
    told = ["applies_to.plans: nobody is on the plan plan from 2025-01-01 on"]
    assert publish(desk, "u", applies_to={"plans": ["plan"]})["warnings"] == told
    assert publish(desk, "u", applies_to={"plans": ["plan"]})["warnings"] == told, "also when it is said again"
    assert publish(desk, "everybody")["warnings"] == []
    body = {"valid_from": "2025-01-01", "currency": "USD", "applies_to": {"plans": ["plan"]}}
    answer = desk.publish("payment_terms/v", "tina", {"policy": body, "reason": "they come", "expected": True})
    assert answer.json()["warnings"] == []


def test_a_run_names_terms_that_are_nobodys_until_they_say_nothing_any_more(desk: Desk, book: Book) -> None:
    book([roster("ada", "2025-01-01", plan="other"), earned("ada", "2025-01", 1, ("USD", 500))])
    draw = {"amount": 1000}
    publish(desk, "old", applies_to={"plans": ["plan"]}, draw=draw)
    publish(desk, "hers", applies_to={"plans": ["plan"], "participants": ["ada"]}, guarantee={"amount": 7})
    run = desk.draft("2025-01")
    assert [each for each in run["findings"] if each["kind"] == "terms_for_nobody"] == [
        {
            "kind": "terms_for_nobody",
            "participant_id": "",
            "why": "payment terms old apply to nobody: they are for plan plan, in USD, from 2025-01-01 on",
        }
    ]
    publish(desk, "old", applies_to={"plans": ["plan"]})
    assert found(desk.do(run["id"], "calculate", "dana"), "terms_for_nobody") == []


def test_what_scoring_remarks_is_found_of_whom_it_is_about_in_the_run_of_their_pay_group(
    desk: Desk, book: Book, scoring: Scoring, capsys: pytest.CaptureFixture[str]
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    late = Remarked("late_quota", "ada", "From 2025-01-30 the quota of ada is another.")
    ahead = Remarked("date_far_ahead", "", "Deal D9 closes on 2052-01-01.")
    elsewhere = Remarked("late_quota", "somebody", "From 2025-01-30 the quota of somebody is another.")
    scoring.remarked = [("2025-01", late), ("2025-01", ahead), ("2025-01", elsewhere), ("2025-02", late)]
    kinds = ("late_quota", "date_far_ahead")
    run = desk.draft("2025-01")
    assert [tuple(each.values()) for each in run["findings"] if each["kind"] in kinds] == [tuple(ahead), tuple(late)]
    assert "the quota of" not in "".join(capsys.readouterr())


def test_a_component_that_lacks_something_is_named_and_one_that_the_plan_closes_is_not(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500), ("USD", 0), ("USD", 0))])
    scoring.problems = {("ada", "c0"): None, ("ada", "c1"): ("no_quota", "sales"), ("ada", "c2"): ("gate_closed", "x")}
    for component in ("c1", "c2"):
        scoring.deals["ada", "2025-01", component] = [deal("D-1", 0, date(2025, 1, 5), 600_00)]
    run = desk.draft("2025-01")
    assert [each["why"] for each in run["findings"] if each["kind"] == "pays_nothing"] == [
        "c1 pays nothing: there is no quota above zero for sales on the last day of the period"
    ]


def test_deals_of_one_person_that_are_alike_in_all_but_their_ids_are_named(
    desk: Desk, book: Book, scoring: Scoring
) -> None:
    book([earned(who, "2025-01", 1, ("USD", 30_00)) for who in ("ada", "bob", "boss")])
    own = {"account": "Acme"}
    d1, e1, other = (deal(name, 10_00, date(2025, 1, 5), 600_00) | own for name in ("D1", "E1", "F1"))
    scoring.deals["ada", "2025-01", "c0"] = [d1, e1]
    scoring.deals["bob", "2025-01", "c0"] = [other]
    scoring.deals["boss", "2025-01", "c0"] = [d1, e1, other]
    run = desk.draft("2025-01")
    assert found(run, "deal_twice") == ["ada", "boss"]
    [why] = {each["why"] for each in run["findings"] if each["kind"] == "deal_twice"}
    assert why.startswith("Deals D1, E1 are alike")


def test_terms_that_contradict_themselves_are_named_when_they_are_published_and_by_every_run(
    desk: Desk, book: Book
) -> None:
    book([earned("ada", "2025-01", 1, ("USD", 500))])
    said = publish(desk, "odd", draw={"amount": 1000}, maximum={"amount": 10})["warnings"]
    [why] = [each["why"] for each in desk.draft("2025-01")["findings"] if each["kind"] == "terms_contradict"]
    assert said == [why]
    assert why.startswith("P702: payment terms odd: the maximum is below the draw")
