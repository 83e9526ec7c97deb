"""One alert per episode: it opens, becomes worse, is quiet, is escalated, recovers, or was corrected away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.evaluation.episodes import Episode
from services.alerts.lifecycle.acts import after, opened
from services.alerts.lifecycle.decisions import Decision
from services.alerts.lifecycle.errors import AlertIsOver, SnoozeHasPassed, SnoozeIsTooLong
from tests.services.alerts.lifecycle.watched import DISCOUNT, NOON, Company, day, episode, found


def test_an_episode_opens_one_alert_and_its_recovery_resolves_it(company: Company) -> None:
    first = "average_discount.USD.1"
    assert company.move(found(episode(50))) == [(first, "opened")]
    assert company.move(found(episode(50))) == []
    assert company.move(found(episode(50, recovered=58))) == [(first, "resolved")]
    assert company.standing(first).resolution == "recovered"
    assert company.move(found(episode(50, recovered=58), episode(70))) == [("average_discount.USD.2", "opened")]
    assert company.acts(first) == ["opened", "resolved"]


def test_alerts_have_the_same_numbers_whether_one_looked_each_day_or_at_the_end(company: Company) -> None:
    threshold, product = DISCOUNT._replace(detector="threshold"), DISCOUNT._replace(dimension="product", segment="pro")
    company.move(found(episode(40, recovered=44), episode(50)))
    company.move(found(episode(52), subject=product))
    company.move(found(episode(55), subject=threshold))
    at_once = Company()
    at_once.move(
        found(episode(55), subject=threshold),
        found(episode(52), subject=product),
        found(episode(40, recovered=44), episode(50)),
    )
    assert {name: (alert.subject, alert.episode) for name, alert in at_once.alerts.items()} == {
        name: (alert.subject, alert.episode) for name, alert in company.alerts.items()
    }


def test_an_alert_is_held_while_nothing_can_be_said(company: Company) -> None:
    company.move(found(episode(50)))
    assert company.move(found(known=False)) == []
    assert company.standing("average_discount.USD.1").state == "open"


def test_what_is_found_of_dates_that_are_known_opens_and_ends_while_nothing_is_known_of_now(company: Company) -> None:
    first, second = "average_discount.USD.1", "average_discount.USD.2"
    assert company.move(found(episode(50), known=False, value=None, score=None)) == [(first, "opened")]
    assert company.alerts[first].latest.value is None
    over = episode(50, recovered=55)
    assert company.move(found(over, known=False, value=None, score=None)) == [(first, "resolved")]
    assert company.standing(first).resolution == "recovered"
    assert company.move(found(over, episode(58), known=False, value=None, score=None)) == [(second, "opened")]
    assert company.move(found(over, episode(58), value="0.45", score=3.0)) == [(second, "worse")]


def test_what_is_held_is_taken_back_where_another_episode_goes_on_in_its_place(company: Company) -> None:
    first, second = "average_discount.USD.1", "average_discount.USD.2"
    company.move(found(episode(30, recovered=33), episode(50)))
    company.move(found(episode(30), known=False, value=None, score=None))
    assert [company.standing(name).state for name in (first, second)] == ["open", "resolved"]


def test_of_an_alert_that_is_held_the_value_of_now_is_unknown(company: Company) -> None:
    company.move(found(episode(50)))
    company.move(found(known=False, value=None, score=None, on=90))
    latest = company.alerts["average_discount.USD.1"].latest
    assert (latest.as_of, latest.value) == (day(90), None)


def test_past_episodes_are_recorded_and_told_to_nobody(company: Company) -> None:
    assert company.move(found(episode(10, recovered=14), episode(30, recovered=33))) == []
    assert [alert.standing.resolution for alert in company.alerts.values()] == ["recovered", "recovered"]
    assert company.acts("average_discount.USD.1") == ["opened", "resolved"]


def test_an_episode_that_late_facts_take_back_is_corrected_away(company: Company) -> None:
    company.move(found(episode(50)))
    assert company.move(found()) == [("average_discount.USD.1", "resolved")]
    assert company.standing("average_discount.USD.1").resolution == "corrected"
    assert company.move(found(episode(50))) == [("average_discount.USD.1", "opened")]
    assert company.acts("average_discount.USD.1") == ["opened", "resolved", "reopened"]


def test_an_episode_that_late_facts_move_stays_the_same_alert(company: Company) -> None:
    company.move(found(episode(50)))
    assert company.move(found(episode(46))) == []
    assert list(company.alerts) == ["average_discount.USD.1"]
    assert company.alerts["average_discount.USD.1"].episode.detected_on == day(46)


@pytest.mark.parametrize("what", ["acknowledged", "resolved"])
def test_what_somebody_answered_keeps_the_beginning_that_people_were_told(
    company: Company, what: Literal["acknowledged", "resolved"]
) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    told = company.alerts[first].episode
    company.decide(first, Decision(what=what, why="a campaign"))
    company.settings = "1 a year"
    assert company.move(found(replace(episode(56, onset=40), value=Decimal("0.40")))) == []
    assert company.alerts[first].episode == told
    company.move(found(episode(56, recovered=58)))
    assert company.alerts[first].episode.recovered_on == day(58)


def test_nobody_is_told_again_where_only_the_settings_changed(company: Company) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    company.move(found(episode(50, recovered=58)))
    company.settings = "1 a year"
    assert company.move(found(episode(50))) == []
    assert company.acts(first) == ["opened", "resolved", "reopened"]
    assert company.journals[first][-1].why == "the facts or the settings of the KPI changed: it is not over"
    company.move(found(episode(50, recovered=58)))
    assert company.move(found(episode(50))) == [(first, "opened")]  # by the same settings


def test_an_episode_that_is_not_over_after_all_opens_its_alert_again(company: Company) -> None:
    company.move(found(episode(50, recovered=58)))
    assert company.move(found(episode(50))) == [("average_discount.USD.1", "opened")]
    assert company.acts("average_discount.USD.1") == ["opened", "resolved", "reopened"]


def test_people_are_told_again_only_of_what_is_clearly_worse(company: Company) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    company.decide(first, Decision(what="acknowledged"))
    assert company.move(found(episode(50), value="0.39", score=9.0)) == []
    assert company.move(found(episode(50), value="0.41", score=1.1)) == []
    assert company.move(found(episode(50), value="0.41", score=2.5)) == [(first, "worse")]
    assert company.standing(first).state == "open"
    assert company.move(found(episode(50), value="0.60", score=2.6)) == []
    assert company.move(found(episode(50), value="0.62", score=2.6)) == [(first, "worse")]


def test_what_was_decided_stays_decided_while_the_episode_lasts(company: Company) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    assert company.decide(first, Decision(what="resolved", why="a campaign")) == [(first, "resolved")]
    assert company.move(found(episode(50), value="0.33")) == []
    assert company.move(found(episode(50, recovered=58))) == []
    assert company.standing(first).resolution == "decided"
    assert company.move(found(episode(50, recovered=58), episode(66))) == [("average_discount.USD.2", "opened")]


def test_a_decision_does_not_cover_what_is_clearly_worse(company: Company) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    company.decide(first, Decision(what="resolved", why="a campaign"))
    assert company.move(found(episode(50), value="0.45", score=3.0)) == [(first, "worse")]
    assert (company.standing(first).state, company.standing(first).resolution) == ("open", None)


def test_a_snooze_ends_by_itself_and_people_are_told_again(company: Company) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    company.decide(first, Decision(what="acknowledged"))
    assert company.decide(first, Decision(what="snoozed", until=company.now + timedelta(hours=5))) == []
    assert company.move(found(episode(50), value="0.50", score=4.0), hours=2) == []
    assert company.move(hours=2) == []
    assert company.move(hours=2) == [(first, "opened")]
    assert company.acts(first) == ["opened", "acknowledged", "snoozed", "worse", "rearmed"]
    assert company.standing(first).snoozed_until is None


def test_the_end_is_told_also_while_it_is_snoozed_to_whoever_knows_of_the_beginning(company: Company) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    company.decide(first, Decision(what="snoozed", until=company.now + timedelta(days=5)))
    assert company.move(found(episode(50, recovered=55))) == [(first, "resolved")]


@pytest.mark.parametrize(("until", "refusal"), [(timedelta(0), SnoozeHasPassed), (timedelta(days=93), SnoozeIsTooLong)])
def test_a_snooze_has_an_end_that_is_to_come_and_near(
    company: Company, until: timedelta, refusal: type[Exception]
) -> None:
    company.move(found(episode(50)))
    decision = Decision(what="snoozed", until=company.now + timedelta(minutes=1) + until)
    with pytest.raises(refusal):
        company.decide("average_discount.USD.1", decision)


@pytest.mark.parametrize(
    "decision",
    [
        Decision(what="acknowledged"),
        Decision(what="snoozed", until=NOON + timedelta(days=2)),
        Decision(what="noted", why="asked Kim"),
        Decision(what="assigned", to="kim"),
        Decision(what="judged", useful=False, why="quarter end"),
        Decision(what="resolved", why="a campaign"),
    ],
    ids=lambda decision: decision.what,
)
def test_what_was_said_already_is_not_said_again(company: Company, decision: Decision) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    company.decide(first, decision)
    before = company.standing(first)
    company.decide(first, decision)
    assert company.standing(first) == before
    assert company.acts(first).count(decision.what) == 1


def test_nobody_acknowledges_or_snoozes_what_is_over(company: Company) -> None:
    company.move(found(episode(50, recovered=55)))
    for what in ("acknowledged", "snoozed", "resolved"):
        with pytest.raises(AlertIsOver):
            company.decide("average_discount.USD.1", Decision(what=what, until=NOON + timedelta(days=9)))
    company.decide("average_discount.USD.1", Decision(what="noted", why="it was the price list"))
    assert company.acts("average_discount.USD.1")[-1] == "noted"


def test_whoever_acknowledges_first_owns_it() -> None:
    company = Company()
    company.move(found(episode(50)))
    company.decide("average_discount.USD.1", Decision(what="acknowledged"), who="kim")
    company.decide("average_discount.USD.1", Decision(what="noted", why="x"), who="dana")
    assert company.standing("average_discount.USD.1").owner == "kim"


def test_what_others_say_of_an_acknowledged_alert_is_noted_and_told_to_nobody(company: Company) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    company.decide(first, Decision(what="acknowledged", why="I look"), who="kim")
    for _ in range(2):
        assert company.decide(first, Decision(what="acknowledged", why="I take it over"), who="dana") == []
        assert company.decide(first, Decision(what="acknowledged"), who="lee") == []
        assert company.decide(first, Decision(what="acknowledged", why="I look"), who="kim") == []
    said = [(act.who, act.what, act.why) for act in company.journals[first][1:]]
    assert said == [
        ("kim", "acknowledged", "I look"),
        ("dana", "noted", "I take it over"),
        ("lee", "noted", "looks after it too"),
    ]
    assert (company.standing(first).state, company.standing(first).owner) == ("acknowledged", "kim")


def test_who_says_why_the_same_owner_looks_after_it_is_written(company: Company) -> None:
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    company.decide(first, Decision(what="assigned", to="kim"))
    company.decide(first, Decision(what="assigned", to="kim", why="until May"))
    assert company.acts(first) == ["opened", "assigned", "assigned"]


def test_what_nobody_acknowledges_is_escalated_level_by_level() -> None:
    company = Company(escalate_after={"warning": 24}, levels=2)
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    assert company.move(hours=23) == []
    assert company.move(hours=2) == [(first, "escalated")]
    assert company.move(hours=23) == []
    assert company.move(hours=2) == [(first, "escalated")]
    assert company.move(hours=99) == []
    assert company.standing(first).level == 2


def test_what_keeps_getting_worse_is_escalated_no_later_than_what_stays_as_it_is() -> None:
    company = Company(escalate_after={"warning": 24}, levels=1)
    first = "average_discount.USD.1"
    company.move(found(episode(50)))
    assert company.move(found(episode(50), value="0.41", score=2.5), hours=20) == [(first, "worse")]
    assert company.move(found(episode(50), value="0.62", score=3.5), hours=4) == [
        (first, "worse"),
        (first, "escalated"),
    ]
    company.decide(first, Decision(what="acknowledged"))
    assert company.move(found(episode(50), value="1.10", score=4.5), hours=30) == [(first, "worse")]
    assert company.standing(first).told_at == company.now  # what was acknowledged was a smaller trouble


def test_what_somebody_acknowledged_or_snoozed_is_not_escalated() -> None:
    company = Company(escalate_after={"warning": 24}, levels=1)
    segment = replace(found(episode(50)), subject=DISCOUNT._replace(kpi="win_rate"))
    company.move(found(episode(50)), segment)
    company.decide("average_discount.USD.1", Decision(what="acknowledged"))
    company.decide("win_rate.USD.1", Decision(what="snoozed", until=company.now + timedelta(days=3)))
    assert company.move(hours=48) == []


EPISODES = st.lists(st.integers(min_value=1, max_value=4), max_size=5).map(
    lambda gaps: [
        episode(sum(gaps[: n + 1]) * 6, onset=sum(gaps[: n + 1]) * 6 - 1, recovered=sum(gaps[: n + 1]) * 6 + 2)
        for n in range(len(gaps))
    ]
)


@given(st.lists(st.tuples(EPISODES, st.booleans()), min_size=1, max_size=6))
def test_whatever_was_known_before_the_alerts_that_count_are_the_episodes(
    known: list[tuple[list[Episode], bool]],
) -> None:
    company = Company()
    for episodes, goes_on in known:
        last = [replace(episodes[-1], recovered_on=None, recovered_value=None)] if episodes and goes_on else []
        now = [*episodes[:-1], *last] if last else episodes
        company.move(found(*now))
        count = [alert for alert in company.alerts.values() if alert.standing.resolution != "corrected"]
        assert sorted(alert.episode.detected_on for alert in count) == [each.detected_on for each in now]
        assert [alert for alert in company.alerts.values() if alert.unresolved] == [
            alert for alert in count if alert.episode.recovered_on is None
        ]


@given(st.lists(st.sampled_from(["worse", "over", "back", "gone", "ack", "snooze", "resolve", "wait"]), max_size=12))
def test_where_an_alert_stands_is_what_its_journal_says(happenings: list[str]) -> None:
    company = Company(escalate_after={"warning": 24}, levels=1)
    company.move(found(episode(50)))
    first, value = "average_discount.USD.1", Decimal("0.30")
    for what in happenings:
        try:
            match what:
                case "worse":
                    value *= 2
                    company.move(found(episode(50), value=str(value), score=2.0))
                case "over":
                    company.move(found(episode(50, recovered=58)))
                case "back":
                    company.move(found(episode(50)))
                case "gone":
                    company.move(found())
                case "ack":
                    company.decide(first, Decision(what="acknowledged"))
                case "snooze":
                    company.decide(first, Decision(what="snoozed", until=company.now + timedelta(hours=30)))
                case "resolve":
                    company.decide(first, Decision(what="resolved", why="so"))
                case _:
                    company.move(hours=25)
        except AlertIsOver:
            pass
    begun, *rest = company.journals[first]
    standing = opened(begun)
    for act in rest:
        standing = after(standing, act)
    assert standing == company.standing(first)
    assert [act.number for act in company.journals[first]] == list(range(1, standing.acts + 1))
