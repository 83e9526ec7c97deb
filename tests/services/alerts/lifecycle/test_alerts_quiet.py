"""Nobody is told of what has a cause that is told of, or of what everybody expects."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.alerts.evaluation.episodes import Subject
from services.alerts.lifecycle.decisions import Decision
from services.alerts.lifecycle.mutes import Mute
from shared.calendars import CompanyCalendar
from tests.services.alerts.lifecycle.watched import DISCOUNT, EVENT_LAG, NOON, Company, day, episode, found


def test_a_segment_is_a_part_of_the_whole_and_is_told_of_when_it_alone_goes_on(company: Company) -> None:
    product = DISCOUNT._replace(dimension="product", segment="Pro")
    assert company.move(found(episode(50)), found(episode(48), subject=product)) == [
        ("average_discount.USD.2", "opened")
    ]
    assert company.standing("average_discount.USD.1").suppressed_by == "average_discount.USD.2"
    told = company.move(found(episode(50, recovered=55)), found(episode(48), subject=product))
    assert told == [("average_discount.USD.2", "resolved"), ("average_discount.USD.1", "opened")]


@pytest.mark.parametrize("value", ["0.19", "0.24", None])
def test_a_segment_that_is_no_longer_wrong_when_the_whole_recovers_ends_without_a_word(
    company: Company, value: str | None
) -> None:
    product = DISCOUNT._replace(dimension="product", segment="Pro")
    company.move(found(episode(50)), found(episode(52), subject=product))
    recovered = found(episode(50, recovered=55))
    assert company.move(recovered, found(episode(52), subject=product, value=value)) == [
        ("average_discount.USD.1", "resolved")
    ]
    assert company.standing("average_discount.USD.2").suppressed_by == "average_discount.USD.1"
    assert company.move(recovered, found(episode(52, recovered=58), subject=product, value=value)) == []
    last = company.journals["average_discount.USD.2"][-1]
    assert (last.what, last.why) == (
        "resolved",
        f"over since {day(58)}, never wrong without average_discount.USD.1",
    )


def test_a_segment_whose_value_is_wrong_again_after_the_whole_recovered_is_told_of(company: Company) -> None:
    product = DISCOUNT._replace(dimension="product", segment="Pro")
    company.move(found(episode(50)), found(episode(52), subject=product))
    recovered = found(episode(50, recovered=55))
    company.move(recovered, found(episode(52), subject=product, value="0.21"))
    assert company.move(recovered, found(episode(52), subject=product, value="0.27")) == [
        ("average_discount.USD.2", "opened")
    ]
    assert company.journals["average_discount.USD.2"][-1].why == (
        "average_discount.USD.1 is over or decided, and this is wrong by itself"
    )


def test_a_decision_about_the_whole_resolves_its_parts_and_what_comes_later_is_told_of(company: Company) -> None:
    product = DISCOUNT._replace(dimension="product", segment="Pro")
    limit = product._replace(detector="threshold")
    whole, part = found(episode(50)), found(episode(52), subject=product)
    company.move(whole, part, found(episode(53), subject=limit))
    assert company.decide("average_discount.USD.1", Decision(what="resolved", why="a campaign")) == [
        ("average_discount.USD.1", "resolved")
    ]
    for number in (2, 3):  # the second one stood for the third or was another part of the first
        standing = company.standing(f"average_discount.USD.{number}")
        assert (standing.state, standing.resolution, standing.suppressed_by) == ("resolved", "decided", None)
        [*_, last] = company.journals[f"average_discount.USD.{number}"]
        assert (last.who, last.why) == ("dana", "decided with average_discount.USD.1: a campaign")
    assert company.move(whole, part) == []
    basic = found(episode(58), subject=product._replace(segment="Basic"))
    assert company.move(whole, part, basic) == [("average_discount.USD.4", "opened")]
    again = replace(part, episodes=(episode(52, recovered=56), episode(59)))
    assert company.move(whole, again, basic) == [("average_discount.USD.5", "opened")]


def test_what_waits_for_late_events_is_not_decided_with_them(company: Company) -> None:
    lag, discount = found(episode(60), subject=EVENT_LAG), found(episode(50))
    company.move(lag, discount)
    company.decide("event_lag.1", Decision(what="resolved", why="the CRM is down until noon"))
    assert company.move(lag, discount) == []
    assert company.standing("average_discount.USD.1").suppressed_by == "event_lag.1"
    assert company.move(found(subject=EVENT_LAG), discount) == [("average_discount.USD.1", "opened")]


def test_threshold_and_drift_of_a_figure_are_told_of_once(company: Company) -> None:
    told = company.move(found(episode(50)), found(episode(55), subject=DISCOUNT._replace(detector="threshold")))
    assert told == [("average_discount.USD.1", "opened")]
    assert company.standing("average_discount.USD.2").suppressed_by == "average_discount.USD.1"


def test_what_a_kpi_causes_is_told_of_by_the_cause() -> None:
    company = Company(caused_by={"comp_cost": ("average_discount",), "average_discount": ("comp_cost",)})
    cost = Subject("comp_cost", "USD")
    assert company.move(found(episode(50), subject=cost)) == [("comp_cost.USD.1", "opened")]
    company.move(found(episode(50), subject=cost), found(episode(40)))
    assert company.standing("comp_cost.USD.1").suppressed_by == "average_discount.USD.1"
    assert company.standing("average_discount.USD.1").suppressed_by is None  # though each may cause the other


def test_another_currency_is_no_cause(company: Company) -> None:
    euro = found(episode(50), subject=DISCOUNT._replace(currency="EUR", detector="threshold"))
    assert len(company.move(found(episode(50)), euro)) == 2


def test_while_events_are_late_nobody_is_told_of_the_plan(company: Company) -> None:
    lag = found(episode(60), subject=EVENT_LAG)
    assert company.move(lag, found(episode(50))) == [("event_lag.1", "opened")]
    over = found(subject=EVENT_LAG)
    assert company.move(over) == [("event_lag.1", "resolved"), ("average_discount.USD.1", "opened")]


def test_a_figure_of_the_road_recovers_when_it_is_well_and_opens_anew(company: Company) -> None:
    breach = found(episode(60), subject=EVENT_LAG)
    company.move(breach)
    company.move(replace(breach, episodes=(episode(61),), as_of=day(61)))
    assert company.alerts["event_lag.1"].episode.detected_on == day(60)
    company.move(found(subject=EVENT_LAG, on=61))
    assert company.standing("event_lag.1").resolution == "recovered"
    assert company.move(replace(breach, episodes=(episode(61),))) == [("event_lag.2", "opened")]


def mute(**facts: object) -> Mute:
    usual = {"name": "quarter-end", "starts_on": NOON.date(), "ends_on": NOON.date(), "reason": "quarter end"}
    return Mute(**{**usual, **facts}, who="dana", at=NOON)  # type: ignore[arg-type]


def test_a_mute_keeps_quiet_until_it_is_over() -> None:
    company = Company(mutes=[mute()])
    assert company.move(found(episode(50))) == []
    assert company.standing("average_discount.USD.1").muted_by == "quarter-end"
    assert company.move(hours=24) == [("average_discount.USD.1", "opened")]


@pytest.mark.parametrize("other", [mute(kpis=("win_rate",)), mute(about="road"), mute(starts_on=day(90))])
def test_a_mute_of_something_else_keeps_nothing_quiet(other: Mute) -> None:
    assert Company(mutes=[other]).move(found(episode(50))) == [("average_discount.USD.1", "opened")]


def test_what_is_quiet_for_two_reasons_is_armed_again_when_both_are_gone() -> None:
    company = Company(mutes=[mute()])
    company.move(found(episode(50)))
    company.decide("average_discount.USD.1", Decision(what="snoozed", until=company.now + timedelta(days=2)))
    assert company.move(hours=24) == []
    assert company.move(hours=30) == [("average_discount.USD.1", "opened")]


@pytest.mark.parametrize(
    ("today", "muted"),
    [
        ("2026-03-26", False),
        ("2026-03-27", True),  # the third business day from the end
        ("2026-03-28", True),
        ("2026-03-31", True),
        ("2026-04-01", True),
        ("2026-04-02", True),
        ("2026-04-03", False),
        ("2026-06-29", True),
        ("2026-02-27", False),  # a month's end and no quarter's
    ],
)
def test_a_mute_can_be_of_every_quarters_end(today: str, muted: bool) -> None:
    at_quarters = mute(starts_on=None, ends_on=None, last_of_quarter=3, first_of_quarter=2)
    assert at_quarters.holds(date.fromisoformat(today), CompanyCalendar()) is muted
